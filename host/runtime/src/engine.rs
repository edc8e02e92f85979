use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::Config;

/// How often a computing plugin is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Compiles and runs components. One is enough for a process.
pub struct Engine {
    inner: wasmtime::Engine,
    ticker: OnceLock<()>,
}

impl Engine {
    /// An engine for this machine.
    pub fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .wasm_component_model_async(true)
            .epoch_interruption(true)
            .max_wasm_stack(512 << 10)
            .async_stack_size(1 << 20)
            .native_unwind_info(false)
            .wasm_backtrace_max_frames(NonZeroUsize::new(20))
            // The same call computes the same numbers on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true);
        Ok(Self { inner: wasmtime::Engine::new(&config)?, ticker: OnceLock::new() })
    }

    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Starts the one thread that makes computing plugins stop and look at their budget.
    pub(crate) fn tick(&self) {
        self.ticker.get_or_init(|| {
            let engine = self.inner.weak();
            let run = move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            };
            // Without it a plugin could compute without end; the wall clock still ends calls that wait.
            if let Err(error) = std::thread::Builder::new().name("epochs".to_owned()).spawn(run) {
                self.inner.increment_epoch();
                drop(error);
            }
        });
    }
}
