use cpi_plugin_sdk::{ApiError, Failure, Image, Intent, UploadNote, log};
use serde_json::{Value, json};

use super::blob::blob;
use crate::arm::Arm;
use crate::leftovers;
use crate::stemcells::metadata::Metadata;
use crate::storage::{Account, Blob, accounts};

/// The one file in the archive: a fixed VHD with its footer.
const ROOT_IMAGE: &str = "root.vhd";
/// Pages have so many bytes.
const PAGE: u64 = 512;

/// Uploads the image of a stemcell into the default account, and returns the stemcell's identifier and what is on record of
/// its blob.
///
/// A failure removes the blob. A call that is killed leaves it, and the next one for the same stemcell goes on with it.
pub(crate) async fn upload(
    arm: &Arm,
    image: &Image,
    id: &str,
    metadata: &Metadata,
) -> Result<(String, Intent), Failure> {
    let root = image.member(ROOT_IMAGE.to_owned()).await.map_err(Failure::rejected)?;
    let size = root.size().await.map_err(Failure::rejected)?;
    if size == 0 || !size.is_multiple_of(PAGE) {
        return Err(Failure::rejected(format!(
            "{ROOT_IMAGE} in the stemcell has {size} bytes: a VHD has a multiple of {PAGE}"
        )));
    }
    let account = accounts::default(arm).await?;
    let note = UploadNote::of(&image.facts().await.map_err(Failure::rejected)?.sha256);
    let _alone = note.alone().await?;
    let order = json!({"account": account.name, "size": size, "metadata": metadata});
    let upload = Upload::begin(arm, &account, note, id, order, size, metadata).await?;
    match upload.blob.fill(&root, arm.settings.upload_width).await {
        Ok(_) => {
            upload.intent.created(&upload.id);
            upload.note.forget().await;
            Ok((upload.id, upload.intent))
        }
        Err(error) => Err(upload.undo(error).await),
    }
}

/// A blob that is being filled, known to the state until it is a stemcell.
struct Upload {
    note: UploadNote,
    id: String,
    blob: Blob,
    intent: Intent,
}

impl Upload {
    /// Goes on with the blob of an earlier call that was killed, or makes one.
    async fn begin(
        arm: &Arm,
        account: &Account,
        note: UploadNote,
        id: &str,
        order: Value,
        size: u64,
        metadata: &Metadata,
    ) -> Result<Self, Failure> {
        let known = note.read(&order).await?.unwrap_or_default();
        if let Some(earlier) = known.get("stemcell").and_then(Value::as_str) {
            let blob = blob(arm, account, earlier)?;
            if blob.find().await?.is_some_and(|found| found.size == size) {
                log::info("going on with the upload of an earlier call", &[("stemcell", earlier)]);
                let intent = begin(&blob).await?;
                return Ok(Self { note, id: earlier.to_owned(), blob, intent });
            }
        }
        let blob = blob(arm, account, id)?;
        let intent = begin(&blob).await?;
        note.write(&json!({"order": order, "stemcell": id})).await?;
        let upload = Self { note, id: id.to_owned(), blob, intent };
        match upload.blob.create(size, metadata).await {
            Ok(()) => Ok(upload),
            Err(error) if error.may_have_arrived() => Err(upload.undo(error).await),
            Err(error) => {
                upload.intent.removed();
                upload.note.forget().await;
                Err(failed(error))
            }
        }
    }

    /// Removes the blob without hiding why.
    async fn undo(&self, error: ApiError) -> Failure {
        let failure = failed(error);
        match self.blob.delete().await {
            Ok(_) => {
                self.intent.removed();
                self.note.forget().await;
                failure
            }
            Err(second) => {
                log::error("a blob is left behind", &[("blob", &self.blob.url), ("error", &second.to_string())]);
                failure.and(&format!("the blob '{}' is left behind: {second}", self.blob.url))
            }
        }
    }
}

async fn begin(blob: &Blob) -> Result<Intent, Failure> {
    Intent::begin(leftovers::UPLOAD, &leftovers::key_of(blob), &json!({"resumable": true})).await
}

fn failed(error: ApiError) -> Failure {
    Failure::from(error).within("Failed to upload page blob")
}
