//! What a call makes is on record with the host before it exists. Its key is its id, which the plugin chooses, so it is
//! found and removed by that.

mod kinds;

#[cfg(target_family = "wasm")]
mod blobs;
#[cfg(target_family = "wasm")]
pub(crate) mod declare;
#[cfg(target_family = "wasm")]
pub(crate) mod find;

#[cfg(target_family = "wasm")]
pub(crate) use blobs::key_of;

/// The word of records for a disk that is a blob.
pub(crate) const BLOB: &str = "disk-blob";
/// The word of records for a stemcell's blob that is being filled.
pub(crate) const UPLOAD: &str = "stemcell-upload";
