//! Persistent disks, attached to VMs: managed disks of their own, or blobs of a storage account.

mod caching;
mod changes;
pub(crate) mod data_disks;
mod move_note;
pub(crate) mod properties;
mod vhd_footer;

#[cfg(target_family = "wasm")]
pub(crate) mod attach;
#[cfg(target_family = "wasm")]
pub(crate) mod blob;
#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
mod migrate;
#[cfg(target_family = "wasm")]
pub(crate) mod modify;
#[cfg(target_family = "wasm")]
mod relocate;
#[cfg(target_family = "wasm")]
pub(crate) mod stranded;

pub(crate) use caching::Caching;
pub(crate) use changes::Disk;

/// Whether a tag of a managed disk is for the plugin alone: nobody else knows the caching, or what it was made of.
pub(crate) fn is_own_tag(key: &str) -> bool {
    ["caching", "original_blob"].iter().any(|own| own.eq_ignore_ascii_case(key))
}
