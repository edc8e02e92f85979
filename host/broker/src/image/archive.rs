//! One file of a tar archive, read as a stream. Nothing is unpacked to a disk, so no name in it can lead anywhere; what an
//! archive can do is to be large, and that is counted.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use super::content::At;
use super::open::Opened;

/// How far an archive is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Far {
    /// Until the member was read.
    Found,
    /// To its end: the member is the only one of its name, and the checksum of the compression is right.
    End,
}

/// What is wrong with an archive: whoever made it is at fault.
#[derive(Debug, Clone, thiserror::Error)]
enum ArchiveError {
    #[error("image-archive: no member '{name}' in it; it has {there}")]
    Missing { name: String, there: String },
    #[error("image-archive: '{name}' is there twice, and only one can be the image")]
    Twice { name: String },
    #[error("image-archive: '{name}' is {kind}, not a file")]
    Kind { name: String, kind: String },
    #[error(
        "image-archive: '{name}' was packed in the POSIX form for files with holes, which is not read: \
         pack it with `tar --format=gnu`"
    )]
    PosixHoles { name: String },
    #[error("image-archive: it has more than {0} members")]
    Members(usize),
    #[error("image-archive: the headers before a member have more than {0} bytes")]
    Headers(u64),
    #[error("image-archive: the archive ends before the image does")]
    CutOff,
    #[error("image-archive: it cannot be read: {0}")]
    Unreadable(String),
    #[error("image-archive: it is damaged, or not a tar archive (plain or compressed with gzip)")]
    Damaged,
    #[error(
        "limit-image: the archive unpacks to more than {0} bytes: raise [images] largest in the host's configuration \
         if that is a real image"
    )]
    TooLarge(u64),
}

/// A stemcell has one or two.
const MOST_MEMBERS: usize = 1000;
/// Long names and the maps of files with holes. A map of a hundred thousand pieces has less.
const LONGEST_HEADERS: u64 = 8 << 20;
/// Names that are told when the one that is looked for is missing.
const TOLD: usize = 5;
const MAGIC_OF_GZIP: [u8; 2] = [0x1f, 0x8b];

/// Finds a member and has its content read, which has so many bytes.
pub(super) fn read<T>(
    image: &Opened,
    name: &str,
    largest: u64,
    far: Far,
    with: impl FnOnce(u64, &mut dyn Read) -> Result<T, String>,
) -> Result<T, String> {
    let meter =
        Meter { left: Rc::new(Cell::new(largest)), headers: Rc::new(Cell::new(Some(LONGEST_HEADERS))), largest };
    let mut archive = Archive::new(Metered { inner: unpacked(image)?, meter: meter.clone() });
    let (mut with, mut result, mut others) = (Some(with), None, Vec::new());
    let mut declared: u64 = 0;
    let entries = archive.entries().map_err(|error| problem(&error))?;
    for (count, entry) in entries.enumerate() {
        let mut entry = entry.map_err(|error| problem(&error))?;
        if count == MOST_MEMBERS {
            return Err(ArchiveError::Members(MOST_MEMBERS).to_string());
        }
        // Holes are in no archive, but take time to go through.
        declared = declared.saturating_add(entry.size());
        if declared > largest {
            return Err(ArchiveError::TooLarge(largest).to_string());
        }
        meter.content();
        if entry.header().entry_type().is_pax_global_extensions() {
            // About all members and none, and of any length.
            io::copy(&mut entry, &mut io::sink()).map_err(|error| problem(&error))?;
            meter.header();
            continue;
        }
        match with.take_if(|_| is_named(&entry, name)) {
            Some(with) => {
                check_kind(&mut entry, name)?;
                result = Some(with(entry.size(), &mut entry)?);
                if far == Far::Found {
                    break;
                }
            }
            None if is_named(&entry, name) => {
                return Err(ArchiveError::Twice { name: name.to_owned() }.to_string());
            }
            None if has_holes_in_posix_form(&mut entry, name)? => {
                return Err(ArchiveError::PosixHoles { name: name.to_owned() }.to_string());
            }
            None => others.push(entry.path_bytes().iter().take(100).copied().collect::<Vec<u8>>()),
        }
        io::copy(&mut entry, &mut io::sink()).map_err(|error| problem(&error))?;
        meter.header();
    }
    let result = result.ok_or_else(|| missing(name, &others).to_string())?;
    if far == Far::End {
        meter.content();
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| problem(&error))?;
    }
    Ok(result)
}

