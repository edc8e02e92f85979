use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A path that a manifest asks for: segments are compared one by one; `*` within a segment stands for any text, and
/// `**` as the last segment for all that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    segments: Vec<String>,
}

impl PathPattern {
    /// Whether a path, already in its canonical form, is one of those meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.fits(path.split('/'), segment_matches)
    }

    /// Whether every path that the other pattern means is one of those meant here.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.fits(other.segments.iter().map(String::as_str), segment_covers)
    }

    /// Whether some path is meant by both patterns, also for services that do not tell upper from lower case.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (mut mine, mut others) = (self.segments.iter(), other.segments.iter());
        loop {
            match (mine.next(), others.next()) {
                (None, None) => return true,
                (Some(_), None) | (None, Some(_)) => return false,
                (Some(one), Some(other)) if one == "**" || other == "**" => return true,
                (Some(one), Some(other)) if !segments_overlap(one, other) => return false,
                _ => {}
            }
        }
    }

    fn fits<'a>(&self, mut given: impl Iterator<Item = &'a str>, same: impl Fn(&str, &str) -> bool) -> bool {
        for wanted in &self.segments {
            if wanted == "**" {
                return given.next().is_some();
            }
            match given.next() {
                Some(segment) if same(wanted, segment) => {}
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

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.segments.join("/"))
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

fn segment_covers(wanted: &str, other: &str) -> bool {
    match (wanted.split_once('*'), other.split_once('*')) {
        (_, None) => segment_matches(wanted, other),
        // `**` is more than one segment.
        (None, Some(_)) | (Some(_), Some(("", "*"))) => false,
        (Some((prefix, suffix)), Some((start, end))) => start.starts_with(prefix) && end.ends_with(suffix),
    }
}

fn segments_overlap(one: &str, other: &str) -> bool {
    let read = |text: &str| percent_decode_str(text).decode_utf8_lossy().to_ascii_lowercase();
    let (one, other) = (read(one), read(other));
    let either = |one: &str, other: &str, within: fn(&str, &str) -> bool| within(one, other) || within(other, one);
    match (one.split_once('*'), other.split_once('*')) {
        (_, None) => segment_matches(&one, &other),
        (None, _) => segment_matches(&other, &one),
        (Some((start, end)), Some((prefix, suffix))) => {
            either(start, prefix, |one, other| one.starts_with(other))
                && either(end, suffix, |one, other| one.ends_with(other))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        let matches = |wanted: &str, path: &str| pattern(wanted).matches(path);
        assert!(matches("/", "/"));
        assert!(!matches("/", "//"));
        assert!(matches("/snapshots/*", "/snapshots/snap-1"));
        assert!(!matches("/snapshots/*", "/snapshots/"));
        assert!(!matches("/snapshots/*", "/snapshots/a/b"));
        assert!(matches("/snapshots/**", "/snapshots/a/b"));
        assert!(matches("/disks/vm-*", "/disks/vm-1"));
        assert!(!matches("/disks/vm-*", "/disks/vm-"));
    }

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        let covers = |wide: &str, narrow: &str| pattern(wide).covers(&pattern(narrow));
        for (wide, narrow) in [
            ("/", "/"),
            ("/a/*", "/a/*"),
            ("/a/*", "/a/b"),
            ("/a/*", "/a/b*"),
            ("/a/vm-*-x", "/a/vm-1*-y-x"),
            ("/a/**", "/a/b/**"),
            ("/a/**", "/a/*"),
            ("/**", "/"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("/a", "/b"), ("/a/*", "/a/**"), ("/a/b*", "/a/*"), ("/a/b", "/a/*"), ("/a/*", "/a/*/c")]
        {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }

    #[test]
    fn patterns_overlap_when_a_path_fits_both() {
        let overlap = |one: &str, other: &str| {
            let (one, other) = (pattern(one), pattern(other));
            assert_eq!(one.overlaps(&other), other.overlaps(&one));
            one.overlaps(&other)
        };
        for (one, other) in [
            ("/a/*/keys", "/a/*/keys"),
            ("/a/mine/keys", "/a/*/keys"),
            ("/A/mine/KEYS", "/a/*/keys"),
            ("/a/mine/%6beys", "/a/*/keys"),
            ("/a/*/*", "/a/*/keys"),
            ("/a/**", "/a/*/keys"),
            ("/**", "/a/*/keys"),
            ("/a/vm-*", "/a/*-1"),
        ] {
            assert!(overlap(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("/a/*", "/a/*/keys"),
            ("/a/*/keys/*", "/a/*/keys"),
            ("/a/*/keys/**", "/a/*/keys"),
            ("/b/*/keys", "/a/*/keys"),
            ("/a/x*", "/a/y*"),
            ("/a/*x", "/a/*y"),
        ] {
            assert!(!overlap(one, other), "{one} {other}");
        }
    }
}
