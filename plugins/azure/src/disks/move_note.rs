use cpi_plugin_sdk::{Failure, Note};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A disk on its way into a zone. Written down before its original goes, so that any later call can end what this one
/// began.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Move {
    /// The id of the disk.
    pub disk: String,
    /// Where it is wanted; none: where it was.
    pub zone: Option<String>,
    /// The id of the snapshot with its data.
    pub snapshot: String,
    /// The body that makes the disk as it was, without a zone.
    original: Value,
}

/// Where the move of a disk is written down.
pub(super) fn of(disk: &str) -> Note {
    Note::of(format!("disk-move {}", disk.to_ascii_lowercase()))
}

/// What a disk keeps. All else follows from its snapshot, or is Azure's.
const KEPT: [&str; 11] = [
    "burstingEnabled",
    "dataAccessAuthMode",
    "diskAccessId",
    "encryption",
    "maxShares",
    "networkAccessPolicy",
    "optimizedForFrequentAttach",
    "publicNetworkAccess",
    "supportsHibernation",
    "tier",
    "osType",
];
/// Only disks of these types can be told how fast they are.
const TUNABLE: [&str; 2] = ["PremiumV2_LRS", "UltraSSD_LRS"];
const SPEED: [&str; 2] = ["diskIOPSReadWrite", "diskMBpsReadWrite"];

impl Move {
    /// Of a disk as ARM describes it.
    pub(super) fn of(disk: &Value, id: &str, zone: Option<&str>, snapshot: &str) -> Self {
        let sku = disk.pointer("/sku/name").and_then(Value::as_str).unwrap_or_default();
        let mut creation = json!({"createOption": "Copy", "sourceResourceId": snapshot});
        if let (Some(size), Some(creation)) =
            (disk.pointer("/properties/creationData/logicalSectorSize"), creation.as_object_mut())
        {
            creation.insert("logicalSectorSize".to_owned(), size.clone());
        }
        let mut properties = Map::new();
        properties.insert("creationData".to_owned(), creation);
        let speed = SPEED.iter().filter(|_| TUNABLE.contains(&sku));
        for key in KEPT.iter().chain(speed) {
            if let Some(value) = disk.pointer(&format!("/properties/{key}")).filter(|value| !value.is_null()) {
                properties.insert((*key).to_owned(), value.clone());
            }
        }
        let mut original = Map::new();
        for key in ["location", "extendedLocation", "tags"] {
            if let Some(value) = disk.get(key).filter(|value| !value.is_null()) {
                original.insert(key.to_owned(), value.clone());
            }
        }
        original.insert("sku".to_owned(), json!({"name": sku}));
        original.insert("properties".to_owned(), Value::Object(properties));
        Self {
            disk: id.to_owned(),
            zone: zone.map(str::to_owned),
            snapshot: snapshot.to_owned(),
            original: Value::Object(original),
        }
    }

    /// The same to another zone, where the VM is by now.
    pub(super) fn to(self, zone: Option<&str>) -> Self {
        Self { zone: zone.map(str::to_owned), ..self }
    }

    /// The body that makes the disk where it is wanted.
    pub(super) fn zonal(&self) -> Value {
        let mut body = self.original.clone();
        if let (Some(body), Some(zone)) = (body.as_object_mut(), &self.zone) {
            body.insert("zones".to_owned(), json!([zone]));
        }
        body
    }

    /// The body that makes the disk as it was.
    pub(super) fn regional(&self) -> &Value {
        &self.original
    }

    /// What went wrong, where the disk is as it was, or never went.
    pub(super) fn not_moved(&self, why: &Failure) -> Failure {
        Failure::rejected(format!("{}: {}. The disk is where it was", self.title(), why.describe()))
    }

    /// What went wrong, where nobody knows whether the disk is there still.
    pub(super) fn undecided(&self, why: &Failure) -> Failure {
        Failure::rejected(format!(
            "{}: {}. Whether the disk goes is not certain; its data are safe in the snapshot '{}'. Attach the disk again, \
             which ends the move or undoes it",
            self.title(),
            why.describe(),
            self.snapshot
        ))
    }

