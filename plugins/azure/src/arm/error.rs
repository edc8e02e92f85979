use cpi_plugin_sdk::ApiError;
use cpi_plugin_sdk::http::{Error, Problem};
use serde_json::Value;

/// What is asked for is not there, nor is what it would be in.
const GONE: [&str; 4] = ["NotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "ResourceNotFound"];

/// Another operation on the same resource, or one of Azure's own, is in the way for a while.
const IN_THE_WAY: [&str; 9] = [
    "AnotherOperationInProgress",
    "AttachDiskWhileBeingDetached",
    "CanceledAndSupersededDueToAnotherOperation",
    "ConflictingConcurrentWriteNotAllowed",
    "OperationPreempted",
    "ReferencedResourceNotProvisioned",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "NicReservedForAnotherVm",
];

/// These say that something failed; what failed is the first of the details.
const WRAPPERS: [&str; 3] = ["Canceled", "DeploymentFailed", "ResourceDeploymentFailure"];

/// The version that a request names is no more the present one.
const OUTDATED: [&str; 2] = ["ConditionNotMet", "PreconditionFailed"];

/// Messages of ARM are short; what is longer is a page of some proxy.
const LONGEST: usize = 2000;

pub(crate) fn is_gone(error: &ApiError) -> bool {
    error.is(&GONE)
}

pub(super) fn is_in_the_way(error: &ApiError) -> bool {
    error.is(&IN_THE_WAY)
}

pub(crate) fn is_outdated(error: &ApiError) -> bool {
    error.is(&OUTDATED)
}

/// No answer at all is the network's fault more often than Azure's: operators are told so, in the words they know.
pub(super) fn hinted(error: Error) -> Error {
    let hint = |text: &String| format!("{text}. Please make sure the CPI has proper network access to Azure");
    match error.problem() {
        Problem::Unreachable(text) => Problem::Unreachable(hint(text)).into(),
        Problem::TimedOut(text) => Problem::TimedOut(hint(text)).into(),
        _ => error,
    }
}

/// An answer that is an error: `{"error": {"code", "message", "details": […]}}`, or whatever stands there instead.
pub(super) fn of_answer(operation: String, status: u16, body: &[u8], request_id: Option<&str>) -> ApiError {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let (code, message) = code_and_message(&document).unwrap_or_else(|| {
        let text: String = String::from_utf8_lossy(body).chars().take(LONGEST).collect();
        let message = if text.trim().is_empty() { "the answer has no text".to_owned() } else { text };
        // Nothing is gone because somebody on the way to Azure says so, whose answers have no number.
        if status == 404 && request_id.is_none() {
            let who = "this does not come from Azure's Resource Manager: look at endpoints.management, and at proxies";
            return ("HTTP 404".to_owned(), format!("{message} ({who})"));
        }
        (code_of(status), message)
    });
    ApiError::Service { operation, code, message, request_id: request_id.map(str::to_owned) }
}

/// What stands under `error`, or at the top, as some services write it.
pub(super) fn code_and_message(document: &Value) -> Option<(String, String)> {
    let error = document.get("error").filter(|error| error.is_object()).unwrap_or(document);
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut code = text(error, "code")?;
    let mut message = text(error, "message").unwrap_or_default();
    let inner = error.pointer("/details/0").and_then(|detail| text(detail, "code"));
    if let Some(inner) = inner.filter(|inner| !inner.is_empty() && WRAPPERS.contains(&code.as_str())) {
        message = format!("{code}: {message}");
        code = inner;
    }
    for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
        let more = text(detail, "message").filter(|more| !more.is_empty() && !message.contains(more.as_str()));
        if let Some(more) = more {
            let code = text(detail, "code").map(|code| format!("{code}: ")).unwrap_or_default();
            message = format!("{message} ({code}{more})");
        }
    }
    for policy in error.get("additionalInfo").and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = policy.pointer("/info/policyDefinitionDisplayName").and_then(Value::as_str) {
            message = format!("{message} (policy '{name}')");
        }
    }
    Some((code, message.chars().take(LONGEST).collect()))
}

/// A code for an answer without one.
fn code_of(status: u16) -> String {
    match status {
        404 => "NotFound".to_owned(),
        412 => "PreconditionFailed".to_owned(),
        other => format!("HTTP {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: u16, body: &str) -> String {
        of_answer("op".to_owned(), status, body.as_bytes(), Some("7")).to_string()
    }

    #[test]
    fn code_message_and_details_are_shown() {
        assert_eq!(
            shown(
                409,
                r#"{"error": {"code": "Conflict", "message": "no", "details": [{"code": "Why", "message": "so"}]}}"#
            ),
            "op: Conflict: no (Why: so) (request id 7)"
        );
        assert_eq!(shown(400, r#"{"code": "Bad", "message": "thing"}"#), "op: Bad: thing (request id 7)");
        let policy = r#"{"error": {"code": "RequestDisallowedByPolicy", "message": "no", "additionalInfo":
            [{"type": "PolicyViolation", "info": {"policyDefinitionDisplayName": "Allowed locations"}}]}}"#;
        assert_eq!(shown(403, policy), "op: RequestDisallowedByPolicy: no (policy 'Allowed locations') (request id 7)");
        assert_eq!(shown(500, "<html>"), "op: HTTP 500: <html> (request id 7)");
        assert_eq!(shown(404, ""), "op: NotFound: the answer has no text (request id 7)");
        assert_eq!(
            shown(
                200,
                r#"{"status": "Canceled", "error": {"code": "Canceled", "message": "Operation was canceled.",
                    "details": [{"code": "CanceledAndSupersededDueToAnotherOperation", "message": "late"}]}}"#
            ),
            "op: CanceledAndSupersededDueToAnotherOperation: Canceled: Operation was canceled. \
             (CanceledAndSupersededDueToAnotherOperation: late) (request id 7)"
        );
    }

    #[test]
    fn whoever_gets_no_answer_is_told_to_look_at_the_network() {
        let told = |problem: Problem| hinted(problem.into()).to_string();
        assert!(
            told(Problem::Unreachable("refused".into())).starts_with("refused. Please make sure the CPI has proper")
        );
        assert_eq!(told(Problem::Denied("no grant".into())), "no grant");
    }

    #[test]
    fn what_is_not_there_is_told_from_a_wrong_subscription() {
        let gone = |code: &str| {
            is_gone(&of_answer(String::new(), 404, format!(r#"{{"error":{{"code":"{code}"}}}}"#).as_bytes(), None))
        };
        let answered = |body: &str, request_id| of_answer("op".to_owned(), 404, body.as_bytes(), request_id);
        assert!(is_gone(&answered("", Some("7"))));
        for page in ["", "<html>", r#"{"message": "no Route matched"}"#] {
            let error = answered(page, None);
            assert!(!is_gone(&error) && error.to_string().contains("does not come from Azure"), "{error}");
        }
        assert!(gone("ResourceNotFound") && gone("ResourceGroupNotFound"));
        assert!(!gone("SubscriptionNotFound") && !gone("InvalidSubscriptionId"));
    }
}
