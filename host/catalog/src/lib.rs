//! Installed plugins: a folder of components, compiled once and verified at every call.
//!
//! ```text
//! plugins/aws/current.json                          which generation is used, and the digests of its files
//! plugins/aws/0.1.0-3f2a…/component.wasm            what the author shipped
//! plugins/aws/0.1.0-3f2a…/component.cwasm           machine code for this computer
//! plugins/aws/0.1.0-3f2a…/plugin.toml               the manifest that the component carries
//! plugins/aws/verified                              that the compiled code was compared with its digest, and when
//! ```
//!
//! A generation is never changed: [`Catalog::install`] makes a new one and then replaces `current.json` at once.

#![forbid(unsafe_code)]

mod catalog;
mod current;
mod error;
mod install;
mod layout;
mod section;
mod stamp;
mod trust;

pub use catalog::{Catalog, Installed, Summary};
pub use error::CatalogError;
pub use section::manifest_of;
