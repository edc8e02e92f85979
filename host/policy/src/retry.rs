use std::time::{Duration, SystemTime};

use cpi_protocol::{Object, printable};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::pattern::NamePattern;
use crate::{Method, Permit};

/// The `[retry]` table of a manifest: what is peculiar to a cloud. Without it the defaults hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryAsk {
    /// The setting with which operators say how often a request is tried again.
    limit: Option<String>,
    /// Error codes that mean "slow down" or "not now"; a `*` at the end stands for any text.
    #[serde(default)]
    codes: Vec<NamePattern>,
    /// Error codes for which trying again is useless, whatever the status says.
    #[serde(default)]
    never: Vec<NamePattern>,
    /// What may be done twice: actions, such as `Describe*`, or a method and a path, such as `PATCH /*`. It is sent again
    /// even when it may have arrived.
    #[serde(default)]
    repeat: Vec<NamePattern>,
    /// How often a request is tried again where operators say nothing.
    most: Option<u32>,
    /// How often, when there was no answer.
    connections: Option<u32>,
    /// The field of a form with which a service knows a request that it has seen already, such as `ClientToken`.
    token: Option<String>,
}

/// When a request is sent again, and after how long. There is one policy for all plugins, so that no two layers
/// multiply their tries.
#[derive(Debug, Clone)]
pub struct Retry {
    most: u32,
    ask: RetryAsk,
}

/// What decides about another try.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, with their values: some say when to come back.
    pub headers: &'a [(String, String)],
    /// The body, in which clouds write their error codes.
    pub body: &'a [u8],
    /// When it came.
    pub now: SystemTime,
}

/// Another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Why.
    pub reason: String,
    /// After how long.
    pub pause: Duration,
    /// How often for such a reason, at most.
    pub most: u32,
    /// The service said that it gets too many requests. Nothing was done, and other calls should slow down as well.
    pub throttled: bool,
}

const DEFAULT_LIMIT: u32 = 8;
const MOST_CONNECTIONS: u32 = 3;
/// Longer than any cloud's codes.
const LONGEST_CODE: usize = 100;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A server cannot make a call sleep longer than this at once.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(5);

impl Retry {
    /// The policy for one call.
    pub(crate) fn new(ask: &RetryAsk, settings: &Object) -> Self {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        let wanted = ask.limit.as_ref().and_then(|key| settings.get(key)).and_then(number);
        let usual = ask.most.unwrap_or(DEFAULT_LIMIT);
        let most = wanted.map_or(usual, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
        Self { most, ask: ask.clone() }
    }

    /// Whether to try again after a refusal; `None` when it is final.
    ///
    /// `retried` is how often it was tried again already, `random` a number from 0 to 1. A service that says "slow
    /// down" has done nothing; one that failed may have, and is asked again only if `repeatable`.
    pub fn after(
        &self,
        refusal: Refusal<'_>,
        repeatable: impl FnOnce() -> bool,
        retried: u32,
        random: f64,
    ) -> Option<Again> {
        let Refusal { status, headers, body, now } = refusal;
        if retried >= self.most || status < 400 {
            return None;
        }
        let code = told_code(headers).or_else(|| error_code(body));
        let listed =
            |list: &[NamePattern]| code.as_deref().is_some_and(|code| list.iter().any(|entry| entry.matches(code)));
        if listed(&self.ask.never) {
            return None;
        }
        let throttled = matches!(status, 429 | 503) || (status < 500 && listed(&self.ask.codes));
        let failed = matches!(status, 408 | 500 | 502 | 504) || listed(&self.ask.codes);
        if !(throttled || failed && repeatable()) {
            return None;
        }
        let reason = code.unwrap_or_else(|| format!("status {status}"));
        let pause = pause(retried, random);
        let pause = told(headers, now).map_or(pause, |told| told.min(LONGEST_RETRY_AFTER) + pause / 4);
        Some(Again { reason, pause, most: self.most, throttled })
    }

    /// Whether to try again after a connection that was refused, so that nothing was sent, or was lost afterwards, and
    /// the request may be done twice. A service that restarts is back soon.
    pub fn after_no_answer(&self, reason: String, retried: u32, random: f64) -> Option<Again> {
        let most = self.most.min(self.ask.connections.unwrap_or(MOST_CONNECTIONS));
        (retried < most).then(|| Again { reason, pause: pause(retried, random), most, throttled: false })
    }

    /// Whether a request that may have arrived can be sent again: reading and deleting end the same when done twice, a
    /// token lets the service notice, and of actions only the author knows.
    pub fn may_repeat(&self, permit: &Permit) -> bool {
        let request = permit.request();
        let named = |what: &str| self.ask.repeat.iter().any(|entry| entry.matches(what));
        match permit.action() {
            None => {
                let usual = matches!(request.method, Method::Get | Method::Head | Method::Put | Method::Delete);
                usual || named(&format!("{} {}", request.method.name(), permit.url().path()))
            }
            Some(action) => {
                let token = |name: &String| {
                    form_urlencoded::parse(&request.body).any(|(field, value)| field == *name && !value.is_empty())
                };
                named(action) || self.ask.token.as_ref().is_some_and(token)
            }
        }
    }
}

/// When a service wants to be asked again: in milliseconds, in seconds, or at a date.
fn told(headers: &[(String, String)], now: SystemTime) -> Option<Duration> {
    let value = |name: &str| headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.trim());
    let number = |text: &str| text.parse::<u64>().ok();
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    value("retry-after-ms")
        .or_else(|| value("x-ms-retry-after-ms"))
        .and_then(number)
        .map(Duration::from_millis)
        .or_else(|| value("retry-after").and_then(number).map(Duration::from_secs))
        .or_else(|| value("retry-after").and_then(date).map(|date| date.duration_since(now).unwrap_or_default()))
}

