//! VMs that exist.

pub(crate) mod belongings;
mod model;

#[cfg(target_family = "wasm")]
pub(crate) mod blobs;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
pub(crate) mod reboot;

pub(crate) use model::Vm;
