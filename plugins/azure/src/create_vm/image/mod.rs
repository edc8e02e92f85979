//! From a stemcell to an image that a VM can be made of.

mod described;
mod managed_body;

#[cfg(target_family = "wasm")]
pub(super) mod blob;
#[cfg(target_family = "wasm")]
mod find;
#[cfg(target_family = "wasm")]
mod gallery;
#[cfg(target_family = "wasm")]
mod images;
#[cfg(target_family = "wasm")]
mod light;
#[cfg(target_family = "wasm")]
mod managed;

pub(super) use described::{Image, Source};
#[cfg(target_family = "wasm")]
pub(super) use find::{find, make};
#[cfg(target_family = "wasm")]
pub(super) use images::Images;