    /// What went wrong, where the snapshot alone has the data, and how to come back from that.
    pub(super) fn stranded(&self, why: &Failure) -> Failure {
        let part = |id: &str, after: &str| {
            let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case(after));
            parts.nth(1).unwrap_or_default().to_owned()
        };
        let (group, name) = (part(&self.disk, "resourceGroups"), part(&self.disk, "disks"));
        let text =
            |pointer: &str| self.original.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (location, sku) = (text("/location"), text("/sku/name"));
        Failure::rejected(format!(
            "{title}: {why}. The data are safe in the snapshot '{snapshot}': do not remove it. Attach the disk again, which \
             makes it of that snapshot, or make it yourself: az disk create --resource-group {group} --name {name} --location \
             {location} {zone}--sku {sku} --source {snapshot}",
            title = self.title(),
            why = why.describe(),
            snapshot = self.snapshot,
            zone = self.zone.as_ref().map(|zone| format!("--zone {zone} ")).unwrap_or_default(),
        ))
    }

    fn title(&self) -> String {
        let zone = self.zone.as_ref().map_or("no zone".to_owned(), |zone| format!("zone {zone}"));
        format!("Failed to migrate disk '{}' to {zone}", self.disk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/bosh-disk-data-u";

    fn disk(sku: &str) -> Value {
        json!({
            "id": ID, "name": "bosh-disk-data-u", "location": "eastus", "sku": {"name": sku, "tier": "Premium"},
            "tags": {"user-agent": "bosh"}, "managedBy": null, "zones": null,
            "properties": {
                "diskSizeGB": 10, "diskIOPSReadWrite": 500, "diskMBpsReadWrite": 60, "tier": "P10",
                "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/des"},
                "networkAccessPolicy": "DenyAll", "diskState": "Unattached", "uniqueId": "u", "burstingEnabled": null,
                "creationData": {"createOption": "Empty"},
            },
        })
    }

    #[test]
    fn a_disk_keeps_what_was_chosen_for_it() {
        let moved = Move::of(&disk("Premium_LRS"), ID, Some("2"), "/snap");
        let mut body = json!({
            "location": "eastus", "tags": {"user-agent": "bosh"}, "sku": {"name": "Premium_LRS"},
            "properties": {
                "creationData": {"createOption": "Copy", "sourceResourceId": "/snap"},
                "encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/des"},
                "networkAccessPolicy": "DenyAll", "tier": "P10",
            },
        });
        assert_eq!(moved.regional(), &body);
        body["zones"] = json!(["2"]);
        assert_eq!(moved.zonal(), body);
    }

    #[test]
    fn speed_is_kept_where_it_can_be_chosen() {
        let body = Move::of(&disk("PremiumV2_LRS"), ID, Some("2"), "/snap").zonal();
        assert_eq!(body["properties"]["diskIOPSReadWrite"], json!(500));
        assert_eq!(body["properties"]["diskMBpsReadWrite"], json!(60));
    }

    #[test]
    fn an_operator_learns_how_to_come_back() {
        let moved = Move::of(&disk("Premium_LRS"), ID, Some("2"), "/snap");
        let text = moved.stranded(&Failure::rejected("no room")).message().to_owned();
        assert!(text.starts_with(&format!("Failed to migrate disk '{ID}' to zone 2: no room. ")), "{text}");
        let command = "az disk create --resource-group rg --name bosh-disk-data-u --location eastus --zone 2 --sku \
                       Premium_LRS --source /snap";
        assert!(text.ends_with(command), "{text}");
        assert!(moved.not_moved(&Failure::rejected("busy")).message().ends_with("busy. The disk is where it was"));
    }

    #[test]
    fn a_note_reads_back() {
        let moved = Move::of(&disk("Premium_LRS"), ID, Some("2"), "/snap");
        assert_eq!(serde_json::from_value::<Move>(json!(moved)).unwrap(), moved);
    }
}
