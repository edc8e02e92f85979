use cpi_plugin_sdk::{Failure, Image, Tag, UploadNote, log};

use super::client::Ebs;
use super::properties::HeavyStemcell;
use super::register;
use super::upload::Upload;
use crate::client::Ec2;
use crate::{snapshots, tags};

/// The one file in the archive.
const ROOT_IMAGE: &str = "root.img";

/// Uploads the image of a stemcell into a snapshot, and makes an image of EC2 from it.
///
/// A failure removes what was made. A call that is killed leaves its snapshot, and the next one for the same stemcell goes
/// on with it.
pub(crate) async fn create(
    ec2: &Ec2,
    image: &Image,
    api_version: u8,
    properties: &str,
    given: &[Tag],
) -> Result<String, Failure> {
    let stemcell = HeavyStemcell::parse(properties, &ec2.settings)?;
    let tags = tags::cut(if api_version >= 3 { given.to_vec() } else { stemcell.tags.clone() });
    let ebs = Ebs::of(&ec2.settings).await?;
    let root = image.member(ROOT_IMAGE.to_owned()).await.map_err(Failure::rejected)?;
    let note = UploadNote::of(&image.facts().await.map_err(Failure::rejected)?.sha256);
    let gib = stemcell.gib(root.size().await.map_err(Failure::rejected)?)?;

    let _alone = note.alone().await?;
    let upload = Upload::begin(ec2, &ebs, note, gib, &stemcell.encryption, &tags).await?;
    let upload = match upload.fill(&root).await {
        Ok(filled) => filled,
        Err((upload, failure)) => return Err(undo(ec2, &upload, failure).await),
    };
    match register::register(ec2, &stemcell, &upload.snapshot, tags).await {
        Ok(ami) => {
            upload.forget().await;
            Ok(ami)
        }
        Err(failure) => Err(undo(ec2, &upload, failure).await),
    }
}

/// Removes the snapshot without hiding why.
async fn undo(ec2: &Ec2, upload: &Upload<'_>, failure: Failure) -> Failure {
    match snapshots::delete::delete(ec2, &upload.snapshot).await {
        Ok(()) => {
            upload.intent.removed();
            upload.forget().await;
            failure
        }
        Err(second) => {
            log::error("a snapshot is left behind", &[("snapshot", &upload.snapshot)]);
            failure.and(&format!("snapshot '{}' is left behind: {}", upload.snapshot, second.describe()))
        }
    }
}
