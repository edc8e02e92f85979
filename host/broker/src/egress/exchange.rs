use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use cpi_policy::{Denial, Limits, Method, Permit};

use super::{Egress, Incoming, Problem};
use crate::sign;

/// An attempt without an answer.
pub(super) struct Failed {
    pub(super) problem: Problem,
    /// Nothing was sent, so nothing can be done twice, and the same may succeed a little later.
    pub(super) may_pass: bool,
}

impl Failed {
    fn of(error: &reqwest::Error, permit: &Permit, phase: &str) -> Self {
        let problem = problem(error, permit, phase);
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

impl Egress {
    /// Signs a permitted request, puts it on the wire once, and reads the answer as far as the limits allow.
    pub(super) async fn exchange(&self, permit: &Permit, body: Bytes) -> Result<Incoming, Failed> {
        let signature = match permit.signing() {
            Some(signing) => sign::sign(&self.manifest, &self.secrets, signing, permit, &body)?,
            None => Vec::new(),
        };
        let limits = self.grant.limits();
        let client = self.clients.for_rule(permit)?;
        let wanted = permit.request().timeout_ms.map_or(limits.request_time, |ms| Duration::from_millis(ms.into()));
        let request = permit
            .request()
            .headers
            .iter()
            .chain(&signature)
            .fold(
                client.request(http_method(permit.request().method), permit.url().clone()),
                |request, (name, value)| request.header(name, value),
            )
            .timeout(wanted.min(limits.request_time))
            .body(body);
        let response = request.send().await.map_err(|error| Failed::of(&error, permit, "connecting and sending"))?;
        receive(response, limits, permit).await
    }
}

async fn receive(mut response: reqwest::Response, limits: &Limits, permit: &Permit) -> Result<Incoming, Failed> {
    let too_large = || Problem::TooLarge(limits.response as u64);
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if response.content_length().is_some_and(|length| length > limits.response as u64) {
        return Err(too_large().into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failed::of(&error, permit, "reading the answer"))? {
        if body.len() + chunk.len() > limits.response {
            return Err(too_large().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming { status, headers, body })
}

fn http_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// What went wrong on the way, with the endpoint and the innermost cause: the outer texts only repeat one another.
fn problem(error: &reqwest::Error, permit: &Permit, phase: &str) -> Problem {
    if let Some(denial) = causes(error).find_map(|cause| cause.downcast_ref::<Denial>()) {
        return Problem::Denied(denial.clone());
    }
    let innermost = innermost(error);
    let endpoint = permit.url().origin().ascii_serialization();
    if error.is_timeout() {
        return Problem::TimedOut(format!(
            "{endpoint} did not answer in time, {phase}: [limits] http = {{ timeout = … }} says how long that is"
        ));
    }
    if error.is_builder() {
        return Problem::Invalid(format!("the request to {endpoint} is not valid: {innermost}"));
    }
    Problem::Unreachable(format!("{endpoint} cannot be reached, {phase}: {innermost}"))
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source())
}

fn innermost(error: &reqwest::Error) -> &(dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}
