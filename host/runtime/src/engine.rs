use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::Config;

/// How often a computing plugin is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Compiles and runs components. One is enough for a process.
pub struct Engine {
    inner: wasmtime::Engine,
    ticking: AtomicBool,
}

impl Engine {
    /// An engine that runs what [`compile`](crate::compile) made.
    pub fn new() -> wasmtime::Result<Self> {
        Self::of(&Self::config())
    }

    /// An engine that compiles for every machine of this architecture. Packages are compiled on other machines than those
    /// they run on, and virtual machines move: code must not use what only the processor here can do.
    pub(crate) fn portable() -> wasmtime::Result<Self> {
        let mut config = Self::config();
        // With a target named, wasmtime leaves out what it would find out about this processor.
        config.target(&target_lexicon::Triple::host().to_string())?;
        Self::of(&config)
    }

    fn of(config: &Config) -> wasmtime::Result<Self> {
        Ok(Self { inner: wasmtime::Engine::new(config)?, ticking: AtomicBool::new(false) })
    }

    fn config() -> Config {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .wasm_component_model_async(true)
            .epoch_interruption(true)
            .max_wasm_stack(512 << 10)
            .async_stack_size(1 << 20)
            .native_unwind_info(false)
            // A backtrace names functions, not places in them: the table of places would be a tenth of compiled code.
            .generate_address_map(false)
            .wasm_backtrace_max_frames(NonZeroUsize::new(20))
            // The same call computes the same numbers on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true);
        config
    }

    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Starts the one thread that makes computing plugins stop and look at their budget.
    pub(crate) fn tick(&self) -> io::Result<()> {
        if self.ticking.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let engine = self.inner.weak();
        let run = move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        let started = std::thread::Builder::new().name("epochs".to_owned()).spawn(run);
        // Without the thread nothing may run: the next one to ask tries again.
        started.map(drop).inspect_err(|_| self.ticking.store(false, Ordering::Relaxed))
    }
}
