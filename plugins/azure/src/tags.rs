//! Tags as Azure takes them.

use std::collections::BTreeMap;

use cpi_plugin_sdk::{Tag, log, tags};

const NAME: usize = 512;
const VALUE: usize = 256;
const MOST: usize = 50;
/// Of these, so many are for the disks that a VM will have.
const FOR_DISKS: usize = 10;
/// The tag of a VM that keeps a disk's identifier begins so.
pub(crate) const DISK: &str = "disk-id-";
const OURS: &str = "user-agent";
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
            None if has_room(&all) => drop(all.insert(key, value)),
            None => left_out.push(key),
        }
    }
    tell(&left_out);
    all
}

/// Tags of a new VM: its own win over those of its deployment, of which some are left out where there are too many.
pub(crate) fn of_vm(env: &[Tag], own: &[Tag]) -> Vec<Tag> {
    let mut all = legal(env);
    let own = cut(own);
    for Tag { key, value } in &own {
        tags::set(&mut all, key, value.clone());
    }
    let mut left_out = Vec::new();
    let is_own = |tag: &Tag| tag.key == OURS || own.iter().any(|own| own.key == tag.key);
    while all.len() > MOST - FOR_DISKS
        && let Some(position) = all.iter().rposition(|tag| !is_own(tag))
    {
        left_out.push(all.remove(position).key);
    }
    tell(&left_out);
    all
}

/// The tags of a VM that gets a disk. A disk's identifier is kept nowhere else, so another tag makes room for it.
pub(crate) fn with_disk(there: &BTreeMap<String, String>, key: String, disk: String) -> BTreeMap<String, String> {
    let mut all = there.clone();
    all.insert(key, disk);
    if all.len() > MOST
        && let Some(other) = all.keys().rfind(|key| !key.starts_with(DISK) && *key != OURS).cloned()
    {
        all.remove(&other);
        tell(&[other]);
    }
    all
}

fn has_room(tags: &BTreeMap<String, String>) -> bool {
    tags.keys().filter(|key| !key.starts_with(DISK)).count() < MOST - FOR_DISKS
}

fn tell(left_out: &[String]) {
    if !left_out.is_empty() {
        log::warn("tags left out: Azure takes 50, of which 10 are for disks", &[("tags", &left_out.join(", "))]);
    }
}

/// What is ours, cut to Azure's limits.
pub(crate) fn legal(given: &[Tag]) -> Vec<Tag> {
    let mut given = cut(given);
    tags::set(&mut given, OURS, "bosh");
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
        let there: BTreeMap<_, _> = (0..38).map(|n| (n.to_string(), String::new())).collect();
        assert_eq!(merged(&there, &[tag("a", "1"), tag("b", "2")]).len(), 40);
    }

    #[test]
    fn tags_of_the_vm_come_before_those_of_its_deployment() {
        let many = |count: usize, word: &str| (0..count).map(|n| tag(&format!("{word}{n}"), "")).collect::<Vec<_>>();
        let all = of_vm(&many(60, "env"), &many(3, "own"));
        assert_eq!(all.len(), 40);
        assert_eq!((tags::get(&all, "own2"), tags::get(&all, "user-agent")), (Some(""), Some("bosh")));
        assert_eq!((tags::get(&all, "env35"), tags::get(&all, "env36")), (Some(""), None));
        assert_eq!(of_vm(&[], &many(45, "own")).len(), 46);
        assert_eq!(tags::get(&of_vm(&[tag("job", "a")], &[tag("job", "b"), tag("x<", "y")]), "x_"), Some("y"));
    }

    #[test]
    fn a_disk_always_has_its_tag() {
        let full: BTreeMap<_, _> = (0..50).map(|n| (format!("{n:02}"), String::new())).collect();
        let all = with_disk(&full, "disk-id-x".into(), "cid".into());
        assert_eq!((all.len(), all.contains_key("49"), all.contains_key("disk-id-x")), (50, false, true));
    }
}
