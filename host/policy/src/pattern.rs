//! What manifests and operators write for many values at once.

mod host;
mod name;
mod path;
mod place;

pub use host::{HostEntry, HostPattern, replace};
pub(crate) use host::{fill, is_label};
pub use name::NamePattern;
pub use path::PathPattern;
pub(crate) use place::{Below, Place, Target};
