use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

mod archive;
mod content;
mod open;
mod plan;
mod taken;
mod upload;

use crate::hex::hex;
use open::Opened;
pub use plan::BlockPlan;
pub use taken::Uploads;
pub use upload::{Receipt, Refused, Unsent};

/// A stemcell image on the host's disk, or a file in an archive there. It is not opened before it is asked about: light
/// stemcells have none. From then on it is the same open file for everything that is asked of it.
#[derive(Clone)]
pub struct Image {
    file: Arc<OnDisk>,
    part: Part,
}

/// What of the file is meant.
#[derive(Clone)]
enum Part {
    Whole,
    Member(Arc<Member>),
}

/// A file in an archive.
struct Member {
    name: String,
    size: u64,
    facts: OnceLock<Result<ImageFacts, String>>,
}

struct OnDisk {
    path: PathBuf,
    rules: Arc<ImageRules>,
    opened: OnceLock<Result<Arc<Opened>, String>>,
    facts: OnceLock<Result<ImageFacts, String>>,
    /// For the one thread that reads: however often a plugin asks, and stops listening, the work is done once.
    reader: Arc<Semaphore>,
    /// Bytes that went to the plugin.
    peeked: AtomicU64,
    /// How often it was sent.
    uploads: AtomicU64,
}

/// What the operator says about images.
#[derive(Debug, Clone)]
pub struct ImageRules {
    /// Folders below which they must be, links followed; none for anywhere.
    pub roots: Vec<PathBuf>,
    /// How large they may be, in bytes, when they are unpacked.
    pub largest: u64,
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
/// The most that all of them give: headers and trailers, never the image. Of an archive's members only what is before it
/// can be looked at, because everything before has to be unpacked.
const ALL_PEEKS: u64 = 16 << 20;

impl Image {
    /// The image at a path of the caller's.
    pub fn new(path: impl Into<PathBuf>, rules: Arc<ImageRules>) -> Self {
        let file = OnDisk {
            path: path.into(),
            rules,
            opened: OnceLock::new(),
            facts: OnceLock::new(),
            reader: Arc::new(Semaphore::new(1)),
            peeked: AtomicU64::new(0),
            uploads: AtomicU64::new(0),
        };
        Self { file: Arc::new(file), part: Part::Whole }
    }

    /// Size in bytes, which needs no look at the content.
    pub fn size(&self) -> Result<u64, String> {
        match &self.part {
            Part::Whole => Ok(self.opened()?.size()),
            Part::Member(member) => Ok(member.size),
        }
    }

    /// Reads the whole image, on a thread of its own and only once; it is an error if it was changed since it was opened.
    pub async fn facts(&self) -> Result<ImageFacts, String> {
        let image = self.opened()?;
        let this = self.clone();
        let facts = self.read(move |image| this.known().get_or_init(|| this.digest(image)).clone()).await?;
        image.unchanged()?;
        Ok(facts)
    }

    /// A file in this image, which is a tar archive, plain or compressed with gzip. It is never unpacked to a disk.
    pub async fn member(&self, name: &str) -> Result<Self, String> {
        if matches!(self.part, Part::Member(_)) {
            return Err("a member of an archive is no archive itself".to_owned());
        }
        let (name, largest) = (name.to_owned(), self.file.rules.largest);
        let find = move |image: &Opened| {
            let size = archive::read(image, &name, largest, archive::Far::Found, |size, _| Ok(size))
                .map_err(|problem| format!("{problem}: '{}'", image.path().display()))?;
            Ok(Member { name, size, facts: OnceLock::new() })
        };
        let member = self.read(find).await?;
        Ok(Self { file: Arc::clone(&self.file), part: Part::Member(Arc::new(member)) })
    }

