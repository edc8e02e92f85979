use cpi_plugin_sdk::{Failure, log, smithy};
use futures_concurrency::prelude::*;

use super::id::StemcellId;
use crate::client::Ec2;
use crate::errors;
use crate::images;
use crate::snapshots;

/// Removes an image of our own with its snapshots; somebody else's is left alone. What is gone is a success.
pub(crate) async fn delete(ec2: &Ec2, cid: &str) -> Result<(), Failure> {
    let stemcell = StemcellId::parse(cid);
    if stemcell.light {
        log::info("the image of a light stemcell is not ours to delete", &[("image", stemcell.ami)]);
        return Ok(());
    }
    delete_owned(ec2, stemcell.ami).await
}

pub(crate) async fn delete_owned(ec2: &Ec2, ami: &str) -> Result<(), Failure> {
    let Some(image) = images::describe(ec2, ami).await? else {
        log::info("the image is gone already", &[("image", ami)]);
        return Ok(());
    };
    match ec2.deregister_image().image_id(ami).send().await.map_err(smithy::error("DeregisterImage")) {
        Ok(_) => {}
        Err(error) if errors::image_gone(&error) => {}
        Err(error) => return Err(error.into()),
    }
    images::wait_deregistered(ec2, ami).await?;

    let snapshots = image.block_device_mappings().iter().filter_map(|mapping| mapping.ebs()?.snapshot_id());
    let deletions: Vec<_> = snapshots.map(|snapshot| snapshots::delete::delete_released(ec2, snapshot)).collect();
    deletions.join().await.into_iter().collect()
}
