use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use cpi_protocol::Object;
use serde_json::Value;

use crate::folder::{Folder, digest, options};

/// Small durable notes and leases of one plugin for one director and one cloud: a folder, its files named by digests of
/// keys, so that no key can name a file outside it.
///
/// Writes are atomic and serialised between processes by a lock that the kernel gives back when a process dies.
#[derive(Debug, Clone)]
pub struct StateStore {
    folder: Folder,
    /// What all values may take together, in bytes.
    space: usize,
}

/// A stored value and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was put.
    pub value: Vec<u8>,
    /// Grows with every write, and does not start again when an entry is removed and made anew.
    pub version: u64,
}

/// A name that nobody else holds until this is dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    _file: File,
}

impl Drop for Lease {
    /// The file goes while it is still locked, so that names that are used once leave nothing behind.
    fn drop(&mut self) {
        _ = fs::remove_file(&self.path);
    }
}

/// Why the state was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The stored version is not the expected one: read again and decide anew.
    #[error("the entry was written by another call")]
    Conflict,
    /// The values take more than the plugin's share: the plugin is at fault, or the limit is too low.
    #[error("the state is full: raise [limits] state")]
    Full,
    /// Another call held the lease all the time.
    #[error("another call holds the lease")]
    Busy,
    /// The folder cannot be read or written: the machine is at fault.
    #[error("the state in '{folder}' cannot be used: {error}; set `state` in the host configuration to another folder")]
    Unavailable {
        /// Where it is.
        folder: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Bytes before a value in its file: the version.
const HEADER: usize = 8;

/// What a file takes apart from its value: entries without a byte in them fill a disk too.
const FILE: usize = 1 << 10;

impl StateStore {
    /// The state of one plugin for one director and the cloud of these settings, below the folder of all states.
    /// Nothing is made on disk yet.
    pub fn new(root: &Path, plugin: &str, director: &str, identity: &Object, space: usize) -> Self {
        let mut identity = Value::Object(identity.clone());
        identity.sort_all_objects();
        let below = [plugin, &digest(director), &digest(&identity.to_string())];
        Self { folder: Folder::new(root, &below), space }
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What is stored under a key.
    pub fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.read(&self.path("entry", key))
    }

    /// Writes when the stored version is `expect`, zero for absent, and returns the new version.
    pub async fn put(&self, key: &str, value: &[u8], expect: u64) -> Result<u64, StateError> {
        let path = self.path("entry", key);
        let _lock = self.lock().await?;
        let current = self.read(&path)?;
        if current.as_ref().map_or(0, |entry| entry.version) != expect {
            return Err(StateError::Conflict);
        }
        let freed = current.map_or(0, |entry| entry.value.len() + FILE);
        if (self.used()? + value.len() + FILE).saturating_sub(freed) > self.space {
            return Err(StateError::Full);
        }
        let version = if expect == 0 { first_version() } else { expect.saturating_add(1) };
        self.write(&path, version, value)?;
        Ok(version)
    }

    /// Removes the entry when its version is `expect`.
    pub async fn delete(&self, key: &str, expect: u64) -> Result<(), StateError> {
        let path = self.path("entry", key);
        let _lock = self.lock().await?;
        match self.read(&path)? {
            Some(entry) if entry.version == expect => fs::remove_file(&path).map_err(|error| self.failed(error)),
            _ => Err(StateError::Conflict),
        }
    }

    /// Takes a name for this call alone, waiting until another call gives it back.
    pub async fn acquire(&self, name: &str, wait: Duration) -> Result<Lease, StateError> {
        let path = self.path("lease", name);
        Ok(Lease { _file: self.locked(&path, wait).await?, path })
    }

    /// Keeps writers apart. They take milliseconds; one that was stopped must not stop the others for ever.
    async fn lock(&self) -> Result<File, StateError> {
        self.locked(&self.folder.path().join("lock"), Duration::from_mins(1)).await
    }

    async fn locked(&self, path: &Path, wait: Duration) -> Result<File, StateError> {
        const SHORTEST: Duration = Duration::from_millis(5);
        const LONGEST: Duration = Duration::from_millis(200);
        self.folder.make().map_err(|error| self.failed(error))?;
        let (start, mut pause) = (Instant::now(), SHORTEST);
        loop {
            if let Some(file) = self.try_locked(path)? {
                return Ok(file);
            }
            let left = wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(StateError::Busy);
            }
            // Many may wait for the same, and for long: each looks less and less often, and keeps no file open.
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn try_locked(&self, path: &Path) -> Result<Option<File>, StateError> {
        loop {
            let file =
                options().write(true).create(true).truncate(false).open(path).map_err(|error| self.failed(error))?;
            match file.try_lock() {
                // Whoever held a lease may have removed its file in between.
                Ok(()) if is_still_there(&file, path) => return Ok(Some(file)),
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Ok(None),
                Err(fs::TryLockError::Error(error)) => return Err(self.failed(error)),
            }
        }
    }

    fn read(&self, path: &Path) -> Result<Option<Entry>, StateError> {
        let mut bytes = Vec::new();
        match options().read(true).open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        }
        self.folder.check().map_err(|error| self.failed(error))?;
        let (version, value) = bytes.split_first_chunk::<HEADER>().ok_or_else(|| {
            self.failed(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("'{}' is damaged: remove it", path.display()),
            ))
        })?;
        Ok(Some(Entry { value: value.to_vec(), version: u64::from_le_bytes(*version) }))
    }

    /// Writes beside the file and puts it in place at once: a reader sees the old value or the new one.
    fn write(&self, path: &Path, version: u64, value: &[u8]) -> Result<(), StateError> {
        let beside = self.folder.path().join(format!(".new-{}", std::process::id()));
        let written = options().write(true).create(true).truncate(true).open(&beside).and_then(|mut file| {
            file.write_all(&version.to_le_bytes())?;
            file.write_all(value)?;
            file.sync_data()
        });
        written.and_then(|()| fs::rename(&beside, path)).map_err(|error| self.failed(error))
    }

    fn used(&self) -> Result<usize, StateError> {
        let sizes = fs::read_dir(self.folder.path())
            .and_then(|entries| {
                entries
                    .filter(|entry| {
                        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("entry-"))
                    })
                    .map(|entry| Ok(entry?.metadata()?.len()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(|error| self.failed(error))?;
        Ok(sizes.iter().map(|size| usize::try_from(*size).unwrap_or(usize::MAX).saturating_add(FILE - HEADER)).sum())
    }

    fn path(&self, kind: &str, key: &str) -> PathBuf {
        self.folder.path().join(format!("{kind}-{}", digest(key)))
    }

    fn failed(&self, error: io::Error) -> StateError {
        StateError::Unavailable { folder: self.folder.path().to_owned(), error }
    }
}

/// Whether an open file is the one that its path stands for.
fn is_still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        _ => false,
    }
}

/// A version that no earlier entry of the same key had.
fn first_version() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: usize = 10 * FILE;

    fn store(space: usize) -> (tempfile::TempDir, StateStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = StateStore::new(folder.path(), "sim", "director", &Object::new(), space);
        (folder, store)
    }

    #[tokio::test]
    async fn a_write_names_the_version_that_it_saw() {
        let (_folder, store) = store(SPACE);
        assert_eq!(store.get("world").unwrap(), None);
        let first = store.put("world", b"one", 0).await.unwrap();
        assert!(matches!(store.put("world", b"two", 0).await, Err(StateError::Conflict)));
        let second = store.put("world", b"two", first).await.unwrap();
        assert_eq!(store.get("world").unwrap(), Some(Entry { value: b"two".to_vec(), version: second }));
        assert!(matches!(store.delete("world", first).await, Err(StateError::Conflict)));
        store.delete("world", second).await.unwrap();
        assert!(store.put("world", b"again", 0).await.unwrap() > first, "an old version must not fit a new entry");
        assert!(matches!(store.delete("world", 0).await, Err(StateError::Conflict)));
    }

    #[tokio::test]
    async fn a_share_of_space_is_not_exceeded() {
        let (_folder, store) = store(FILE + 10);
        let version = store.put("a", b"12345678", 0).await.unwrap();
        assert!(matches!(store.put("b", b"123", 0).await, Err(StateError::Full)));
        store.put("a", b"1234567890", version).await.unwrap();
        assert!(matches!(store.put("b", b"", 0).await, Err(StateError::Full)), "a file without a byte is a file");
    }

    #[tokio::test]
    async fn keys_directors_and_clouds_do_not_meet() {
        let (folder, store) = store(SPACE);
        store.put("../escape", b"x", 0).await.unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let region =
            |name: &str| [("region".to_owned(), name.into()), ("z".to_owned(), 1.into())].into_iter().collect();
        for (director, identity) in [("another director", Object::new()), ("director", region("a"))] {
            let other = StateStore::new(folder.path(), "sim", director, &identity, SPACE);
            assert_eq!(other.get("../escape").unwrap(), None);
        }
        let turned: Object = region("a").into_iter().rev().collect();
        let (one, other) = (&region("a"), &turned);
        let path = |identity| StateStore::new(folder.path(), "sim", "director", identity, SPACE).path("entry", "a");
        assert_eq!(path(one), path(other), "the order of settings means nothing");
    }

    #[tokio::test]
    async fn folders_and_links_of_others_are_not_used() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, store) = store(SPACE);
        store.put("a", b"x", 0).await.unwrap();
        let entry = store.path("entry", "a");
        fs::remove_file(&entry).unwrap();
        symlink("/etc/hostname", &entry).unwrap();
        assert!(matches!(store.get("a"), Err(StateError::Unavailable { .. })));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = store.put("b", b"x", 0).await.unwrap_err();
        assert!(error.to_string().contains("only user"), "{error}");
    }

    #[tokio::test]
    async fn a_lease_is_held_by_one_and_leaves_nothing() {
        let (_folder, store) = store(SPACE);
        let held = store.acquire("vm", Duration::ZERO).await.unwrap();
        assert!(matches!(store.acquire("vm", Duration::from_millis(30)).await, Err(StateError::Busy)));
        drop(held);
        drop(store.acquire("vm", Duration::ZERO).await.unwrap());
        assert_eq!(fs::read_dir(store.folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_lease_is_never_held_by_two() {
        let (_folder, store) = store(SPACE);
        let holders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (store, holders) = (store.clone(), std::sync::Arc::clone(&holders));
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let lease = store.acquire("vm", Duration::from_secs(30)).await.unwrap();
                        assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lease);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}
