//! Microsoft Azure for BOSH, over Azure Resource Manager (ARM).
//!
//! What decides is compiled natively too and tested there; what makes requests is compiled for WebAssembly only.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(target_family = "wasm"),
    expect(dead_code, unused_imports, reason = "their users are compiled for wasm only")
)]

mod arm;
mod create_vm;
mod disks;
mod errors;
mod ids;
mod instance_types;
mod leftovers;
mod settings;
mod snapshots;
mod stemcells;
mod storage;
mod tags;
mod vms;

use cpi_plugin_sdk::properties;

#[cfg(target_family = "wasm")]
mod provider;
#[cfg(target_family = "wasm")]
mod tagging;

#[cfg(target_family = "wasm")]
pub use provider::Azure;

#[cfg(test)]
mod testing;
