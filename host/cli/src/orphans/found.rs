use cpi_broker::{Ended, LeftBehind, Origin};
use serde_json::{Value, json};

/// Something that a call left behind, and what became of it.
pub(super) struct Found {
    pub(super) origin: Origin,
    pub(super) ended: Ended,
    pub(super) left: LeftBehind,
    pub(super) state: State,
}

/// What is known of it now.
pub(super) enum State {
    /// It is there, under these identifiers.
    There(Vec<String>),
    /// It was never made, or is gone.
    Gone,
    /// It was removed now, or was gone already.
    Removed,
    /// It is there, and was not removed because the caller may know of it.
    Kept(Vec<String>),
    /// It is there, and a later call goes on with it.
    Resumable(Vec<String>),
    /// It was made with other settings, so that it cannot be looked at with these.
    Elsewhere,
    /// The plugin could not tell, or not remove it, for this reason.
    Unknown(String),
}

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::There(_) => "there",
            Self::Gone => "gone",
            Self::Removed => "removed",
            Self::Kept(_) => "kept",
            Self::Resumable(_) => "resumable",
            Self::Elsewhere => "other settings",
            Self::Unknown(_) => "unknown",
        }
    }

    pub(super) fn ids(&self) -> &[String] {
        match self {
            Self::There(ids) | Self::Kept(ids) | Self::Resumable(ids) => ids,
            _ => &[],
        }
    }
}

impl Found {
    pub(super) fn json(&self) -> Value {
        let Self { origin, ended, left, state } = self;
        let (ended, error) = match ended {
            Ended::Killed => ("killed", None),
            Ended::Failed(message) => ("failed", Some(message)),
            Ended::Answering => ("answering", None),
        };
        let problem = match state {
            State::Unknown(problem) => Some(problem),
            _ => None,
        };
        json!({
            "declared": left.at,
            "director": origin.director,
            "request_id": origin.request_id,
            "method": origin.method,
            "ended": ended,
            "error": error,
            "kind": left.intent.kind,
            "key": left.intent.key,
            "id": left.id,
            "state": state.name(),
            "ids": state.ids(),
            "problem": problem,
            "settings": origin.configuration,
        })
    }
}
