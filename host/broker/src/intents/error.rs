use std::io;
use std::path::PathBuf;

/// Why an intent is not written down, or the record of a call not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntentError {
    /// The folder cannot be read or written: the machine is at fault.
    #[error(
        "the record of intents in '{folder}' cannot be used: {error}; set `state` in the host configuration to another folder"
    )]
    Unavailable {
        /// Where it is.
        folder: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Calls left so much behind that there is no room for more: the operator has to look.
    #[error(
        "the record of intents in '{folder}' is full: see what calls left behind with `cpi-host orphans`, or raise [limits] state"
    )]
    Full {
        /// Where it is.
        folder: PathBuf,
    },
    /// The plugin declares more than one call may: the plugin is at fault.
    #[error("a call can declare {0} intents at most")]
    TooMany(u32),
    /// The plugin declares something without the means to find it: the plugin is at fault.
    #[error("an intent needs a kind, a key and a JSON object as note, together at most {0} bytes")]
    Malformed(usize),
    /// The record of a call cannot be read now, such as when the process may open no more files.
    #[error("'{path}' cannot be read: {error}; see to that, and ask again")]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Somebody changed the file, or another version of the program wrote it.
    #[error("'{path}' cannot be read: {problem}; look at it, and remove it when nothing in it is needed any more")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}
