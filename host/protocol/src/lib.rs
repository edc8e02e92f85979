//! The BOSH CPI protocol: one JSON request in, one JSON response out.
//!
//! [`Request::parse`] checks the envelope, [`Call::parse`] checks the arguments of a method and gives them types,
//! [`Response`] writes the answer. [`CpiError`] holds the error types that callers know, [`Mask`] hides secrets in
//! whatever text leaves the host. Nothing here does I/O.

#![forbid(unsafe_code)]

mod arguments;
mod call;
mod context;
mod error;
mod hint;
mod mask;
mod metadata;
mod method;
mod network;
mod printable;
mod request;
mod response;
mod signature;

pub use call::{Call, CreateVm, VmSize};
pub use context::{Context, selected_plugin};
pub use error::{CpiError, ErrorType};
pub use hint::is_disk_hint;
pub use mask::Mask;
pub use metadata::Tag;
pub use method::Method;
pub use network::{Network, NetworkKind, NetworkSpec};
pub use printable::{is_printable, printable};
pub use request::{HIGHEST_API_VERSION, Request};
pub use response::Response;
pub use signature::{Argument, Kind};

/// A JSON object whose keys keep the order of the document they came from.
pub type Object = serde_json::Map<String, serde_json::Value>;
