use cpi_plugin_sdk::{Failure, log};

use super::{Gallery, find};
use crate::arm::Arm;

/// Has the version of a stemcell not serve it any more, and removes one that serves nobody else.
pub(crate) async fn release(arm: &Arm, gallery: &Gallery, stemcell: &str) -> Result<(), Failure> {
    let Some((resource, _)) = find::find(arm, gallery, stemcell).await? else { return Ok(()) };
    let _lease = arm.lease(&resource.id).await?;
    let Some(version) = find::read(arm, &resource).await? else { return Ok(()) };
    if let Some(rest) = version.without(stemcell) {
        log::info("the image version stays: other stemcells have it too", &[("id", &resource.id)]);
        arm.put(&resource, &rest).await?;
    } else {
        arm.delete(&resource).await?;
    }
    Ok(())
}
