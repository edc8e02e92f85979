//! A plugin that misbehaves in every way that the host's tests ask for.
//!
//! The text of an argument chooses what it does: see `Provider::has_vm` in `provider.rs` for most of it. What a trick
//! finds out comes back as the text of `Failure::Rejected`.
#![cfg(target_family = "wasm")]

mod agent;
mod escape;
mod exhaust;
mod fan_out;
mod image;
mod many;
mod mode;
mod network;
mod noise;
mod provider;
mod results;
mod scan;
mod store;

use cpi_plugin_sdk::Failure;

cpi_plugin_sdk::export!(provider::Hostile, manifest: "plugin.toml");

/// Tells the test what was found out.
fn found<T>(what: impl std::fmt::Debug) -> Result<T, Failure> {
    Err(Failure::Rejected(format!("{what:?}")))
}
