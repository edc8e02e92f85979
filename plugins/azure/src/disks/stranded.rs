//! Disks whose move to a zone was interrupted when only their snapshot was left.

use cpi_plugin_sdk::Failure;
use serde::de::IgnoredAny;

use super::move_note::{self, Move};
use super::{find, relocate};
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::ids::DiskId;

/// Whether a snapshot has the data of a disk that is not there. The next attachment makes the disk of it.
pub(super) async fn has_data(arm: &Arm, disk: &DiskId) -> Result<bool, Failure> {
    Ok(snapshot(arm, disk).await?.is_some())
}

/// Why a disk that is not there cannot be used.
pub(crate) async fn missing(arm: &Arm, disk: &DiskId) -> Failure {
    match snapshot(arm, disk).await {
        Ok(None) => errors::disk_not_found(disk),
        Ok(Some(snapshot)) => Failure::rejected(format!(
            "The disk '{}' is on its way to a zone, and only the snapshot '{}' has its data: attach the disk, which ends the \
             move",
            disk.name, snapshot.id
        )),
        Err(failure) => failure,
    }
}

/// Removes what an unfinished move of a removed disk has left.
pub(super) async fn discard(arm: &Arm, disk: &DiskId) -> Result<(), Failure> {
    let resource = find::resource(arm, disk);
    let note = move_note::of(&resource.id);
    if note.read::<Move>().await?.is_none() {
        return Ok(());
    }
    let _lease = arm.lease(&resource.id).await?;
    match note.read::<Move>().await? {
        Some(moved) if !relocate::end(arm, &moved).await => Err(Failure::rejected(format!(
            "The disk '{}' is removed, and its snapshot '{}' is left behind: remove the disk again",
            disk.name, moved.snapshot
        ))),
        _ => Ok(()),
    }
}

async fn snapshot(arm: &Arm, disk: &DiskId) -> Result<Option<Resource>, Failure> {
    let Some(moved) = move_note::of(&find::resource(arm, disk).id).read::<Move>().await? else { return Ok(None) };
    let snapshot = Resource::known(&arm.settings, Kind::Snapshot, &moved.snapshot);
    let there: Option<IgnoredAny> = arm.read(&snapshot).await?;
    Ok(there.map(|_| snapshot))
}
