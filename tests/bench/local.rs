use std::path::Path;
use std::sync::Arc;

use cpi_broker::{AgentVault, Credentials, Egress, IntentLog, Journal, Level, Network, Origin, StateStore, Uploads};
use cpi_catalog::Catalog;
use cpi_policy::{Grant, HostConfig, Manifest, Settings};
use cpi_protocol::{Call, CpiError, Object, Request};
use cpi_runtime::{Capabilities, Engine, Plugin, Tape};
use cpi_tests::request;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A plugin in this process, as a call of the program would have it.
pub(crate) struct Local {
    plugin: Plugin,
    parts: Parts,
    state: TempDir,
    _engine: Engine,
}

/// What a call's capabilities are made of.
pub(crate) struct Parts {
    manifest: Manifest,
    settings: Settings,
    grant: Arc<Grant>,
}

/// A call that is parsed already.
pub(crate) struct Ready {
    request: Request,
    call: Call,
}

impl Local {
    /// The misbehaving plugin of a folder, its endpoint and the operator's limits (TOML).
    pub(crate) fn hostile(plugins: &Path, endpoint: &str, limits: &str) -> Self {
        let engine = Engine::new().expect("an engine");
        let catalog = Catalog::new(plugins, &HostConfig::default());
        let installed = catalog.open("hostile").expect("it is installed");
        let plugin = catalog.load(&engine, &installed).expect("it can be loaded");
        let parts = Parts::new(installed.manifest, &json!({"hostile": {"endpoint": endpoint}}), limits);
        Self { plugin, parts, state: TempDir::new().expect("a folder"), _engine: engine }
    }

    /// Lets a fresh instance do a trick.
    pub(crate) async fn run(&self, Ready { request, call }: &Ready) -> Result<Value, CpiError> {
        let limits = self.parts.grant.limits();
        let journal = quiet();
        let agents = Arc::<AgentVault>::default();
        let state = StateStore::new(self.state.path(), "hostile", "director-1", &Object::new(), limits.state);
        let capabilities = Capabilities {
            egress: Arc::new(self.parts.egress(&journal)),
            uploads: Uploads::beside(&state),
            state,
            intents: Arc::new(IntentLog::new(self.state.path(), Origin::default(), limits.state, Arc::clone(&journal))),
            agents,
            journal,
            tape: Tape::Off,
            image_rules: Arc::default(),
        };
        let settings = Value::Object(self.parts.settings.readable.clone()).to_string();
        self.plugin.run(capabilities, limits, request, call.clone(), settings).await
    }
}

impl Parts {
    pub(crate) fn new(manifest: Manifest, properties: &Value, limits: &str) -> Self {
        let properties = properties.as_object().expect("an object");
        let settings = Settings::split(&manifest, properties, &Object::new()).expect("settings");
        let limits = toml::from_str(limits).expect("limits");
        let host = HostConfig { limits, ..HostConfig::default() };
        let grant = Grant::new(&manifest, &settings, &host).expect("a grant");
        Self { manifest, settings, grant: Arc::new(grant) }
    }

    /// The way out for one call.
    pub(crate) fn egress(&self, journal: &Arc<Journal>) -> Egress {
        let network = Arc::<Network>::default();
        let credentials =
            Credentials::new(&self.manifest, self.settings.host.clone(), &network, None, Arc::clone(journal));
        Egress::new(Arc::clone(&self.grant), credentials, network, Arc::default(), Arc::clone(journal))
    }
}

impl Ready {
    /// `has_vm` of the misbehaving plugin, whose argument names a trick.
    pub(crate) fn trick(name: &str) -> Self {
        let text = request("has_vm", &json!([name])).to_string();
        let request = Request::parse(text.as_bytes()).expect("a request");
        let call = Call::parse(&request).expect("a call");
        Self { request, call }
    }
}

/// A log that is made and thrown away.
pub(crate) fn quiet() -> Arc<Journal> {
    Arc::new(Journal::new(Box::new(std::io::sink()), Level::Info, Some("cpi-1")))
}

/// What the program has: one thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
