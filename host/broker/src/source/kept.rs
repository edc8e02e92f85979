use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Fresh;
use crate::folder::{self, Folder};
use crate::{Journal, Level};

/// Tokens of services, kept between calls: a folder of files that only their user can read, each encrypted.
///
/// The key is made of a file in the folder and of the number that the kernel gives itself when it starts. A copy of the
/// folder, in a backup or on an image, is worthless elsewhere, and here after the next start.
#[derive(Clone)]
pub struct TokenCache {
    folder: Folder,
    /// The file that the calls are configured by: what one led to is not believed under another, whatever it says.
    file: PathBuf,
    journal: Arc<Journal>,
}

/// The place of one credential in the cache.
pub(crate) struct Place {
    cache: TokenCache,
    /// Everything that decides about the secret: two configurations never share one.
    configuration: String,
}

/// What a file starts with: the version of its form, and a number that is used for nothing else.
const HEADER: usize = 1 + NONCE_LEN;
const VERSION: u8 = 1;
const KEY_FILE: &str = "key";
const KEY_LENGTH: usize = 32;
/// Longer than any token.
const LONGEST: u64 = 256 << 10;
/// Files of configurations that are not used any more go after this time.
const OLD: Duration = Duration::from_hours(24);

impl TokenCache {
    /// A cache below the folder of all states. Nothing is made on disk yet.
    pub fn new(state: &Path, file: &Path, journal: Arc<Journal>) -> Self {
        // No plugin has a name that starts with a dot.
        Self { folder: Folder::new(state, &[".credentials"]), file: file.to_owned(), journal }
    }

    /// The place for what this configuration leads to.
    pub(crate) fn place(&self, configuration: &str) -> Place {
        Place { cache: self.clone(), configuration: format!("{}\n{configuration}", self.file.display()) }
    }

    /// The key of this cache and this start of the kernel.
    fn key(&self, make: bool) -> io::Result<[u8; KEY_LENGTH]> {
        let file = self.folder.path().join(KEY_FILE);
        let stored = match self.read_private(&file) {
            // The file system lost what was in it. What it sealed is lost as well.
            Ok(damaged) if damaged.len() != KEY_LENGTH => {
                fs::remove_file(&file)?;
                Err(io::ErrorKind::NotFound.into())
            }
            read => read,
        };
        let stored = match stored {
            Err(error) if error.kind() == io::ErrorKind::NotFound && make => self.make_key(&file)?,
            read => read?,
        };
        let start = fs::read("/proc/sys/kernel/random/boot_id")?;
        Ok(blake3::derive_key("cpi-host 2026 credentials between calls", &[stored, start].concat()))
    }

    /// Makes the file of the key, unless another call does so at the same time.
    fn make_key(&self, file: &Path) -> io::Result<Vec<u8>> {
        self.folder.make()?;
        let mut key = [0; KEY_LENGTH];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let beside = self.write_beside(&key)?;
        File::open(&beside)?.sync_all()?;
        let linked = fs::hard_link(&beside, file);
        fs::remove_file(&beside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.read_private(file),
        }
    }

    /// A file of the cache; not one that anybody else could have written or can read.
    fn read_private(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = folder::options().read(true).open(path)?;
        self.folder.check()?;
        let user = rustix::process::geteuid().as_raw();
        let facts = file.metadata()?;
        if !facts.is_file() || facts.uid() != user || facts.mode().trailing_zeros() < 6 {
            let problem = format!("'{}' is not a file that only user {user} can read: remove it", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_beside(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let number = getrandom::u64().map_err(io::Error::other)?;
        let beside = self.folder.path().join(format!(".new-{number:016x}"));
        let mut file = folder::options().write(true).create_new(true).open(&beside)?;
        file.write_all(bytes)?;
        Ok(beside)
    }

    fn remove_old(&self) -> io::Result<()> {
        let now = SystemTime::now();
        for entry in fs::read_dir(self.folder.path())? {
            let entry = entry?;
            let age = entry.metadata()?.modified()?;
            if entry.file_name() != KEY_FILE && now.duration_since(age).is_ok_and(|age| age > OLD) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Place {
    /// What is kept, if it can be trusted: a damaged file counts as none.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<Fresh<T>> {
        match self.try_read() {
            Ok(fresh) => Some(fresh),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.warn("cannot be used", &error);
                None
            }
        }
    }

    /// Keeps a secret. That it cannot be kept costs the next call time, and no more.
    pub(crate) fn write<T: Serialize>(&self, fresh: &Fresh<T>) {
        if let Err(error) = self.try_write(fresh) {
            self.warn("cannot be written", &error);
        }
    }

    /// Removes what is kept.
    pub(crate) fn remove(&self) {
        let removed = self.cache.key(false).and_then(|key| fs::remove_file(self.file(&key)));
        if let Err(error) = removed.or_else(missing_is_fine) {
            self.warn("cannot be removed", &error);
        }
    }

    fn try_read<T: DeserializeOwned>(&self) -> io::Result<Fresh<T>> {
        let key = self.cache.key(false)?;
        let file = self.file(&key);
        let mut bytes = self.cache.read_private(&file)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("'{}' is damaged", file.display()));
        let (header, sealed) = bytes.split_at_mut_checked(HEADER).ok_or_else(damaged)?;
        let (version, nonce) = header.split_first().ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        if *version != VERSION {
            return Err(damaged());
        }
        let aad = Aad::from(self.configuration.as_bytes());
        let plain = cipher(&key)?.open_in_place(nonce, aad, sealed).map_err(|_| damaged())?;
        serde_json::from_slice(plain).map_err(|_| damaged())
    }

    fn try_write<T: Serialize>(&self, fresh: &Fresh<T>) -> io::Result<()> {
        let key = self.cache.key(true)?;
        let mut number = [0; NONCE_LEN];
        getrandom::fill(&mut number).map_err(io::Error::other)?;
        let mut sealed = serde_json::to_vec(fresh)?;
        let aad = Aad::from(self.configuration.as_bytes());
        cipher(&key)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(number), aad, &mut sealed)
            .map_err(|_| no_cipher())?;
        let beside = self.cache.write_beside(&[&[VERSION], number.as_slice(), &sealed].concat())?;
        fs::rename(beside, self.file(&key))?;
        self.cache.remove_old().or_else(missing_is_fine)
    }

    /// The name tells nothing about the configuration to those who have no key.
    fn file(&self, key: &[u8; KEY_LENGTH]) -> PathBuf {
        self.cache.folder.path().join(blake3::keyed_hash(key, self.configuration.as_bytes()).to_hex().as_str())
    }

    fn warn(&self, what: &str, error: &io::Error) {
        self.cache.journal.write(
            Level::Warn,
            format_args!("credentials kept between calls {what} in '{}': {error}", self.cache.folder.path().display()),
        );
    }
}

fn cipher(key: &[u8; KEY_LENGTH]) -> io::Result<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| no_cipher())
}

