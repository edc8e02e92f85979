use cpi_plugin_sdk::Failure;

use super::{Disk, blob, stranded};
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::ids::DiskId;

/// The identifier of a call, if it is one of a disk that this plugin keeps.
pub(crate) fn parse(arm: &Arm, id: &str) -> Result<DiskId, Failure> {
    DiskId::parse(id, &arm.settings.resource_group)
}

/// The managed disk of this identifier, as a resource.
pub(crate) fn resource(arm: &Arm, disk: &DiskId) -> Resource {
    arm.resource(&disk.resource_group, Kind::Disk, &disk.name)
}

/// The managed disk, if it is there.
pub(crate) async fn find(arm: &Arm, disk: &DiskId) -> Result<Option<Disk>, Failure> {
    arm.read(&resource(arm, disk)).await.map_err(|error| errors::of_disk(error, disk))
}

/// The managed disk, if there can be one by this name: without managed disks, what is named like a blob is one.
pub(crate) async fn find_managed(arm: &Arm, disk: &DiskId) -> Result<Option<Disk>, Failure> {
    if disk.is_managed() || arm.settings.managed_disks { find(arm, disk).await } else { Ok(None) }
}

/// Whether the disk is there, whatever it is, or at least its data.
pub(crate) async fn is_there(arm: &Arm, disk: &DiskId) -> Result<bool, Failure> {
    let there =
        find_managed(arm, disk).await?.is_some() || (!disk.is_managed() && blob::find(arm, disk).await?.is_some());
    Ok(there || stranded::has_data(arm, disk).await?)
}

/// The managed disk, which must be there.
pub(crate) async fn get(arm: &Arm, disk: &DiskId) -> Result<Disk, Failure> {
    match find(arm, disk).await? {
        Some(found) => Ok(found),
        None => Err(stranded::missing(arm, disk).await),
    }
}

/// The managed disk, which must be there for this. A blob cannot have it done to it, and where the operator has switched
/// managed disks off, directors shall copy as they did.
pub(crate) async fn get_native(arm: &Arm, disk: &DiskId, what: &str) -> Result<Disk, Failure> {
    let only = format!("Native disk {what} only supported for managed disks");
    if !arm.settings.managed_disks {
        return Err(Failure::not_supported(format!("{only}: use_managed_disks is off")));
    }
    match find(arm, disk).await? {
        Some(found) => Ok(found),
        None if disk.is_managed() => Err(stranded::missing(arm, disk).await),
        None => Err(Failure::not_supported(format!("{only}: '{disk}' is a blob"))),
    }
}