/// Why reading an archive failed, in words of our own: the library's quote what is in the file.
pub(super) fn problem(error: &io::Error) -> String {
    let first: &(dyn Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |&cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
    });
    causes.find_map(|cause| cause.downcast_ref::<ArchiveError>()).map_or_else(
        || match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_off(),
            _ if error.raw_os_error().is_some() => ArchiveError::Unreadable(error.to_string()).to_string(),
            _ => ArchiveError::Damaged.to_string(),
        },
        ToString::to_string,
    )
}

/// The archive ends too early.
pub(super) fn cut_off() -> String {
    ArchiveError::CutOff.to_string()
}

fn unpacked<'a>(image: &'a Opened) -> Result<Box<dyn Read + 'a>, String> {
    let mut magic = [0; 2];
    super::content::read_at(image, &mut magic, 0)?;
    let file = BufReader::with_capacity(256 << 10, At { image, offset: 0 });
    Ok(if magic == MAGIC_OF_GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn is_named(entry: &Entry<'_, impl Read>, name: &str) -> bool {
    let path = entry.path_bytes();
    path.strip_prefix(b"./").unwrap_or(&path) == name.as_bytes()
}

fn check_kind(entry: &mut Entry<'_, impl Read>, name: &str) -> Result<(), String> {
    let name = name.to_owned();
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {}
        other => return Err(ArchiveError::Kind { name, kind: kind(other) }.to_string()),
    }
    if has_holes_in_posix_form(entry, &name)? {
        return Err(ArchiveError::PosixHoles { name }.to_string());
    }
    Ok(())
}

/// The newest form of such files has another name in the header, the older ones have the true one there.
fn has_holes_in_posix_form(entry: &mut Entry<'_, impl Read>, name: &str) -> Result<bool, String> {
    let ours = is_named(entry, name);
    let Some(extensions) = entry.pax_extensions().map_err(|error| problem(&error))? else { return Ok(false) };
    for extension in extensions {
        let extension = extension.map_err(|error| problem(&error))?;
        let key = extension.key_bytes();
        if key.starts_with(b"GNU.sparse.")
            && (ours || (key == b"GNU.sparse.name" && extension.value_bytes() == name.as_bytes()))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn kind(kind: EntryType) -> String {
    match kind {
        EntryType::Link => "a hard link".to_owned(),
        EntryType::Symlink => "a symbolic link".to_owned(),
        EntryType::Directory => "a folder".to_owned(),
        EntryType::Char | EntryType::Block => "a device".to_owned(),
        EntryType::Fifo => "a pipe".to_owned(),
        other => format!("of type {:#04x}", other.as_byte()),
    }
}

fn missing(name: &str, others: &[Vec<u8>]) -> ArchiveError {
    let told: Vec<_> = others.iter().take(TOLD).map(|name| format!("'{}'", name.escape_ascii())).collect();
    let there = match others.len() {
        0 => "none".to_owned(),
        count if count > TOLD => format!("{} and {} more", told.join(", "), count - TOLD),
        _ => told.join(", "),
    };
    ArchiveError::Missing { name: name.to_owned(), there }
}

/// What may still be read.
#[derive(Clone)]
struct Meter {
    /// In all.
    left: Rc<Cell<u64>>,
    /// Until the next member begins; none while one is read. Headers are kept in memory, contents are not.
    headers: Rc<Cell<Option<u64>>>,
    largest: u64,
}

impl Meter {
    fn content(&self) {
        self.headers.set(None);
    }

    fn header(&self) {
        self.headers.set(Some(LONGEST_HEADERS));
    }

    fn count(&self, bytes: u64) -> Result<(), ArchiveError> {
        let left = self.left.get().checked_sub(bytes).ok_or(ArchiveError::TooLarge(self.largest))?;
        self.left.set(left);
        if let Some(headers) = self.headers.get() {
            let headers = headers.checked_sub(bytes).ok_or(ArchiveError::Headers(LONGEST_HEADERS))?;
            self.headers.set(Some(headers));
        }
        Ok(())
    }
}

struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.count(count as u64).map_err(io::Error::other)?;
        Ok(count)
    }
}
