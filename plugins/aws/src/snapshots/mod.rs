//! Snapshots of volumes.

pub(crate) mod metadata;

#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
