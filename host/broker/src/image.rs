use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

mod open;

use crate::hex::hex;
use open::Opened;

/// A stemcell image on the host's disk. It is not opened before it is asked about: light stemcells have none. From then
/// on it is the same open file for everything that is asked of it.
#[derive(Clone)]
pub struct Image(Arc<Inner>);

struct Inner {
    path: PathBuf,
    roots: Arc<[PathBuf]>,
    opened: OnceLock<Result<Arc<Opened>, String>>,
    facts: OnceLock<Result<ImageFacts, String>>,
    /// For the one thread that reads: however often a plugin asks, and stops listening, the work is done once.
    reader: Arc<Semaphore>,
    /// Bytes that went to the plugin.
    peeked: AtomicU64,
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
/// The most that all of them give: headers and trailers, never the image.
const ALL_PEEKS: u64 = 16 << 20;

impl Image {
    /// The image at a path of the caller's, which must be below one of the roots if there are any.
    pub fn new(path: impl Into<PathBuf>, roots: Arc<[PathBuf]>) -> Self {
        Self(Arc::new(Inner {
            path: path.into(),
            roots,
            opened: OnceLock::new(),
            facts: OnceLock::new(),
            reader: Arc::new(Semaphore::new(1)),
            peeked: AtomicU64::new(0),
        }))
    }

    /// Reads the whole image, on a thread of its own and only once; it is an error if it was changed since it was opened.
    pub async fn facts(&self) -> Result<ImageFacts, String> {
        let image = self.opened()?;
        let failed = |error: &dyn std::fmt::Display| format!("reading the image failed: {error}");
        let turn = Arc::clone(&self.0.reader).acquire_owned().await.map_err(|error| failed(&error))?;
        let facts = if let Some(facts) = self.0.facts.get() {
            facts.clone()?
        } else {
            let (inner, image) = (Arc::clone(&self.0), Arc::clone(&image));
            let read = move || {
                let _turn = turn;
                inner.facts.get_or_init(|| digest(&image)).clone()
            };
            tokio::task::spawn_blocking(read).await.map_err(|error| failed(&error))??
        };
        image.unchanged()?;
        Ok(facts)
    }

    /// Reads a part of the image; shorter than asked for at its end.
    pub fn peek(&self, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        if length > LONGEST_PEEK {
            return Err(format!("a peek is at most {LONGEST_PEEK} bytes, not {length}"));
        }
        let image = self.opened()?;
        if self.0.peeked.fetch_add(length.into(), Ordering::Relaxed).saturating_add(length.into()) > ALL_PEEKS {
            return Err(format!("all peeks of a call are at most {ALL_PEEKS} bytes: read headers, not the image"));
        }
        let mut bytes = vec![0; length as usize];
        let read = read_at(&image, &mut bytes, offset)?;
        bytes.truncate(read);
        image.unchanged()?;
        Ok(bytes)
    }

    fn opened(&self) -> Result<Arc<Opened>, String> {
        let Inner { path, roots, opened, .. } = &*self.0;
        opened.get_or_init(|| Opened::new(path, roots).map(Arc::new)).clone()
    }
}

fn digest(image: &Opened) -> Result<ImageFacts, String> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match read_at(image, &mut buffer, size)? {
            0 => break,
            count => {
                hash.update(buffer.get(..count).unwrap_or_default());
                size += count as u64;
            }
        }
    }
    Ok(ImageFacts { size, sha256: hex(&hash.finalize()) })
}

/// Fills the buffer as far as the file goes, and says how far that is.
fn read_at(image: &Opened, buffer: &mut [u8], offset: u64) -> Result<usize, String> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // No file reaches as far as numbers do.
        let Some(place) = offset.checked_add(filled as u64).filter(|place| i64::try_from(*place).is_ok()) else {
            break;
        };
        match image.file.read_at(rest, place) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(image.unreadable(&error)),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn facts_are_the_same_however_often_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, "abc").unwrap();
        let image = Image::new(&path, Arc::default());
        let (one, two) = tokio::join!(image.facts(), image.facts());
        assert_eq!(one, two);
        let facts = image.facts().await.unwrap();
        assert_eq!(facts.size, 3);
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(image.peek(1, 100).unwrap(), b"bc");
        assert_eq!(image.peek(u64::MAX, 100).unwrap(), b"");
        assert!(image.peek(0, u32::MAX).unwrap_err().contains("at most 1048576 bytes"));
    }

    #[test]
    fn an_image_is_not_copied_by_peeking() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, "abc").unwrap();
        let image = Image::new(&path, Arc::default());
        let peeks = (0..100).take_while(|_| image.peek(0, LONGEST_PEEK).is_ok()).count();
        assert_eq!(peeks as u64, ALL_PEEKS / u64::from(LONGEST_PEEK));
    }
}
