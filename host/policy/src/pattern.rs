use std::fmt;

use cpi_protocol::Object;
use serde::Deserialize;
use serde_json::Value;

/// Scheme, host and port that a manifest asks for, with `{key}` where a setting goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern {
    text: String,
}

impl HostPattern {
    /// The pattern with settings in place of `{key}`: `None` when a setting is missing or is no DNS label.
    pub(crate) fn fill(&self, settings: &Object) -> Option<String> {
        fill(&self.text, settings)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let probe = text.replace(['{', '}'], "");
        let url = url::Url::parse(&probe).map_err(|error| format!("host '{text}' is not a URL: {error}"))?;
        let plain = url.path() == "/" && !probe.ends_with('/') && url.query().is_none() && url.username().is_empty();
        if url.scheme() != "https" || !plain || url.host().is_none() || text.contains('*') {
            return Err(format!(
                "host '{text}' must be https://, a host and maybe a port, such as https://api.example.com, without '*'"
            ));
        }
        Ok(Self { text })
    }
}

/// Replaces each `{key}` by the setting of that name.
pub(crate) fn fill(pattern: &str, settings: &Object) -> Option<String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, after) = after.split_once('}')?;
        let value = settings.get(key).and_then(Value::as_str).filter(|value| is_label(value))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// One DNS label: a setting can fill a place in a host name, never add dots, ports or user names to it.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A path that a manifest asks for: segments are compared one by one; `*` within a segment stands for any text, and
/// `**` as the last segment for all that follows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern {
    segments: Vec<String>,
}

impl PathPattern {
    /// Whether a path, already in its canonical form, is one of those meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut given = path.split('/');
        for wanted in &self.segments {
            if wanted == "**" {
                return given.next().is_some();
            }
            match given.next() {
                Some(segment) if segment_matches(wanted, segment) => {}
                _ => return false,
            }
        }
        given.next().is_none()
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let segments: Vec<String> = text.split('/').map(str::to_owned).collect();
        let stars = segments.iter().rev().skip(1).any(|segment| segment == "**");
        let double = segments.iter().any(|segment| segment.matches('*').count() > 1 && segment != "**");
        if !text.starts_with('/') || stars || double || text.contains(['?', '#']) {
            return Err(format!(
                "path '{text}' must start with '/', with at most one '*' in a segment and '**' only as the last segment"
            ));
        }
        Ok(Self { segments })
    }
}

fn segment_matches(wanted: &str, given: &str) -> bool {
    match wanted.split_once('*') {
        None => wanted == given,
        Some((prefix, suffix)) => {
            given.len() > prefix.len() + suffix.len() && given.starts_with(prefix) && given.ends_with(suffix)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn host(text: &str) -> Result<HostPattern, String> {
        HostPattern::try_from(text.to_owned())
    }

    #[test]
    fn a_setting_fills_one_label_and_no_more() {
        let pattern = host("https://ec2.{region}.amazonaws.com").unwrap();
        let fill = |region: &str| pattern.fill(json!({"region": region}).as_object().unwrap());
        assert_eq!(fill("eu-central-1").as_deref(), Some("https://ec2.eu-central-1.amazonaws.com"));
        for region in ["", "evil.example/", "a.b", "x@evil", "a:1", "a#", "a\u{0}"] {
            assert_eq!(fill(region), None, "{region:?}");
        }
        assert_eq!(pattern.fill(&Object::new()), None);
    }

    #[test]
    fn hosts_are_exact() {
        for text in ["https://*.example.com", "http://a.b", "https://a.b/path", "https://a.b/", "a.b", "https://u@a.b"]
        {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        let matches = |pattern: &str, path: &str| PathPattern::try_from(pattern.to_owned()).unwrap().matches(path);
        assert!(matches("/", "/"));
        assert!(!matches("/", "//"));
        assert!(matches("/snapshots/*", "/snapshots/snap-1"));
        assert!(!matches("/snapshots/*", "/snapshots/"));
        assert!(!matches("/snapshots/*", "/snapshots/a/b"));
        assert!(matches("/snapshots/**", "/snapshots/a/b"));
        assert!(matches("/disks/vm-*", "/disks/vm-1"));
        assert!(!matches("/disks/vm-*", "/disks/vm-"));
    }
}
