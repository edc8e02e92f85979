use cpi_plugin_sdk::{Tag, log, tags};

/// Lengths that EC2 takes, less one each as the BOSH CPI has always cut them.
const KEY_CHARACTERS: usize = 127;
const VALUE_CHARACTERS: usize = 255;

/// What an object that is being deleted is named.
pub(crate) const DELETED: &str = "to be deleted";

/// Beginnings of keys that only AWS itself may use: one such key would cost all tags of a request.
const RESERVED: &str = "aws:";

/// Tags as EC2 takes them.
pub(crate) fn cut(mut given: Vec<Tag>) -> Vec<Tag> {
    given.retain(|tag| {
        let reserved = tag.key.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED));
        if reserved {
            log::warn("AWS keeps such tags to itself, so this one is left out", &[("key", &tag.key)]);
        }
        !reserved
    });
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
    fn what_aws_keeps_to_itself_is_left_out() {
        let given = vec![tag("aws:x", "1"), tag("AWS:y", "2"), tag("awsome", "3"), tag("b", "4")];
        assert_eq!(cut(given), [tag("awsome", "3"), tag("b", "4")]);
    }

    #[test]
    fn long_tags_are_cut() {
        let cut = cut(vec![tag(&"k".repeat(200), &"v".repeat(300))]);
        assert_eq!((cut[0].key.len(), cut[0].value.len()), (127, 255));
    }
}
