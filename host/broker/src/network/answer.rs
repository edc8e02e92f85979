//! From a response on the wire, or the lack of one, to what the host works with.

use std::error::Error;
use std::io;

use cpi_policy::Denial;

use super::verifier::advice;
use crate::{Incoming, Problem};

/// An attempt without an answer.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) fault: Fault,
}

/// What an attempt without an answer says about another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was sent, so nothing can be done twice, and the same may succeed a little later.
    NotSent,
    /// The connection broke afterwards: what was sent may have been done.
    Lost,
    /// It would come to the same again.
    Final,
}

impl Failed {
    /// Why there is no answer from this place, and at which point.
    pub(crate) fn of(error: &reqwest::Error, place: &str, phase: &str) -> Self {
        let problem = problem(error, place, phase);
        let kind = innermost(error).downcast_ref::<io::Error>().map(io::Error::kind);
        let fault = match kind {
            // Whoever did not answer in all that time may take as long again.
            _ if error.is_timeout() || matches!(problem, Problem::Denied(_)) => Fault::Final,
            // A service that restarts refuses connections for a while, and names are not found now and then; a wrong
            // certificate stays wrong.
            _ if of_tls(innermost(error)).is_some() => Fault::Final,
            Some(_) if error.is_connect() => Fault::NotSent,
            _ if error.is_connect() => Fault::Final,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => Fault::Lost,
            _ if innermost(error).downcast_ref().is_some_and(hyper::Error::is_incomplete_message) => Fault::Lost,
            _ => Fault::Final,
        };
        Self { problem, fault }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { problem, fault: Fault::Final }
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
            "limit-time: {place} did not answer in time, {phase}: [limits] http = {{ timeout = … }} says how long that is"
        ));
    }
    if error.is_builder() {
        return Problem::Invalid(format!("the request to {place} is not valid: {innermost}"));
    }
    let advice = of_tls(innermost).and_then(advice).map(|advice| format!(": {advice}")).unwrap_or_default();
    Problem::Unreachable(format!("{place} cannot be reached, {phase}: {innermost}{advice}"))
}

/// What TLS has against the other side. Those who pass it on wrap it, some of them twice, and name only the first wrapping
/// as its source.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| of_tls(error.downcast_ref::<io::Error>()?.get_ref()?))
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source())
}

fn innermost(error: &reqwest::Error) -> &(dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}
