use cpi_plugin_sdk::{Tag, tags};

/// Lengths that EC2 takes, less one each as the BOSH CPI has always cut them.
const KEY_CHARACTERS: usize = 127;
const VALUE_CHARACTERS: usize = 255;

/// What an object that is being deleted is named.
pub(crate) const DELETED: &str = "to be deleted";

/// Tags as EC2 takes them.
pub(crate) fn cut(mut given: Vec<Tag>) -> Vec<Tag> {
    tags::cut(&mut given, KEY_CHARACTERS, VALUE_CHARACTERS);
    given
}

/// The second list laid over the first: places of the first, values of the second.
pub(crate) fn overlay(base: &[Tag], over: &[Tag]) -> Vec<Tag> {
    let mut merged = base.to_vec();
    for tag in over {
        tags::set(&mut merged, &tag.key, tag.value.clone());
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn later_values_win_in_their_old_place() {
        let merged = overlay(&[tag("deployment", "dep"), tag("tier", "env")], &[tag("tier", "vm"), tag("n", "1")]);
        assert_eq!(merged, [tag("deployment", "dep"), tag("tier", "vm"), tag("n", "1")]);
    }

    #[test]
    fn long_tags_are_cut() {
        let cut = cut(vec![tag(&"k".repeat(200), &"v".repeat(300))]);
        assert_eq!((cut[0].key.len(), cut[0].value.len()), (127, 255));
    }
}
