use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Filter, ResourceType, Snapshot, SnapshotState};
use cpi_plugin_sdk::{ApiError, Failure, Tag, clock, log, smithy};

use super::metadata;
use crate::client::Ec2;
use crate::errors;
use crate::leftovers::declare::Declared;
use crate::patience::Patience;
use crate::tagging;
use crate::volumes;
use crate::wait::{self, Stopwatch};

/// In seconds, where they are set by the network. An older snapshot has another cause.
const CLOCKS_DIFFER: i64 = 30;

pub(crate) async fn create(ec2: &Ec2, disk: &str, given: &[Tag]) -> Result<String, Failure> {
    let volume = volumes::find(ec2, disk).await?;
    let device = volume.attachments().first().and_then(|attachment| attachment.device());
    let (description, tags) = metadata::describe(given, device);
    let declared = Declared::by_tag(ec2, "snapshot", tags, &[("volume-id", disk.to_owned())]).await?;
    let begun = DateTime::from(clock::now());
    let request = ec2
        .create_snapshot()
        .volume_id(disk)
        .description(&description)
        .set_tag_specifications(tagging::specifications(&[ResourceType::Snapshot], &declared.tags));
    let order = async || {
        let made = request.clone().send().await.map_err(smithy::error("CreateSnapshot"))?;
        Ok((made.snapshot_id, made.state))
    };
    // There is no token for snapshots, so a second one would be made.
    let look = async || {
        let found = wait::until(Patience::CONSISTENT, async || ordered(ec2, disk, &description, begun).await).await?;
        Ok(found.map(|found| (found.snapshot_id, found.state)))
    };
    let made = wait::carried_out(order, look).await.inspect_err(|error| declared.failed(error));
    let (id, state) = made.map_err(|error| errors::of_disk(error, disk))?;
    let snapshot = id.ok_or_else(|| Failure::cloud("CreateSnapshot", "NoId", "the answer names no snapshot"))?;
    declared.intent.created(&snapshot);
    if state == Some(SnapshotState::Completed) {
        return Ok(snapshot);
    }
    match wait_completed(ec2, &snapshot).await {
        Ok(true) => Ok(snapshot),
        Ok(false) => {
            // It holds the data of the moment it was ordered, however long the copying takes.
            log::warn("the snapshot is still being copied", &[("snapshot", &snapshot)]);
            Ok(snapshot)
        }
        Err(failure) => match super::delete::delete(ec2, &snapshot).await {
            Ok(()) => {
                declared.intent.removed();
                Err(failure)
            }
            Err(second) => Err(failure.and(&format!("snapshot '{snapshot}' is left behind: {}", second.describe()))),
        },
    }
}

/// The snapshot of an order whose answer was lost.
async fn ordered(ec2: &Ec2, disk: &str, description: &str, begun: DateTime) -> Result<Option<Snapshot>, ApiError> {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = ec2.describe_snapshots().owner_ids("self");
    let request = request.filters(filter("volume-id", disk)).filters(filter("description", description));
    let answer = request.send().await.map_err(smithy::error("DescribeSnapshots"))?;
    let since = begun.secs() - CLOCKS_DIFFER;
    let new = |snapshot: &Snapshot| snapshot.start_time().is_some_and(|started| started.secs() >= since);
    Ok(answer.snapshots.unwrap_or_default().into_iter().find(new))
}

pub(crate) async fn exists(ec2: &Ec2, snapshot: &str) -> Result<bool, Failure> {
    Ok(describe(ec2, snapshot).await?.is_some())
}

/// A snapshot; `None` when there is none of this id.
pub(crate) async fn describe(ec2: &Ec2, snapshot: &str) -> Result<Option<Snapshot>, ApiError> {
    let answer = ec2.describe_snapshots().snapshot_ids(snapshot).send().await;
    match answer.map_err(smithy::error("DescribeSnapshots")) {
        Err(error) if errors::snapshot_gone(&error) => Ok(None),
        other => Ok(other?.snapshots.unwrap_or_default().into_iter().next()),
    }
}

pub(crate) async fn wait_completed(ec2: &Ec2, snapshot: &str) -> Result<bool, Failure> {
    let watch = Stopwatch::start();
    let completed = wait::until(Patience::RESOURCE, async || {
        match describe(ec2, snapshot).await?.and_then(|snapshot| snapshot.state) {
            Some(SnapshotState::Completed) => Ok(Some(())),
            Some(SnapshotState::Error) => Err(watch.wrong_state(snapshot, "error", "completed")),
            _ => Ok(None),
        }
    });
    Ok(completed.await?.is_some())
}
