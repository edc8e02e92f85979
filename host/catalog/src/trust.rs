use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::CatalogError;

/// Decides whose files may be run: those of root, of the user who runs the program, and of who installed the program.
#[derive(Clone)]
pub(crate) struct Trust {
    owners: [u32; 3],
    program: PathBuf,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let user = rustix::process::geteuid().as_raw();
        let program = std::env::current_exe().unwrap_or_default();
        let installer = std::fs::metadata(&program).map_or(user, |program| program.uid());
        Self { owners: [0, user, installer], program }
    }

    /// A folder in which only trusted users can put files.
    pub(crate) fn folder(&self, path: &Path) -> Result<(), CatalogError> {
        let facts = std::fs::symlink_metadata(path).map_err(CatalogError::file(path))?;
        self.check(path, &facts, facts.is_dir(), facts.mode() & 0o022 != 0)
    }

    /// A folder above: whoever can write there can put another one in the place of what lies in it.
    ///
    /// Folders such as `/tmp`, where only owners can rename what is theirs, are good enough; and so are those above the
    /// program, because who can write there can replace the program.
    pub(crate) fn parent(&self, path: &Path) -> Result<(), CatalogError> {
        const STICKY: u32 = 0o1000;
        if self.program.starts_with(path) {
            return Ok(());
        }
        let facts = std::fs::symlink_metadata(path).map_err(CatalogError::file(path))?;
        let open = facts.mode() & 0o022 != 0 && facts.mode() & STICKY == 0;
        self.check(path, &facts, facts.is_dir(), open)
    }

    /// Opens a file, no link, that only trusted users can read.
    pub(crate) fn open_private(&self, path: &Path) -> Result<File, CatalogError> {
        let file = self.open(path)?;
        let facts = file.metadata().map_err(CatalogError::file(path))?;
        // Neither the group nor others may do anything.
        if facts.mode().trailing_zeros() >= 6 {
            return Ok(file);
        }
        let problem = format!("others may read it (mode {:o}): chmod 600", facts.mode() & 0o7777);
        Err(CatalogError::Untrusted { path: PathBuf::from(path), problem })
    }

    /// A file, no link, that belongs to another trusted user.
    pub(crate) fn file_of_another(&self, path: &Path) -> Result<(), CatalogError> {
        let facts = std::fs::symlink_metadata(path).map_err(CatalogError::file(path))?;
        let own = facts.uid() == rustix::process::geteuid().as_raw();
        self.check(path, &facts, facts.is_file() && !own, facts.mode() & 0o022 != 0)
    }

    /// Opens a file, no link, that only trusted users can change.
    pub(crate) fn open(&self, path: &Path) -> Result<File, CatalogError> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file =
            OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| {
                match Errno::from_io_error(&error) {
                    // That is no damage to be repaired: nobody but an installation puts files here, and none puts links.
                    Some(Errno::LOOP) => {
                        CatalogError::Untrusted { path: path.into(), problem: "it is a link".to_owned() }
                    }
                    _ => CatalogError::file(path)(error),
                }
            })?;
        let facts = file.metadata().map_err(CatalogError::file(path))?;
        self.check(path, &facts, facts.is_file(), facts.mode() & 0o022 != 0)?;
        Ok(file)
    }

    fn check(&self, path: &Path, facts: &Metadata, kind: bool, open: bool) -> Result<(), CatalogError> {
        let problem = if !kind {
            "it is neither a plain file nor a plain folder".to_owned()
        } else if !self.owners.contains(&facts.uid()) {
            format!(
                "it belongs to user {}, who is neither root nor the owner of this program nor its user",
                facts.uid()
            )
        } else if open {
            format!("others may write to it (mode {:o}): chmod go-w", facts.mode() & 0o7777)
        } else {
            return Ok(());
        };
        Err(CatalogError::Untrusted { path: PathBuf::from(path), problem })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn refusal(path: &Path) -> String {
        Trust::new().open(path).unwrap_err().to_string()
    }

    #[test]
    fn what_others_may_change_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Trust::new().open(&file).is_ok());

        fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
        assert!(refusal(&file).contains("chmod go-w"));

        let link = folder.path().join("link");
        symlink(&file, &link).unwrap();
        assert!(refusal(&link).contains("it is a link"));

        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Trust::new().folder(folder.path()).is_err());
        assert!(refusal(folder.path()).contains("neither a plain file"));
    }
}
