use std::io;
use std::path::PathBuf;

use cpi_policy::ManifestError;
use cpi_protocol::CpiError;
use cpi_runtime::{CompileError, LoadError};

/// Why a plugin cannot be installed or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No plugin of that name: the configuration is at fault, or an installation is missing.
    #[error(
        "plugin '{name}' is not installed in '{}'{}: install it with `cpi-host plugin install FILE.wasm`",
        folder.display(),
        others(installed)
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What is there.
        installed: Vec<String>,
    },
    /// A name that no plugin can have.
    #[error("'{0}' is not the name of a plugin: use lower-case letters, digits and dashes")]
    Name(String),
    /// A file or folder cannot be read or written.
    #[error("'{}': {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Someone else could change what would be run: the installation is at fault.
    #[error("'{}' is not safe to run: {problem}", path.display())]
    Untrusted {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is not what was installed.
    #[error("'{}' is damaged or was changed: {problem}; install the plugin again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The component carries no manifest: its author is at fault.
    #[error("the component has no manifest (custom section 'bosh:cpi/manifest'): build it with the plugin SDK")]
    NoManifest,
    /// The manifest is refused: its author is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The component asks for what this host does not give.
    #[error("plugin '{name}' is refused: {problem}")]
    Refused {
        /// Which.
        name: String,
        /// Why.
        problem: LoadError,
    },
    /// The plugin does not even say what it is: its author is at fault.
    #[error("plugin '{name}' is refused, its `info` fails: {problem}")]
    Info {
        /// Which.
        name: String,
        /// Why.
        problem: CpiError,
    },
    /// The process has no means to run a plugin.
    #[error("the process cannot be set up: {0}")]
    Process(#[source] io::Error),
}

impl CatalogError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self::File { path, error }
    }
}

fn others(installed: &[String]) -> String {
    if installed.is_empty() { String::new() } else { format!(" (there are: {})", installed.join(", ")) }
}
