//! Snapshots of persistent disks.

mod body;

#[cfg(target_family = "wasm")]
pub(crate) mod complete;
#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;

pub(crate) use body::body;
