use cpi_plugin_sdk::{ApiError, Failure};
use serde::Deserialize;

use super::version::Version;
use super::{Gallery, references};
use crate::arm::{Arm, Kind, Resource, Tagged};

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    tagged: Tagged,
}

/// The image version that serves a stemcell.
pub(crate) async fn find(arm: &Arm, gallery: &Gallery, stemcell: &str) -> Result<Option<(Resource, Version)>, Failure> {
    let filter = format!("tagName eq 'compute_gallery_name' and tagValue eq '{}'", gallery.name());
    let all: Vec<Listed> = arm.list(&gallery.resource.neighbours(&arm.settings), &[("$filter", &filter)]).await?;
    let kind = Kind::GalleryImageVersion;
    let versions = all.iter().filter(|found| found.kind.eq_ignore_ascii_case(kind.name()) && gallery.has(&found.id));
    // By its description Azure leaves tags out of a list that was made by tags; then only a look at each tells.
    let candidates = versions.filter(|found| {
        let tags = &found.tagged.tags;
        tags.is_empty() || references::has(tags, stemcell)
    });
    for found in candidates {
        let resource = Resource::known(&arm.settings, kind, &found.id);
        if let Some(version) = read(arm, &resource).await?
            && references::has(&version.tags, stemcell)
        {
            return Ok(Some((resource, version)));
        }
    }
    Ok(None)
}

pub(super) async fn read(arm: &Arm, resource: &Resource) -> Result<Option<Version>, ApiError> {
    arm.read(resource).await
}
