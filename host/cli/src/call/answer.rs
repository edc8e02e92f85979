use std::sync::{Arc, OnceLock};

use cpi_broker::{AgentContext, AgentVault, IntentLog, Journal};
use cpi_protocol::{Call, CpiError, Request};
use serde_json::Value;

use super::{Options, shape};
use crate::config::CloudConfig;
use crate::paths;
use crate::session::{self, Session, catalog, unusable};

/// What `info` answers. Callers ask before every other call, so nothing is started for it.
pub(super) fn info(options: &Options) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config)?;
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let about = catalog(&host)?.about(&cloud.plugin).map_err(|error| unusable(&error))?;
    Ok(shape::info(&about, &cloud))
}

/// Finds the plugin, computes what it may do, and lets it answer. What it declares is told in `intents`.
pub(super) async fn answer(
    options: &Options,
    request: Request,
    call: Call,
    intents: &OnceLock<Arc<IntentLog>>,
    journal: Arc<Journal>,
) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config)?;
    hide(&cloud, &call, &journal);
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let installed = catalog(&host)?.open(&cloud.plugin).map_err(|error| unusable(&error))?;
    shape::before(&request, &call, &installed.about, &cloud)?;
    let session = Session::open(installed, &cloud, &request.context.properties, &host, &journal)?;

    let (director, request_id) = (&request.context.director_uuid, request.context.request_id.as_deref());
    let declared = || session.intents(director, request_id, request.method.name(), Arc::clone(&journal));
    let agents = Arc::new(agents(&cloud, &call, &session));
    let capabilities = session.capabilities(director, agents, Arc::clone(intents.get_or_init(declared)), journal);

    let networks = match &call {
        Call::CreateVm(vm) => Some(vm.network_settings.clone()),
        _ => None,
    };
    let result = session.plugin.run(capabilities, &session.limits, &request, call, session.readable).await?;
    Ok(shape::result(&request, result, networks))
}

/// What must not be printed, before anything is: the agent's configuration, and what the caller sends to the agent.
fn hide(cloud: &CloudConfig, call: &Call, journal: &Journal) {
    session::hide(cloud, journal);
    if let Call::CreateVm(vm) = call {
        journal.hide(|mask| vm.env.iter().for_each(|env| mask.add_env(env)));
    }
}

fn agents(cloud: &CloudConfig, call: &Call, session: &Session) -> AgentVault {
    let Call::CreateVm(vm) = call else { return AgentVault::default() };
    AgentVault::new(match session.grant.check_agents() {
        Err(denial) => Err(denial.to_string()),
        Ok(()) => Ok(AgentContext {
            agent_id: vm.agent_id.clone(),
            networks: vm.network_settings.clone(),
            env: vm.env.clone(),
            config: cloud.section("agent"),
        }),
    })
}
