use cpi_plugin_sdk::Tag;
use serde_json::{Value, json};

use crate::ids::DiskId;
use crate::tags;

/// The body that makes a snapshot: only what changed since the last one is kept, and paid for.
pub(crate) fn body(disk: &DiskId, location: &str, disk_resource: &str, metadata: &[Tag]) -> Value {
    let mut tags = tags::merged(&[].into(), metadata);
    tags.insert("original".to_owned(), disk.name.clone());
    json!({
        "location": location,
        "tags": tags,
        "properties": {
            "creationData": {"createOption": "Copy", "sourceResourceId": disk_resource},
            "incremental": true,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::Caching;

    #[test]
    fn a_snapshot_names_its_disk() {
        let disk = DiskId::new("u", Caching::None, "g");
        let metadata = [Tag { key: "deployment".into(), value: "d".into() }];
        assert_eq!(
            body(&disk, "eastus", "/disk", &metadata),
            json!({
                "location": "eastus",
                "tags": {"deployment": "d", "original": "bosh-disk-data-u", "user-agent": "bosh"},
                "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": "/disk"}, "incremental": true},
            })
        );
    }
}
