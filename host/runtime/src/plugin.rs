use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use cpi_broker::Level;
use cpi_policy::{Limits, LimitsPatch, Manifest};
use cpi_protocol::{Call, CpiError, Method, Request};
use serde_json::Value;
use wasmtime::component::{Component, Linker};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::bindings::{Plugin as Instance, PluginPre};
use crate::call;
use crate::host::{CallState, Host};
use crate::stderr::Captured;
use crate::{About, Capabilities, Engine, compiled, trap, wasi};

/// A component, ready to answer calls.
pub struct Plugin {
    name: Arc<str>,
    ready: PluginPre<CallState>,
}

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The compiled code is damaged, or made by another version or for another machine: compile it again.
    #[error("the compiled plugin does not fit this program or this machine: {0}")]
    Compiled(String),
    /// The component wants more than the contract gives: its author is at fault.
    #[error("the plugin imports what no plugin may have, or not as the contract says: {0}")]
    Imports(String),
    /// The component lacks a part of the contract: its author is at fault.
    #[error("the plugin does not export the contract: {0}")]
    Exports(String),
    /// The machine gives this process no thread.
    #[error("the thread that limits computing cannot be started: {0}")]
    Process(#[source] std::io::Error),
}

impl Plugin {
    /// Makes compiled code ready. The caller has verified the file: see [`crate::compile`].
    pub fn load(engine: &Engine, name: &str, file: &File) -> Result<Self, LoadError> {
        let component = compiled::map(engine, file).map_err(|error| LoadError::Compiled(format!("{error:#}")))?;
        Self::new(engine, name, &component)
    }

    fn new(engine: &Engine, name: &str, component: &Component) -> Result<Self, LoadError> {
        let linker = linker(engine).map_err(|error| LoadError::Imports(format!("{error:#}")))?;
        let ready = linker.instantiate_pre(component).map_err(|error| LoadError::Imports(format!("{error:#}")))?;
        let ready = PluginPre::new(ready).map_err(|error| LoadError::Exports(format!("{error:#}")))?;
        // Without the thread a plugin could compute without end.
        engine.tick().map_err(LoadError::Process)?;
        Ok(Self { name: name.into(), ready })
    }

    /// What the provider says of itself. It needs neither settings nor requests, so it is asked once, at installation.
    pub async fn about(&self, manifest: &Manifest) -> Result<About, CpiError> {
        let limits = Limits::new(&manifest.limits, &LimitsPatch::default());
        self.with_instance(Capabilities::none(manifest), &limits, Method::Info.name(), async |instance, store| {
            call::about(&instance, store).await
        })
        .await
    }

    /// Answers one call with a fresh instance; `settings` is what the plugin may read of its settings.
    pub async fn run(
        &self,
        capabilities: Capabilities,
        limits: &Limits,
        request: &Request,
        call: Call,
        settings: String,
    ) -> Result<Value, CpiError> {
        let method = request.method.name();
        let facts = call::facts(request, settings);
        self.with_instance(capabilities, limits, method, async |instance, store| {
            call::run(&instance, store, facts, call).await
        })
        .await
    }

    pub(crate) async fn with_instance<R>(
        &self,
        capabilities: Capabilities,
        limits: &Limits,
        work_name: &str,
        work: impl AsyncFnOnce(Instance, &mut Store<CallState>) -> wasmtime::Result<Result<R, CpiError>>,
    ) -> Result<R, CpiError> {
        let journal = Arc::clone(&capabilities.journal);
        let output = Captured::new(Arc::clone(&journal), Arc::clone(&self.name));
        let mut store = self.store(capabilities, output.clone(), limits);
        let wall = Method::from_name(work_name).map_or(limits.wall, |method| limits.wall_of(method));
        store.data().capabilities.egress.ends_in(wall);
        let outcome = tokio::time::timeout(wall, async {
            let instance = self.ready.instantiate_async(&mut store).await?;
            work(instance, &mut store).await
        })
        .await;
        match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(cause)) => {
                if let Some(frames) = trap::backtrace(&cause) {
                    journal.write(Level::Debug, frames);
                }
                Err(trap::error(&self.name, &cause, output.panic(), &store.data().limiter, limits))
            }
            Err(_) => Err(trap::out_of_time(work_name, wall)),
        }
    }

    fn store(&self, capabilities: Capabilities, output: Captured, limits: &Limits) -> Store<CallState> {
        let state = CallState::new(capabilities, Arc::clone(&self.name), output, limits);
        let mut store = Store::new(self.ready.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits.values);
        store.set_max_component_handles(limits.handles);
        if let Some(waiting) = store.concurrent_resource_table() {
            waiting.set_max_capacity(limits.handles);
        }
        store.set_epoch_deadline(1);
        // One tick at a time, so that other work of the process goes on; what counts is the time that was computed.
        let (start, most) = (computed(), limits.cpu);
        store.epoch_deadline_callback(move |store| {
            if computed().saturating_sub(start) > most + of_images(store.data().capabilities.egress.carried()) {
                Err(Trap::Interrupt.into())
            } else {
                Ok(UpdateDeadline::Yield(1))
            }
        });
        store
    }
}

/// What the host may have computed on this thread to send so much of an image: encryption for the most part. Some times
/// more than it takes, so that no upload ends at the plugin's limit.
fn of_images(bytes: u64) -> Duration {
    const OF_A_MIB: Duration = Duration::from_millis(15);
    OF_A_MIB.saturating_mul(u32::try_from(bytes >> 20).unwrap_or(u32::MAX))
}

/// What this thread has computed so far, waiting left out.
fn computed() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine.inner());
    wasi::link(&mut linker)?;
    Instance::add_to_linker::<_, Host>(&mut linker, |state| state)?;
    Ok(linker)
}
