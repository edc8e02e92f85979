//! From a response on the wire, or the lack of one, to what the host works with.

use std::error::Error;
use std::io;

use cpi_policy::Denial;

use crate::{Incoming, Problem};

/// An attempt without an answer.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    /// Nothing was sent, so nothing can be done twice, and the same may succeed a little later.
    pub(crate) may_pass: bool,
}

impl Failed {
    /// Why there is no answer from this place, and at which point.
    pub(crate) fn of(error: &reqwest::Error, place: &str, phase: &str) -> Self {
        let problem = problem(error, place, phase);
        // A service that restarts refuses connections for a while; a wrong name or certificate stays wrong.
        let refused = matches!(
            innermost(error).downcast_ref::<io::Error>().map(io::Error::kind),
            Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
        );
        Self { problem, may_pass: refused && error.is_connect() }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { problem, may_pass: false }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        failed.problem
    }
}

/// Reads an answer to its end, and no more than this many bytes of it.
pub(crate) async fn receive(mut response: reqwest::Response, limit: usize, place: &str) -> Result<Incoming, Failed> {
    let too_large = || Problem::TooLarge(limit as u64);
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large().into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failed::of(&error, place, "reading the answer"))? {
        if body.len() + chunk.len() > limit {
            return Err(too_large().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming { status, headers, body })
}

/// What went wrong on the way, with the place and the innermost cause: the outer texts only repeat one another.
fn problem(error: &reqwest::Error, place: &str, phase: &str) -> Problem {
    if let Some(denial) = causes(error).find_map(|cause| cause.downcast_ref::<Denial>()) {
        return Problem::Denied(denial.clone());
    }
    let innermost = innermost(error);
    if error.is_timeout() {
        return Problem::TimedOut(format!(
            "{place} did not answer in time, {phase}: [limits] http = {{ timeout = … }} says how long that is"
        ));
    }
    if error.is_builder() {
        return Problem::Invalid(format!("the request to {place} is not valid: {innermost}"));
    }
    Problem::Unreachable(format!("{place} cannot be reached, {phase}: {innermost}"))
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source())
}

fn innermost(error: &reqwest::Error) -> &(dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}
