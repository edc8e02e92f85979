//! What a plugin and its capabilities said to each other in one call: recorded for people and for replay.
//!
//! Every capability goes through [`Tape::play`] or [`Tape::play_now`]. Off the record they only do what they are given;
//! a recording writes down what went in and what came out; a replay gives the answers of a recording, in the order in
//! which they came, and does nothing to the world. The form of a recording is in [`line`].

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod bytes;
mod line;
mod player;
mod recorder;
mod wasi;

pub(crate) use bytes::Bytes;
pub use line::Start;
pub use player::{Difference, Player, RecordingError};
pub use recorder::Recorder;
pub(crate) use wasi::{Clock, Random};

/// How the capabilities of a call are recorded, if at all.
#[derive(Clone, Default)]
pub enum Tape {
    /// They act, and nobody takes notes.
    #[default]
    Off,
    /// They act, and what they do is written down.
    Record(Arc<Recorder>),
    /// A recording answers in their place.
    Replay(Arc<Player>),
}

impl Tape {
    /// What went in, when anybody wants to know.
    pub(crate) fn note(&self, with: impl FnOnce() -> Value) -> Value {
        if matches!(self, Self::Off) { Value::Null } else { with() }
    }

    /// A capability that waits. `live` is what it does to the world; it is not begun when a recording answers.
    pub(crate) async fn play<T: Serialize + DeserializeOwned>(
        &self,
        name: &'static str,
        with: Value,
        live: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        match self {
            Self::Off => Ok(live.await),
            Self::Record(recorder) => {
                let number = recorder.call(name, with);
                let value = live.await;
                recorder.returned(number, &value);
                Ok(value)
            }
            Self::Replay(player) => Ok(serde_json::from_value(player.call(name, &with).await?)?),
        }
    }

    /// A capability that answers at once.
    pub(crate) fn play_now<T: Serialize + DeserializeOwned>(
        &self,
        name: &'static str,
        with: Value,
        live: impl FnOnce() -> T,
    ) -> wasmtime::Result<T> {
        match self {
            Self::Off => Ok(live()),
            Self::Record(recorder) => {
                let value = live();
                recorder.now(name, with, &value);
                Ok(value)
            }
            Self::Replay(player) => Ok(serde_json::from_value(player.now(name, &with)?)?),
        }
    }

    /// The seed of random numbers; none when they shall be really random.
    pub(crate) fn seed(&self) -> Option<&str> {
        match self {
            Self::Off => None,
            Self::Record(recorder) => Some(recorder.seed()),
            Self::Replay(player) => Some(&player.start().seed),
        }
    }
}
