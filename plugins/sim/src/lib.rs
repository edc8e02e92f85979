//! A simulated cloud: what `cpi-host` runs when there is no cloud, and every method of the contract in a small form. A plugin
//! with requests is in `plugins/example`.
//!
//! * [`provider`](Sim): the methods of the contract. Each reads its arguments, changes the world, and says what it did.
//! * `cloud`: where the world is kept, and how calls that run at the same time do not lose each other's changes.
//! * `world`: what exists, and the rules of it. It knows nothing of the host, so it is tested natively.
#![forbid(unsafe_code)]

mod cloud;
mod provider;
mod settings;
mod world;

pub use provider::Sim;

#[cfg(target_family = "wasm")]
cpi_plugin_sdk::export!(Sim, manifest: "plugin.toml");
