use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::CatalogError;
use crate::trust::Trust;

/// Makes sure that compiled code has this digest.
///
/// Reading megabytes takes longer than everything else that a short call does. So the result is kept in a file beside
/// the plugin, with what the kernel says of the file: inode, size, mtime and ctime. No program can set ctime, so as long
/// as none of them has changed, neither has the content. The note is believed only from where nobody but trusted users
/// can write, like the plugin itself.
pub(crate) fn verify(trust: &Trust, file: &File, path: &Path, note: &Path, expected: &str) -> Result<(), CatalogError> {
    let facts = file.metadata().map_err(CatalogError::file(path))?;
    let line = line(&facts, expected);
    if noted(trust, note).is_some_and(|noted| noted == line) {
        return Ok(());
    }
    let digest = digest_of(file, path)?;
    if digest != expected {
        let problem = differs(&digest, expected);
        return Err(CatalogError::Code { path: path.into(), problem });
    }
    // A folder that may only be read costs the time again at the next call, and nothing else.
    _ = keep(note, &line);
    Ok(())
}

/// Makes sure that a digest is the expected one.
pub(crate) fn check(path: &Path, digest: &str, expected: &str) -> Result<(), CatalogError> {
    if digest == expected {
        return Ok(());
    }
    Err(CatalogError::Damaged { path: path.into(), problem: differs(digest, expected) })
}

fn differs(digest: &str, expected: &str) -> String {
    format!("its digest is {}, not {}", short(digest), short(expected))
}

/// BLAKE3 of some bytes, in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Enough of a digest for people and file names.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// The digest of an open file, through its descriptor: nothing can take its place in between.
fn digest_of(file: &File, path: &Path) -> Result<String, CatalogError> {
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap(descriptor).map_err(CatalogError::file(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn line(facts: &Metadata, digest: &str) -> String {
    format!(
        "{digest} device {} inode {} size {} modified {}.{:09} changed {}.{:09}\n",
        facts.dev(),
        facts.ino(),
        facts.size(),
        facts.mtime(),
        facts.mtime_nsec(),
        facts.ctime(),
        facts.ctime_nsec()
    )
}

fn noted(trust: &Trust, note: &Path) -> Option<String> {
    let mut text = String::new();
    trust.open(note).ok()?.take(1000).read_to_string(&mut text).ok()?;
    Some(text)
}

fn keep(note: &Path, line: &str) -> std::io::Result<()> {
    let beside = note.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&beside)?;
    file.write_all(line.as_bytes())?;
    fs::rename(&beside, note)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_note_saves_reading_and_a_change_voids_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, note) = (folder.path().join("code"), folder.path().join("verified"));
        fs::write(&path, "code").unwrap();
        let digest = hex(b"code");
        let verify = || verify(&Trust::new(), &File::open(&path).unwrap(), &path, &note, &digest);

        verify().unwrap();
        let first = fs::read_to_string(&note).unwrap();
        verify().unwrap();
        assert_eq!(fs::read_to_string(&note).unwrap(), first);

        // Same size, and the time of the last change of content set back: the other time still tells.
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, "c0de").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert!(verify().unwrap_err().to_string().contains("cannot be used: its digest is"));
        assert_eq!(fs::read_to_string(&note).unwrap(), first, "a refusal is not noted as a success");
    }

    #[test]
    fn a_note_that_others_could_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, note) = (folder.path().join("code"), folder.path().join("verified"));
        fs::write(&path, "evil").unwrap();
        let expected = hex(b"code");
        fs::write(&note, line(&fs::metadata(&path).unwrap(), &expected)).unwrap();
        fs::set_permissions(&note, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(verify(&Trust::new(), &File::open(&path).unwrap(), &path, &note, &expected).is_err());
    }
}
