use std::time::Duration;

use cpi_broker::{Lease, StateError, StateStore};
use wasmtime::component::{Accessor, Resource};

use super::{CallState, Host};
use crate::bindings::bosh::cpi::state::{self, Entry, Problem};

impl state::Host for CallState {}

impl state::HostLease for CallState {
    fn drop(&mut self, lease: Resource<Lease>) -> wasmtime::Result<()> {
        self.table.delete(lease)?;
        Ok(())
    }
}

impl<T: Send> state::HostWithStore<T> for Host {
    async fn get(accessor: &Accessor<T, Self>, key: String) -> wasmtime::Result<Result<Option<Entry>, Problem>> {
        let entry = store(accessor).get(&key);
        let entry = entry.map(|entry| entry.map(|entry| Entry { value: entry.value, version: entry.version }));
        Ok(entry.map_err(|error| problem(&error)))
    }

    async fn put(
        accessor: &Accessor<T, Self>,
        key: String,
        value: Vec<u8>,
        expect: u64,
    ) -> wasmtime::Result<Result<u64, Problem>> {
        Ok(store(accessor).put(&key, &value, expect).await.map_err(|error| problem(&error)))
    }

    async fn delete(accessor: &Accessor<T, Self>, key: String, expect: u64) -> wasmtime::Result<Result<(), Problem>> {
        Ok(store(accessor).delete(&key, expect).await.map_err(|error| problem(&error)))
    }

    async fn acquire(
        accessor: &Accessor<T, Self>,
        name: String,
        wait_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Lease>, Problem>> {
        match store(accessor).acquire(&name, Duration::from_millis(wait_ms.into())).await {
            Ok(lease) => Ok(Ok(accessor.with(|mut access| access.get().table.push(lease))?)),
            Err(error) => Ok(Err(problem(&error))),
        }
    }
}

fn store<T>(accessor: &Accessor<T, Host>) -> StateStore {
    accessor.with(|mut access| access.get().capabilities.state.clone())
}

fn problem(error: &StateError) -> Problem {
    match error {
        StateError::Conflict => Problem::Conflict,
        StateError::Full => Problem::Full,
        StateError::Busy => Problem::Busy,
        error => Problem::Unavailable(error.to_string()),
    }
}
