use serde_json::Value;

use crate::state::{self, Lease, Problem};
use crate::{Failure, log};

/// What the state keeps of a stemcell's upload until it is a stemcell, by the digest of the image: with it, the next call
/// for the same stemcell goes on where a killed one ended.
#[derive(Debug, Clone)]
pub struct UploadNote {
    key: String,
}

/// How long a call waits for another one that uploads the same stemcell.
const OTHER_CALL_MS: u32 = 60_000;

impl UploadNote {
    /// The note about the image with this digest.
    #[must_use]
    pub fn of(digest: &str) -> Self {
        Self { key: format!("stemcell-upload {digest}") }
    }

    /// Keeps two calls from uploading one image at the same time; waits a minute for the other one.
    pub async fn alone(&self) -> Result<Lease, Failure> {
        state::acquire(self.key.clone(), OTHER_CALL_MS).await.map_err(|problem| match problem {
            Problem::Busy => Failure::rejected("another call is uploading this stemcell: wait until it has ended"),
            other => unusable(&other),
        })
    }

    /// What an earlier call wrote, if its member `order` is this one: an upload with other settings is another one.
    pub async fn read(&self, order: &Value) -> Result<Option<Value>, Failure> {
        let entry = state::get(self.key.clone()).await.map_err(|problem| unusable(&problem))?;
        let known: Option<Value> = entry.and_then(|entry| serde_json::from_slice(&entry.value).ok());
        Ok(known.filter(|known| known.get("order") == Some(order)))
    }

    /// Writes it, in place of what was there: an object with the member `order`.
    pub async fn write(&self, note: &Value) -> Result<(), Failure> {
        let before = state::get(self.key.clone()).await.map_err(|problem| unusable(&problem))?;
        let version = before.map_or(0, |entry| entry.version);
        let kept = state::put(self.key.clone(), note.to_string().into_bytes(), version).await;
        kept.map(drop).map_err(|problem| unusable(&problem))
    }

    /// The upload is a stemcell, or gone. Where this fails, the next upload finds that out and starts anew.
    pub async fn forget(&self) {
        let forgotten = match state::get(self.key.clone()).await {
            Ok(Some(entry)) => state::delete(self.key.clone(), entry.version).await,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = forgotten {
            log::warn("an upload is not forgotten", &[("problem", &format!("{problem:?}"))]);
        }
    }
}

fn unusable(problem: &Problem) -> Failure {
    Failure::rejected(match problem {
        Problem::Unavailable(why) => why.clone(),
        Problem::Full => "what the plugin keeps is full: raise [limits] state in the host's configuration".to_owned(),
        Problem::Conflict | Problem::Busy => "another call is uploading this stemcell".to_owned(),
    })
}
