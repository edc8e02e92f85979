use std::collections::BTreeMap;

/// Whether a version of a gallery's image is one of this stemcell.
pub(crate) fn is_version_of(tags: &BTreeMap<String, String>, stemcell: &str) -> bool {
    let references = tags.get("stemcell_references").map(String::as_str).unwrap_or_default();
    tags.get("stemcell_name").is_some_and(|name| name == stemcell)
        || references.split(',').any(|reference| reference.trim() == stemcell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_referred_to_in_two_ways() {
        let is = |key: &str, value: &str, stemcell| {
            is_version_of(&BTreeMap::from([(key.to_owned(), value.to_owned())]), stemcell)
        };
        assert!(is("stemcell_references", "a, b", "b"));
        assert!(!is("stemcell_references", "ab", "b"));
        assert!(is("stemcell_name", "b", "b"));
    }
}
