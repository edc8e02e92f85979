use cpi_policy::Limits;
use cpi_protocol::{CpiError, HIGHEST_API_VERSION};
use wasmtime::Store;

use crate::bindings::Plugin as Instance;
use crate::bindings::bosh::cpi::types::Call;
use crate::host::CallState;
use crate::{Capabilities, Plugin, failure};

/// What time limits and messages call it; no method of the protocol.
const WORK: &str = "check";

impl Plugin {
    /// Whether settings and credentials work, as far as the plugin can tell at little cost.
    pub async fn check(
        &self,
        capabilities: Capabilities,
        limits: &Limits,
        director: &str,
        settings: &str,
    ) -> Result<(), CpiError> {
        let call = Call {
            request_id: None,
            director_id: director.to_owned(),
            api_version: HIGHEST_API_VERSION,
            stemcell_api_version: None,
            settings: settings.to_owned(),
        };
        self.with_instance(capabilities, limits, WORK, async |instance: Instance, store: &mut Store<CallState>| {
            let checked = store.run_concurrent(async |on| instance.bosh_cpi_provider().call_check(on, call).await);
            Ok(checked.await??.map_err(failure::error))
        })
        .await
    }
}
