use std::io::BufRead;
use std::os::fd::AsFd;

use cpi_protocol::{CpiError, ErrorType};

use crate::signals::Signals;

/// Requests are small: certificates and blob-store settings make them tens of kilobytes.
const LONGEST_REQUEST: usize = 32 << 20;

/// Reads a request to its end, keeping no more than one may have.
///
/// What is too long is still read: a caller that writes and finds nobody reading would fail, and never read the answer.
pub(super) fn read(mut input: impl BufRead + AsFd, signals: &Signals) -> Result<Vec<u8>, CpiError> {
    let mut request = Vec::new();
    let mut too_long = false;
    loop {
        signals.wait_readable(&input)?;
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CpiError::host(format!("the request cannot be read from stdin: {error}"))),
        };
        let length = chunk.len();
        too_long |= request.len() + length > LONGEST_REQUEST;
        if length == 0 && too_long {
            let problem = format!("Request cannot be deserialized, details: it is longer than {LONGEST_REQUEST} bytes");
            return Err(CpiError::new(ErrorType::InvalidCall, problem));
        }
        if length == 0 {
            return Ok(request);
        }
        if !too_long {
            request.extend_from_slice(chunk);
        }
        input.consume(length);
    }
}
