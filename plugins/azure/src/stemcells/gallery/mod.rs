//! Images of heavy stemcells in a compute gallery: an image definition for each name and generation of a stemcell, with
//! an image version for each version. All stemcells with the same content share a version, which knows them by its tags.

mod definition;
mod place;
mod profile;
mod publication;
pub(crate) mod references;
mod version;

#[cfg(target_family = "wasm")]
pub(crate) mod find;
#[cfg(target_family = "wasm")]
mod publish;
#[cfg(target_family = "wasm")]
pub(crate) mod release;
#[cfg(target_family = "wasm")]
pub(crate) mod replicate;

pub(crate) use place::Gallery;
pub(crate) use publication::Publication;
