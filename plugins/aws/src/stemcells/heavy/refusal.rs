use cpi_plugin_sdk::{CloudFailure, Failure, Unsent, http};
use serde_json::Value;

/// A block that EBS did not take, in its words.
#[derive(Debug)]
struct Refusal {
    code: String,
    message: String,
    request_id: Option<String>,
}

const OPERATION: &str = "PutSnapshotBlock";
/// EBS knows no such snapshot, or not yet.
const UNKNOWN: &str = "ResourceNotFoundException";
/// A snapshot that cannot be written to any more says so with one of these; its time may be over.
pub(crate) const CLOSED: [&str; 3] = [UNKNOWN, "ValidationException", "AccessDeniedException"];

impl Refusal {
    fn of(response: &http::Response) -> Self {
        let body: Value = response.json().unwrap_or_default();
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let told = response.header("x-amzn-errortype").and_then(|value| value.split(':').next());
        let code = told.or_else(|| text("__type")).or_else(|| text("code"));
        let message = text("Message").or_else(|| text("message")).unwrap_or("no error text in the answer");
        let reason = text("Reason").map(|reason| format!(" ({reason})")).unwrap_or_default();
        Self {
            code: code.map_or_else(|| format!("HTTP {}", response.status), str::to_owned),
            message: format!("{message}{reason}"),
            request_id: response.header("x-amzn-requestid").map(str::to_owned),
        }
    }
}

/// Why an image was not uploaded.
pub(crate) fn failure(unsent: Unsent) -> Failure {
    match unsent {
        Unsent::Unreadable(why) => Failure::rejected(why),
        Unsent::Unanswered(error) => error.into_failure(OPERATION),
        Unsent::Refused { index, response, .. } => {
            let Refusal { code, message, request_id } = Refusal::of(&response);
            let message = format!("block {index}: {message}");
            Failure::Cloud(CloudFailure { operation: OPERATION.to_owned(), code, message, request_id })
        }
    }
}

/// Whether a new snapshot may not be known everywhere yet.
pub(crate) fn is_not_known_yet(unsent: &Unsent) -> bool {
    matches!(unsent, Unsent::Refused { sent: 0, response, .. } if Refusal::of(response).code == UNKNOWN)
}

/// Whether a snapshot of an earlier call takes nothing more.
pub(crate) fn is_closed(unsent: &Unsent) -> bool {
    matches!(unsent, Unsent::Refused { response, .. } if CLOSED.contains(&Refusal::of(response).code.as_str()))
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::http::{Header, Response};

    use super::*;

    fn refused(status: u16, code: Option<&str>, body: &str) -> Unsent {
        let header = |code: &str| Header { name: "X-Amzn-ErrorType".to_owned(), value: format!("{code}:http://x") };
        let headers = code.map(header).into_iter().collect();
        Unsent::Refused { index: 7, sent: 0, response: Response { status, headers, body: body.into() } }
    }

    #[test]
    fn words_of_ebs_are_kept() {
        let body = r#"{"Message": "Too late.", "Reason": "WRITE_REQUEST_TIMEOUT"}"#;
        let late = refused(400, Some("ValidationException"), body);
        assert!(is_closed(&late) && !is_not_known_yet(&late));
        assert_eq!(
            failure(late),
            Failure::cloud(OPERATION, "ValidationException", "block 7: Too late. (WRITE_REQUEST_TIMEOUT)")
        );
        let gone = refused(404, None, r#"{"__type": "ResourceNotFoundException"}"#);
        assert!(is_closed(&gone) && is_not_known_yet(&gone));
        assert_eq!(
            failure(refused(502, None, "<html>")),
            Failure::cloud(OPERATION, "HTTP 502", "block 7: no error text in the answer")
        );
        assert_eq!(failure(Unsent::Unreadable("why".into())), Failure::rejected("why"));
    }
}
