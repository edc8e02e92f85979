//! What manifests and operators write for many values at once.

mod host;
mod name;
mod path;

pub(crate) use host::fill;
pub use host::{HostEntry, HostPattern};
pub use name::NamePattern;
pub use path::PathPattern;
