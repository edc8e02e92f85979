use cpi_plugin_sdk::{Failure, Leftover};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::blobs;
use super::kinds::{copied_disk, resource, user};
use crate::arm::{Arm, nullable, same_id};

#[derive(Deserialize)]
struct Found {
    #[serde(default, deserialize_with = "nullable")]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    /// Of an availability set.
    #[serde(default, deserialize_with = "nullable")]
    virtual_machines: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

/// Its id, if it is there.
pub(crate) async fn find(arm: &Arm, leftover: &Leftover) -> Result<Vec<String>, Failure> {
    if blobs::is_blob(leftover) {
        return Ok(blobs::find(arm, leftover).await?.map(|blob| blob.url).into_iter().collect());
    }
    let resource = resource(&arm.settings, leftover)?;
    let there: Option<Found> = arm.read(&resource).await?;
    // Others may have joined a set by now; the VM that it was made for goes before it.
    let user = user(leftover);
    let is_ours = |vm: &Reference| user.as_ref().is_some_and(|user| same_id(user, &vm.id));
    let ours = there.is_some_and(|found| found.properties.virtual_machines.iter().all(is_ours));
    Ok(ours.then_some(resource.id).into_iter().collect())
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
