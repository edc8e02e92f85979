//! Installed plugins: a folder of components, compiled once and checked at every call: owner and mode always, the digest
//! when the file has changed.
//!
//! ```text
//! plugins/.key                                      the key that seals the records, readable by its owner only
//! plugins/aws/current.json                          which generation is used, the digests of its files, and a seal
//! plugins/aws/0.1.0-3f2a…/component.wasm            what the author shipped
//! plugins/aws/0.1.0-3f2a…/component.cwasm           machine code for this computer
//! plugins/aws/0.1.0-3f2a…/plugin.toml               the manifest that the component carries
//! plugins/aws/verified                              that the compiled code was compared with its digest, and when
//! ```
//!
//! A generation is never changed: [`Catalog::install`] makes a new one and then replaces `current.json` atomically.

#![forbid(unsafe_code)]

mod catalog;
pub mod compiler;
mod current;
mod error;
mod install;
mod key;
mod layout;
mod remove;
mod repair;
mod stamp;
mod trust;

pub use catalog::{Catalog, Installed, Summary};
pub use error::CatalogError;
pub use install::Installation;
pub use stamp::hex;
