//! Amazon EC2 for BOSH.
//!
//! What decides is compiled natively too and tested there; what makes requests is compiled for WebAssembly only, since
//! the AWS SDK takes minutes to compile.
#![expect(clippy::doc_markdown, reason = "NVMe is a word")]
#![cfg_attr(not(target_family = "wasm"), expect(dead_code, reason = "its callers are compiled for wasm only"))]

mod create_vm;
mod disks;
mod encryption;
mod errors;
mod instance_types;
mod leftovers;
mod load_balancers;
mod patience;
mod settings;
mod snapshots;
mod stemcells;
mod tags;
mod vms;
mod volume_speed;

use cpi_plugin_sdk::properties;

#[cfg(target_family = "wasm")]
mod client;
#[cfg(target_family = "wasm")]
mod images;
#[cfg(target_family = "wasm")]
mod instances;
#[cfg(target_family = "wasm")]
mod provider;
#[cfg(target_family = "wasm")]
mod tagging;
#[cfg(target_family = "wasm")]
mod volumes;
#[cfg(target_family = "wasm")]
mod wait;

#[cfg(target_family = "wasm")]
pub use provider::Aws;

#[cfg(test)]
mod testing;
