use std::time::{Duration, SystemTime};

use wasmtime::component::Accessor;

use super::{CallState, Host};
use crate::bindings::bosh::cpi::clock;

impl clock::Host for CallState {
    fn unix_ms(&mut self) -> wasmtime::Result<u64> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl<T: Send> clock::HostWithStore<T> for Host {
    async fn sleep(_accessor: &Accessor<T, Self>, ms: u32) -> wasmtime::Result<()> {
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
        Ok(())
    }
}
