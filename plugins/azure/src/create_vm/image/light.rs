use cpi_plugin_sdk::Failure;

use super::{Image, Source};
use crate::arm::Arm;
use crate::stemcells::light;

/// The marketplace's image of a light stemcell, which it has to offer in this very version in this location.
pub(super) async fn find(arm: &Arm, stemcell: &str, location: &str) -> Result<Image, Failure> {
    let missing =
        |why: &str| Failure::vm_not_created(format!("Given stemcell '{stemcell}' does not exist: {why}"), false);
    let found = light::find(arm, stemcell).await?;
    let (image, metadata) = found.ok_or_else(|| missing("the default storage account has no blob of it"))?;
    let offered = light::find_offered(arm, &image, location).await?;
    let offered = offered.ok_or_else(|| missing(image.missing(location).message()))?;
    Image::of(Source::Marketplace(image, offered.properties.plan), &metadata)
}
