use cpi_plugin_sdk::{Failure, Intent, log};
use serde_json::{Value, json};

use super::{Disk, blob, find};
use crate::arm::Arm;
use crate::errors;
use crate::ids::DiskId;
use crate::storage::Blob;

/// Makes a managed disk of a disk that is a blob, under the same name. The blob stays, and says so.
pub(super) async fn migrate(arm: &Arm, disk: &DiskId, from: &Blob, zone: Option<&str>) -> Result<Disk, Failure> {
    let resource = find::resource(arm, disk);
    log::info("making a managed disk of a blob", &[("blob", &from.url), ("id", &resource.id)]);
    let intent = Intent::begin("disk", &resource.id, &json!({})).await?;
    let made = async {
        arm.put(&resource, &body(disk, from, zone)).await?;
        blob::mark_migrated(from).await
    };
    let failure = match made.await {
        Ok(()) => {
            intent.created(&resource.id);
            return find::get(arm, disk).await;
        }
        Err(error) => Failure::from(error),
    };
    let failure =
        failure.within(&format!("Failed to create the managed disk '{}' from the blob '{}'", disk.name, from.url));
    match arm.delete(&resource).await {
        Ok(_) => {
            intent.removed();
            Err(failure)
        }
        Err(second) => {
            log::error("a disk is left behind", &[("id", &resource.id), ("error", &second.to_string())]);
            Err(errors::of_new_disk(failure).and(&format!("'{}' may be left behind: {second}", resource.id)))
        }
    }
}

fn body(disk: &DiskId, from: &Blob, zone: Option<&str>) -> Value {
    let account = &from.account;
    let mut body = json!({
        "location": account.location,
        "tags": {"user-agent": "bosh", "caching": disk.caching.name(), "original_blob": from.url},
        "sku": {"name": if account.is_premium() { "Premium_LRS" } else { "Standard_LRS" }},
        "properties": {
            "creationData": {"createOption": "Import", "sourceUri": from.url, "storageAccountId": account.id},
        },
    });
    if let (Some(zone), Some(body)) = (zone, body.as_object_mut()) {
        body.insert("zones".to_owned(), json!([zone]));
    }
    body
}
