use std::sync::Arc;

use cpi_broker::{Intent, IntentLog};
use serde_json::json;
use wasmtime::component::{Accessor, Resource};

use super::{CallState, Capabilities, Host};
use crate::bindings::bosh::cpi::intents::{self, Intent as Declared};

/// An intent of this call, by its number.
#[expect(unreachable_pub, reason = "generated code re-exports it")]
pub struct Pending(u32);

impl intents::Host for CallState {}

impl intents::HostPending for CallState {
    fn created(&mut self, pending: Resource<Pending>, id: String) -> wasmtime::Result<()> {
        let Pending(number) = *self.table.get(&pending)?;
        let Capabilities { intents, tape, .. } = &self.capabilities;
        let with = tape.note(|| json!({"number": number, "id": id}));
        tape.play_now("intents.created", with, || intents.created(number, &id))
    }

    fn removed(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        let Pending(number) = *self.table.get(&pending)?;
        let Capabilities { intents, tape, .. } = &self.capabilities;
        tape.play_now("intents.removed", tape.note(|| json!({"number": number})), || intents.removed(number))
    }

    /// What becomes of it is not said, so it stays on record.
    fn drop(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        self.table.delete(pending)?;
        Ok(())
    }
}

impl<T: Send> intents::HostWithStore<T> for Host {
    async fn begin(
        accessor: &Accessor<T, Self>,
        declared: Declared,
    ) -> wasmtime::Result<Result<Resource<Pending>, String>> {
        let (log, tape) = accessor.with(|mut access| {
            let capabilities = &access.get().capabilities;
            (Arc::clone(&capabilities.intents), capabilities.tape.clone())
        });
        let with = tape.note(|| json!(declared));
        match tape.play("intents.begin", with, async { write_down(&log, declared) }).await? {
            Ok(number) => Ok(Ok(accessor.with(|mut access| access.get().table.push(Pending(number)))?)),
            Err(why) => Ok(Err(why)),
        }
    }
}

/// Not on another thread: everything else of the call may wait the millisecond that a disk takes.
fn write_down(log: &IntentLog, declared: Declared) -> Result<u32, String> {
    let note = serde_json::from_str(&declared.note).map_err(|error| format!("the note of an intent: {error}"))?;
    let intent = Intent { kind: declared.kind, key: declared.key, note };
    log.begin(intent).map_err(|error| error.to_string())
}
