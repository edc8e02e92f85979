use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::StateStore;
use crate::folder::{Folder, digest, options};
use crate::lock::lock;

/// Where it is written down which blocks of an image a service has taken, so that a call that comes after one that was
/// killed sends only what is missing. Beside the state of a plugin for a director and a cloud.
#[derive(Clone)]
pub struct Uploads {
    folder: Folder,
    /// The files of this call.
    used: Arc<Mutex<Vec<PathBuf>>>,
}

/// The blocks that one upload is rid of: a file with the number of each, a line a block, written when it is taken. Kept
/// by the system when the process is killed; when the machine stops, lines are lost, and their blocks are sent again.
pub(super) struct Taken {
    file: File,
}

/// Uploads that nobody came back to are forgotten.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How a file begins: no lines of another form are believed.
const FORM: &str = "blocks 1\n";

impl Uploads {
    /// The notes beside a state. Nothing is made on disk yet.
    pub fn beside(state: &StateStore) -> Self {
        Self { folder: state.folder().below("uploads"), used: Arc::default() }
    }

    /// The call has succeeded: what it has sent will not be sent again.
    pub fn forget(&self) {
        // One that cannot be removed is forgotten later.
        lock(&self.used).drain(..).for_each(|path| _ = fs::remove_file(path));
    }

    /// What was taken of an upload, and where to write down what will be. `what` tells this upload from all others.
    pub(super) fn open(&self, what: &str) -> io::Result<(HashSet<u64>, Taken)> {
        self.folder.make()?;
        self.remove_old();
        let path = self.folder.path().join(digest(what));
        let mut file = options().read(true).append(true).create(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another call is sending this image"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (blocks, whole) = parse(&bytes);
        if whole < bytes.len() || bytes.is_empty() {
            file.set_len(whole as u64)?;
            if whole == 0 {
                file.write_all(FORM.as_bytes())?;
            }
        }
        lock(&self.used).push(path);
        Ok((blocks, Taken { file }))
    }

    fn remove_old(&self) {
        let is_old = |path: &Path| {
            let changed = fs::symlink_metadata(path).and_then(|facts| facts.modified()).ok();
            changed.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > KEPT)
        };
        let entries = fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| is_old(path)).for_each(|path| _ = fs::remove_file(path));
    }
}

impl Taken {
    /// The service has this block.
    pub(super) fn add(&mut self, block: u64) -> io::Result<()> {
        self.file.write_all(format!("{block}\n").as_bytes())
    }
}

/// The blocks, and how many bytes of the file make sense.
fn parse(bytes: &[u8]) -> (HashSet<u64>, usize) {
    let mut blocks = HashSet::new();
    let Some(lines) = bytes.strip_prefix(FORM.as_bytes()) else { return (blocks, 0) };
    let mut whole = FORM.len();
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let number = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok()?.parse().ok());
        let Some(number) = number else { break };
        blocks.insert(number);
        whole += line.len();
    }
    (blocks, whole)
}

#[cfg(test)]
mod tests {
    use cpi_protocol::Object;

    use super::*;

    #[test]
    fn what_was_taken_is_known_until_the_call_succeeds() {
        let root = tempfile::tempdir().unwrap();
        let uploads = || Uploads::beside(&StateStore::new(root.path(), "p", "d", &Object::new(), 0));
        let (blocks, mut taken) = uploads().open("a").unwrap();
        assert!(blocks.is_empty());
        taken.add(7).unwrap();
        taken.add(300).unwrap();
        assert!(uploads().open("a").is_err_and(|error| error.to_string().contains("another call")));
        drop(taken);
        let again = uploads();
        assert_eq!(again.open("a").unwrap().0, HashSet::from([7, 300]));
        assert!(uploads().open("b").unwrap().0.is_empty());
        again.forget();
        assert!(uploads().open("a").unwrap().0.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_not_believed() {
        assert_eq!(parse(b"blocks 1\n1\n22\n3"), (HashSet::from([1, 22]), 14));
        assert_eq!(parse(b"blocks 1\n1\n\0\0\0\n4\n"), (HashSet::from([1]), 11));
        assert_eq!(parse(b"blocks 2\n1\n"), (HashSet::new(), 0));
    }
}
