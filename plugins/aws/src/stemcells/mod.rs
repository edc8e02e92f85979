//! Images.

pub(crate) mod heavy;
pub(crate) mod id;
pub(crate) mod properties;

#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
