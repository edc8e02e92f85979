use aws_sdk_ec2::types::{Filter, ResourceType};
use cpi_plugin_sdk::{Failure, Image, Intent, Tag, log, smithy};

use super::heavy;
use super::id::StemcellId;
use super::properties::LightStemcell;
use crate::client::Ec2;
use crate::encryption::Encryption;
use crate::images;
use crate::leftovers::declare::Declared;
use crate::tagging;
use crate::tags;
use crate::wait;

/// Makes an image of a stemcell that names images in EC2, or of its file.
pub(crate) async fn create(
    ec2: &Ec2,
    image: &Image,
    api_version: u8,
    properties: &str,
    given: &[Tag],
) -> Result<String, Failure> {
    let Some(stemcell) = LightStemcell::parse(properties, &ec2.settings)? else {
        return heavy::create::create(ec2, image, api_version, properties, given).await;
    };
    let tags = if api_version >= 3 { tags::cut(given.to_vec()) } else { Vec::new() };
    let missing = || Failure::rejected(format!("Stemcell does not contain an AMI in region {}", ec2.region));
    let here = stemcell.image_in(&ec2.region);
    match (existing(ec2, &stemcell).await?, here) {
        (Some(_), Some(source)) if stemcell.encryption.encrypted => {
            copy(ec2, &ec2.region, source, &stemcell.encryption, tags).await
        }
        (Some(image), _) if !stemcell.encryption.encrypted => {
            tagging::tag_if_possible(ec2, &image, &tags).await?;
            Ok(StemcellId::light(&image))
        }
        (None, None) => {
            let (region, source) = stemcell.image_near(&ec2.region).ok_or_else(missing)?;
            log::info("no image for this region: copying one", &[("region", region), ("image", source)]);
            let copied = copy(ec2, region, source, &stemcell.encryption, tags).await;
            copied.map_err(|failure| missing().and(&format!("copying '{source}' of {region}: {}", failure.describe())))
        }
        _ => Err(missing()),
    }
}

/// The one image of all regions that this region has. A filter, unlike a list of ids, ignores what is elsewhere.
async fn existing(ec2: &Ec2, stemcell: &LightStemcell) -> Result<Option<String>, Failure> {
    let ids = stemcell.images.iter().map(|(_, image)| image.clone()).collect();
    let filter = Filter::builder().name("image-id").set_values(Some(ids)).build();
    let request = ec2.describe_images().filters(filter).include_deprecated(true).max_results(1000);
    let mut pages = request.into_paginator().send();
    // A page may be empty although a later one is not.
    while let Some(page) = pages.next().await {
        let page = page.map_err(smithy::error("DescribeImages"))?;
        if let Some(image) = page.images().first().and_then(|image| image.image_id()) {
            return Ok(Some(image.to_owned()));
        }
    }
    Ok(None)
}

async fn copy(
    ec2: &Ec2,
    region: &str,
    source: &str,
    encryption: &Encryption,
    tags: Vec<Tag>,
) -> Result<String, Failure> {
    let name = format!("Copied from SourceAMI {source}");
    let declared = Declared::by_tag(ec2, "stemcell", tags, &[("name", name.clone())]).await?;
    let description = ec2.settings.intent_tags.then(|| declared.description());
    let request = ec2
        .copy_image()
        .client_token(&declared.key)
        .set_description(description)
        .source_region(region)
        .source_image_id(source)
        .name(name)
        .set_encrypted(encryption.encrypted.then_some(true))
        .set_kms_key_id(encryption.kms_key.clone())
        .set_tag_specifications(tagging::specifications(
            &[ResourceType::Image, ResourceType::Snapshot],
            &declared.tags,
        ));
    let order = async || request.clone().send().await.map_err(smithy::error("CopyImage"));
    let copied = wait::until_answered(order).await.inspect_err(|error| declared.failed(error))?;
    let image = copied.image_id.ok_or_else(|| Failure::cloud("CopyImage", "NoId", "the answer names no image"))?;
    declared.intent.created(&image);
    available_or_removed(ec2, image, &declared.intent).await
}

/// Waits until a new image can be used; one that fails is removed.
pub(super) async fn available_or_removed(ec2: &Ec2, image: String, intent: &Intent) -> Result<String, Failure> {
    let Err(failure) = images::wait_available(ec2, &image).await else { return Ok(image) };
    match super::delete::delete_owned(ec2, &image).await {
        Ok(()) => {
            intent.removed();
            Err(failure)
        }
        Err(second) => {
            log::error("an image is left behind", &[("image", &image)]);
            Err(failure.and(&format!("image '{image}' is left behind: {}", second.describe())))
        }
    }
}
