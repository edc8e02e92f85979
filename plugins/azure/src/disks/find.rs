use cpi_plugin_sdk::Failure;

use super::Disk;
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

/// The managed disk; a disk that is none can be a blob, which nobody here looks after.
pub(crate) async fn find(arm: &Arm, disk: &DiskId) -> Result<Option<Disk>, Failure> {
    let found = arm.read(&resource(arm, disk)).await.map_err(|error| errors::of_disk(error, disk))?;
    match found {
        None if !disk.is_managed() => Err(blob(disk)),
        found => Ok(found),
    }
}

/// The managed disk, which must be there.
pub(crate) async fn get(arm: &Arm, disk: &DiskId) -> Result<Disk, Failure> {
    find(arm, disk).await?.ok_or_else(|| errors::disk_not_found(disk))
}

fn blob(disk: &DiskId) -> Failure {
    Failure::not_supported(format!(
        "disk '{disk}' is a blob in a storage account: this CPI works with managed disks only. Attach it with the CPI that \
         made it, with use_managed_disks, which makes a managed disk of it"
    ))
}
