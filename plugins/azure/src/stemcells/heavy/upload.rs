use cpi_plugin_sdk::state::{self, Lease, Problem};
use cpi_plugin_sdk::{ApiError, Failure, Image, Intent, log};
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
/// How long a call waits for another one that uploads the same stemcell.
const OTHER_CALL_MS: u32 = 60_000;

/// Uploads the image of a stemcell into the default account, and returns the stemcell's identifier.
///
/// A failure removes the blob. A call that is killed leaves it, and the next one for the same stemcell goes on with it.
pub(crate) async fn upload(arm: &Arm, image: &Image, id: &str, metadata: &Metadata) -> Result<String, Failure> {
    let root = image.member(ROOT_IMAGE.to_owned()).await.map_err(Failure::rejected)?;
    let size = root.size().await.map_err(Failure::rejected)?;
    if size == 0 || !size.is_multiple_of(PAGE) {
        return Err(Failure::rejected(format!(
            "{ROOT_IMAGE} in the stemcell has {size} bytes: a VHD has a multiple of {PAGE}"
        )));
    }
    let account = accounts::default(arm).await?;
    let digest = image.facts().await.map_err(Failure::rejected)?.sha256;
    let _alone = alone(&digest).await?;
    let order = json!({"account": account.name, "size": size, "metadata": metadata});
    let upload = Upload::begin(arm, &account, &digest, id, order, size, metadata).await?;
    match upload.blob.fill(&root, arm.settings.upload_width).await {
        Ok(_) => {
            upload.intent.created(&upload.id);
            upload.forget().await;
            Ok(upload.id)
        }
        Err(error) => Err(upload.undo(error).await),
    }
}

/// A blob that is being filled, known to the state until it is a stemcell.
struct Upload {
    key: String,
    id: String,
    blob: Blob,
    intent: Intent,
}

impl Upload {
    /// Goes on with the blob of an earlier call that was killed, or makes one.
    async fn begin(
        arm: &Arm,
        account: &Account,
        digest: &str,
        id: &str,
        order: Value,
        size: u64,
        metadata: &Metadata,
    ) -> Result<Self, Failure> {
        let key = key(digest);
        if let Some(earlier) = earlier(&key, &order).await? {
            let blob = blob(arm, account, &earlier)?;
            if blob.find().await?.is_some_and(|found| found.size == size) {
                log::info("going on with the upload of an earlier call", &[("stemcell", &earlier)]);
                let intent = begin(&blob).await?;
                return Ok(Self { key, id: earlier, blob, intent });
            }
        }
        let blob = blob(arm, account, id)?;
        let intent = begin(&blob).await?;
        keep(&key, &json!({"order": order, "stemcell": id})).await?;
        let upload = Self { key, id: id.to_owned(), blob, intent };
        match upload.blob.create(size, metadata).await {
            Ok(()) => Ok(upload),
            Err(error) if error.may_have_arrived() => Err(upload.undo(error).await),
            Err(error) => {
                upload.intent.removed();
                upload.forget().await;
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
                self.forget().await;
                failure
            }
            Err(second) => {
                log::error("a blob is left behind", &[("blob", &self.blob.url), ("error", &second.to_string())]);
                failure.and(&format!("the blob '{}' is left behind: {second}", self.blob.url))
            }
        }
    }

    async fn forget(&self) {
        let forgotten = match state::get(self.key.clone()).await {
            Ok(Some(entry)) => state::delete(self.key.clone(), entry.version).await,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = forgotten {
            // The next upload finds the blob, or does not, and starts anew.
            log::warn("an upload is not forgotten", &[("problem", &format!("{problem:?}"))]);
        }
    }
}

/// Keeps two calls from filling one blob.
async fn alone(digest: &str) -> Result<Lease, Failure> {
    state::acquire(key(digest), OTHER_CALL_MS).await.map_err(|problem| match problem {
        Problem::Busy => Failure::rejected("another call is uploading this stemcell: wait until it has ended"),
        other => unusable(&other),
    })
}

async fn begin(blob: &Blob) -> Result<Intent, Failure> {
    Intent::begin(leftovers::UPLOAD, &leftovers::key_of(blob), &json!({"resumable": true})).await
}

fn failed(error: ApiError) -> Failure {
    Failure::from(error).within("Failed to upload page blob")
}

fn key(digest: &str) -> String {
    format!("stemcell-upload {digest}")
}

/// The stemcell that an earlier call was to make by the same order.
async fn earlier(key: &str, order: &Value) -> Result<Option<String>, Failure> {
    let entry = state::get(key.to_owned()).await.map_err(|problem| unusable(&problem))?;
    let known: Value = entry.and_then(|entry| serde_json::from_slice(&entry.value).ok()).unwrap_or_default();
    let is_same = known.get("order") == Some(order);
    Ok(known.get("stemcell").and_then(Value::as_str).filter(|_| is_same).map(str::to_owned))
}

async fn keep(key: &str, value: &Value) -> Result<(), Failure> {
    let before = state::get(key.to_owned()).await.map_err(|problem| unusable(&problem))?;
    let version = before.map_or(0, |entry| entry.version);
    let kept = state::put(key.to_owned(), value.to_string().into_bytes(), version).await;
    kept.map(drop).map_err(|problem| unusable(&problem))
}

fn unusable(problem: &Problem) -> Failure {
    Failure::rejected(match problem {
        Problem::Unavailable(why) => why.clone(),
        Problem::Full => "what the plugin keeps is full: raise [limits] state in the host's configuration".to_owned(),
        Problem::Conflict | Problem::Busy => "another call is uploading this stemcell".to_owned(),
    })
}
