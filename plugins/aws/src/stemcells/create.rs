use aws_sdk_ec2::types::{Filter, ResourceType};
use cpi_plugin_sdk::{Failure, Tag, log, smithy};

use super::id::StemcellId;
use super::properties::LightStemcell;
use crate::client::Ec2;
use crate::images;
use crate::leftovers::declare::Declared;
use crate::tagging;
use crate::tags;

/// Makes an image of a stemcell that names images in EC2.
pub(crate) async fn create(ec2: &Ec2, api_version: u8, properties: &str, given: &[Tag]) -> Result<String, Failure> {
    let Some(stemcell) = LightStemcell::parse(properties, &ec2.settings)? else {
        return Err(Failure::not_supported(
            "heavy stemcells cannot be uploaded yet: use a light stemcell, which names an AMI for this region under 'ami'",
        ));
    };
    let tags = if api_version >= 3 { tags::cut(given.to_vec()) } else { Vec::new() };
    let image = existing(ec2, &stemcell).await?;
    if stemcell.encryption.encrypted {
        return copy(ec2, stemcell, tags).await;
    }
    tagging::tag(ec2, std::slice::from_ref(&image), &tags).await?;
    Ok(StemcellId::light(&image))
}

/// The one image of all regions that this region has. A filter, unlike a list of ids, ignores what is elsewhere.
async fn existing(ec2: &Ec2, stemcell: &LightStemcell) -> Result<String, Failure> {
    let ids = stemcell.images.iter().map(|(_, image)| image.clone()).collect();
    let answer = ec2
        .describe_images()
        .filters(Filter::builder().name("image-id").set_values(Some(ids)).build())
        .include_deprecated(true)
        .max_results(1000)
        .send()
        .await
        .map_err(smithy::error("DescribeImages"))?;
    answer
        .images()
        .first()
        .and_then(|image| image.image_id())
        .map(str::to_owned)
        .ok_or_else(|| Failure::rejected(format!("Stemcell does not contain an AMI in region {}", ec2.region)))
}

async fn copy(ec2: &Ec2, stemcell: LightStemcell, tags: Vec<Tag>) -> Result<String, Failure> {
    let source = stemcell
        .image_in(&ec2.region)
        .ok_or_else(|| Failure::rejected(format!("Stemcell does not contain an AMI in region {}", ec2.region)))?;
    let name = format!("Copied from SourceAMI {source}");
    let declared = Declared::by_tag(ec2, "stemcell", tags, &[("name", name.clone())]).await?;
    let description = ec2.settings.intent_tags.then(|| declared.description());
    let copied = ec2
        .copy_image()
        .client_token(&declared.key)
        .set_description(description)
        .source_region(&ec2.region)
        .source_image_id(source)
        .name(name)
        .encrypted(true)
        .set_kms_key_id(stemcell.encryption.kms_key.clone())
        .set_tag_specifications(tagging::specifications(&[ResourceType::Image, ResourceType::Snapshot], &declared.tags))
        .send()
        .await
        .map_err(smithy::error("CopyImage"))
        .inspect_err(|error| declared.failed(error))?;
    let image = copied.image_id.ok_or_else(|| Failure::cloud("CopyImage", "NoId", "the answer names no image"))?;
    declared.intent.created(&image);
    match images::wait_available(ec2, &image).await {
        Ok(()) => Ok(image),
        Err(failure) => match super::delete::delete_owned(ec2, &image).await {
            Ok(()) => {
                declared.intent.removed();
                Err(failure)
            }
            Err(second) => {
                log::error("an image is left behind", &[("image", &image)]);
                Err(failure.and(&format!("image '{image}' is left behind: {}", second.describe())))
            }
        },
    }
}
