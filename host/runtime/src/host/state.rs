use std::time::Duration;

use cpi_broker::{StateError, StateStore};
use serde::{Deserialize, Serialize};
use serde_json::json;
use wasmtime::component::{Accessor, Resource};

use super::{CallState, Host};
use crate::bindings::bosh::cpi::state::{self, Entry, Problem};
use crate::tape::{Bytes, Tape};

/// A lease of this call; nothing is behind it in a replay.
#[expect(unreachable_pub, reason = "generated code re-exports it")]
pub struct Lease(#[expect(dead_code, reason = "held until it is dropped")] Option<cpi_broker::Lease>);

/// An entry as it stands in a recording.
#[derive(Serialize, Deserialize)]
struct Taped {
    value: Bytes,
    version: u64,
}

impl state::Host for CallState {}

impl state::HostLease for CallState {
    fn drop(&mut self, lease: Resource<Lease>) -> wasmtime::Result<()> {
        self.table.delete(lease)?;
        Ok(())
    }
}

impl<T: Send> state::HostWithStore<T> for Host {
    async fn get(accessor: &Accessor<T, Self>, key: String) -> wasmtime::Result<Result<Option<Entry>, Problem>> {
        let (store, tape) = store(accessor);
        let live = async {
            let entry = store.get(&key).map_err(|error| problem(&error))?;
            Ok(entry.map(|entry| Taped { value: entry.value.into(), version: entry.version }))
        };
        let entry: Result<Option<Taped>, Problem> =
            tape.play("state.get", tape.note(|| json!({"key": key})), live).await?;
        Ok(entry.map(|entry| entry.map(|entry| Entry { value: entry.value.into(), version: entry.version })))
    }

    async fn put(
        accessor: &Accessor<T, Self>,
        key: String,
        value: Vec<u8>,
        expect: u64,
    ) -> wasmtime::Result<Result<u64, Problem>> {
        let (store, tape) = store(accessor);
        let with = tape.note(|| json!({"key": key, "value": Bytes::from(value.clone()), "expect": expect}));
        let live = async { store.put(&key, &value, expect).await.map_err(|error| problem(&error)) };
        tape.play("state.put", with, live).await
    }

    async fn delete(accessor: &Accessor<T, Self>, key: String, expect: u64) -> wasmtime::Result<Result<(), Problem>> {
        let (store, tape) = store(accessor);
        let with = tape.note(|| json!({"key": key, "expect": expect}));
        let live = async { store.delete(&key, expect).await.map_err(|error| problem(&error)) };
        tape.play("state.delete", with, live).await
    }

    async fn acquire(
        accessor: &Accessor<T, Self>,
        name: String,
        wait_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Lease>, Problem>> {
        let (store, tape) = store(accessor);
        let mut lease = None;
        let with = tape.note(|| json!({"name": name, "wait_ms": wait_ms}));
        let live = async {
            let held = store.acquire(&name, Duration::from_millis(wait_ms.into())).await;
            held.map(|held| lease = Some(held)).map_err(|error| problem(&error))
        };
        match tape.play("state.acquire", with, live).await? {
            Ok(()) => Ok(Ok(accessor.with(|mut access| access.get().table.push(Lease(lease)))?)),
            Err(problem) => Ok(Err(problem)),
        }
    }
}

fn store<T>(accessor: &Accessor<T, Host>) -> (StateStore, Tape) {
    accessor.with(|mut access| {
        let capabilities = &access.get().capabilities;
        (capabilities.state.clone(), capabilities.tape.clone())
    })
}

fn problem(error: &StateError) -> Problem {
    match error {
        StateError::Conflict => Problem::Conflict,
        StateError::Full => Problem::Full,
        StateError::Busy => Problem::Busy,
        error => Problem::Unavailable(error.to_string()),
    }
}
