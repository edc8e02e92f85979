use cpi_plugin_sdk::Failure;
use serde::Deserialize;

use super::{Image, versions};
use crate::arm::{Arm, Resource, Tagged};

#[derive(Deserialize)]
struct Version {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    tagged: Tagged,
}

/// The version of an image in the gallery that is this stemcell's.
pub(super) async fn find(arm: &Arm, gallery: &str, stemcell: &str) -> Result<Option<Image>, Failure> {
    let filter = format!("tagName eq 'compute_gallery_name' and tagValue eq '{gallery}'");
    let all: Vec<Version> = arm.list(&Resource::in_group(&arm.settings), &[("$filter", &filter)]).await?;
    let candidates =
        all.iter().filter(|found| found.kind.eq_ignore_ascii_case("Microsoft.Compute/galleries/images/versions"));
    let mut ours = candidates.filter(|found| versions::is_version_of(&found.tagged.tags, stemcell));
    ours.next().map(|found| Image::new(found.id.clone(), &found.tagged.tags)).transpose()
}
