//! Volumes.

pub(crate) mod changes;
pub(crate) mod device_names;
pub(crate) mod properties;

#[cfg(target_family = "wasm")]
pub(crate) mod attach;
#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod detach;
#[cfg(target_family = "wasm")]
pub(crate) mod modify;
