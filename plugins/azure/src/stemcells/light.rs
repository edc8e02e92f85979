use cpi_plugin_sdk::{Failure, Intent, random};
use serde_json::json;

use super::heavy::blob::blob;
use super::marketplace::{Listed, MarketplaceImage};
use super::metadata::Metadata;
use crate::arm::Arm;
use crate::leftovers;
use crate::storage::accounts;

/// How the ids of light stemcells begin.
const LIGHT: &str = "bosh-light-stemcell-";
/// The size of the blob that keeps what is known of one.
const MARKER: u64 = 1024;

/// Whether a stemcell is only a reference to an image of the marketplace.
pub(crate) fn is_light(stemcell: &str) -> bool {
    stemcell.starts_with(LIGHT)
}

/// Writes down a reference to an image that the marketplace offers, in a blob of its own.
pub(super) async fn create(arm: &Arm, image: &MarketplaceImage, metadata: &Metadata) -> Result<String, Failure> {
    let account = accounts::default(arm).await?;
    find_offered(arm, image, &account.location).await?.ok_or_else(|| image.missing(&account.location))?;
    let stemcell = format!("{LIGHT}{}", random::uuid()?);
    let marker = blob(arm, &account, &stemcell)?;
    let intent = Intent::begin(leftovers::UPLOAD, &leftovers::key_of(&marker), &json!({})).await?;
    let Err(error) = marker.create(MARKER, metadata).await else {
        intent.created(&stemcell);
        return Ok(stemcell);
    };
    match marker.delete().await {
        Ok(_) => intent.removed(),
        // Who is refused both cannot have made it.
        Err(second) if !error.may_have_arrived() && second.code() == error.code() => intent.removed(),
        Err(second) => {
            return Err(Failure::from(error).and(&format!("'{}' may be left behind: {second}", marker.url)));
        }
    }
    Err(error.into())
}

/// What is known of one; none when it does not exist.
pub(crate) async fn find(arm: &Arm, stemcell: &str) -> Result<Option<(MarketplaceImage, Metadata)>, Failure> {
    let Some(account) = accounts::existing(arm).await? else { return Ok(None) };
    let Some(found) = blob(arm, &account, stemcell)?.find().await? else { return Ok(None) };
    Ok(MarketplaceImage::parse(&found.metadata)?.map(|image| (image, found.metadata)))
}

/// What the marketplace says of an image in a location, if it offers it there.
pub(crate) async fn find_offered(
    arm: &Arm,
    image: &MarketplaceImage,
    location: &str,
) -> Result<Option<Listed>, Failure> {
    Ok(arm.read(&image.resource(&arm.settings, location)).await?)
}

/// Removes what was written down. The image stays the marketplace's.
pub(super) async fn delete(arm: &Arm, stemcell: &str) -> Result<(), Failure> {
    let Some(account) = accounts::existing(arm).await? else { return Ok(()) };
    Ok(blob(arm, &account, stemcell)?.delete().await.map(drop)?)
}
