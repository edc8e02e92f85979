use cpi_plugin_sdk::Failure;

use super::Image;
use crate::arm::Arm;
use crate::stemcells::gallery::{Gallery, find, replicate};

/// The version of an image in the gallery that is this stemcell's, ready for VMs in this location.
pub(super) async fn find(
    arm: &Arm,
    gallery: &Gallery,
    stemcell: &str,
    location: &str,
) -> Result<Option<Image>, Failure> {
    let Some((resource, version)) = find::find(arm, gallery, stemcell).await? else { return Ok(None) };
    let version = replicate::replicate(arm, &resource, version, location).await?;
    Image::new(resource.id, &version.tags).map(Some)
}
