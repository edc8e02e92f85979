use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;
use serde_json::{Map, Value, json};

use crate::arm::same_id;
use crate::ids::DiskId;
use crate::instance_types;
use crate::tags::DISK;

/// The name of a disk that is no persistent one ends like this.
pub(crate) const EPHEMERAL: &str = "ephemeral-disk";

/// The bus on which Azure shows data disks, as agents know it.
const HOST_DEVICE: &str = "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}";

/// The data disks of a VM, as ARM has them: what is not changed goes back as it came.
pub(crate) type DataDisks = [Value];

/// What tells the agent where a data disk is.
pub(crate) fn hint(lun: u64) -> Value {
    json!({"lun": lun.to_string(), "host_device_id": HOST_DEVICE})
}

/// The tag of a VM that keeps a disk's identifier, whose caching nobody else knows.
pub(crate) fn tag(disk: &DiskId) -> String {
    tag_of(&disk.name)
}

fn tag_of(name: &str) -> String {
    format!("{DISK}{name}")
}

/// The position of a disk among them.
pub(crate) fn position(disks: &DataDisks, id: &str, name: &str) -> Option<usize> {
    let is_it = |disk: &Value| match disk.pointer("/managedDisk/id").and_then(Value::as_str) {
        Some(other) => same_id(other, id),
        None => name_of(disk) == name,
    };
    disks.iter().position(is_it)
}

pub(crate) fn lun(disk: &Value) -> Option<u64> {
    disk.get("lun").and_then(Value::as_u64)
}

/// The identifiers of the persistent ones; of those that no director knows, their names.
pub(crate) fn identifiers(disks: &DataDisks, tags: &BTreeMap<String, String>) -> Vec<String> {
    let names = disks.iter().map(name_of).filter(|name| !name.ends_with(EPHEMERAL));
    names.map(|name| tags.get(&tag_of(name)).map_or(name, String::as_str).to_owned()).collect()
}

/// The lowest number that is free.
pub(crate) fn free_lun(disks: &DataDisks, vm: &str, vm_size: &str, disk: &str) -> Result<u64, Failure> {
    let most = instance_types::most_data_disks(vm_size);
    let free = (0..most).find(|candidate| !disks.iter().any(|disk| lun(disk) == Some(*candidate)));
    free.ok_or_else(|| {
        Failure::rejected(format!(
            "cannot find an available lun in VM '{vm}' for the disk '{disk}': a VM of size '{vm_size}' has {most} data disks \
             at most"
        ))
    })
}

/// What is attached.
#[derive(Debug)]
pub(crate) enum Source {
    /// The id of a managed disk.
    Managed(String),
    /// A blob, and the size of the disk in it.
    Blob { uri: String, gib: u64 },
}

/// One more of them.
pub(crate) fn attachment(disk: &DiskId, source: &Source, lun: u64) -> Value {
    let mut attachment = json!({
        "name": disk.name,
        "lun": lun,
        "createOption": "Attach",
        "caching": disk.caching.name(),
    });
    let more = match source {
        Source::Managed(id) => json!({"managedDisk": {"id": id}}),
        Source::Blob { uri, gib } => json!({"vhd": {"uri": uri}, "diskSizeGB": gib}),
    };
    if let (Some(attachment), Value::Object(more)) = (attachment.as_object_mut(), more) {
        attachment.extend(more);
    }
    attachment
}

/// The change of a VM to these disks and tags.
pub(crate) fn change(disks: &DataDisks, tags: &BTreeMap<String, String>) -> Value {
    json!({"tags": tags, "properties": {"storageProfile": {"dataDisks": disks.iter().map(writable).collect::<Vec<_>>()}}})
}

/// What ARM says of a disk and does not take back.
fn writable(disk: &Value) -> Value {
    const READ_ONLY: [&str; 3] = ["diskIOPSReadWrite", "diskMBpsReadWrite", "toBeDetached"];
    let members = disk.as_object().into_iter().flatten();
    let kept: Map<_, _> = members
        .filter(|(key, _)| !READ_ONLY.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(kept)
}

fn name_of(disk: &Value) -> &str {
    disk.get("name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::Caching;

    fn disks() -> Vec<Value> {
        vec![
            json!({"name": "bosh-disk-os-v-ephemeral-disk", "lun": 0, "managedDisk": {"id": "/e"}, "toBeDetached": false}),
            json!({"name": "bosh-disk-data-a", "lun": 2, "managedDisk": {"id": "/Disks/A"}}),
            json!({"name": "foreign", "lun": 1, "vhd": {"uri": "https://x"}}),
        ]
    }

    #[test]
    fn disks_are_found_by_their_id_in_any_case() {
        assert_eq!(position(&disks(), "/disks/a", "bosh-disk-data-a"), Some(1));
        assert_eq!(position(&disks(), "/disks/other", "bosh-disk-data-a"), None);
        assert_eq!(position(&disks(), "/disks/foreign", "foreign"), Some(2));
    }

    #[test]
    fn identifiers_come_from_tags_else_names() {
        let tags = BTreeMap::from([("disk-id-bosh-disk-data-a".to_owned(), "cid".to_owned())]);
        assert_eq!(identifiers(&disks(), &tags), ["cid", "foreign"]);
    }

    #[test]
    fn the_lowest_free_number_is_taken_until_there_is_none() {
        assert_eq!(free_lun(&disks(), "v", "Standard_D2s_v3", "d").unwrap(), 3);
        assert_eq!(free_lun(&[], "v", "Standard_D2s_v3", "d").unwrap(), 0);
        let full = [json!({"lun": 0})];
        let refusal = free_lun(&full, "v", "standard_a0", "d").unwrap_err();
        assert!(
            refusal.message().starts_with(
                "cannot find an available lun in VM 'v' for the disk 'd': a VM of size 'standard_a0' has 1 "
            )
        );
    }

    #[test]
    fn an_attachment_says_what_the_identifier_says() {
        let disk = DiskId::new("u", Caching::ReadOnly, "g");
        assert_eq!(
            attachment(&disk, &Source::Managed("/d".into()), 3),
            json!({"name": "bosh-disk-data-u", "lun": 3, "createOption": "Attach", "caching": "ReadOnly", "managedDisk": {"id": "/d"}})
        );
        let blob = Source::Blob { uri: "https://b".into(), gib: 7 };
        assert_eq!(
            attachment(&disk, &blob, 3),
            json!({"name": "bosh-disk-data-u", "lun": 3, "createOption": "Attach", "caching": "ReadOnly",
                "vhd": {"uri": "https://b"}, "diskSizeGB": 7})
        );
        assert_eq!(hint(3), json!({"lun": "3", "host_device_id": "{f8b3781b-1e82-4818-a1c3-63d806ec15bb}"}));
    }

    #[test]
    fn what_arm_does_not_take_back_is_left_out() {
        let body = change(&disks(), &BTreeMap::new());
        assert_eq!(body.pointer("/properties/storageProfile/dataDisks/0/toBeDetached"), None);
        assert_eq!(body.pointer("/properties/storageProfile/dataDisks/0/managedDisk/id"), Some(&json!("/e")));
    }
}
