use std::time::Duration;

use cpi_policy::{Limits, in_words};
use cpi_protocol::{CpiError, printable};
use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};

use crate::limiter::{Limiter, Refused};

/// What is shown of a panic.
const LONGEST: usize = 4096;

/// What ended an instance. Those that name a setting begin with a stable code.
#[derive(Debug, thiserror::Error)]
enum Ended {
    /// The plugin is at fault.
    #[error("{0}")]
    Panic(String),
    /// The plugin is at fault, or the limit is too low.
    #[error("limit-memory: asked for {} MiB of memory, its limit is {} MiB: raise [limits] memory if it needs that", asked.div_ceil(1 << 20), limit >> 20)]
    Memory { asked: usize, limit: usize },
    /// The plugin is at fault, or the limit is too low.
    #[error(
        "limit-table-elements: asked for {asked} table elements, its limit is {limit}: raise [limits] table-elements if it needs that"
    )]
    TableElements { asked: usize, limit: usize },
    /// The component is at fault, or the limit is too low.
    #[error("limit-instances: {0}: raise [limits] instances if the component is meant to be that large")]
    Instances(String),
    /// The plugin is at fault, or the limit is too low.
    #[error("limit-handles: asked for more than {0} handles, its limit: raise [limits] handles if it needs that")]
    Handles(usize),
    /// The plugin is at fault, or the limit is too low.
    #[error("limit-values: handed more than {} MiB to the host at once: raise [limits] values if it needs that", .0 >> 20)]
    Values(usize),
    /// The plugin is at fault, or the limit is too low.
    #[error("limit-cpu: computed for {} without an answer: raise [limits] cpu if it needs that", in_words(*.0))]
    Cpu(Duration),
    /// The plugin is at fault.
    #[error("ended itself with status {0} instead of answering")]
    Exit(i32),
    /// The plugin is at fault.
    #[error("failed: {0}")]
    Trap(String),
}

/// What ended an instance, in words for the operator; `panic` is what the plugin said last.
pub(crate) fn error(
    plugin: &str,
    cause: &wasmtime::Error,
    panic: Option<String>,
    limiter: &Limiter,
    limits: &Limits,
) -> CpiError {
    let ended = panic.map_or_else(|| ended(cause, limiter, limits), Ended::Panic);
    CpiError::host(printable(&format!("plugin '{plugin}' {ended}"), LONGEST))
}

/// What a call that took too long comes to.
pub(crate) fn out_of_time(method: &str, wall: Duration) -> CpiError {
    CpiError::host(format!(
        "limit-wall: {method} took longer than {}, which is the limit: raise [limits] wall = {{ {method} = … }}",
        in_words(wall)
    ))
}

fn ended(cause: &wasmtime::Error, limiter: &Limiter, limits: &Limits) -> Ended {
    // A plugin that gets no memory aborts without a panic.
    match limiter.refused {
        Some(Refused::Memory(asked, limit)) => return Ended::Memory { asked, limit },
        Some(Refused::TableElements(asked, limit)) => return Ended::TableElements { asked, limit },
        None => {}
    }
    if let Some(exit) = cause.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Ended::Exit(exit.0);
    }
    if let Some(ResourceTableError::Full) = cause.downcast_ref() {
        return Ended::Handles(limits.handles);
    }
    match cause.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => return Ended::Cpu(limits.cpu),
        Some(trap) => return Ended::Trap(trap.to_string()),
        None => {}
    }
    // The runtime has no types for these.
    let text = cause.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls") {
        Ended::Values(limits.values)
    } else if text.contains("store handle limit exceeded") {
        Ended::Handles(limits.handles)
    } else if text.starts_with("resource limit exceeded") {
        Ended::Instances(text)
    } else {
        Ended::Trap(text)
    }
}

/// The functions in which it happened, innermost first.
pub(crate) fn backtrace(cause: &wasmtime::Error) -> Option<String> {
    cause.downcast_ref::<WasmBacktrace>().map(ToString::to_string)
}
