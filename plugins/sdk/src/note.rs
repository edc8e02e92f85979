use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::{self, Problem};
use crate::{Failure, log};

/// Something that is written down in the plugin's state, so that a later call goes on with what this one began, until it is
/// forgotten.
#[derive(Clone, Debug)]
pub struct Note {
    key: String,
}

impl Note {
    /// What is known under a key, such as `disk-move ID`.
    pub fn of(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }

    /// Under which it stands.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What an earlier call wrote; what cannot be read, as of a newer version of the plugin, is told and counts as nothing.
    pub async fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let Some(entry) = self.entry().await? else { return Ok(None) };
        let read = serde_json::from_slice(&entry.value);
        Ok(read.map_err(|error| self.warn("a note cannot be read", &error.to_string())).ok())
    }

    /// Writes it, in place of what was there.
    pub async fn write(&self, note: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_vec(note).map_err(|error| Failure::rejected(format!("'{}': {error}", self.key)))?;
        let version = self.entry().await?.map_or(0, |entry| entry.version);
        state::put(self.key.clone(), text, version).await.map(drop).map_err(|problem| self.unusable(&problem))
    }

    /// It has served. Where this fails it stays, and is told: who reads it later finds out that it holds no more.
    pub async fn forget(&self) {
        let forgotten = match state::get(self.key.clone()).await {
            Ok(Some(entry)) => state::delete(self.key.clone(), entry.version).await,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = forgotten {
            self.warn("a note is not forgotten", self.unusable(&problem).message());
        }
    }

    /// What a problem with the state is to a caller.
    pub(crate) fn unusable(&self, problem: &Problem) -> Failure {
        Failure::rejected(match problem {
            Problem::Unavailable(why) => why.clone(),
            Problem::Full => {
                "what the plugin keeps is full: raise [limits] state in the host's configuration".to_owned()
            }
            Problem::Conflict | Problem::Busy => format!("another call is working on '{}'", self.key),
        })
    }

    async fn entry(&self) -> Result<Option<state::Entry>, Failure> {
        state::get(self.key.clone()).await.map_err(|problem| self.unusable(&problem))
    }

    fn warn(&self, what: &str, why: &str) {
        log::warn(what, &[("note", &self.key), ("why", why)]);
    }
}