    /// Reads a part of the image; shorter than asked for at its end.
    pub async fn peek(&self, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        if length > LONGEST_PEEK {
            return Err(format!("a peek is at most {LONGEST_PEEK} bytes, not {length}"));
        }
        let image = self.opened()?;
        if self.file.peeked.fetch_add(length.into(), Ordering::Relaxed).saturating_add(length.into()) > ALL_PEEKS {
            return Err(format!("all peeks of a call are at most {ALL_PEEKS} bytes: read headers, not the image"));
        }
        let this = self.clone();
        let bytes = match self.part {
            Part::Whole => this.part_of(&image, offset, length)?,
            Part::Member(_) => self.read(move |image| this.part_of(image, offset, length)).await?,
        };
        image.unchanged()?;
        Ok(bytes)
    }

    /// For tests and replays, in which nothing is read.
    pub fn nowhere() -> Self {
        Self::new("/nowhere", Arc::default())
    }

    fn opened(&self) -> Result<Arc<Opened>, String> {
        let OnDisk { path, rules, opened, .. } = &*self.file;
        opened.get_or_init(|| Opened::new(path, &rules.roots).map(Arc::new)).clone()
    }

    /// Does something that takes its time with the open file, on a thread of its own; one at a time.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (image, turn) = (self.opened()?, self.turn().await?);
        let work = move || {
            let _turn = turn;
            work(&image)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, String> {
        Arc::clone(&self.file.reader).acquire_owned().await.map_err(|error| failed(&error))
    }

    fn known(&self) -> &OnceLock<Result<ImageFacts, String>> {
        match &self.part {
            Part::Whole => &self.file.facts,
            Part::Member(member) => &member.facts,
        }
    }

    fn digest(&self, image: &Opened) -> Result<ImageFacts, String> {
        const STEP: usize = 1 << 20;
        let (mut hash, mut size) = (Sha256::new(), 0);
        let zeros = vec![0; STEP];
        self.content(image, STEP, &mut |piece| {
            hash.update(piece.bytes.as_deref().or(zeros.get(..piece.length)).unwrap_or_default());
            size += piece.length as u64;
            Ok(())
        })?;
        Ok(ImageFacts { size, sha256: hex(&hash.finalize()) })
    }

    fn part_of(&self, image: &Opened, offset: u64, length: u32) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length as usize];
        let read = match &self.part {
            Part::Whole => content::read_at(image, &mut bytes, offset)?,
            Part::Member(member) => {
                if offset.saturating_add(length.into()) > ALL_PEEKS {
                    return Err(format!("of a member of an archive only the first {ALL_PEEKS} bytes can be peeked at"));
                }
                archive::read(image, &member.name, self.file.rules.largest, archive::Far::Found, |_, member| {
                    content::skip(member, offset)?;
                    content::fill(member, &mut bytes)
                })?
            }
        };
        bytes.truncate(read);
        Ok(bytes)
    }
}

impl Default for ImageRules {
    fn default() -> Self {
        Self { roots: Vec::new(), largest: 256 << 30 }
    }
}

fn failed(error: &dyn std::fmt::Display) -> String {
    format!("reading the image failed: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(content: &str) -> (tempfile::TempDir, Image) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, content).unwrap();
        let image = Image::new(&path, Arc::default());
        (folder, image)
    }

    #[tokio::test]
    async fn facts_are_the_same_however_often_they_are_asked_for() {
        let (_folder, image) = image("abc");
        let (one, two) = tokio::join!(image.facts(), image.facts());
        assert_eq!(one, two);
        let facts = image.facts().await.unwrap();
        assert_eq!((facts.size, image.size().unwrap()), (3, 3));
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(image.peek(1, 100).await.unwrap(), b"bc");
        assert_eq!(image.peek(u64::MAX, 100).await.unwrap(), b"");
        assert!(image.peek(0, u32::MAX).await.unwrap_err().contains("at most 1048576 bytes"));
    }

    #[tokio::test]
    async fn an_image_is_not_copied_by_peeking() {
        let (_folder, image) = image("abc");
        for _ in 0..ALL_PEEKS / u64::from(LONGEST_PEEK) {
            image.peek(0, LONGEST_PEEK).await.unwrap();
        }
        assert!(image.peek(0, LONGEST_PEEK).await.unwrap_err().contains("read headers"));
    }
}
