use std::io;
use std::path::PathBuf;

use cpi_component::ComponentError;
use cpi_policy::{ConfigLine, Digest, ManifestError, RuleError};
use cpi_protocol::{CpiError, printable};
use cpi_runtime::LoadError;

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
    /// Compiled code is not what was compiled, or was made for another program or machine: see [`crate::Catalog::repair`].
    #[error("'{}' cannot be used: {problem}", path.display())]
    Code {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A component has to be compiled again, and this user may not write the result.
    #[error(
        "'{}' has to be compiled again for this program and this machine, and this user may not write it ({error}): \
         run as the owner of the folder: cpi-host plugin install --into '{}' '{}'",
        path.display(),
        folder.display(),
        component.display()
    )]
    Unrepaired {
        /// Which file.
        path: PathBuf,
        /// Why it cannot be written.
        error: io::Error,
        /// What it is made from.
        component: PathBuf,
        /// The catalog.
        folder: PathBuf,
    },
    /// The operator has pinned another component.
    #[error(
        "plugin '{name}' is {found}, but the host's configuration pins {pinned}; to use this one, write there: {line}"
    )]
    Pinned {
        /// Which.
        name: String,
        /// What may run.
        pinned: Digest,
        /// What is there.
        found: Digest,
        /// What the operator would have to write.
        line: ConfigLine,
    },
    /// It asks for more than the plugin of its name that was accepted before.
    #[error(
        "plugin '{name}' asks for more permissions than the one that is installed under this name:{}\n\
         To grant them, install it with --accept; or narrow [plugin.{name}] in the host's configuration",
        below(more)
    )]
    Wider {
        /// Which.
        name: String,
        /// What is new, a line each.
        more: Vec<String>,
    },
    /// The component is none, or carries no manifest: its author, or who chose the file, is at fault.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The component imports what no plugin may have: its author is at fault.
    #[error("plugin '{name}' is refused, it imports what no plugin may have: {imports}")]
    Forbidden {
        /// Which.
        name: String,
        /// The names of the imports.
        imports: String,
    },
    /// The operator's table for the plugin does not fit its manifest: the configuration is at fault.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The manifest is refused: its author is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component cannot be compiled, or not within the limits.
    #[error("{0}")]
    Compile(String),
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
    #[error("the async runtime cannot be started: {0}")]
    Process(#[source] io::Error),
}

impl CatalogError {
    /// Whether compiling the plugin again would help.
    pub fn is_repairable(&self) -> bool {
        matches!(self, Self::Code { .. })
    }

    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Process(io::Error::other(format!("WebAssembly cannot be run here: {error:#}")))
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self::File { path, error }
    }
}

/// A line each, under the message.
fn below(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  + {}", printable(line, 400))).collect::<Vec<_>>().concat()
}

fn others(installed: &[String]) -> String {
    if installed.is_empty() { String::new() } else { format!(" (there are: {})", installed.join(", ")) }
}
