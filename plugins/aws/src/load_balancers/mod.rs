//! Membership of VMs in load balancers: classic ones by their name, the newer ones through target groups.
//!
//! The load balancers are looked up before anything is made. What is registered by its instance leaves by itself when the
//! instance ends; what is registered by its address does not, so the VM carries tags that say where it has to be taken
//! out.

pub(crate) mod address_targets;
pub(crate) mod target_group;

#[cfg(target_family = "wasm")]
mod client;
#[cfg(target_family = "wasm")]
pub(crate) mod deregister;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
pub(crate) mod register;
