use std::fmt;

use cpi_protocol::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// Scheme, host and port that a manifest asks for, with `{key}` where a setting goes, and `<name>` for a first label that
/// requests choose, such as the name of a storage account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    text: String,
}

impl HostPattern {
    /// The pattern with settings in place of `{key}`: `None` when a setting is missing or is no DNS label.
    pub(crate) fn fill(&self, settings: &Object) -> Option<String> {
        fill(&self.text, settings)
    }

    /// Whether the other is the same, or this one with labels filled in.
    fn covers(&self, other: &Self) -> bool {
        let (mut mine, mut others) = (self.text.split('.'), other.text.split('.'));
        mine.by_ref().all(|mine| others.next().is_some_and(|other| label_covers(mine, other)))
            && others.next().is_none()
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // What it looks like when each setting is the label `x`, and so is each label that requests choose.
        let probe = replace(&text, |_| Some("x")).and_then(|filled| chosen(&filled));
        let canonical = probe.is_some_and(|probe| {
            !probe.contains(['*', '@', '{', '}'])
                && Url::parse(&probe)
                    .is_ok_and(|url| url.scheme() == "https" && url.as_str().strip_suffix('/') == Some(&probe))
        });
        if !canonical {
            return Err(format!(
                "host '{text}' must be https://, a host and maybe a port, such as https://api.example.com, in lower \
                 case and without '*'"
            ));
        }
        Ok(Self { text })
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A place that requests go to: a host of the manifest, or the endpoint that the provider's configuration names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostEntry {
    /// `https://ec2.{region}.amazonaws.com`.
    Host(HostPattern),
    /// `{ec2_endpoint}`: whatever stands under this key.
    Endpoint(String),
}

impl HostEntry {
    /// Whether the other is the same, or narrower.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Host(host), Self::Host(other)) => host.covers(other),
            (Self::Endpoint(key), Self::Endpoint(other)) => key == other,
            _ => false,
        }
    }
}

impl TryFrom<String> for HostEntry {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(key) if !key.contains(['{', '}']) => Ok(Self::Endpoint(key.to_owned())),
            _ => HostPattern::try_from(text).map(Self::Host),
        }
    }
}

impl From<HostEntry> for String {
    fn from(entry: HostEntry) -> Self {
        entry.to_string()
    }
}

impl fmt::Display for HostEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Endpoint(key) => write!(f, "{{{key}}}"),
        }
    }
}

/// The pattern with `x` for the labels that requests choose: none where these are not the first ones, before two others
/// at least, which say whose hosts they are.
fn chosen(pattern: &str) -> Option<String> {
    let Some((scheme, host)) = pattern.split_once("://").filter(|_| pattern.contains(['<', '>'])) else {
        return Some(pattern.to_owned());
    };
    let labels: Vec<_> = host.split('.').collect();
    let free = labels.iter().take_while(|label| choice(label).is_some()).count();
    let fixed = labels.get(free..).unwrap_or_default();
    let is_right = fixed.len() >= 2 && !fixed.iter().any(|label| label.contains(['<', '>']));
    is_right.then(|| format!("{scheme}://{}{}", "x.".repeat(free), fixed.join(".")))
}

/// The name of a label that requests choose.
pub(super) fn choice(label: &str) -> Option<&str> {
    let name = label.strip_prefix('<')?.strip_suffix('>')?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(name)
}

/// Replaces each `{key}` by the setting of that name.
pub(crate) fn fill(pattern: &str, settings: &Object) -> Option<String> {
    replace(pattern, |key| settings.get(key).and_then(Value::as_str).filter(|value| is_label(value)))
}

/// Replaces each `{key}` by its value; `None` when one has none, or a brace stands alone.
pub fn replace<T: AsRef<str>>(pattern: &str, mut value: impl FnMut(&str) -> Option<T>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(value(key)?.as_ref());
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// One DNS label: a setting can fill a place in a host name, never add dots, ports or user names to it.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether a label is the pattern's, or one that its `{key}` can stand for.
fn label_covers(pattern: &str, label: &str) -> bool {
    if pattern == label {
        return true;
    }
    // The first one has the scheme before it.
    let (mine, other) = match (pattern.split_once("://"), label.split_once("://")) {
        (Some((scheme, mine)), Some((same, other))) if scheme == same => (mine, other),
        _ => (pattern, label),
    };
    if choice(mine).is_some() {
        return is_label(other);
    }
    let (Some((start, _)), Some((_, end))) = (pattern.split_once('{'), pattern.rsplit_once('}')) else { return false };
    let middle = label.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    middle.is_some_and(is_label)
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
    fn hosts_are_exact_and_written_in_one_way() {
        for text in [
            "https://*.example.com",
            "http://a.b",
            "https://a.b/path",
            "https://a.b/",
            "a.b",
            "https://u@a.b",
            "https://A.b",
            "https://a.b:443",
            "https://a.{b",
            "https://a}.b",
            "https://{a.b}.c/{d}",
            "https://a.<b>.c.d",
            "https://<a>.b",
            "https://<a><b>.c.d",
            "https://<A>.b.c",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
        assert!(host("https://{account}.blob.core.example:8443").is_ok());
        assert!(host("https://<account>.<zone>.blob.core.example").is_ok());
    }

    #[test]
    fn operators_write_a_host_as_it_stands_or_filled_in() {
        let covers = |wide: &str, narrow: &str| {
            HostEntry::try_from(wide.to_owned()).unwrap().covers(&HostEntry::try_from(narrow.to_owned()).unwrap())
        };
        assert!(covers("https://ec2.{region}.a.com", "https://ec2.{region}.a.com"));
        assert!(covers("https://ec2.{region}.a.com", "https://ec2.eu-1.a.com"));
        assert!(covers("https://ec2.{region}.a.com:1", "https://ec2.eu-1.a.com:1"));
        assert!(covers("{endpoint}", "{endpoint}"));
        assert!(covers("https://<account>.blob.a.com", "https://<account>.blob.a.com"));
        assert!(covers("https://<account>.blob.a.com", "https://mine.blob.a.com"));
        assert!(!covers("https://<account>.blob.a.com", "https://mine.blob.b.com"));
        assert!(!covers("https://mine.blob.a.com", "https://<account>.blob.a.com"));
        for narrow in ["https://ec2.a.b.a.com", "https://s3.eu-1.a.com", "https://ec2.eu-1.a.com.evil", "{endpoint}"] {
            assert!(!covers("https://ec2.{region}.a.com", narrow), "{narrow}");
        }
        assert!(!covers("{endpoint}", "{other}"));
        assert!(!covers("https://ec2.eu-1.a.com", "https://ec2.{region}.a.com"));
    }
}
