//! Tags as Azure takes them.

use std::collections::BTreeMap;

use cpi_plugin_sdk::{Tag, log, tags};

const NAME: usize = 512;
const VALUE: usize = 256;
const MOST: usize = 50;
/// Not allowed in names.
const ILLEGAL: [char; 7] = ['<', '>', '%', '&', '\\', '?', '/'];

/// What is there with what is new; what does not fit any more is left out and logged, for a VM without one of its tags
/// is better than none. `user-agent: bosh` stays what it is.
pub(crate) fn merged(there: &BTreeMap<String, String>, new: &[Tag]) -> BTreeMap<String, String> {
    let mut all = there.clone();
    let mut left_out = Vec::new();
    for Tag { key, value } in legal(new) {
        // Azure compares names without case.
        let known = all.keys().find(|known| known.eq_ignore_ascii_case(&key)).cloned();
        match known {
            Some(known) => drop(all.insert(known, value)),
            None if all.len() < MOST => drop(all.insert(key, value)),
            None => left_out.push(key),
        }
    }
    if !left_out.is_empty() {
        log::warn("tags left out: Azure takes 50", &[("tags", &left_out.join(", "))]);
    }
    all
}

/// What is ours, cut to Azure's limits.
pub(crate) fn legal(given: &[Tag]) -> Vec<Tag> {
    let mut given = cut(given);
    tags::set(&mut given, "user-agent", "bosh");
    given
}

/// Cut to Azure's limits, with other characters in the place of those that it refuses.
pub(crate) fn cut(given: &[Tag]) -> Vec<Tag> {
    let mut given: Vec<_> = given
        .iter()
        .filter(|tag| !tag.key.is_empty())
        .map(|tag| Tag { key: tag.key.replace(ILLEGAL, "_"), value: tag.value.clone() })
        .collect();
    tags::cut(&mut given, NAME, VALUE);
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn what_is_there_stays_and_what_is_new_wins() {
        let there = BTreeMap::from([("disk-id-x".to_owned(), "cid".to_owned()), ("Job".to_owned(), "old".to_owned())]);
        let all = merged(&there, &[tag("job", "new"), tag("a/b", &"x".repeat(300)), tag("user-agent", "me")]);
        assert_eq!(all.get("Job").map(String::as_str), Some("new"));
        assert_eq!(all.get("a_b").map(String::len), Some(256));
        assert_eq!(all.get("user-agent").map(String::as_str), Some("bosh"));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn more_than_azure_takes_is_left_out() {
        let there: BTreeMap<_, _> = (0..49).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(merged(&there, &[tag("a", "1"), tag("b", "2")]).len(), 50);
    }
}
