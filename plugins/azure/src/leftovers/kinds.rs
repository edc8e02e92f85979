use cpi_plugin_sdk::{Failure, Leftover};

use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// The words of records, and what they are.
const KINDS: [(&str, Kind); 8] = [
    ("availability-set", Kind::AvailabilitySet),
    ("disk", Kind::Disk),
    // The snapshot by which a disk comes to another zone.
    ("disk-move", Kind::Snapshot),
    ("gallery-image-version", Kind::GalleryImageVersion),
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
    let resource = Resource::known(settings, kind, &leftover.intent.key);
    if resource.is_well_formed() {
        return Ok(resource);
    }
    Err(Failure::rejected(format!("'{}' is no id of a '{word}'", resource.id)))
}

/// The disk that this is a copy of, and may be the only one.
pub(super) fn copied_disk(settings: &Settings, leftover: &Leftover) -> Option<Resource> {
    noted(leftover, "disk").map(|disk| Resource::known(settings, Kind::Disk, &disk))
}

/// The id of the VM that this was made for.
pub(super) fn user(leftover: &Leftover) -> Option<String> {
    noted(leftover, "vm")
}

fn noted(leftover: &Leftover, key: &str) -> Option<String> {
    let note: serde_json::Value = serde_json::from_str(&leftover.intent.note).ok()?;
    note.get(key)?.as_str().map(str::to_owned)
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
    fn a_move_names_its_disk() {
        let settings = testing::settings(&json!({}));
        let of = |note: &str| {
            let intent = IntentRecord { kind: "disk-move".into(), key: "/snapshot".into(), note: note.to_owned() };
            copied_disk(&settings, &Leftover { intent, id: None }).map(|disk| disk.id)
        };
        assert_eq!(of(r#"{"disk": "/d"}"#).as_deref(), Some("/d"));
        assert_eq!(of("{}"), None);
    }

    #[test]
    fn records_are_read_back() {
        let settings = testing::settings(&json!({}));
        for (word, kind) in KINDS {
            let name = if kind == Kind::GalleryImageVersion { "g/images/i/versions/1.0.0" } else { "name" };
            let kind_of_whole = if kind == Kind::GalleryImageVersion { Kind::Gallery } else { kind };
            let made = Resource::known(&settings, kind, &Resource::new(&settings, "rg", kind_of_whole, name).id);
            assert_eq!(of(word, &made.id).unwrap(), made);
        }
        assert!(of("teapot", "/x").unwrap_err().message().contains("no 'teapot'"));
        let all = Resource::all(&settings, "rg", Kind::Disk).id;
        assert!(of("disk", &all).unwrap_err().message().contains("is no id"));
    }
}
