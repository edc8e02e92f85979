//! Stemcell images and archives of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

/// The member that stemcells for AWS have.
pub const ROOT: &str = "root.img";

/// A file of zeros with so many pieces of 64 KiB that nothing can compress, evenly spread; the same each time.
pub fn sparse(path: &Path, size: u64, pieces: u64) {
    let file = File::create(path).expect("a file");
    file.set_len(size).expect("its size");
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for piece in 0..pieces {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(8192)
        .flatten()
        .collect();
        file.write_all_at(&bytes, size / pieces * piece).expect("space");
    }
}

/// An archive with one member, as stemcells have it: compressed, its holes written as zeros.
pub fn stemcell(archive: &Path, image: &Path) {
    let mut builder = Builder::new(GzEncoder::new(File::create(archive).expect("a file"), Compression::fast()));
    builder.sparse(false);
    let mut image = File::open(image).expect("the image");
    builder.append_file(ROOT, &mut image).expect("space");
    builder.into_inner().and_then(GzEncoder::finish).expect("space");
}

/// The head of a member whose name and kind are taken as they are, and which says that it has so many bytes.
pub fn head(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header
}

/// A compressed archive of members, each with its head and what follows it; with an end, if it is to have one.
pub fn archive(path: &Path, members: &mut [(Header, Box<dyn Read>)], end: bool) {
    let mut archive = GzEncoder::new(File::create(path).expect("a file"), Compression::fast());
    for (header, content) in members {
        archive.write_all(header.as_bytes()).expect("space");
        let written = io::copy(content, &mut archive).expect("space");
        let padding = usize::try_from(written.next_multiple_of(512) - written).expect("less than a sector");
        archive.write_all(&vec![0; padding]).expect("space");
    }
    if end {
        archive.write_all(&[0; 1024]).expect("space");
    }
    archive.finish().expect("space");
}
