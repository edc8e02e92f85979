use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use wasmtime::component::Accessor;

use super::{CallState, Host};
use crate::bindings::bosh::cpi::clock;

impl clock::Host for CallState {
    fn unix_ms(&mut self) -> wasmtime::Result<u64> {
        self.capabilities.tape.play_now("clock.unix-ms", Value::Null, || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }
}

impl<T: Send> clock::HostWithStore<T> for Host {
    async fn sleep(accessor: &Accessor<T, Self>, ms: u32) -> wasmtime::Result<()> {
        let tape = accessor.with(|mut access| access.get().capabilities.tape.clone());
        let with = tape.note(|| json!({"ms": ms}));
        tape.play("clock.sleep", with, tokio::time::sleep(Duration::from_millis(ms.into()))).await
    }
}