/// Doubles each time, up to a limit; between half and all of it, so that processes do not come back together.
fn pause(retried: u32, random: f64) -> Duration {
    FIRST_PAUSE
        .saturating_mul(2u32.saturating_pow(retried))
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

/// The error code of a service of AWS that answers in JSON: `ThrottlingException:http://…`.
fn told_code(headers: &[(String, String)]) -> Option<String> {
    let (_, value) = headers.iter().find(|(name, _)| name == "x-amzn-errortype")?;
    value.split(':').next().map(|code| printable(code.trim(), LONGEST_CODE))
}

/// The error code of an answer: `<Code>…</Code>` in XML, `error.code`, `code` or `__type` in JSON.
pub fn error_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    if let Some((_, rest)) = text.split_once("<Code>") {
        return rest.split_once("</Code>").map(|(code, _)| printable(code, LONGEST_CODE));
    }
    let document: Value = serde_json::from_str(text).ok()?;
    let code = document.pointer("/error/code").or_else(|| document.get("code")).or_else(|| document.get("__type"))?;
    code.as_str().map(|code| printable(code, LONGEST_CODE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn retry(limit: u64) -> Retry {
        let ask: RetryAsk = toml::from_str(
            "limit = \"max_retries\"\ncodes = [\"RequestLimitExceeded\", \"Throttl*\"]\nnever = [\"InsufficientInstanceCapacity\"]",
        )
        .unwrap();
        Retry::new(&ask, json!({"max_retries": limit}).as_object().unwrap())
    }

    fn refusal(status: u16, body: &str) -> Refusal<'_> {
        Refusal { status, headers: &[], body: body.as_bytes(), now: SystemTime::UNIX_EPOCH }
    }

    fn again(limit: u64, refusal: Refusal<'_>, retried: u32, random: f64) -> Option<Again> {
        retry(limit).after(refusal, || true, retried, random)
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        let tried = |status, body| again(8, refusal(status, body), 0, 1.0).map(|again| again.reason);
        assert_eq!(tried(503, "<Code>RequestLimitExceeded</Code>").as_deref(), Some("RequestLimitExceeded"));
        assert_eq!(tried(400, "<Code>Throttling</Code>").as_deref(), Some("Throttling"));
        assert_eq!(tried(400, r#"{"__type":"ThrottlingException"}"#).as_deref(), Some("ThrottlingException"));
        assert_eq!(tried(429, r#"{"error":{"code":"TooManyRequests"}}"#).as_deref(), Some("TooManyRequests"));
        assert_eq!(tried(502, "<html>").as_deref(), Some("status 502"));
        assert_eq!(tried(500, "<Code>InsufficientInstanceCapacity</Code>"), None);
        assert_eq!(tried(400, "<Code>InvalidParameterValue</Code>"), None);
        assert_eq!(tried(404, ""), None);
        assert_eq!(tried(200, "<Code>Throttling</Code>"), None);
    }

    #[test]
    fn the_code_of_a_header_counts_as_well() {
        let headers = [("x-amzn-errortype".to_owned(), "ThrottlingException:http://internal/".to_owned())];
        let throttled = again(8, Refusal { headers: &headers, ..refusal(400, "{}") }, 0, 1.0).unwrap();
        assert_eq!((throttled.reason.as_str(), throttled.throttled), ("ThrottlingException", true));
    }

    #[test]
    fn pauses_grow_to_a_limit_and_tries_end() {
        let pause = |retried| again(100, refusal(503, ""), retried, 1.0).unwrap().pause;
        assert_eq!([pause(0), pause(1), pause(2)].map(|pause| pause.as_millis()), [300, 600, 1200]);
        assert_eq!(pause(90), LONGEST_PAUSE);
        assert!(again(8, refusal(503, ""), 8, 1.0).is_none());
        assert!(again(0, refusal(503, ""), 0, 1.0).is_none());
        assert!(retry(0).after_no_answer(String::new(), 0, 1.0).is_none());
        assert_eq!(retry(8).after_no_answer(String::new(), 0, 1.0).unwrap().most, MOST_CONNECTIONS);
        assert!(retry(8).after_no_answer(String::new(), MOST_CONNECTIONS, 1.0).is_none());
    }

    #[test]
    fn a_manifest_says_how_often_and_operators_say_it_better() {
        let ask: RetryAsk = toml::from_str("limit = \"max_retries\"\nmost = 9\nconnections = 6").unwrap();
        let most = |settings: Value| {
            let retry = Retry::new(&ask, settings.as_object().unwrap());
            let refused = retry.after(refusal(503, ""), || true, 0, 1.0).unwrap().most;
            (refused, retry.after_no_answer(String::new(), 0, 1.0).unwrap().most)
        };
        assert_eq!(most(json!({})), (9, 6));
        assert_eq!(most(json!({"max_retries": 2})), (2, 2));
        assert_eq!(most(json!({"max_retries": "2"})), (2, 2));
    }

    #[test]
    fn what_may_have_been_done_is_not_done_again_unless_that_is_harmless() {
        for (status, body) in [(500, "<Code>InternalError</Code>"), (408, ""), (502, ""), (504, "")] {
            assert!(retry(8).after(refusal(status, body), || false, 0, 1.0).is_none(), "{status}");
            assert!(!again(8, refusal(status, body), 0, 1.0).unwrap().throttled);
        }
        for (status, body) in [(503, ""), (429, ""), (400, "<Code>Throttling</Code>")] {
            assert!(retry(8).after(refusal(status, body), || false, 0, 1.0).unwrap().throttled, "{status}");
        }
    }

    #[test]
    fn the_server_can_ask_for_patience_but_not_for_eternity() {
        let asked = |name: &str, value: &str| {
            let headers = [(name.to_owned(), value.to_owned())];
            again(8, Refusal { headers: &headers, ..refusal(429, "") }, 0, 0.0).unwrap().pause.as_secs_f64()
        };
        assert!((10.0..10.1).contains(&asked("retry-after", "10")));
        assert!((20.0..20.1).contains(&asked("retry-after", "Thu, 01 Jan 1970 00:00:20 GMT")));
        assert!((0.5..0.6).contains(&asked("retry-after-ms", "500")));
        assert!((2.0..2.1).contains(&asked("x-ms-retry-after-ms", "2000")));
        assert!(asked("retry-after", "999999") < 301.0);
        for nonsense in ["soon", "-1", "1e9", "Wed, 99 Oct 2026 07:28:00 GMT", "Thu, 01 Jan 1969 00:00:00 GMT"] {
            assert!(asked("retry-after", nonsense) < 1.0, "{nonsense}");
        }
    }
}
