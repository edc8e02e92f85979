//! Which stemcells an image version serves. Its tag `stemcell_references` has their ids with commas between them, which is
//! what the Ruby CPI reads and writes; the value of a tag ends at 256 characters, so what has no room there has a tag of
//! its own.

use std::collections::BTreeMap;

const LIST: &str = "stemcell_references";
const OWN: &str = "stemcell-ref-";
/// Versions of the first kind know one stemcell.
const SINGLE: &str = "stemcell_name";
/// The longest value of a tag.
const LONGEST: usize = 256;

type Tags = BTreeMap<String, String>;

/// The stemcells of a version; none when it is not of a CPI's making.
pub(crate) fn of(tags: &Tags) -> Option<Vec<String>> {
    let listed = tags.get(LIST).map(|list| list.split(',').map(str::trim).filter(|id| !id.is_empty()));
    let own = tags.keys().filter_map(|key| key.strip_prefix(OWN));
    let mut all: Vec<String> = Vec::new();
    for id in tags.get(SINGLE).map(String::as_str).into_iter().chain(listed.into_iter().flatten()).chain(own) {
        if !all.iter().any(|known| known == id) {
            all.push(id.to_owned());
        }
    }
    let is_ours = tags.contains_key(SINGLE) || tags.contains_key(LIST) || !all.is_empty();
    is_ours.then_some(all)
}

pub(crate) fn has(tags: &Tags, stemcell: &str) -> bool {
    of(tags).is_some_and(|all| all.iter().any(|id| id == stemcell))
}

/// The tags with one more stemcell.
pub(crate) fn with(tags: &Tags, stemcell: &str) -> Tags {
    let mut all = of(tags).unwrap_or_default();
    if !all.iter().any(|id| id == stemcell) {
        all.push(stemcell.to_owned());
    }
    written(tags, &all)
}

/// The tags without a stemcell; none when it was the last one.
pub(crate) fn without(tags: &Tags, stemcell: &str) -> Option<Tags> {
    let mut all = of(tags).unwrap_or_default();
    all.retain(|id| id != stemcell);
    (!all.is_empty()).then(|| written(tags, &all))
}

fn written(tags: &Tags, stemcells: &[String]) -> Tags {
    // Who reads nothing else goes on finding its stemcell.
    let is_other = |key: &str, value: &String| match key {
        LIST => false,
        SINGLE => stemcells.contains(value),
        _ => !key.starts_with(OWN),
    };
    let others = tags.iter().filter(|(key, value)| is_other(key, value));
    let mut all: Tags = others.map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut list = String::new();
    for id in stemcells {
        if list.is_empty() {
            list.clone_from(id);
        } else if list.len() + 1 + id.len() <= LONGEST {
            list = format!("{list},{id}");
        } else {
            all.insert(format!("{OWN}{id}"), String::new());
        }
    }
    all.insert(LIST.to_owned(), list);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_writing_is_read() {
        let all = tags(&[("stemcell_name", "a"), ("stemcell_references", "b, a"), ("stemcell-ref-c", ""), ("x", "d")]);
        assert_eq!(of(&all).unwrap(), ["a", "b", "c"]);
        assert!(has(&all, "c") && !has(&all, "d"));
        assert!(!has(&tags(&[("stemcell_references", "ab")]), "b"));
        assert_eq!(of(&tags(&[("x", "d")])), None);
        assert_eq!(of(&tags(&[("stemcell_references", "")])), Some(vec![]));
    }

    #[test]
    fn as_many_as_have_room_are_in_the_list() {
        let ids: Vec<_> = (0..9).map(|n| format!("bosh-stemcell-{n}a1b2c3d-0000-4000-8000-00000000beef")).collect();
        let all = ids.iter().fold(tags(&[("x", "d")]), |tags, id| with(&tags, id));
        assert_eq!(of(&all).unwrap(), ids);
        assert!(all.values().all(|value| value.len() <= LONGEST));
        assert_eq!(all["stemcell_references"].split(',').count(), 5);
        assert_eq!(all.len(), 2 + 4);
        assert_eq!(with(&all, &ids[3]), all);
        // The list fills up again when one leaves it.
        let fewer = without(&all, &ids[0]).unwrap();
        assert_eq!(of(&fewer).unwrap(), ids[1..]);
        assert_eq!(fewer.len(), 2 + 3);
    }

    #[test]
    fn the_last_one_leaves_nothing() {
        let one = with(&tags(&[]), "a");
        assert_eq!(one, tags(&[("stemcell_references", "a")]));
        assert_eq!(without(&one, "a"), None);
        assert_eq!(without(&one, "b"), Some(one.clone()));
        assert_eq!(without(&tags(&[("stemcell_name", "a")]), "a"), None);
    }

    #[test]
    fn the_tag_of_the_first_kind_stays_as_long_as_its_stemcell() {
        let both = with(&tags(&[("stemcell_name", "a")]), "b");
        assert_eq!(both, tags(&[("stemcell_name", "a"), ("stemcell_references", "a,b")]));
        assert_eq!(without(&both, "a").unwrap(), tags(&[("stemcell_references", "b")]));
        assert_eq!(without(&both, "b").unwrap(), tags(&[("stemcell_name", "a"), ("stemcell_references", "a")]));
    }
}
