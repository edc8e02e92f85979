//! Instances that exist.

pub(crate) mod metadata;

#[cfg(target_family = "wasm")]
pub(crate) mod current;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod reboot;
