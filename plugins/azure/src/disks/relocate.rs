use std::time::Duration;

use cpi_plugin_sdk::state::{self, Problem};
use cpi_plugin_sdk::{Failure, Intent, clock, log, random};
use serde::Deserialize;
use serde_json::{Value, json};

use super::move_note::Move;
use super::{Disk, find};
use crate::arm::{Arm, Kind, Resource, is_gone, nullable};
use crate::errors;
use crate::ids::DiskId;
use crate::snapshots;

/// So often it is tried again: Azure's trouble passes.
const TRIES: usize = 2;
/// Between two looks at a snapshot of a fast disk, which is copied in the background.
const LOOK: Duration = Duration::from_secs(2);
/// Azure says a day; a director does not wait that long.
const MOST_LOOKS: usize = 900;

#[derive(Deserialize)]
struct Made {
    #[serde(default, deserialize_with = "nullable")]
    properties: MadeState,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MadeState {
    #[serde(default, deserialize_with = "nullable")]
    provisioning_state: String,
}

impl MadeState {
    fn is_whole(&self) -> bool {
        self.provisioning_state == "Succeeded"
    }
}

#[derive(Deserialize)]
struct Snapshot {
    #[serde(default, deserialize_with = "nullable")]
    properties: SnapshotState,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotState {
    completion_percent: Option<f64>,
}

/// Brings a disk without a zone into that of the VM: by a snapshot, of which a disk of the same name is made there.
///
/// The data are in two places until the new disk is there, but for the moment between the end of the old disk and the
/// beginning of the new one, when a complete snapshot has them. What was interrupted then is ended by the next call.
pub(super) async fn relocate(arm: &Arm, disk: &DiskId, zone: Option<&str>) -> Result<Disk, Failure> {
    let resource = find::resource(arm, disk);
    let _lease = arm.lease(&resource.id).await?;
    let begun = recall(&resource).await?;
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
    remember(resource, &moved).await?;
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
    arm.put(snapshot, &snapshots::body(disk, location, &resource.id, &[])).await?;
    complete(arm, snapshot).await
}

/// Waits until a snapshot has all of its disk.
async fn complete(arm: &Arm, snapshot: &Resource) -> Result<(), Failure> {
    for _ in 0..MOST_LOOKS {
        let Some(Snapshot { properties }) = arm.read(snapshot).await? else { break };
        if properties.completion_percent.is_none_or(|percent| percent >= 100.0) {
            return Ok(());
        }
        clock::sleep(LOOK).await;
    }
    Err(Failure::rejected(format!("the snapshot '{}' does not become complete", snapshot.id)))
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
    match arm.read::<Made>(resource).await {
        Ok(None) => Removal::Gone,
        Ok(Some(there)) if refused && there.properties.is_whole() => Removal::Refused(error.into()),
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
    let mut tries = 1..=TRIES;
    loop {
        let Err(error) = arm.put(resource, body).await else { return Ok(()) };
        let again = tries.next().is_some() && (errors::may_pass(&error) || error.may_have_arrived());
        // What is there of it was made of the snapshot, by this call.
        if let Some(Made { properties }) = arm.read(resource).await? {
            if properties.is_whole() {
                return Ok(());
            }
            arm.delete(resource).await?;
        }
        if !again {
            return Err(error.into());
        }
    }
}

/// The snapshot has served. True when nothing is left of the move.
async fn end(arm: &Arm, moved: &Move) -> bool {
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
    if let Err(problem) = forget(&moved.disk).await {
        log::warn("a note is left behind", &[("disk", &moved.disk), ("problem", &format!("{problem:?}"))]);
    }
    true
}

fn key(disk: &str) -> String {
    format!("disk-move {}", disk.to_ascii_lowercase())
}

async fn recall(disk: &Resource) -> Result<Option<Move>, Failure> {
    let entry = state::get(key(&disk.id)).await.map_err(|problem| unusable(&problem))?;
    Ok(entry.and_then(|entry| serde_json::from_slice(&entry.value).ok()))
}

async fn remember(disk: &Resource, moved: &Move) -> Result<(), Failure> {
    let key = key(&disk.id);
    let before = state::get(key.clone()).await.map_err(|problem| unusable(&problem))?;
    let version = before.map_or(0, |entry| entry.version);
    let kept = state::put(key, json!(moved).to_string().into_bytes(), version).await;
    kept.map(drop).map_err(|problem| unusable(&problem))
}

async fn forget(disk: &str) -> Result<(), Problem> {
    match state::get(key(disk)).await? {
        Some(entry) => state::delete(key(disk), entry.version).await,
        None => Ok(()),
    }
}

fn unusable(problem: &Problem) -> Failure {
    Failure::rejected(format!("the plugin's state cannot be used: {problem:?}"))
}
