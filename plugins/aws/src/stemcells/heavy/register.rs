use aws_sdk_ec2::types::{
    ArchitectureValues, BlockDeviceMapping, BootModeValues, EbsBlockDevice, Filter, ImageState, ResourceType,
};
use cpi_plugin_sdk::{Failure, Intent, Tag, random, smithy, tags};
use serde_json::json;

use super::kernel;
use super::properties::{HeavyStemcell, Virtualization};
use crate::client::Ec2;
use crate::images;
use crate::leftovers::note;
use crate::stemcells::create::available_or_removed;
use crate::tagging;
use crate::wait;

/// What disks of the instance are called.
const EPHEMERAL: (&str, &str) = ("/dev/sdb", "ephemeral0");

/// Makes an image from a snapshot, and returns when it can be used.
pub(super) async fn register(
    ec2: &Ec2,
    stemcell: &HeavyStemcell,
    snapshot: &str,
    mut tags: Vec<Tag>,
) -> Result<String, Failure> {
    if let Some(description) = &stemcell.description {
        tags::set(&mut tags, "Name", description.as_str());
    }
    let root = match &stemcell.kind {
        Virtualization::Hvm { .. } => "/dev/xvda",
        Virtualization::Paravirtual { .. } => "/dev/sda",
    };
    let disk = EbsBlockDevice::builder().snapshot_id(snapshot).build();
    let request = ec2
        .register_image()
        .set_description(stemcell.description.clone())
        .set_architecture(stemcell.architecture.as_deref().map(ArchitectureValues::from))
        .block_device_mappings(BlockDeviceMapping::builder().device_name(root).ebs(disk).build())
        .block_device_mappings(BlockDeviceMapping::builder().device_name(EPHEMERAL.0).virtual_name(EPHEMERAL.1).build())
        .set_tag_specifications(tagging::specifications(&[ResourceType::Image], &tags));
    let request = match &stemcell.kind {
        Virtualization::Hvm { name, boot_mode } => request
            .virtualization_type(name)
            .root_device_name(root)
            .sriov_net_support("simple")
            .ena_support(true)
            .boot_mode(BootModeValues::from(boot_mode.as_str())),
        Virtualization::Paravirtual { root_device, kernel } => {
            let kernel = match kernel {
                Some(kernel) => kernel.clone(),
                None => pick_kernel(ec2, stemcell.architecture.as_deref(), root_device.as_deref()).await?,
            };
            request.set_root_device_name(root_device.clone()).kernel_id(kernel)
        }
    };
    // A name is taken once in an account, so it finds the image, and no second one is made.
    let key = random::uuid()?;
    let intent = Intent::begin("image", &key, &json!({})).await?;
    let name = note::image_name(&key);
    let request = request.name(&name);
    let order = async || {
        let made = request.clone().send().await.map_err(smithy::error("RegisterImage"))?;
        Ok(made.image_id)
    };
    let look = async || Ok(images::named(ec2, &name).await?.into_iter().next().map(Some));
    let made = wait::carried_out(order, look).await.inspect_err(|error| {
        if !error.may_have_arrived() {
            intent.removed();
        }
    })?;
    let ami = made.ok_or_else(|| Failure::cloud("RegisterImage", "NoId", "the answer names no image"))?;
    intent.created(&ami);
    available_or_removed(ec2, ami, &intent).await
}

async fn pick_kernel(ec2: &Ec2, architecture: Option<&str>, root_device: Option<&str>) -> Result<String, Failure> {
    let filters = [("architecture", architecture), ("image-type", Some("kernel")), ("owner-alias", Some("amazon"))];
    let filters =
        filters.into_iter().filter_map(|(name, value)| Some(Filter::builder().name(name).values(value?).build()));
    let answer = ec2.describe_images().set_filters(Some(filters.collect())).send().await;
    let answer = answer.map_err(smithy::error("DescribeImages"))?;
    let usable = answer.images().iter().filter(|image| image.state() != Some(&ImageState::Deregistered));
    kernel::pick(usable.filter_map(|image| Some((image.image_id()?, image.image_location()?))), root_device)
}
