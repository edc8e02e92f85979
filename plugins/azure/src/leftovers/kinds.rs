use cpi_plugin_sdk::{Failure, Leftover};

use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// The words of records, and what they are.
const KINDS: [(&str, Kind); 6] = [
    ("availability-set", Kind::AvailabilitySet),
    ("disk", Kind::Disk),
    ("network-interface", Kind::NetworkInterface),
    ("public-ip-address", Kind::PublicIpAddress),
    ("snapshot", Kind::Snapshot),
    ("vm", Kind::VirtualMachine),
];

/// What a record is about.
pub(super) fn resource(settings: &Settings, leftover: &Leftover) -> Result<Resource, Failure> {
    let word = leftover.intent.kind.as_str();
    let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
    let kind = kind.ok_or_else(|| Failure::rejected(format!("this version of the plugin knows no '{word}'")))?;
    let provider = format!("/providers/{}/", kind.name());
    match leftover.intent.key.split_once(&provider) {
        Some((_, name)) if !name.is_empty() && !name.contains('/') => {
            Ok(Resource::known(settings, kind, &leftover.intent.key))
        }
        _ => Err(Failure::rejected(format!("'{}' is no id of a '{word}'", leftover.intent.key))),
    }
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::IntentRecord;
    use serde_json::json;

    use super::*;
    use crate::testing;

    fn of(kind: &str, key: &str) -> Result<Resource, Failure> {
        let intent = IntentRecord { kind: kind.to_owned(), key: key.to_owned(), note: "{}".to_owned() };
        resource(&testing::settings(&json!({})), &Leftover { intent, id: None })
    }

    #[test]
    fn records_are_read_back() {
        let settings = testing::settings(&json!({}));
        for (word, kind) in KINDS {
            let made = Resource::new(&settings, "rg", kind, "name");
            assert_eq!(of(word, &made.id).unwrap(), made);
        }
        assert!(of("teapot", "/x").unwrap_err().message().contains("no 'teapot'"));
        let all = Resource::all(&settings, "rg", Kind::Disk).id;
        assert!(of("disk", &all).unwrap_err().message().contains("is no id"));
    }
}
