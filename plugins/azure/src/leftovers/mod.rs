//! What a call makes is on record with the host before it exists. Its key is its id, which the plugin chooses, so it is
//! found and removed by that.

mod kinds;

#[cfg(target_family = "wasm")]
pub(crate) mod declare;
#[cfg(target_family = "wasm")]
pub(crate) mod find;
