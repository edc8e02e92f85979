use cpi_plugin_sdk::{Failure, Leftover};
use serde::de::IgnoredAny;

use super::blobs;
use super::kinds::{copied_disk, resource};
use crate::arm::Arm;

/// Its id, if it is there.
pub(crate) async fn find(arm: &Arm, leftover: &Leftover) -> Result<Vec<String>, Failure> {
    if blobs::is_blob(leftover) {
        return Ok(blobs::find(arm, leftover).await?.map(|blob| blob.url).into_iter().collect());
    }
    let resource = resource(&arm.settings, leftover)?;
    let there: Option<IgnoredAny> = arm.read(&resource).await?;
    Ok(there.map(|_| resource.id).into_iter().collect())
}

/// Removes it, and returns when it is gone.
pub(crate) async fn remove(arm: &Arm, leftover: &Leftover) -> Result<(), Failure> {
    if blobs::is_blob(leftover) {
        if let Some(blob) = blobs::find(arm, leftover).await? {
            blob.delete().await?;
        }
        return Ok(());
    }
    let resource = resource(&arm.settings, leftover)?;
    if let Some(disk) = copied_disk(&arm.settings, leftover)
        && arm.read::<IgnoredAny>(&disk).await?.is_none()
    {
        return Err(Failure::rejected(format!(
            "the snapshot '{}' is all there is of the disk '{}': attach the disk, which makes it again",
            resource.id, disk.id
        )));
    }
    Ok(arm.delete(&resource).await.map(drop)?)
}
