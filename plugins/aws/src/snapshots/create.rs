use aws_sdk_ec2::types::{ResourceType, Snapshot, SnapshotState};
use cpi_plugin_sdk::{ApiError, Failure, Tag, log, smithy};

use super::metadata;
use crate::client::Ec2;
use crate::errors;
use crate::leftovers::declare::Declared;
use crate::patience::Patience;
use crate::tagging;
use crate::volumes;
use crate::wait::{self, Stopwatch};

pub(crate) async fn create(ec2: &Ec2, disk: &str, given: &[Tag]) -> Result<String, Failure> {
    let volume = volumes::find(ec2, disk).await?;
    let device = volume.attachments().first().and_then(|attachment| attachment.device());
    let (description, tags) = metadata::describe(given, device);
    let declared = Declared::by_tag(ec2, "snapshot", tags, &[("volume-id", disk.to_owned())]).await?;
    let request = ec2
        .create_snapshot()
        .volume_id(disk)
        .description(description)
        .set_tag_specifications(tagging::specifications(&[ResourceType::Snapshot], &declared.tags));
    let made = request.send().await.map_err(smithy::error("CreateSnapshot"));
    let made = made.inspect_err(|error| declared.failed(error)).map_err(|error| errors::of_disk(error, disk))?;
    let snapshot =
        made.snapshot_id.ok_or_else(|| Failure::cloud("CreateSnapshot", "NoId", "the answer names no snapshot"))?;
    declared.intent.created(&snapshot);
    if made.state == Some(SnapshotState::Completed) {
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
