use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

use cpi_broker::{
    AgentVault, Credentials, Egress, ImageRules, IntentLog, Journal, Network, Origin, Probe, Problem, Registry,
    StateStore, Throttle, TokenCache, Uploads, stack_certificates,
};
use cpi_catalog::{Catalog, CatalogError};
use cpi_policy::{AddressRule, Grant, HostConfig, Limits, Manifest, Settings};
use cpi_protocol::{CpiError, Object};
use cpi_runtime::{Capabilities, Plugin, Tape};
use serde_json::Value;
use url::Url;

use crate::config::CloudConfig;
use crate::paths;
use crate::ready::Ready;

/// A plugin, ready for calls with one effective configuration.
pub(crate) struct Session {
    /// It goes with the process: taking apart what was mapped would be an eighth of a short call's instructions.
    pub(crate) plugin: ManuallyDrop<Plugin>,
    pub(crate) limits: Limits,
    /// BLAKE3 of the plugin's component, in hexadecimal.
    pub(crate) digest: String,
    /// The settings that the plugin reads.
    pub(crate) readable: String,
    /// The settings that tell this cloud and account from others.
    pub(crate) account: Object,
    settings: Settings,
    manifest: Arc<Manifest>,
    pub(crate) grant: Arc<Grant>,
    /// The folder of all states.
    pub(crate) state: PathBuf,
    /// The file of the configuration.
    configuration: PathBuf,
    image_rules: Arc<ImageRules>,
    pub(crate) network: Arc<Network>,
    /// Whether credentials are kept for later calls.
    cache: bool,
}

impl Session {
    /// Merges the request's properties over the configuration, and computes what the plugin may do.
    pub(crate) fn open(
        ready: Ready,
        cloud: &CloudConfig,
        properties: &Object,
        host: &HostConfig,
        journal: &Journal,
    ) -> Result<Self, CpiError> {
        let Ready { manifest, digest, plugin } = ready;
        let settings = Settings::split(&manifest, &cloud.properties, properties)
            .map_err(|problem| CpiError::host(format!("configuration: {problem}")))?;
        journal.hide(|mask| settings.host.hide(mask));
        let grant = Grant::new(&manifest, &settings, host).map_err(|error| CpiError::host(error.to_string()))?;
        let grant = Arc::new(grant);
        let limits = grant.limits().clone();
        journal.allow(limits.log);

        let network = Network::new(&host.egress).trusting(stack_certificates(&settings.host));
        let network = Arc::new(network.saying(manifest.user_agent(&settings.host)));
        journal.hide(|mask| network.secrets().iter().for_each(|secret| mask.add(secret)));
        Ok(Self {
            plugin: ManuallyDrop::new(plugin),
            limits,
            digest,
            readable: Value::Object(settings.readable.clone()).to_string(),
            account: settings.account(),
            settings,
            manifest: Arc::new(manifest),
            grant,
            state: paths::state(host),
            configuration: cloud.path.clone(),
            image_rules: Arc::new(paths::image_rules(host)),
            network,
            cache: host.credentials.cache,
        })
    }

    /// What one call of a director reaches.
    pub(crate) fn capabilities(
        &self,
        director: &str,
        agents: Arc<AgentVault>,
        intents: Arc<IntentLog>,
        journal: Arc<Journal>,
    ) -> Capabilities {
        let cache = self.cache.then(|| TokenCache::new(&self.state, &self.configuration, Arc::clone(&journal)));
        let settings = self.settings.host.clone();
        let credentials =
            Credentials::new(&self.manifest, settings, &self.network, cache.as_ref(), Arc::clone(&journal));
        let (grant, network) = (Arc::clone(&self.grant), Arc::clone(&self.network));
        let egress = Egress::new(grant, credentials, network, Arc::clone(&agents), Arc::clone(&journal));
        let throttle = Throttle::new(&self.state, self.settings.host.account());
        let (plugin, identity) = (&self.manifest.plugin.name, &self.settings.identity);
        let state = StateStore::new(&self.state, plugin, director, identity, self.limits.state);
        Capabilities {
            uploads: Uploads::beside(&state),
            state,
            egress: Arc::new(egress.with_throttle(throttle)),
            agents,
            intents,
            image_rules: Arc::clone(&self.image_rules),
            journal,
            tape: Tape::Off,
        }
    }

    /// Whether a service can be reached.
    pub(crate) async fn probe(&self, url: &Url, addresses: &AddressRule) -> Result<Probe, Problem> {
        self.network.probe(url, addresses).await
    }

    /// What the plugin is and asks for.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The record of what a call of a director is about to make.
    pub(crate) fn intents(
        &self,
        director: &str,
        request_id: Option<&str>,
        method: &str,
        journal: Arc<Journal>,
    ) -> Arc<IntentLog> {
        let origin = Origin {
            plugin: self.manifest.plugin.name.clone(),
            director: director.to_owned(),
            request_id: request_id.map(str::to_owned),
            method: method.to_owned(),
            configuration: self.account.clone(),
        };
        Arc::new(IntentLog::new(&self.state, origin, self.limits.state, journal))
    }
}

pub(crate) fn catalog(host: &HostConfig) -> Result<Catalog, CpiError> {
    paths::plugins(host).map(|folder| Catalog::new(folder, host)).map_err(CpiError::host)
}

pub(crate) fn unusable(cloud: &CloudConfig, error: &CatalogError) -> CpiError {
    CpiError::host(format!("{}: {error}", cloud.selected_by))
}

/// What must not be printed, before anything is: the agent's configuration, the registry's password, and whatever has
/// the name of a secret, at any depth.
pub(crate) fn hide(cloud: &CloudConfig, journal: &Journal) {
    let registry = Value::Object(cloud.section("registry"));
    journal.hide(|mask| {
        mask.add_all(&Value::Object(cloud.section("agent")));
        match Registry::of(&cloud.section("registry")) {
            Ok(found) => found.iter().for_each(|registry| registry.hide(mask)),
            Err(_) => mask.add_all(&registry),
        }
        mask.add_named(&cloud.properties);
    });
}
