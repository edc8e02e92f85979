use aws_sdk_ec2::types::{Volume, VolumeAttachment, VolumeAttachmentState, VolumeState};
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::wait::{self, Stopwatch};

/// A volume; `None` when there is none of this id.
pub(crate) async fn describe(ec2: &Ec2, disk: &str) -> Result<Option<Volume>, ApiError> {
    match ec2.describe_volumes().volume_ids(disk).send().await.map_err(smithy::error("DescribeVolumes")) {
        Ok(answer) => Ok(answer.volumes.unwrap_or_default().into_iter().next()),
        Err(error) if errors::volume_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A volume that has to be there.
pub(crate) async fn find(ec2: &Ec2, disk: &str) -> Result<Volume, Failure> {
    describe(ec2, disk).await?.ok_or_else(|| errors::disk_not_found(disk))
}

/// How a volume hangs on an instance.
pub(crate) fn attachment<'a>(volume: &'a Volume, vm: &str) -> Option<&'a VolumeAttachment> {
    volume
        .attachments()
        .iter()
        .find(|attachment| attachment.instance_id() == Some(vm) && !is(attachment, &VolumeAttachmentState::Detached))
}

/// The instance that a volume is attached to, and stays attached to.
pub(crate) fn holder(volume: &Volume) -> Option<&str> {
    let attached = volume.attachments().iter().find(|found| is(found, &VolumeAttachmentState::Attached))?;
    Some(attached.instance_id().unwrap_or("another instance"))
}

pub(crate) fn is(attachment: &VolumeAttachment, state: &VolumeAttachmentState) -> bool {
    attachment.state() == Some(state)
}

/// Waits until a new volume can be used. It may not be known everywhere yet, and with a key that cannot be used it
/// vanishes.
pub(crate) async fn wait_available(ec2: &Ec2, disk: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let mut unseen = Patience::CONSISTENT.pauses();
    let available = wait::until(Patience::RESOURCE, async || match describe(ec2, disk).await? {
        Some(volume) => match volume.state {
            Some(VolumeState::Available) => Ok(Some(())),
            Some(VolumeState::Error) => Err(watch.wrong_state(disk, "error", "available")),
            _ => Ok(None),
        },
        None if unseen.next().is_some() => Ok(None),
        None => Err(Failure::rejected(format!(
            "{disk} vanished right after it was created: EC2 does so when the key for its encryption cannot be used"
        ))),
    });
    available.await?.ok_or_else(|| watch.timed_out(disk, "available"))
}

pub(crate) async fn wait_deleted(ec2: &Ec2, disk: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let deleted = wait::until(Patience::RESOURCE, async || match describe(ec2, disk).await? {
        None => Ok(Some(())),
        Some(volume) => match volume.state {
            Some(VolumeState::Deleted) => Ok(Some(())),
            Some(VolumeState::Error) => Err(watch.wrong_state(disk, "error", "deleted")),
            _ => Ok(None),
        },
    });
    deleted.await?.ok_or_else(|| watch.timed_out(disk, "deleted"))
}

pub(crate) async fn wait_attached(ec2: &Ec2, disk: &str, vm: &str, device: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let attached = wait::until(Patience::RESOURCE, async || {
        let volume = describe(ec2, disk).await?;
        let attachment = volume.as_ref().and_then(|volume| attachment(volume, vm));
        Ok::<_, Failure>(attachment.filter(|found| is(found, &VolumeAttachmentState::Attached)).map(drop))
    });
    let what = format!("volume {disk} to be attached to instance {vm} as device {device}");
    attached.await?.ok_or_else(|| watch.timed_out(&what, "attached"))
}

pub(crate) async fn wait_detached(ec2: &Ec2, disk: &str, vm: &str, device: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let detached = wait::until(Patience::RESOURCE, async || {
        let volume = describe(ec2, disk).await?;
        let attachment = volume.as_ref().and_then(|volume| attachment(volume, vm));
        Ok::<_, Failure>(attachment.is_none().then_some(()))
    });
    let what = format!("volume {disk} to be detached to instance {vm} as device {device}");
    detached.await?.ok_or_else(|| watch.timed_out(&what, "detached"))
}
