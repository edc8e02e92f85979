use cpi_plugin_sdk::Failure;

use super::{Image, gallery, light, managed};
use crate::arm::Arm;
use crate::stemcells::gallery::Gallery;

/// The image of a stemcell: for a light one that of the marketplace, else one of the gallery, if there is one, else the
/// one for this type of disk in this location.
pub(crate) async fn find(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    if light::is_light(stemcell) {
        return light::find(stemcell);
    }
    if let Some(gallery) = Gallery::of(&arm.settings)
        && let Some(image) = gallery::find(arm, &gallery, stemcell, location).await?
    {
        return Ok(image);
    }
    managed::find(arm, stemcell, sku, location).await
}
