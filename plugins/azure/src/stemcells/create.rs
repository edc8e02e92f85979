use cpi_plugin_sdk::{Failure, Image, Tag, random};

use super::gallery::{Gallery, Publication};
use super::heavy::upload;
use super::marketplace::MarketplaceImage;
use super::metadata::Metadata;
use super::{delete, light, metadata};
use crate::arm::Arm;

/// Makes a stemcell of a reference to an image in the marketplace or of an image of its own, and returns its identifier.
pub(crate) async fn create(arm: &Arm, image: &Image, properties: &str, tags: &[Tag]) -> Result<String, Failure> {
    let mut metadata = metadata::of(properties, tags)?;
    if let Some(offered) = MarketplaceImage::parse(&metadata)? {
        return light::create(arm, &offered, &metadata).await;
    }
    let id = format!("bosh-stemcell-{}", random::uuid()?);
    let Some(gallery) = Gallery::of(&arm.settings) else {
        return Ok(upload::upload(arm, image, &id, &metadata).await?.0);
    };
    let missing =
        || Failure::rejected("Missing the property 'location' in the global configuration: a gallery needs it");
    let location = arm.settings.location.as_deref().ok_or_else(missing)?;
    let publication = publication(arm, gallery, image, &mut metadata).await?;
    let (id, intent) = upload::upload(arm, image, &id, &metadata).await?;
    match publication.publish(arm, &id, &metadata, location).await {
        Ok(_) => Ok(id),
        Err(failure) => match delete::delete(arm, &id).await {
            Ok(()) => {
                intent.removed();
                Err(failure)
            }
            Err(second) => Err(failure.and(&format!("the stemcell '{id}' is left behind: {}", second.describe()))),
        },
    }
}

/// The place of a stemcell in the gallery, which has to have room for it before anything is uploaded.
async fn publication(
    arm: &Arm,
    gallery: Gallery,
    image: &Image,
    metadata: &mut Metadata,
) -> Result<Publication, Failure> {
    let publication = Publication::of(gallery, metadata)?;
    publication.note(metadata, &image.facts().await.map_err(Failure::rejected)?.sha256);
    publication.check(arm, metadata).await?;
    Ok(publication)
}
