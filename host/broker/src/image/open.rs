use std::fs::{File, Metadata, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fstatfs};

/// An image that is open, and what the kernel said of it then.
pub(super) struct Opened {
    pub(super) file: File,
    path: PathBuf,
    version: Version,
}

/// What differs after any write, whatever a program does to hide it: size, mtime, and ctime, which no program can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Opened {
    /// Opens an image: a regular file, no link, kept on a disk or in memory, and below one of the roots if there are
    /// any. Nothing else is even opened for reading, because opening some devices does something.
    pub(super) fn new(path: &Path, roots: &[PathBuf]) -> Result<Self, String> {
        let failed = |error| unreadable(path, &error);
        let wrong = |problem: &str| Err(format!("stemcell image '{}' {problem}", path.display()));
        let flags = (OFlags::PATH | OFlags::NOFOLLOW).bits().cast_signed();
        let place = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
        if !place.metadata().map_err(failed)?.is_file() {
            return wrong("is not a regular file: name the file itself, not a link, a folder or a device");
        }
        if !is_kept(&place).map_err(failed)? {
            return wrong("is not a file on a disk, but one that the kernel generates");
        }
        // The same file, however its path was changed since.
        let descriptor = PathBuf::from(format!("/proc/self/fd/{}", place.as_raw_fd()));
        if !roots.is_empty() {
            let truly = std::fs::read_link(&descriptor).map_err(failed)?;
            if !roots.iter().any(|root| truly.starts_with(root)) {
                return wrong("is outside of the folders that [images] roots in the host's configuration names");
            }
        }
        let file = File::open(descriptor).map_err(failed)?;
        let version = Version::of(&file.metadata().map_err(failed)?);
        Ok(Self { file, path: path.to_owned(), version })
    }

    /// Size in bytes, when it was opened.
    pub(super) fn size(&self) -> u64 {
        self.version.size
    }

    /// As it was named.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error when the file is not what it was when it was opened.
    pub(super) fn unchanged(&self) -> Result<(), String> {
        let now = Version::of(&self.file.metadata().map_err(|error| self.unreadable(&error))?);
        if now == self.version {
            return Ok(());
        }
        let (path, before, size) = (self.path.display(), self.version.size, now.size);
        Err(format!(
            "stemcell image '{path}' was changed while it was read (from {before} to {size} bytes): \
             make sure that nobody writes to it, and upload it again"
        ))
    }

    /// Why a part of it is missing.
    pub(super) fn unreadable(&self, error: &std::io::Error) -> String {
        unreadable(&self.path, error)
    }
}

impl Version {
    fn of(facts: &Metadata) -> Self {
        Self {
            size: facts.size(),
            modified: (facts.mtime(), facts.mtime_nsec()),
            changed: (facts.ctime(), facts.ctime_nsec()),
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("stemcell image '{}' cannot be read: {error}", path.display())
}

/// Whether somebody put the file where it is.
///
/// `/proc/self/environ` and its like pass for regular files. Their file systems have no blocks at all, in which they
/// resemble only those in memory that have no limit.
fn is_kept(file: &File) -> std::io::Result<bool> {
    const RAMFS: i64 = 0x8584_58f6;
    const TMPFS: i64 = 0x0102_1994;
    let facts = fstatfs(file)?;
    // Narrower on some machines; the numbers are the same.
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the type differs between machines")]
    let kind = i64::from(facts.f_type) & 0xffff_ffff;
    Ok(facts.f_blocks > 0 || [RAMFS, TMPFS].contains(&kind))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn refusal(path: &Path, roots: &[PathBuf]) -> String {
        Opened::new(path, roots).err().unwrap()
    }

    #[test]
    fn only_files_that_somebody_put_there_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (image, link, socket) = (folder.path().join("image"), folder.path().join("link"), folder.path().join("s"));
        std::fs::write(&image, "x").unwrap();
        symlink(&image, &link).unwrap();
        let _listener = UnixListener::bind(&socket).unwrap();
        assert!(Opened::new(&image, &[]).is_ok());
        for path in [link.as_path(), &socket, folder.path(), Path::new("/dev/zero"), Path::new("/dev/stdin")] {
            assert!(refusal(path, &[]).contains("is not a regular file"), "{}", path.display());
        }
        for path in ["/proc/self/environ", "/proc/self/mem", "/proc/version", "/sys/kernel/uevent_seqnum"] {
            assert!(refusal(Path::new(path), &[]).contains("one that the kernel generates"), "{path}");
        }
        assert!(refusal(&folder.path().join("gone"), &[]).contains("cannot be read"));
    }

    #[test]
    fn roots_hold_for_where_the_file_truly_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("image"), "x").unwrap();
        std::fs::write(folder.path().join("image"), "x").unwrap();
        symlink(folder.path(), root.join("out")).unwrap();
        let roots = [root.clone()];
        assert!(Opened::new(&root.join("image"), &roots).is_ok());
        for outside in ["../image", "out/image"] {
            assert!(refusal(&root.join(outside), &roots).contains("[images] roots"), "{outside}");
        }
    }

    #[test]
    fn any_write_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, "one").unwrap();
        let opened = Opened::new(&path, &[]).unwrap();
        opened.unchanged().unwrap();
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, "two").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert!(opened.unchanged().unwrap_err().contains("was changed while it was read"));
    }
}
