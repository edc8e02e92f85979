use cpi_plugin_sdk::Failure;

use crate::arm::{Arm, Kind};
use crate::disks::{blob, find};

/// Removes a snapshot; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, snapshot: &str) -> Result<(), Failure> {
    let id = find::parse(arm, snapshot)?;
    if !id.is_managed() {
        return blob::delete_snapshot(arm, &id).await;
    }
    Ok(arm.delete(&arm.resource(&id.resource_group, Kind::Snapshot, &id.name)).await.map(drop)?)
}
