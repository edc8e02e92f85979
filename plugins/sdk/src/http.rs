//! Requests through the host. It checks the grant, signs with the named credential, and sends.

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use crate::bindings::bosh::cpi::http::{Header, Method, Problem};

use crate::Failure;
use crate::bindings::bosh::cpi::http as host;

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    Request::new(Method::Get, url)
}

/// A POST request with a body.
pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::Post, url).body(body)
}

/// A PUT request with a body.
pub fn put(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
    Request::new(Method::Put, url).body(body)
}

/// A DELETE request.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new(Method::Delete, url)
}

/// A text as one segment of a path, or one value of a query: everything but `A-Z a-z 0-9 - . _ ~` percent-encoded (RFC 3986,
/// section 2.3). Identifiers come from outside, so none goes into a URL without it.
///
/// The host refuses what is no segment even so: `.` and `..`, and a slash or a backslash, which services read in different ways.
#[must_use]
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request that is not sent yet.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request(host::Request);

impl Request {
    /// A request without headers, body or credential. The URL is absolute.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self(host::Request {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            credential: None,
            timeout_ms: None,
        })
    }

    /// Adds a header. The host sets `host`, hop-by-hop headers and those of a signature, and refuses them from here.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Sets the body to JSON text, and the content type with it.
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }

    /// Has the host authenticate the request with this credential of the manifest.
    pub fn credential(mut self, name: impl Into<String>) -> Self {
        self.0.credential = Some(name.into());
        self
    }

    /// Bounds the time; the host's own bound holds too.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it. Any status is an answer, redirects too.
    pub async fn send(self) -> Result<Response, Error> {
        host::send(self.0).await.map(Response::from).map_err(Error)
    }

    pub(crate) fn into_host(self) -> host::Request {
        self.0
    }
}

/// The answer of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// In the order received.
    pub headers: Vec<Header>,
    /// Already decoded from any transfer coding.
    pub body: Vec<u8>,
}

impl From<host::Response> for Response {
    fn from(response: host::Response) -> Self {
        let host::Response { status, headers, body } = response;
        Self { status, headers, body }
    }
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body read as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Why there is no answer. No text holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Problem);

impl Error {
    /// The host's own word for it.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// Whether the server may have done what the request asks for, although there is no answer.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        matches!(self.0, Problem::Unreachable(_) | Problem::TimedOut(_) | Problem::TooLarge(_))
    }

    /// The failure of a call whose operation got no answer. Credentials that the settings do not give are the operator's mistake and become
    /// [`Failure::Invalid`]; everything else is [`Failure::Cloud`] with a code that names the kind.
    #[must_use]
    pub fn into_failure(self, operation: &str) -> Failure {
        let code = match &self.0 {
            Problem::NoCredentials(text) => return Failure::invalid(text),
            Problem::Unauthenticated(_) => "Unauthenticated",
            Problem::Denied(_) => "Denied",
            Problem::Unreachable(_) => "Unreachable",
            Problem::TimedOut(_) => "TimedOut",
            Problem::TooLarge(_) => "TooLarge",
            Problem::OverBudget(_) => "OverBudget",
            Problem::Invalid(_) => "InvalidRequest",
        };
        Failure::cloud(operation, code, self.to_string())
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Denied(text)
            | Problem::NoCredentials(text)
            | Problem::Unauthenticated(text)
            | Problem::Unreachable(text)
            | Problem::TimedOut(text)
            | Problem::OverBudget(text)
            | Problem::Invalid(text) => f.write_str(text),
            Problem::TooLarge(limit) => write!(
                f,
                "the answer is larger than {limit} bytes: raise [limits] http = {{ response = … }} in the host's configuration"
            ),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case() {
        let headers = vec![Header { name: "X-Request-Id".into(), value: "7".into() }];
        let response = Response { status: 204, headers, body: Vec::new() };
        assert_eq!((response.header("x-request-id"), response.is_success()), (Some("7"), true));
    }

    #[test]
    fn what_is_escaped_stays_in_its_place() {
        assert_eq!(escape("vm-1_a.b~c"), "vm-1_a.b~c");
        assert_eq!(escape("a/b?c=d&e f#%\u{e4}"), "a%2Fb%3Fc%3Dd%26e%20f%23%25%C3%A4");
    }

    #[test]
    fn a_failure_keeps_the_hosts_whole_text() {
        let failure = Error::from(Problem::Denied("grant [[http]] host x".into())).into_failure("GetVM");
        assert_eq!(failure, Failure::cloud("GetVM", "Denied", "grant [[http]] host x"));
    }
}
