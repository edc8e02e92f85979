use cpi_plugin_sdk::Tag;
use serde_json::{Value, json};

use crate::ids::DiskId;
use crate::settings::Settings;
use crate::tags;

/// The body that makes a snapshot: only what changed since the last one is kept, and paid for. Azure Stack Hub has whole
/// ones only.
pub(crate) fn body(settings: &Settings, disk: &DiskId, location: &str, disk_resource: &str, metadata: &[Tag]) -> Value {
    let mut tags = tags::merged(&[].into(), metadata);
    tags.insert("original".to_owned(), disk.name.clone());
    json!({
        "location": location,
        "tags": tags,
        "properties": {
            "creationData": {"createOption": "Copy", "sourceResourceId": disk_resource},
            "incremental": !settings.stack,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::Caching;
    use crate::testing;

    #[test]
    fn a_snapshot_names_its_disk() {
        let disk = DiskId::new("u", Caching::None, "g");
        let metadata = [Tag { key: "deployment".into(), value: "d".into() }];
        let azure = testing::settings(&json!({}));
        assert_eq!(
            body(&azure, &disk, "eastus", "/disk", &metadata),
            json!({
                "location": "eastus",
                "tags": {"deployment": "d", "original": "bosh-disk-data-u", "user-agent": "bosh"},
                "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": "/disk"}, "incremental": true},
            })
        );
        let mut stack = azure;
        stack.stack = true;
        assert_eq!(body(&stack, &disk, "local", "/disk", &[])["properties"]["incremental"], json!(false));
    }
}
