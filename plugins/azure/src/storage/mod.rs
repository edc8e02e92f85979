//! Storage accounts, and the blobs and tables in them. Keys are the host's: requests name a credential.

mod account;
mod error;
mod row;
mod xml;

#[cfg(target_family = "wasm")]
pub(crate) mod accounts;
#[cfg(target_family = "wasm")]
mod blob;
#[cfg(target_family = "wasm")]
mod copy;
#[cfg(target_family = "wasm")]
mod list;
#[cfg(target_family = "wasm")]
mod service;
#[cfg(target_family = "wasm")]
mod table;

pub(crate) use account::Account;
#[cfg(target_family = "wasm")]
pub(crate) use blob::{Blob, Found};
pub(crate) use row::Row;
#[cfg(target_family = "wasm")]
pub(crate) use table::Table;
