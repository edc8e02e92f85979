//! Which addresses of a VM are registered where, kept as tags of the VM: nothing else knows once it is terminated.

use cpi_plugin_sdk::Tag;

/// Before the number of the tag.
const KEY: &str = "bosh-target-";

/// An address in a target group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AddressTarget {
    pub group_arn: String,
    pub ip: String,
}

/// The tags that remember all of them.
pub(crate) fn to_tags(targets: &[AddressTarget]) -> Vec<Tag> {
    let tag = |(number, target): (usize, &AddressTarget)| Tag {
        key: format!("{KEY}{number}"),
        value: format!("{} {}", target.ip, target.group_arn),
    };
    targets.iter().enumerate().map(tag).collect()
}

/// What a VM's tags remember; key and value of each.
pub(crate) fn from_tags<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<AddressTarget> {
    let ours = tags.filter(|(key, _)| key.starts_with(KEY));
    let targets = ours.filter_map(|(_, value)| value.split_once(' '));
    targets.map(|(ip, arn)| AddressTarget { group_arn: arn.to_owned(), ip: ip.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_remember_targets() {
        let target = |arn: &str, ip: &str| AddressTarget { group_arn: arn.into(), ip: ip.into() };
        let targets = [target("arn:1", "10.0.0.2"), target("arn:2", "fd00::2")];
        let mut tags = to_tags(&targets);
        assert_eq!(tags[1].key, "bosh-target-1");
        tags.push(Tag { key: "job".into(), value: "a b".into() });
        assert_eq!(from_tags(tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()))), targets);
    }
}
