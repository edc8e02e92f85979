use cpi_plugin_sdk::Failure;

use super::{Image, gallery, light, managed};
use crate::arm::Arm;
use crate::stemcells::gallery::Gallery;
use crate::stemcells::light::is_light;

/// The image of a stemcell, if there is one: for a light one that of the marketplace, for one that was uploaded for the
/// gallery its version there, else the one for this type of disk in this location.
pub(crate) async fn find(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Option<Image>, Failure> {
    if is_light(stemcell) {
        return light::find(arm, stemcell, location).await.map(Some);
    }
    if let Some(gallery) = Gallery::of(&arm.settings) {
        let found = gallery::find(arm, &gallery, stemcell, location).await?;
        // A version that is gone is made again, even where an image from before the gallery is there still.
        if found.is_some() || gallery::is_meant(arm, gallery, stemcell).await? {
            return Ok(found);
        }
    }
    managed::find(arm, stemcell, sku, location).await
}

/// The same, made of the stemcell's blob where there is none yet.
pub(crate) async fn find_or_make(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    match find(arm, stemcell, sku, location).await? {
        Some(image) => Ok(image),
        None => make(arm, stemcell, sku, location).await,
    }
}

/// Makes the image of a stemcell that has none, which only heavy ones can lack.
pub(crate) async fn make(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    if let Some(gallery) = Gallery::of(&arm.settings)
        && let Some(image) = gallery::make(arm, gallery, stemcell, location).await?
    {
        return Ok(image);
    }
    managed::make(arm, stemcell, sku, location).await
}
