use aws_sdk_ec2::types::{Volume, VolumeAttachmentState};
use cpi_plugin_sdk::{Failure, log, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::volumes;
use crate::wait;

pub(crate) async fn detach(ec2: &Ec2, vm: &str, disk: &str) -> Result<(), Failure> {
    let Some(volume) = volumes::describe(ec2, disk).await? else {
        log::info("the disk is gone, so it is not attached", &[("disk", disk)]);
        return Ok(());
    };
    let not_attached = || Failure::disk_not_attached(format!("Disk `{disk}' is not attached to instance `{vm}'"));
    let attachment = volumes::attachment(&volume, vm).ok_or_else(not_attached)?;
    let device = attachment.device().unwrap_or_default();

    if !volumes::is(attachment, &VolumeAttachmentState::Detaching) {
        let request = ec2.detach_volume().volume_id(disk).instance_id(vm).device(device).force(false);
        let order = async || request.clone().send().await.map(drop).map_err(smithy::error("DetachVolume"));
        let look =
            async || Ok(volumes::describe(ec2, disk).await?.is_none_or(|volume| is_going(&volume, vm)).then_some(()));
        match wait::carried_out(order, look).await {
            Ok(()) => {}
            // Somebody else was quicker.
            Err(error) if error.is(&["IncorrectState", "InvalidAttachment.NotFound"]) => return Err(not_attached()),
            Err(error) if errors::vm_gone(&error) => return Err(not_attached()),
            Err(error) => return Err(errors::of_disk(error, disk)),
        }
    }
    volumes::wait_detached(ec2, disk, vm, device).await
}

fn is_going(volume: &Volume, vm: &str) -> bool {
    volumes::attachment(volume, vm).is_none_or(|found| volumes::is(found, &VolumeAttachmentState::Detaching))
}
