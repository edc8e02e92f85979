use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Filter, Image, ImageState};
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::create_vm::block_devices::Ami;
use crate::errors;
use crate::patience::Patience;
use crate::wait::{self, Stopwatch};

/// An image; `None` when there is none of this id.
pub(crate) async fn describe(ec2: &Ec2, ami: &str) -> Result<Option<Image>, ApiError> {
    match ec2.describe_images().image_ids(ami).send().await.map_err(smithy::error("DescribeImages")) {
        Ok(answer) => Ok(answer.images.unwrap_or_default().into_iter().next()),
        Err(error) if errors::image_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an image of ours is made from a snapshot.
pub(crate) async fn uses(ec2: &Ec2, snapshot: &str) -> Result<bool, ApiError> {
    let filter = Filter::builder().name("block-device-mapping.snapshot-id").values(snapshot).build();
    let answer = ec2.describe_images().owners("self").filters(filter).send().await;
    answer.map(|answer| !answer.images().is_empty()).map_err(smithy::error("DescribeImages"))
}

/// The ids of images of ours that have this name.
pub(crate) async fn named(ec2: &Ec2, name: &str) -> Result<Vec<String>, ApiError> {
    let filter = Filter::builder().name("name").values(name).build();
    let answer = ec2.describe_images().owners("self").filters(filter).send().await;
    let answer = answer.map_err(smithy::error("DescribeImages"))?;
    Ok(answer.images().iter().filter_map(|image| image.image_id().map(str::to_owned)).collect())
}

/// The image to launch from.
pub(crate) async fn for_launch(ec2: &Ec2, ami: &str) -> Result<Ami, Failure> {
    let image = describe(ec2, ami).await?.ok_or_else(|| Failure::rejected(format!("could not find AMI '{ami}'")))?;
    let device = |mapping: &BlockDeviceMapping| {
        let size = mapping.ebs().and_then(EbsBlockDevice::volume_size).and_then(|gib| u64::try_from(gib).ok());
        Some((mapping.device_name()?.to_owned(), size))
    };
    Ok(Ami {
        virtualization: image.virtualization_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        root_device: image.root_device_name().unwrap_or_default().to_owned(),
        devices: image.block_device_mappings().iter().filter_map(device).collect(),
    })
}

pub(crate) async fn wait_available(ec2: &Ec2, ami: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let available = wait::until(Patience::IMAGE, async || {
        let state = describe(ec2, ami).await?.and_then(|image| image.state);
        match state {
            Some(ImageState::Available) => Ok(Some(())),
            Some(state @ (ImageState::Error | ImageState::Failed | ImageState::Invalid)) => {
                Err(watch.wrong_state(ami, state.as_str(), "available"))
            }
            _ => Ok(None),
        }
    });
    available.await?.ok_or_else(|| watch.timed_out(ami, "available"))
}

pub(crate) async fn wait_deregistered(ec2: &Ec2, ami: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let gone = wait::until(Patience::IMAGE_GONE, async || {
        let state = describe(ec2, ami).await?.and_then(|image| image.state);
        Ok::<_, Failure>(matches!(state, None | Some(ImageState::Deregistered)).then_some(()))
    });
    gone.await?.ok_or_else(|| watch.timed_out(ami, "deregistered"))
}
