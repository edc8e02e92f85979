use std::time::Duration;

use cpi_protocol::{CpiError, printable};
use wasmtime::{Trap, WasmBacktrace};

use crate::limiter::Limiter;

/// What is shown of a panic.
const LONGEST: usize = 4096;

/// What ended an instance, in words for the operator; `panic` is what the plugin said last.
pub(crate) fn error(
    plugin: &str,
    cause: &wasmtime::Error,
    panic: Option<&str>,
    limiter: &Limiter,
    cpu: Duration,
) -> CpiError {
    if let Some(panic) = panic {
        return CpiError::host(printable(&format!("plugin '{plugin}' {panic}"), LONGEST));
    }
    // A plugin that gets no memory aborts without a panic.
    if let Some(asked) = limiter.refused {
        let limit = limiter.memory_limit() >> 20;
        return CpiError::host(format!(
            "plugin '{plugin}' asked for {} MiB of memory, its limit is {limit} MiB: raise [limits] memory if that is real work",
            asked.div_ceil(1 << 20)
        ));
    }
    if let Some(exit) = cause.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return CpiError::host(format!("plugin '{plugin}' ended itself with status {} instead of answering", exit.0));
    }
    match cause.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CpiError::host(format!(
            "plugin '{plugin}' computed for {} without an answer: raise [limits] cpu if that is real work",
            seconds(cpu)
        )),
        Some(trap) => CpiError::host(format!("plugin '{plugin}' failed: {trap}")),
        None => CpiError::host(format!("plugin '{plugin}' failed: {}", cause.root_cause())),
    }
}

/// The functions in which it happened, innermost first.
pub(crate) fn backtrace(cause: &wasmtime::Error) -> Option<String> {
    cause.downcast_ref::<WasmBacktrace>().map(ToString::to_string)
}

/// A time for people.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
