//! Stemcells: what they say of themselves, and the blobs and images that Azure has of them.

pub(crate) mod gallery;
pub(crate) mod image_names;
pub(crate) mod marketplace;
pub(crate) mod metadata;

#[cfg(target_family = "wasm")]
pub(crate) mod create;
#[cfg(target_family = "wasm")]
pub(crate) mod delete;
#[cfg(target_family = "wasm")]
pub(crate) mod heavy;
#[cfg(target_family = "wasm")]
pub(crate) mod light;