fn no_cipher() -> io::Error {
    io::Error::other("AES-256-GCM refused its key or its text")
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn cache() -> (tempfile::TempDir, TokenCache) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::new(Box::new(io::sink()), Level::Info, None));
        let cache = TokenCache::new(&folder.path().join("state"), Path::new("/cpi.json"), journal);
        (folder, cache)
    }

    fn token(text: &str) -> Fresh<String> {
        let now = SystemTime::now();
        Fresh::new(text.to_owned(), now + Duration::from_hours(1), now)
    }

    fn read(cache: &TokenCache, configuration: &str) -> Option<String> {
        cache.place(configuration).read::<String>().map(|fresh| fresh.secret)
    }

    /// The files with secrets.
    fn files(cache: &TokenCache) -> Vec<PathBuf> {
        let entries = fs::read_dir(cache.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(KEY_FILE)).collect()
    }

    #[test]
    fn each_configuration_has_its_own_secret() {
        let (_folder, cache) = cache();
        assert_eq!(read(&cache, "a"), None);
        assert!(!cache.folder.path().exists(), "reading makes nothing");
        cache.place("a").write(&token("secret-a"));
        cache.place("b").write(&token("secret-b"));
        assert_eq!(read(&cache, "a").as_deref(), Some("secret-a"));
        assert_eq!(read(&cache, "b").as_deref(), Some("secret-b"));
        assert_eq!(read(&cache, "c"), None);
        cache.place("a").remove();
        assert_eq!(read(&cache, "a"), None);
        assert_eq!(read(&cache, "b").as_deref(), Some("secret-b"));
    }

    #[test]
    fn nothing_is_readable_in_the_files_or_by_others() {
        let (_folder, cache) = cache();
        cache.place("a").write(&token("canary-secret"));
        for file in files(&cache).into_iter().chain([cache.folder.path().join(KEY_FILE)]) {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains("canary"), "{text}");
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(cache.folder.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let (_folder, cache) = cache();
        cache.place("a").write(&token("secret-a"));
        let file = files(&cache).pop().unwrap();
        let whole = fs::read(&file).unwrap();
        for place in [0, 1, HEADER, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&file, damaged).unwrap();
            assert_eq!(read(&cache, "a"), None, "byte {place}");
        }
        for length in [0, 1, HEADER, whole.len() - 1] {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(read(&cache, "a"), None, "{length} bytes");
        }
        fs::write(&file, &whole).unwrap();
        assert_eq!(read(&cache, "a").as_deref(), Some("secret-a"));
    }

    #[test]
    fn a_file_is_good_for_its_own_configuration_only() {
        let (_folder, cache) = cache();
        cache.place("a").write(&token("secret-a"));
        let a = files(&cache).pop().unwrap();
        cache.place("b").write(&token("secret-b"));
        let b = files(&cache).into_iter().find(|file| *file != a).unwrap();
        fs::copy(&a, &b).unwrap();
        assert_eq!(read(&cache, "b"), None);
    }

    #[test]
    fn what_others_can_read_or_link_to_is_not_used() {
        let (folder, cache) = cache();
        cache.place("a").write(&token("secret-a"));
        let file = files(&cache).pop().unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&cache, "a"), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert_eq!(read(&cache, "a"), None);
    }

    #[test]
    fn another_key_opens_nothing() {
        let (_folder, cache) = cache();
        cache.place("a").write(&token("secret-a"));
        fs::write(cache.folder.path().join(KEY_FILE), [7; KEY_LENGTH]).unwrap();
        assert_eq!(read(&cache, "a"), None);
        fs::write(cache.folder.path().join(KEY_FILE), b"short").unwrap();
        assert_eq!(read(&cache, "a"), None);
    }
}
