use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// A stemcell image on the host's disk. It is not opened before it is asked about: light stemcells have none.
#[derive(Clone)]
pub struct Image {
    path: PathBuf,
    file: Arc<OnceLock<Result<Arc<File>, String>>>,
    facts: Arc<OnceLock<Result<ImageFacts, String>>>,
    /// For the one thread that reads: however often a plugin asks, and stops listening, the work is done once.
    reader: Arc<Semaphore>,
}

/// What an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The most that one `peek` gives.
const LONGEST_PEEK: u32 = 1 << 20;

impl Image {
    /// The image at a path of the caller's.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: Arc::default(), facts: Arc::default(), reader: Arc::new(Semaphore::new(1)) }
    }

    /// Reads the whole image, on a thread of its own.
    pub async fn facts(&self) -> Result<ImageFacts, String> {
        let failed = |error: &dyn std::fmt::Display| format!("reading the image failed: {error}");
        let turn = Arc::clone(&self.reader).acquire_owned().await.map_err(|error| failed(&error))?;
        if let Some(facts) = self.facts.get() {
            return facts.clone();
        }
        let (file, path, facts) = (self.file()?, self.path.clone(), Arc::clone(&self.facts));
        let read = move || {
            let _turn = turn;
            facts.get_or_init(|| digest(&file).map_err(|error| unreadable(&path, &error))).clone()
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| failed(&error))?
    }

    /// Reads a part of the image; shorter than asked for at its end.
    pub fn peek(&self, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        if length > LONGEST_PEEK {
            return Err(format!("a peek is at most {LONGEST_PEEK} bytes, not {length}"));
        }
        let file = self.file()?;
        let mut bytes = vec![0; length as usize];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.path, &error)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn file(&self) -> Result<Arc<File>, String> {
        self.file.get_or_init(|| open(&self.path).map(Arc::new)).clone()
    }
}

/// Opens a regular file; no link, pipe, device or folder, and without waiting for the other end of a pipe.
fn open(path: &Path) -> Result<File, String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| unreadable(path, &error))?;
    let facts = file.metadata().map_err(|error| unreadable(path, &error))?;
    if facts.is_file() { Ok(file) } else { Err(format!("stemcell image '{}' is not a regular file", path.display())) }
}

fn digest(mut file: &File) -> std::io::Result<ImageFacts> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(buffer.get(..count).unwrap_or_default());
                size += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ImageFacts { size, sha256: hex(&hash.finalize()) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("stemcell image '{}' cannot be read: {error}", path.display())
}
