//! Operations that go on after their request was answered. See "Track asynchronous Azure operations".

use std::time::Duration;

use cpi_plugin_sdk::ApiError;
use serde_json::Value;

use super::error::code_and_message;
use super::link::canonical;

/// Where to look what has become of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watch {
    pub how: How,
    /// Absolute.
    pub url: String,
}

/// What an answer there looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    /// `{"status": …}`: header `Azure-AsyncOperation`.
    Status,
    /// 202 as long as it goes on: header `Location`.
    Location,
    /// The resource itself, with its `provisioningState`.
    Resource,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Progress {
    Running,
    Done,
    /// Code and message.
    Failed(String, String),
    /// By somebody else, or by a later operation.
    Canceled(String, String),
}

/// What became of a request that Azure accepted.
#[derive(Debug)]
pub(crate) enum Ended {
    Done,
    Failed {
        error: ApiError,
        /// When Azure wants the request to be sent again, if it does.
        again: Option<Duration>,
    },
    Canceled(ApiError),
}

impl Ended {
    pub(super) fn into_result(self) -> Result<(), ApiError> {
        match self {
            Self::Done => Ok(()),
            Self::Failed { error, .. } | Self::Canceled(error) => Err(error),
        }
    }
}

/// What there is to wait for after a request that was accepted; nothing when it is done. `itself` is the URL of the
/// resource.
pub(super) fn begun<'a>(
    status: u16,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &Value,
    itself: &str,
) -> Option<Watch> {
    let watch = |how, url: &str| Some(Watch { how, url: canonical(url) });
    if let Some(url) = header("azure-asyncoperation") {
        return watch(How::Status, url);
    }
    match (status, header("location")) {
        (202, Some(url)) => watch(How::Location, url),
        (202, None) => watch(How::Resource, itself),
        _ if !is_final(state(body).unwrap_or("Succeeded")) => watch(How::Resource, itself),
        _ => None,
    }
}

/// What an answer at the watched place says.
pub(super) fn progress(how: How, status: u16, body: &Value) -> Progress {
    let word = match how {
        How::Location if status == 202 => "Running",
        How::Location => "Succeeded",
        How::Status => match (body.get("status").and_then(Value::as_str), status) {
            (Some(word), _) => word,
            (None, 202) => "Running",
            (None, 204) => "Succeeded",
            (None, _) => {
                let told = "where the operation is to be watched there is no status".to_owned();
                return Progress::Failed("NoStatus".to_owned(), told);
            }
        },
        How::Resource => state(body).unwrap_or("Succeeded"),
    };
    if word.eq_ignore_ascii_case("succeeded") {
        return Progress::Done;
    }
    if !is_final(word) {
        return Progress::Running;
    }
    let (code, message) = code_and_message(body)
        .unwrap_or_else(|| (format!("Operation{word}"), format!("the operation ended as '{word}', without a reason")));
    if word.eq_ignore_ascii_case("failed") {
        Progress::Failed(code, message)
    } else {
        Progress::Canceled(code, message)
    }
}

fn state(body: &Value) -> Option<&str> {
    body.pointer("/properties/provisioningState").and_then(Value::as_str)
}

/// Every other word means that it goes on, those that nobody knows yet too.
fn is_final(word: &str) -> bool {
    ["succeeded", "failed", "canceled", "cancelled"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// When to look: early at first, for most operations are short, and later as the service wants it.
#[derive(Debug)]
pub(super) struct Pace {
    next: Duration,
    waited: Duration,
}

const FIRST: Duration = Duration::from_millis(500);
/// Where the service says nothing.
const USUAL: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(1);
/// Nobody waits for ever; Azure's own operations end after less.
const PATIENCE: Duration = Duration::from_mins(40);

impl Pace {
    pub(super) fn new() -> Self {
        Self { next: FIRST, waited: Duration::ZERO }
    }

    /// How long to wait before the next look; `None` when patience has run out. `told` is what the service wants.
    pub(super) fn pause(&mut self, told: Option<Duration>) -> Option<Duration> {
        let pause = self.next.min(told.unwrap_or(USUAL)).clamp(Duration::from_millis(100), LONGEST);
        self.next = self.next.saturating_mul(2);
        self.waited += pause;
        (self.waited <= PATIENCE).then_some(pause)
    }

    pub(super) fn waited(&self) -> Duration {
        self.waited
    }
}

/// `Retry-After` in seconds. A date is rare, and the usual pause serves as well.
pub(super) fn retry_after(value: Option<&str>) -> Option<Duration> {
    value?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn how(status: u16, headers: &[(&str, &'static str)], body: &Value) -> Option<(How, String)> {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        begun(status, header, body, "https://m/itself").map(|watch| (watch.how, watch.url))
    }

    #[test]
    fn an_operation_is_watched_where_it_says() {
        let (status, location) = (("azure-asyncoperation", "https://m/o p"), ("location", "https://m/l"));
        let none = json!({});
        assert_eq!(how(201, &[status, location], &none), Some((How::Status, "https://m/o%20p".to_owned())));
        assert_eq!(how(202, &[location], &none), Some((How::Location, "https://m/l".to_owned())));
        assert_eq!(how(202, &[], &none), Some((How::Resource, "https://m/itself".to_owned())));
        let creating = json!({"properties": {"provisioningState": "Creating"}});
        assert_eq!(how(201, &[], &creating), Some((How::Resource, "https://m/itself".to_owned())));
        assert_eq!(how(200, &[location], &json!({"properties": {"provisioningState": "Succeeded"}})), None);
        assert_eq!(how(204, &[], &none), None);
    }

    #[test]
    fn only_four_words_are_an_end() {
        for word in ["InProgress", "Running", "Updating", "Accepted", "Creating", "Deleting", "Whatever"] {
            assert_eq!(progress(How::Status, 200, &json!({"status": word})), Progress::Running);
        }
        assert_eq!(progress(How::Status, 200, &json!({"status": "succeeded"})), Progress::Done);
        let failed = json!({"status": "Failed", "error": {"code": "AllocationFailed", "message": "full"}});
        assert_eq!(progress(How::Status, 200, &failed), Progress::Failed("AllocationFailed".into(), "full".into()));
        let canceled = progress(How::Status, 200, &json!({"status": "Canceled"}));
        assert!(matches!(canceled, Progress::Canceled(code, _) if code == "OperationCanceled"));
        let silent = |status| progress(How::Status, status, &json!({}));
        assert!(matches!(silent(200), Progress::Failed(code, _) if code == "NoStatus"));
        assert_eq!((silent(202), silent(204)), (Progress::Running, Progress::Done));
        assert_eq!(progress(How::Location, 202, &json!({})), Progress::Running);
        assert_eq!(progress(How::Location, 204, &json!({})), Progress::Done);
        let updating = json!({"properties": {"provisioningState": "Updating"}});
        assert_eq!(progress(How::Resource, 200, &updating), Progress::Running);
    }

    #[test]
    fn first_looks_are_early_and_later_ones_as_the_service_wants() {
        let told = Some(Duration::from_secs(10));
        let mut pace = Pace::new();
        let pauses: Vec<_> = std::iter::from_fn(|| pace.pause(told)).collect();
        assert_eq!(pauses.first(), Some(&FIRST));
        assert!(pauses.iter().take(3).sum::<Duration>() < Duration::from_secs(4));
        assert_eq!(pauses.last(), Some(&Duration::from_secs(10)));
        assert!(pauses.iter().sum::<Duration>() <= PATIENCE);
        assert_eq!(Pace::new().pause(Some(Duration::ZERO)), Some(Duration::from_millis(100)));
    }
}
