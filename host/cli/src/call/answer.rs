use std::sync::{Arc, OnceLock};

use cpi_broker::{AgentContext, AgentVault, IntentLog, Journal, Level};
use cpi_protocol::{Call, CpiError, ErrorType, Method, Request};
use cpi_runtime::{Capabilities, Tape};
use serde_json::Value;

use super::{Options, record, registry, shape};
use crate::config::CloudConfig;
use crate::paths;
use crate::ready::Ready;
use crate::session::{self, Session, catalog, unusable};

/// What `info` answers. Callers ask before every other call, so nothing is started for it.
pub(super) fn info(options: &Options, request: &Request) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config, request.context.plugin.as_deref())?;
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let about = catalog(&host)?.about(&cloud.plugin).map_err(|error| unusable(&cloud, &error))?;
    Ok(shape::info(&about, &cloud))
}

/// What `ping` answers: that the plugin could be opened.
pub(super) fn ping(options: &Options, request: &Request) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config, request.context.plugin.as_deref())?;
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let installed = catalog(&host)?.open(&cloud.plugin).map_err(|error| unusable(&cloud, &error))?;
    if installed.manifest.plugin.ping {
        return Ok("pong".into());
    }
    let text = format!("'ping' is not implemented by plugin '{}': 'info' says whether it can be called", cloud.plugin);
    Err(CpiError::new(ErrorType::NotImplemented, text))
}

/// Finds the plugin, computes what it may do, and lets it answer. What it declares is told in `intents`.
pub(super) async fn answer(
    options: &Options,
    request: Request,
    call: Call,
    intents: &OnceLock<Arc<IntentLog>>,
    journal: Arc<Journal>,
) -> Result<Value, CpiError> {
    let cloud = CloudConfig::read(&options.config, request.context.plugin.as_deref())?;
    hide(&cloud, &request, &call, &journal);
    let host = paths::host_config(&options.host).map_err(CpiError::host)?;
    let catalog = catalog(&host)?;
    let installed = catalog.open(&cloud.plugin).map_err(|error| unusable(&cloud, &error))?;
    let registry = registry::of(&request, &call, &cloud, &installed.manifest.agents)?;
    shape::before(&request, &call, &installed, &cloud, registry.is_some())?;
    let ready = Ready::load(&cloud, &catalog, installed, &journal).await?;
    let session = Session::open(ready, &cloud, &request.context.properties, &host, &journal)?;

    let (director, request_id) = (&request.context.director_uuid, request.context.request_id.as_deref());
    let declared = || session.intents(director, request_id, request.method.name(), Arc::clone(&journal));
    let agents = Arc::new(agents(&cloud, &call, &session, registry.is_some()));
    let intents = Arc::clone(intents.get_or_init(declared));
    let recorder = record::begin(options, &session, &request, &journal)?;
    let mut capabilities = session.capabilities(director, agents, intents, journal);
    capabilities.tape = recorder.clone().map_or(Tape::Off, Tape::Record);

    let sent = match &call {
        Call::CreateVm(vm) => Some(vm.network_settings.clone()),
        _ => None,
    };
    let change = registry::Change::of(&call);
    let running = Running { session, capabilities, request };
    let result = running.call(call).await;
    if result.is_ok() {
        running.capabilities.uploads.forget();
        let places = &running.session.manifest().agents.place;
        if !places.is_empty() && running.capabilities.agents.is_forgotten() {
            let text = "the agent's settings went into no request: none fits `place` of [agents] in the plugin's manifest, \
                        so the agent of the VM may not find them";
            running.capabilities.journal.write(Level::Warn, text);
        }
    }
    if let Some(recorder) = recorder {
        recorder.answer(&result);
    }
    let result = match registry.zip(change) {
        Some((registry, change)) => registry::follow(&registry, change, result, &running).await?,
        None => result?,
    };
    let known = running.session.manifest().agents.networks_in_answer.then(|| running.capabilities.agents.networks());
    Ok(shape::result(&running.request, result, known.flatten().or(sent)))
}

/// A plugin and everything that it needs to answer: the call, and what undoes it.
pub(super) struct Running {
    pub(super) session: Session,
    pub(super) capabilities: Capabilities,
    pub(super) request: Request,
}

impl Running {
    /// Lets the plugin answer the request's own method.
    async fn call(&self, call: Call) -> Result<Value, CpiError> {
        self.run(self.capabilities.clone(), &self.request, call).await
    }

    /// Lets the plugin remove a VM that it made in this call.
    pub(super) async fn delete_vm(&self, vm: String) -> Result<Value, CpiError> {
        // A recording is of one call.
        let capabilities = Capabilities { tape: Tape::Off, ..self.capabilities.clone() };
        let request = Request { method: Method::DeleteVm, ..self.request.clone() };
        self.run(capabilities, &request, Call::DeleteVm { vm }).await
    }

    async fn run(&self, capabilities: Capabilities, request: &Request, call: Call) -> Result<Value, CpiError> {
        let Session { plugin, limits, readable, .. } = &self.session;
        plugin.run(capabilities, limits, request, call, readable.clone()).await
    }
}

/// What must not be printed, before anything is: what the configuration keeps secret, `env`, and whatever has the name
/// of a secret, at any depth of the request.
fn hide(cloud: &CloudConfig, request: &Request, call: &Call, journal: &Journal) {
    session::hide(cloud, journal);
    journal.hide(|mask| {
        if let Call::CreateVm(vm) = call {
            vm.env.iter().for_each(|env| mask.add_env(env));
        }
        mask.add_named(&request.context.properties);
        request.arguments.iter().for_each(|argument| mask.add_named_within(argument));
    });
}

fn agents(cloud: &CloudConfig, call: &Call, session: &Session, in_registry: bool) -> AgentVault {
    let Call::CreateVm(vm) = call else { return AgentVault::default() };
    AgentVault::new(match session.grant.check_agents() {
        Err(denial) => Err(denial.to_string()),
        Ok(()) => Ok(AgentContext {
            agent_id: vm.agent_id.clone(),
            networks: vm.network_settings.clone(),
            alias_nic_groups: session.manifest().agents.alias_nic_groups,
            env: vm.env.clone(),
            config: cloud.section("agent"),
            registry: registry::endpoint(cloud, &session.manifest().agents),
            settings_in_registry: in_registry,
        }),
    })
}
