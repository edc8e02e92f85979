//! What calls left behind, looked at and removed through the plugin.

use cpi_broker::LeftBehind;
use cpi_policy::Limits;
use cpi_protocol::{CpiError, HIGHEST_API_VERSION};
use wasmtime::Store;

use crate::bindings::Plugin as Instance;
use crate::bindings::bosh::cpi::intents::Intent;
use crate::bindings::bosh::cpi::types::{Call, Failure};
use crate::bindings::exports::bosh::cpi::leftovers::Leftover;
use crate::host::CallState;
use crate::{Capabilities, Plugin, failure};

/// What time limits and messages call it; no method of the protocol.
const WORK: &str = "orphans";

impl Plugin {
    /// Identifiers of what is there of something that a call declared.
    pub async fn find_leftover(
        &self,
        capabilities: Capabilities,
        limits: &Limits,
        director: &str,
        settings: &str,
        left: &LeftBehind,
    ) -> Result<Vec<String>, CpiError> {
        let (call, leftover) = (facts(director, settings), leftover(left));
        self.with_instance(capabilities, limits, WORK, async |instance: Instance, store: &mut Store<CallState>| {
            let found =
                store.run_concurrent(async |on| instance.bosh_cpi_leftovers().call_find(on, call, leftover).await);
            Ok(answer(found.await??))
        })
        .await
    }

    /// Removes what is there of it; none is fine.
    pub async fn remove_leftover(
        &self,
        capabilities: Capabilities,
        limits: &Limits,
        director: &str,
        settings: &str,
        left: &LeftBehind,
    ) -> Result<(), CpiError> {
        let (call, leftover) = (facts(director, settings), leftover(left));
        self.with_instance(capabilities, limits, WORK, async |instance: Instance, store: &mut Store<CallState>| {
            let removed =
                store.run_concurrent(async |on| instance.bosh_cpi_leftovers().call_remove(on, call, leftover).await);
            Ok(answer(removed.await??))
        })
        .await
    }
}

fn answer<T>(answer: Result<T, Failure>) -> Result<T, CpiError> {
    answer.map_err(failure::error)
}

fn facts(director: &str, settings: &str) -> Call {
    Call {
        request_id: None,
        director_id: director.to_owned(),
        api_version: HIGHEST_API_VERSION,
        stemcell_api_version: None,
        settings: settings.to_owned(),
    }
}

fn leftover(left: &LeftBehind) -> Leftover {
    let note = serde_json::Value::Object(left.intent.note.clone()).to_string();
    let intent = Intent { kind: left.intent.kind.clone(), key: left.intent.key.clone(), note };
    Leftover { intent, id: left.id.clone() }
}
