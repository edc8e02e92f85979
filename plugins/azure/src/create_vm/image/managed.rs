use cpi_plugin_sdk::{Failure, log};
use serde::Deserialize;

use super::{Image, managed_body};
use crate::arm::{Arm, Kind, Provisioned, Resource, Tagged};
use crate::stemcells::{heavy, image_names};

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    tagged: Tagged,
    #[serde(flatten)]
    provisioned: Provisioned,
}

/// The image of a heavy stemcell for a type of disk in a location, if there is one.
pub(super) async fn find(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Option<Image>, Failure> {
    let resource = resource(arm, stemcell, sku, location)?;
    let found: Option<Found> = arm.read(&resource).await?;
    let whole = found.filter(|found| !found.provisioned.has_failed());
    whole.map(|found| Image::new(resource.id, &found.tagged.tags)).transpose()
}

/// Makes it of the stemcell's blob. Calls on this machine that want the same one wait for each other.
pub(super) async fn make(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    made(arm, stemcell, sku, location).await.map_err(|failure| {
        failure.within(&format!("Failed to get the user image information of the stemcell '{stemcell}'"))
    })
}

async fn made(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    let resource = resource(arm, stemcell, sku, location)?;
    let _lease = arm.lease(&resource.id).await?;
    match arm.read::<Found>(&resource).await? {
        Some(found) if !found.provisioned.has_failed() => return Image::new(resource.id, &found.tagged.tags),
        Some(_) => drop(arm.delete(&resource).await?),
        None => {}
    }
    let (blob, metadata) = heavy::copy::in_location(arm, stemcell, location).await?;
    let image = Image::new(resource.id.clone(), &managed_body::tags(&metadata))?;
    let body = managed_body::body(&metadata, image.disk, &blob.url, sku, location)?;
    let old = image_names::deprecated(stemcell, sku, location);
    arm.delete(&arm.resource(&arm.settings.resource_group, Kind::Image, &old)).await?;
    log::info("making an image", &[("id", &resource.id), ("blob", &blob.url)]);
    arm.put(&resource, &body).await?;
    Ok(image)
}

fn resource(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Resource, Failure> {
    let name = image_names::image_name(stemcell, sku, location)?;
    Ok(arm.resource(&arm.settings.resource_group, Kind::Image, &name))
}
