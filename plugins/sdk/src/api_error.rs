use std::fmt;

use crate::{CloudFailure, Failure, http};

/// How one operation of a cloud's API failed, whatever client library made the request.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// The service answered with an error.
    Service {
        /// Such as `RunInstances`.
        operation: String,
        /// The cloud's own code, or `HTTP <status>` when the answer had none.
        code: String,
        /// The cloud's own text.
        message: String,
        /// The cloud's number for the request.
        request_id: Option<String>,
    },
    /// There is no answer.
    Host {
        /// Such as `RunInstances`.
        operation: String,
        /// Why.
        error: http::Error,
    },
    /// The client library could not build the request or read the answer.
    Client {
        /// Such as `RunInstances`.
        operation: String,
        /// The library's text.
        message: String,
    },
}

/// With these a service says that it broke down, and not how far it had come.
const FAULTS: &[&str] = &["InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"];

/// Error texts are short; what is longer is a page of some proxy.
const LONGEST: usize = 2000;

impl ApiError {
    /// An answer that is an error, of which nothing is known but its status: the code is `HTTP <status>`, the message the
    /// beginning of the body. Where the cloud writes its own code and text, read those, and make a [`Service`](Self::Service).
    #[must_use]
    pub fn of_answer(operation: impl Into<String>, answer: &http::Response) -> Self {
        let text: String = answer.text().trim().chars().take(LONGEST).collect();
        let message = if text.is_empty() { "the answer has no text".to_owned() } else { text };
        Self::Service {
            operation: operation.into(),
            code: format!("HTTP {}", answer.status),
            message,
            request_id: None,
        }
    }

    /// The cloud's error code; none when the service did not answer.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Host { .. } | Self::Client { .. } => None,
        }
    }

    /// Whether the operation may have been carried out, although it failed here. An error that the service answers with
    /// means that it was not, unless the error is a fault of the service's own: a code `HTTP 5…`, `InternalError` or another
    /// of the usual words. A cloud that says it in words of its own needs its status in the code.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Service { code, .. } => FAULTS.contains(&code.as_str()) || code.starts_with("HTTP 5"),
            Self::Host { error, .. } => error.may_have_arrived(),
            Self::Client { .. } => true,
        }
    }

    /// Whether the service answered with one of these codes.
    #[must_use]
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }
}

/// Everything an operator needs on one line: operation, code, text, request number.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { operation, code, message, request_id } => {
                write!(f, "{operation}: {code}: {message}")?;
                request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request id {id})"))
            }
            Self::Host { operation, error } => write!(f, "{operation}: {error}"),
            Self::Client { operation, message } => write!(f, "{operation}: {message}"),
        }
    }
}

impl std::error::Error for ApiError {}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Service { operation, code, message, request_id } => {
                Self::Cloud(CloudFailure { operation, code, message, request_id })
            }
            ApiError::Host { operation, error } => error.into_failure(&operation),
            ApiError::Client { operation, message } => Self::cloud(operation, "ClientError", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Problem;

    fn service() -> ApiError {
        ApiError::Service {
            operation: "RunInstances".into(),
            code: "Unsupported".into(),
            message: "Not here.".into(),
            request_id: Some("r-1".into()),
        }
    }

    #[test]
    fn a_line_names_operation_code_text_and_request() {
        assert_eq!(service().to_string(), "RunInstances: Unsupported: Not here. (request id r-1)");
    }

    #[test]
    fn missing_credentials_are_the_operators_mistake() {
        let error = http::Error::from(Problem::NoCredentials("no key".into()));
        let error = ApiError::Host { operation: "RunInstances".into(), error };
        assert_eq!(Failure::from(error), Failure::Invalid("no key".into()));
    }

    #[test]
    fn a_fault_leaves_open_what_was_done() {
        let unsure = |code: &str| {
            let (operation, message) = ("RunInstances".into(), String::new());
            ApiError::Service { operation, code: code.into(), message, request_id: None }.may_have_arrived()
        };
        assert!(unsure("InternalError") && unsure("HTTP 502"));
        assert!(!unsure("InsufficientInstanceCapacity") && !unsure("RequestLimitExceeded") && !unsure("HTTP 403"));
    }

    #[test]
    fn an_answer_without_a_code_is_known_by_its_status() {
        let of = |status, body: &str| {
            let answer = http::Response { status, headers: Vec::new(), body: body.into() };
            ApiError::of_answer("GetVM", &answer)
        };
        assert_eq!(of(401, "who are you?\n").to_string(), "GetVM: HTTP 401: who are you?");
        assert_eq!(of(500, "").to_string(), "GetVM: HTTP 500: the answer has no text");
        assert!(of(500, "").may_have_arrived() && !of(401, "").may_have_arrived());
        assert!(of(502, &"x".repeat(9000)).to_string().len() < 2100);
    }

    #[test]
    fn codes_are_compared_whole() {
        assert!(service().is(&["Other", "Unsupported"]));
        assert!(!service().is(&["Unsupport"]));
    }
}
