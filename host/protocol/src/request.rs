use serde_json::Value;

use crate::arguments::kind_of;
use crate::{Context, CpiError, ErrorType, Method, Object, printable};

/// The highest version of the CPI API that this host speaks.
pub const HIGHEST_API_VERSION: u8 = 3;

/// A well-formed request whose arguments are not looked at yet.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what.
    pub arguments: Vec<Value>,
    /// For whom.
    pub context: Context,
    /// The version whose shapes the caller expects: 1 when it named none.
    pub api_version: u8,
}

impl Request {
    /// Reads one request: a JSON object, white space around it allowed.
    pub fn parse(text: &[u8]) -> Result<Self, CpiError> {
        let document: Value = serde_json::from_slice(text)
            .map_err(|error| invalid(format!("Request cannot be deserialized, details: {error}")))?;
        let Value::Object(request) = document else {
            return Err(invalid("Request cannot be deserialized, details: it must be a JSON object".to_owned()));
        };
        let method = method(&request)?;
        let arguments = match request.get("arguments") {
            Some(Value::Array(arguments)) => arguments.clone(),
            _ => return Err(invalid("Arguments must be an Array".to_owned())),
        };
        let api_version = api_version(request.get("api_version"))?;
        let context = Context::parse(request.get("context"))?;
        if api_version > HIGHEST_API_VERSION && method != Method::Info {
            return Err(CpiError::host(format!(
                "api_version {api_version} is higher than {HIGHEST_API_VERSION}, the highest that this CPI speaks"
            )));
        }
        Ok(Self { method, arguments, context, api_version })
    }

    /// The director's number for a call whose request is refused, when it can still be read.
    pub fn id_of_refused(text: &[u8]) -> Option<String> {
        let document: Value = serde_json::from_slice(text).ok()?;
        Some(document.get("context")?.get("request_id")?.as_str()?.to_owned())
    }

    /// The same request without the trailing arguments that its method does not know, and how many they were.
    #[must_use]
    pub fn without_surplus(mut self) -> (Self, usize) {
        let known = *self.method.arity().end();
        let surplus = self.arguments.len().saturating_sub(known);
        self.arguments.truncate(known);
        (self, surplus)
    }
}

fn method(request: &Object) -> Result<Method, CpiError> {
    let name = match request.get("method") {
        Some(Value::String(name)) => name,
        other => {
            let got = other.unwrap_or(&Value::Null);
            return Err(invalid(format!("Method must be a String, got: {}", kind_of(got))));
        }
    };
    Method::from_name(name)
        .ok_or_else(|| CpiError::new(ErrorType::NotImplemented, format!("Method is not known, got: '{}'", short(name))))
}

fn api_version(value: Option<&Value>) -> Result<u8, CpiError> {
    let Some(value) = value else { return Ok(1) };
    version(value).ok_or_else(|| invalid("CPI api_version requested must be an Integer".to_owned()))
}

/// A version as a number; the highest possible one stands for all that are higher.
pub(crate) fn version(value: &Value) -> Option<u8> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(integer)),
        _ => None,
    }
    .map(|version| u8::try_from(version).unwrap_or(u8::MAX))
}

/// Directors echo whatever number `info` gave them, so 2.0 is 2.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range and integral, as checked")]
fn integer(number: f64) -> Option<u64> {
    ((0.0..1e15).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

fn invalid(message: String) -> CpiError {
    CpiError::new(ErrorType::InvalidCall, message)
}

/// Whatever a caller sent, as a part of a message.
fn short(text: &str) -> String {
    printable(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> CpiError {
        Request::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn envelope_checks_come_in_the_order_of_the_reference_library() {
        for (text, kind, message) in [
            ("", ErrorType::InvalidCall, "Request cannot be deserialized"),
            ("nonsense", ErrorType::InvalidCall, "Request cannot be deserialized"),
            ("[]", ErrorType::InvalidCall, "Request cannot be deserialized"),
            ("{}", ErrorType::InvalidCall, "Method must be a String, got: null"),
            (r#"{"method":"make_tea"}"#, ErrorType::NotImplemented, "Method is not known, got: 'make_tea'"),
            (r#"{"method":"info"}"#, ErrorType::InvalidCall, "Arguments must be an Array"),
            (r#"{"method":"info","arguments":[],"api_version":null}"#, ErrorType::InvalidCall, "CPI api_version"),
            (r#"{"method":"info","arguments":[],"api_version":2.5}"#, ErrorType::InvalidCall, "CPI api_version"),
            (r#"{"method":"info","arguments":[],"api_version":"2"}"#, ErrorType::InvalidCall, "CPI api_version"),
            (r#"{"method":"info","arguments":[],"context":{}}"#, ErrorType::InvalidCall, "Request should include"),
        ] {
            let error = error_of(text);
            assert_eq!(error.kind(), kind, "{text}");
            assert!(error.message().starts_with(message), "{text}: {error}");
        }
    }

    #[test]
    fn integral_floats_are_versions() {
        let text = br#"{"api_version":2.0,"context":{"director_uuid":"d"},"arguments":[],"method":"ping"}"#;
        assert_eq!(Request::parse(text).unwrap().api_version, 2);
    }

    #[test]
    fn versions_above_ours_are_refused_except_for_info() {
        let text = |method: &str| {
            format!(r#"{{"method":"{method}","arguments":[],"context":{{"director_uuid":"d"}},"api_version":99}}"#)
        };
        assert_eq!(error_of(&text("ping")).kind(), ErrorType::CpiError);
        assert!(Request::parse(text("info").as_bytes()).is_ok());
    }

    #[test]
    fn deep_nesting_is_an_error() {
        assert_eq!(error_of(&"[".repeat(100_000)).kind(), ErrorType::InvalidCall);
    }
}
