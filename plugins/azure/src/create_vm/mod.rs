//! From a plan to a VM: check, look, make, and on any failure undo.

mod agent;
mod attempts;
mod availability_set;
mod body;
mod disks;
mod host;
mod image;
mod interfaces;
mod machine;
mod networks;
mod pools;
mod properties;
mod request;
mod security_groups;
mod spot;
pub(crate) mod vhds;

#[cfg(target_family = "wasm")]
mod account;
#[cfg(target_family = "wasm")]
mod boot;
#[cfg(target_family = "wasm")]
mod build;
#[cfg(target_family = "wasm")]
mod launch;
#[cfg(target_family = "wasm")]
mod member;
#[cfg(target_family = "wasm")]
mod survey;
#[cfg(target_family = "wasm")]
mod undo;

#[cfg(target_family = "wasm")]
pub(crate) use build::create;
