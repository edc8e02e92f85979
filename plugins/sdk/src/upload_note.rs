use serde_json::Value;

use crate::state::{self, Lease, Problem};
use crate::{Failure, Note};

/// What the state keeps of a stemcell's upload until it is a stemcell, by the digest of the image: with it, the next call
/// for the same stemcell goes on where a killed one ended.
#[derive(Debug, Clone)]
pub struct UploadNote {
    note: Note,
}

/// How long a call waits for another one that uploads the same stemcell.
const OTHER_CALL_MS: u32 = 60_000;

impl UploadNote {
    /// The note about the image with this digest.
    #[must_use]
    pub fn of(digest: &str) -> Self {
        Self { note: Note::of(format!("stemcell-upload {digest}")) }
    }

    /// Keeps two calls from uploading one image at the same time; waits a minute for the other one.
    pub async fn alone(&self) -> Result<Lease, Failure> {
        state::acquire(self.note.key().to_owned(), OTHER_CALL_MS).await.map_err(|problem| match problem {
            Problem::Busy => Failure::rejected("another call is uploading this stemcell: wait until it has ended"),
            other => self.note.unusable(&other),
        })
    }

    /// What an earlier call wrote, if its member `order` is this one: an upload with other settings is another one.
    pub async fn read(&self, order: &Value) -> Result<Option<Value>, Failure> {
        let known: Option<Value> = self.note.read().await?;
        Ok(known.filter(|known| known.get("order") == Some(order)))
    }

    /// Writes it, in place of what was there: an object with the member `order`.
    pub async fn write(&self, note: &Value) -> Result<(), Failure> {
        self.note.write(note).await
    }

    /// The upload is a stemcell, or gone. Where this fails, the next upload finds that out and starts anew.
    pub async fn forget(&self) {
        self.note.forget().await;
    }
}
