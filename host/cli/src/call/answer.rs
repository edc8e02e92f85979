use std::sync::Arc;

use cpi_broker::{AgentContext, AgentVault, Credentials, Egress, Journal, Network, StateStore, TokenCache};
use cpi_catalog::{Catalog, CatalogError, Installed};
use cpi_policy::{Grant, HostConfig, Settings};
use cpi_protocol::{Call, CpiError, Request};
use cpi_runtime::{Capabilities, Engine, Plugin};
use serde_json::Value;

use super::{Options, shape};
use crate::config::CloudConfig;
use crate::paths;

/// What `info` answers. Callers ask before every other call, so nothing is started for it.
pub(super) fn info(options: &Options) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config)?;
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let about = catalog(&host)?.about(&cloud.plugin).map_err(|error| unusable(&error))?;
    Ok(shape::info(&about, &cloud))
}

/// Finds the plugin, computes what it may do, and lets it answer.
pub(super) async fn answer(
    options: &Options,
    request: Request,
    call: Call,
    journal: Arc<Journal>,
) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config)?;
    hide(&cloud, &call, &journal);
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let Installed { manifest, about, compiled } =
        catalog(&host)?.open(&cloud.plugin).map_err(|error| unusable(&error))?;
    shape::before(&request, &call, &about, &cloud)?;

    let settings = Settings::split(&manifest, &cloud.properties, &request.context.properties)
        .map_err(|problem| CpiError::host(format!("configuration: {problem}")))?;
    journal.hide(|mask| settings.host.hide(mask));
    let grant = Arc::new(Grant::new(&manifest, &settings, &host.egress, &host.limits));
    let limits = grant.limits().clone();
    journal.allow(limits.log);

    let engine = Engine::new().map_err(|error| CpiError::host(format!("WebAssembly cannot be run here: {error:#}")))?;
    let plugin = Plugin::load(&engine, &cloud.plugin, &compiled).map_err(|error| {
        let name = &cloud.plugin;
        CpiError::host(format!("plugin '{name}': {error}. Install it again: `cpi-host plugin install FILE.wasm`"))
    })?;

    let state = paths::state(&host);
    let network = Arc::new(Network::new(&host.egress));
    journal.hide(|mask| network.secrets().iter().for_each(|secret| mask.add(secret)));
    let cache = host.credentials.cache.then(|| TokenCache::new(&state, Arc::clone(&journal)));
    let credentials = Credentials::new(&manifest, settings.host, &network, cache.as_ref(), Arc::clone(&journal));
    let agents = Arc::new(AgentVault::new(agent_context(&cloud, &call)));
    let readable = Value::Object(settings.readable).to_string();
    let director = &request.context.director_uuid;
    let capabilities = Capabilities {
        state: StateStore::new(&state, &cloud.plugin, director, limits.state),
        egress: Arc::new(Egress::new(grant, credentials, network, Arc::clone(&agents), Arc::clone(&journal))),
        agents,
        journal,
    };

    let networks = match &call {
        Call::CreateVm(vm) => Some(vm.network_settings.clone()),
        _ => None,
    };
    let result = plugin.run(capabilities, &limits, &request, call, readable).await?;
    Ok(shape::result(&request, result, networks))
}

fn catalog(host: &HostConfig) -> Result<Catalog, CpiError> {
    paths::plugins(host).map(Catalog::new).map_err(CpiError::host)
}

fn unusable(error: &CatalogError) -> CpiError {
    CpiError::host(format!("cloud.plugin: {error}"))
}

/// What must not be printed, before anything is: the agent's configuration, and what the caller sends to the agent.
fn hide(cloud: &CloudConfig, call: &Call, journal: &Journal) {
    journal.hide(|mask| {
        for section in ["agent", "registry"] {
            mask.add_all(&Value::Object(cloud.section(section)));
        }
        if let Call::CreateVm(vm) = call {
            vm.env.iter().for_each(|env| mask.add_env(env));
        }
    });
}

fn agent_context(cloud: &CloudConfig, call: &Call) -> Option<AgentContext> {
    let Call::CreateVm(vm) = call else { return None };
    Some(AgentContext {
        agent_id: vm.agent_id.clone(),
        networks: vm.network_settings.clone(),
        env: vm.env.clone(),
        config: cloud.section("agent"),
    })
}
