//! Folders of the user's alone, in which nothing is reached through a link.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// A folder some levels below another one, all of them the user's alone.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    levels: Vec<PathBuf>,
    path: PathBuf,
}

impl Folder {
    /// Nothing is made on disk yet.
    pub(crate) fn new(root: &Path, below: &[&str]) -> Self {
        // A link to the folder is the operator's choice; links inside it are nobody's.
        let mut path = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let mut levels = vec![path.clone()];
        for name in below {
            path.push(name);
            levels.push(path.clone());
        }
        Self { levels, path }
    }

    /// A folder in this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        let mut below = self.clone();
        below.path.push(name);
        below.levels.push(below.path.clone());
        below
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it when it is not there.
    pub(crate) fn make(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        self.check()
    }

    /// Files of others are neither read nor written.
    pub(crate) fn check(&self) -> io::Result<()> {
        let user = rustix::process::geteuid().as_raw();
        for folder in &self.levels {
            let facts = fs::symlink_metadata(folder)?;
            if !facts.is_dir() || facts.uid() != user || facts.mode() & 0o022 != 0 {
                let problem = format!("'{}' is not a folder that only user {user} can write to", folder.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
            }
        }
        Ok(())
    }
}

/// How files are opened: for the user alone, and never through a link.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// A name for files: 128 bits of a digest.
pub(crate) fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(32).collect()
}
