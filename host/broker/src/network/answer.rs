//! From a response on the wire, or the lack of one, to what the host works with.

use std::error::Error;
use std::io;

use cpi_policy::{Denial, in_words};

use super::CONNECTING;
use super::verifier::advice;
use crate::{Incoming, Problem};

/// An attempt without an answer.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) fault: Fault,
}

/// What an attempt without an answer says about another one. Some took all the time that they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was sent, so nothing can be done twice, and the same may succeed a little later.
    NotSent { timed_out: bool },
    /// What was sent may have been done.
    Lost { timed_out: bool },
    /// It would come to the same again.
    Final,
}

impl Failed {
    /// Why there is no answer from this place, and at which point.
    pub(crate) fn of(error: &reqwest::Error, place: &str, phase: &str) -> Self {
        let fault = Fault::of(error);
        match problem(error, fault, place, phase) {
            problem @ Problem::Denied(_) => problem.into(),
            problem => Self { problem, fault },
        }
    }
}

impl Fault {
    /// Whether it took all the time that there was.
    pub(crate) fn timed_out(self) -> bool {
        matches!(self, Self::NotSent { timed_out: true } | Self::Lost { timed_out: true })
    }

    fn of(error: &reqwest::Error) -> Self {
        let cause = innermost(error);
        if of_tls(cause).is_some() {
            // A wrong certificate stays wrong.
            return Self::Final;
        }
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if error.is_connect() {
            // A service that restarts refuses connections for a while, and names are not found now and then.
            let may_pass = kind.is_some() || error.is_timeout();
            return if may_pass { Self::NotSent { timed_out: error.is_timeout() } } else { Self::Final };
        }
        match kind {
            // Time-outs too: those are the system's, when for half a minute nobody confirms what was sent.
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::TimedOut
                | io::ErrorKind::UnexpectedEof,
            ) => Self::Lost { timed_out: false },
            None if error.is_timeout() => Self::Lost { timed_out: true },
            None if is_unfinished(cause) => Self::Lost { timed_out: false },
            _ => Self::Final,
        }
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
fn problem(error: &reqwest::Error, fault: Fault, place: &str, phase: &str) -> Problem {
    if let Some(denial) = causes(error).find_map(|cause| cause.downcast_ref::<Denial>()) {
        return Problem::Denied(denial.clone());
    }
    let innermost = innermost(error);
    match fault {
        Fault::NotSent { timed_out: true } => {
            return Problem::TimedOut(format!(
                "limit-time: {place} did not answer in time, {phase}: there was no connection within {}: look at routes and \
                 firewalls on the way",
                in_words(CONNECTING)
            ));
        }
        Fault::Lost { timed_out: true } => {
            return Problem::TimedOut(format!(
                "limit-time: {place} did not answer in time, {phase}: [limits] http = {{ timeout = … }} says how long that is"
            ));
        }
        _ => {}
    }
    if error.is_builder() {
        return Problem::Invalid(format!("the request to {place} is not valid: {innermost}"));
    }
    let advice = of_tls(innermost).and_then(advice).map(|advice| format!(": {advice}")).unwrap_or_default();
    Problem::Unreachable(format!("{place} cannot be reached, {phase}: {innermost}{advice}"))
}

/// Whether the connection ended before the answer did.
fn is_unfinished(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
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
