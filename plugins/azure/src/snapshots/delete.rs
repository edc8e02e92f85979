use cpi_plugin_sdk::Failure;

use crate::arm::{Arm, Kind};
use crate::disks::find;

/// Removes a snapshot; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, snapshot: &str) -> Result<(), Failure> {
    let id = find::parse(arm, snapshot)?;
    if !id.is_managed() {
        return Err(Failure::not_supported(format!(
            "snapshot '{snapshot}' is one of a blob in a storage account: this CPI works with managed disks only. Delete \
             it in the storage account"
        )));
    }
    Ok(arm.delete(&arm.resource(&id.resource_group, Kind::Snapshot, &id.name)).await.map(drop)?)
}
