//! What manifests and operators write for many values at once.

mod host;
mod name;
mod path;
mod place;

pub(crate) use host::fill;
pub use host::{HostEntry, HostPattern, replace};
pub use name::NamePattern;
pub use path::PathPattern;
pub(crate) use place::{Below, Place, Target};
