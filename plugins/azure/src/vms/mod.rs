//! VMs that exist.

pub(crate) mod belongings;
mod model;

#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
pub(crate) mod reboot;

use cpi_plugin_sdk::Failure;
pub(crate) use model::Vm;

/// What the Ruby CPI calls unmanaged disks.
pub(crate) fn unmanaged() -> Failure {
    Failure::not_supported(
        "this CPI works with managed disks only: set use_managed_disks of 'azure' to true. VMs and disks in storage accounts \
         stay with the CPI that made them",
    )
}
