use cpi_plugin_sdk::{Failure, Image, Tag, random};

use super::heavy::upload;
use super::metadata;
use crate::arm::Arm;

/// Makes a stemcell of an image, and returns its identifier.
pub(crate) async fn create(arm: &Arm, image: &Image, properties: &str, tags: &[Tag]) -> Result<String, Failure> {
    let metadata = metadata::of(properties, tags)?;
    if metadata::get(&metadata, "image").is_some() {
        return Err(Failure::not_supported("light stemcells cannot be used yet: upload the heavy one"));
    }
    let id = format!("bosh-stemcell-{}", random::uuid()?);
    upload::upload(arm, image, &id, &metadata).await
}
