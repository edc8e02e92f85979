//! Compiled components. This file has the only unsafe code of the host.

use std::fs::File;
use std::os::fd::AsRawFd;

use wasmtime::component::Component;

use crate::Engine;

/// Why a component cannot be compiled: its author is at fault.
#[derive(Debug, thiserror::Error)]
#[error("it is not a WebAssembly component that can be compiled: {0}")]
pub struct CompileError(String);

/// Compiles a component for all machines of this architecture. Takes seconds; never done while a call waits.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, CompileError> {
    let compiled = Engine::portable().and_then(|engine| engine.inner().precompile_component(component));
    compiled.map_err(|error| CompileError(format!("{error:#}")))
}

/// Maps compiled code into this process.
///
/// The caller has made sure that this very file holds what [`compile`] wrote, and that nobody but its owner can
/// change it. It is opened through its descriptor, so that nothing can take its place in between.
#[expect(unsafe_code, reason = "compiled code is machine code: its origin is checked by the caller, as said above")]
pub(crate) fn map(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: the bytes were written by `compile` and verified since; see above.
    unsafe { Component::deserialize_file(engine.inner(), &path) }
}
