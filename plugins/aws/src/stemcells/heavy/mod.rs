//! Stemcells whose image has to be uploaded. EBS direct takes it from any machine: no helper VM, no volume, no root.

pub(crate) mod kernel;
pub(crate) mod properties;
pub(crate) mod refusal;

#[cfg(target_family = "wasm")]
pub(crate) mod client;
#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
mod register;
#[cfg(target_family = "wasm")]
mod upload;
