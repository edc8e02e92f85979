//! What a plugin may import, implemented over the broker.

use std::path::Path;
use std::sync::Arc;

use cpi_broker::{
    AgentVault, Credentials, Egress, ImageRules, IntentLog, Journal, Level, Network, Origin, StateStore, Uploads,
};
use cpi_policy::{Grant, HostSettings, Limits, Manifest};
use cpi_protocol::Object;
use wasmtime::component::{HasSelf, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::bosh::cpi::types;
use crate::limiter::Limiter;
use crate::stderr::Captured;
use crate::tape::Tape;
use crate::wasi;

mod agents;
mod clock;
mod http;
mod images;
mod intents;
mod log;
mod state;

#[expect(unreachable_pub, reason = "generated code re-exports it")]
pub use intents::Pending;
#[expect(unreachable_pub, reason = "generated code re-exports it")]
pub use state::Lease;

/// Everything that one call of a plugin reaches.
#[derive(Clone)]
pub struct Capabilities {
    /// `bosh:cpi/http`.
    pub egress: Arc<Egress>,
    /// `bosh:cpi/agents`.
    pub agents: Arc<AgentVault>,
    /// `bosh:cpi/intents`.
    pub intents: Arc<IntentLog>,
    /// `bosh:cpi/state`.
    pub state: StateStore,
    /// `bosh:cpi/images`: which of them may be read.
    pub image_rules: Arc<ImageRules>,
    /// `bosh:cpi/images`: which blocks were taken.
    pub uploads: Uploads,
    /// `bosh:cpi/log`.
    pub journal: Arc<Journal>,
    /// Who takes notes of all of them, or answers in their place.
    pub tape: Tape,
}

impl Capabilities {
    /// What `info` reaches: nothing. It can send no request and keep no state, and what it logs is not shown.
    pub(crate) fn none(manifest: &Manifest) -> Self {
        let journal = Arc::new(Journal::new(Box::new(std::io::sink()), Level::Error, None));
        Self::replaying(manifest, Tape::Off, journal)
    }

    /// What a replay reaches: a recording, and behind it nothing.
    pub fn replaying(manifest: &Manifest, tape: Tape, journal: Arc<Journal>) -> Self {
        let grant = Grant::none(manifest);
        let agents = Arc::<AgentVault>::default();
        let network = Arc::<Network>::default();
        let credentials = Credentials::new(manifest, HostSettings::default(), &network, None, Arc::clone(&journal));
        let egress = Egress::new(Arc::new(grant), credentials, network, Arc::clone(&agents), Arc::clone(&journal));
        let nowhere = Path::new("/dev/null");
        let state = StateStore::new(nowhere, "", "", &Object::new(), 0);
        Self {
            egress: Arc::new(egress),
            agents,
            intents: Arc::new(IntentLog::new(nowhere, Origin::default(), 0, Arc::clone(&journal))),
            uploads: Uploads::beside(&state),
            state,
            image_rules: Arc::default(),
            journal,
            tape,
        }
    }
}

/// The store data of one instance.
pub(crate) struct CallState {
    pub(crate) capabilities: Capabilities,
    pub(crate) plugin: Arc<str>,
    pub(crate) limiter: Limiter,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
}

/// The capabilities that need the store while they wait.
pub(crate) type Host = HasSelf<CallState>;

impl CallState {
    pub(crate) fn new(capabilities: Capabilities, plugin: Arc<str>, output: Captured, limits: &Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let wasi = wasi::context(output, &capabilities.tape);
        Self { capabilities, plugin, limiter: Limiter::new(limits), table, wasi }
    }
}

impl types::Host for CallState {}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
