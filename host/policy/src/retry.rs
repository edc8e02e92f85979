use std::time::Duration;

use cpi_protocol::{Object, printable};
use serde::Deserialize;
use serde_json::Value;

/// The `[retry]` table of a manifest: what is peculiar to a cloud. Without it the defaults hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryAsk {
    /// The setting with which operators say how often a request is tried again.
    limit: Option<String>,
    /// Error codes that mean "slow down" or "not now"; a `*` at the end stands for any text.
    #[serde(default)]
    codes: Vec<String>,
    /// Error codes for which trying again is useless, whatever the status says.
    #[serde(default)]
    never: Vec<String>,
}

/// When a request is sent again, and after how long. There is one policy for all plugins, so that no two layers
/// multiply their tries.
#[derive(Debug, Clone)]
pub struct Retry {
    most: u32,
    codes: Vec<String>,
    never: Vec<String>,
}

/// What decides about another try.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// HTTP status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// The body, in which clouds write their error codes.
    pub body: &'a [u8],
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
        let wanted = ask.limit.as_ref().and_then(|key| settings.get(key)).and_then(Value::as_u64);
        Self {
            most: wanted.map_or(DEFAULT_LIMIT, |limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            codes: ask.codes.clone(),
            never: ask.never.clone(),
        }
    }

    /// Whether to try again after a refusal; `None` when it is final.
    ///
    /// `retried` is how often it was tried again already, `random` a number from 0 to 1.
    pub fn after(&self, refusal: Refusal<'_>, retried: u32, random: f64) -> Option<Again> {
        if retried >= self.most || refusal.status < 400 {
            return None;
        }
        let code = error_code(refusal.body);
        let listed =
            |list: &[String]| code.as_deref().is_some_and(|code| list.iter().any(|entry| matches(entry, code)));
        let busy = matches!(refusal.status, 429 | 500 | 502 | 503 | 504) || listed(&self.codes);
        if !busy || listed(&self.never) {
            return None;
        }
        let reason = code.unwrap_or_else(|| format!("status {}", refusal.status));
        let told = refusal.retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let pause = pause(retried, random);
        let pause = told.map_or(pause, |told| told.min(LONGEST_RETRY_AFTER) + pause / 4);
        Some(Again { reason, pause, most: self.most })
    }

    /// Whether to try again after a connection that was refused or reset, so that nothing was sent. A service that
    /// restarts is back soon; a wrong address stays wrong.
    pub fn after_no_connection(&self, reason: String, retried: u32, random: f64) -> Option<Again> {
        let most = self.most.min(MOST_CONNECTIONS);
        (retried < most).then(|| Again { reason, pause: pause(retried, random), most })
    }
}

/// Doubles each time, up to a limit; between half and all of it, so that processes do not come back together.
fn pause(retried: u32, random: f64) -> Duration {
    FIRST_PAUSE
        .saturating_mul(2u32.saturating_pow(retried))
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

fn matches(entry: &str, code: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == code, |start| code.starts_with(start))
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
        Refusal { status, retry_after: None, body: body.as_bytes() }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        let tried = |status, body| retry(8).after(refusal(status, body), 0, 1.0).map(|again| again.reason);
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
    fn pauses_grow_to_a_limit_and_tries_end() {
        let pause = |retried| retry(100).after(refusal(503, ""), retried, 1.0).unwrap().pause;
        assert_eq!([pause(0), pause(1), pause(2)].map(|pause| pause.as_millis()), [300, 600, 1200]);
        assert_eq!(pause(90), LONGEST_PAUSE);
        assert!(retry(8).after(refusal(503, ""), 8, 1.0).is_none());
        assert!(retry(0).after(refusal(503, ""), 0, 1.0).is_none());
        assert!(retry(0).after_no_connection(String::new(), 0, 1.0).is_none());
        assert_eq!(retry(8).after_no_connection(String::new(), 0, 1.0).unwrap().most, MOST_CONNECTIONS);
        assert!(retry(8).after_no_connection(String::new(), MOST_CONNECTIONS, 1.0).is_none());
    }

    #[test]
    fn the_server_can_ask_for_patience_but_not_for_eternity() {
        let asked =
            |text| retry(8).after(Refusal { retry_after: Some(text), ..refusal(429, "") }, 0, 0.0).unwrap().pause;
        assert!((10.0..10.1).contains(&asked("10").as_secs_f64()));
        assert!(asked("999999") < Duration::from_secs(301));
        assert!(asked("Wed, 21 Oct 2026 07:28:00 GMT") < Duration::from_secs(1));
    }
}
