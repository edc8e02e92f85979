//! Any bytes on stdin are a request or an error of a known type, never a panic.
#![no_main]

use cpi_protocol::{Call, Request, Response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let outcome = Request::parse(bytes).and_then(|request| Call::parse(&request.without_surplus().0));
    if let Err(error) = outcome {
        let line = Response::new(Err(error)).to_line();
        assert_eq!(line.lines().count(), 1);
        serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
    }
});
