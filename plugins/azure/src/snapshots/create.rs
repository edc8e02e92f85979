use cpi_plugin_sdk::{Failure, Tag, random};

use super::body;
use crate::arm::{Arm, Kind};
use crate::disks::{blob, find, stranded};
use crate::errors;
use crate::ids::DiskId;
use crate::leftovers;

/// Makes a snapshot of a disk, attached or not.
pub(crate) async fn create(arm: &Arm, disk: &str, metadata: &[Tag]) -> Result<String, Failure> {
    let disk = find::parse(arm, disk)?;
    let there = match find::find(arm, &disk).await? {
        Some(there) => there,
        None if disk.is_managed() => return Err(stranded::missing(arm, &disk).await),
        None => return Ok(blob::snapshot(arm, &disk, metadata).await?.to_string()),
    };
    let snapshot = DiskId::new(&random::uuid()?, disk.caching, &disk.resource_group);
    let resource = arm.resource(&snapshot.resource_group, Kind::Snapshot, &snapshot.name);
    let body = body(&arm.settings, &disk, &there.location, &find::resource(arm, &disk).id, metadata);
    let made = leftovers::declare::make(arm, "snapshot", &resource, &body).await;
    made.map(drop).map_err(|failure| errors::of_new_disk(failure).within(&format!("snapshot of '{}'", disk.name)))?;
    Ok(snapshot.to_string())
}
