use cpi_plugin_sdk::Failure;

use super::Image;
use crate::arm::Arm;
use crate::stemcells::gallery::{Gallery, Publication, find, replicate};
use crate::stemcells::heavy;

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

/// Whether the stemcell was uploaded for this gallery.
pub(super) async fn is_meant(arm: &Arm, gallery: Gallery, stemcell: &str) -> Result<bool, Failure> {
    let metadata = heavy::copy::metadata(arm, stemcell).await?;
    Ok(metadata.is_some_and(|metadata| Publication::meant(gallery, &metadata).is_some()))
}

/// That version, made of the stemcell's blob; none when the stemcell was not uploaded for this gallery.
pub(super) async fn make(
    arm: &Arm,
    gallery: Gallery,
    stemcell: &str,
    location: &str,
) -> Result<Option<Image>, Failure> {
    let Some(metadata) = heavy::copy::metadata(arm, stemcell).await? else { return Ok(None) };
    let Some(publication) = Publication::meant(gallery, &metadata) else { return Ok(None) };
    let (resource, version) = publication.publish(arm, stemcell, &metadata, location).await?;
    let version = replicate::replicate(arm, &resource, version, location).await?;
    Image::new(resource.id, &version.tags).map(Some)
}
