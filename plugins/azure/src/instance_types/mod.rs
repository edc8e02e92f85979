//! Sizes of VMs: what is known of them by name, and what Azure says of them.

mod premium;
mod ranking;
mod table;

#[cfg(target_family = "wasm")]
pub(crate) mod domains;
#[cfg(target_family = "wasm")]
pub(crate) mod fitting;

pub(crate) use premium::takes_premium_disks;
pub(crate) use table::{ephemeral_gib, most_data_disks};
