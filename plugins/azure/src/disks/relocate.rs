use cpi_plugin_sdk::{Failure, Intent, log, random};
use serde_json::{Value, json};

use super::move_note::{self, Move};
use super::{Disk, find};
use crate::arm::{Arm, Kind, Provisioned, Resource, is_gone};
use crate::errors;
use crate::ids::DiskId;
use crate::snapshots;

/// So often it is tried in one place: Azure's trouble passes.
const TRIES: usize = 3;

/// Brings a disk without a zone into that of the VM: by a snapshot, of which a disk of the same name is made there.
///
/// The data are in two places until the new disk is there, but for the moment between the end of the old disk and the
/// beginning of the new one, when a complete snapshot has them. What was interrupted then is ended by the next call.
pub(super) async fn relocate(arm: &Arm, disk: &DiskId, zone: Option<&str>) -> Result<Disk, Failure> {
    let resource = find::resource(arm, disk);
    let _lease = arm.lease(&resource.id).await?;
    let begun: Option<Move> = move_note::of(&resource.id).read().await?;
    if begun.is_some() {
        // It may be going, at the word of an earlier call.
        arm.settled(&resource).await.or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })?;
    }
    let there: Option<Value> = arm.read(&resource).await.map_err(|error| errors::of_disk(error, disk))?;
    match (there, begun) {
        (None, None) => return Err(errors::disk_not_found(disk)),
        (None, Some(begun)) => {
            log::warn("making a disk of the snapshot of an earlier call", &[("snapshot", &begun.snapshot)]);
            let begun = begun.to(zone);
            restore(arm, &resource, &begun).await?;
            end(arm, &begun).await;
        }
        (Some(there), begun) => {
            // Of an earlier call; the disk may have changed since.
            if let Some(begun) = begun {
                end(arm, &begun).await;
            }
            if is_regional(&there) && zone.is_some() {
                start(arm, disk, &resource, &there, zone).await?;
            }
        }
    }
    find::get(arm, disk).await
}

fn is_regional(disk: &Value) -> bool {
    disk.get("zones").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

async fn start(
    arm: &Arm,
    disk: &DiskId,
    resource: &Resource,
    there: &Value,
    zone: Option<&str>,
) -> Result<(), Failure> {
    let name = DiskId::new(&random::uuid()?, disk.caching, &disk.resource_group).name;
    let snapshot = arm.resource(&disk.resource_group, Kind::Snapshot, &name);
    let moved = Move::of(there, &resource.id, zone, &snapshot.id);
    if let Some(holder) = there.get("managedBy").and_then(Value::as_str) {
        return Err(moved.not_moved(&Failure::rejected(format!("it is attached to '{holder}'"))));
    }
    log::info("the disk moves to the zone of its VM", &[("disk", &resource.id), ("snapshot", &snapshot.id)]);
    let intent = Intent::begin("disk-move", &snapshot.id, &json!({"disk": resource.id})).await?;
    move_note::of(&resource.id).write(&moved).await?;
    if let Err(why) = copy(arm, disk, resource, there, &snapshot).await {
        if end(arm, &moved).await {
            intent.removed();
        }
        return Err(moved.not_moved(&why));
    }
    match remove(arm, resource).await {
        Removal::Gone => {}
        Removal::Refused(why) => {
            if end(arm, &moved).await {
                intent.removed();
            }
            return Err(moved.not_moved(&why));
        }
        Removal::Unknown(why) => return Err(moved.undecided(&why)),
    }
    let restored = restore(arm, resource, &moved).await;
    if !matches!(&restored, Err(Unrestored::Stranded(_))) && end(arm, &moved).await {
        intent.removed();
    }
    Ok(restored?)
}

async fn copy(
    arm: &Arm,
    disk: &DiskId,
    resource: &Resource,
    there: &Value,
    snapshot: &Resource,
) -> Result<(), Failure> {
    let location = there.get("location").and_then(Value::as_str).unwrap_or_default();
    arm.put(snapshot, &snapshots::body(&arm.settings, disk, location, &resource.id, &[])).await?;
    snapshots::complete::wait(arm, snapshot).await
}

/// What became of the original.
enum Removal {
    Gone,
    Refused(Failure),
    /// It may be there, or go yet.
    Unknown(Failure),
}

async fn remove(arm: &Arm, resource: &Resource) -> Removal {
    // Twice, because what broke on the way may have begun all the same.
    let Err(_) = arm.delete(resource).await else { return Removal::Gone };
    let Err(error) = arm.delete(resource).await else { return Removal::Gone };
    let refused = error.code().is_some() && !error.may_have_arrived();
    match arm.read::<Provisioned>(resource).await {
        Ok(None) => Removal::Gone,
        Ok(Some(there)) if refused && there.is_whole() => Removal::Refused(error.into()),
        Ok(Some(_)) => Removal::Unknown(error.into()),
        Err(second) => Removal::Unknown(Failure::from(error).and(&second.to_string())),
    }
}

/// Why a disk is not in its zone.
enum Unrestored {
    /// It is where it was.
    NotMoved(Failure),
    /// Only the snapshot has its data.
    Stranded(Failure),
}

impl From<Unrestored> for Failure {
    fn from(unrestored: Unrestored) -> Self {
        let (Unrestored::NotMoved(failure) | Unrestored::Stranded(failure)) = unrestored;
        failure
    }
}

/// Makes the disk in its zone; if that cannot be, where it was.
async fn restore(arm: &Arm, resource: &Resource, moved: &Move) -> Result<(), Unrestored> {
    let Err(why) = make(arm, resource, &moved.zonal()).await else { return Ok(()) };
    log::warn("no disk in the zone", &[("disk", &resource.id), ("error", &why.describe())]);
    match make(arm, resource, moved.regional()).await {
        Ok(()) => Err(Unrestored::NotMoved(moved.not_moved(&why))),
        Err(second) => {
            let second = format!("nor could it be made where it was: {}", second.describe());
            Err(Unrestored::Stranded(moved.stranded(&why.and(&second))))
        }
    }
}

async fn make(arm: &Arm, resource: &Resource, body: &Value) -> Result<(), Failure> {
    let mut tried = 0;
    loop {
        let Err(error) = arm.put(resource, body).await else { return Ok(()) };
        tried += 1;
        let there: Option<Provisioned> = arm.read(resource).await?;
        if there.as_ref().is_some_and(Provisioned::is_whole) {
            return Ok(());
        }
        if tried == TRIES {
            // What there is of it was made of the snapshot, by this call.
            if there.is_some() {
                arm.delete(resource).await?;
            }
            return Err(error.into());
        }
    }
}

/// The snapshot has served. True when nothing is left of the move.
pub(super) async fn end(arm: &Arm, moved: &Move) -> bool {
    let snapshot = Resource::known(&arm.settings, Kind::Snapshot, &moved.snapshot);
    // Twice, because nobody looks for it later.
    let deleted = match arm.delete(&snapshot).await {
        Err(_) => arm.delete(&snapshot).await,
        deleted => deleted,
    };
    if let Err(error) = deleted {
        log::warn("a snapshot is left behind", &[("id", &snapshot.id), ("error", &error.to_string())]);
        return false;
    }
    move_note::of(&moved.disk).forget().await;
    true
}
