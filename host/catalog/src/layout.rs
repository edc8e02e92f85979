//! Names of files in the folder of a plugin and of a generation.

/// Which generation is used, and the digests of its files.
pub(crate) const CURRENT: &str = "current.json";
/// What [`crate::stamp::verify`] keeps.
pub(crate) const VERIFIED: &str = "verified";
/// What the author shipped.
pub(crate) const COMPONENT: &str = "component.wasm";
/// Machine code for this computer.
pub(crate) const COMPILED: &str = "component.cwasm";
/// The manifest that the component carries.
pub(crate) const MANIFEST: &str = "plugin.toml";
