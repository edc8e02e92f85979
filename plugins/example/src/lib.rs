//! The plugin of `docs/plugins.md`, for the small cloud in `cloud.py`.
//!
//! * [`provider`](Example): the methods of the contract, each a few requests.
//! * `cloud`: the requests, and what the cloud answers.
#![forbid(unsafe_code)]

mod cloud;
mod provider;

pub use provider::Example;

#[cfg(target_family = "wasm")]
cpi_plugin_sdk::export!(Example, manifest: "plugin.toml");
