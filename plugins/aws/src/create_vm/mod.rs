//! From a plan to a running instance: check, look, make, and on any failure undo.

pub(crate) mod agent;
pub(crate) mod block_devices;
pub(crate) mod candidates;
pub(crate) mod nic_groups;
pub(crate) mod properties;
pub(crate) mod refusals;
pub(crate) mod request;
pub(crate) mod security_groups;
pub(crate) mod vip;
pub(crate) mod zones;

#[cfg(target_family = "wasm")]
mod address_owner;
#[cfg(target_family = "wasm")]
mod attempts;
#[cfg(target_family = "wasm")]
mod build;
#[cfg(target_family = "wasm")]
pub(crate) mod cleanup;
#[cfg(target_family = "wasm")]
mod finish;
#[cfg(target_family = "wasm")]
mod interfaces;
#[cfg(target_family = "wasm")]
mod launch;
#[cfg(target_family = "wasm")]
pub(crate) mod routes;
#[cfg(target_family = "wasm")]
mod survey;

#[cfg(target_family = "wasm")]
pub(crate) use build::create;
