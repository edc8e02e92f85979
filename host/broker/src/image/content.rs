//! An image from its start to its end, in pieces of one length.

use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::archive::{self, Far};
use super::open::Opened;
use super::{Image, Part};

/// A piece of an image.
pub(super) struct Piece {
    /// From zero, one after the other.
    pub(super) index: u64,
    /// As long as all others, but for the last one.
    pub(super) length: usize,
    /// None for zeros.
    pub(super) bytes: Option<Vec<u8>>,
}

/// What is done with a piece; an error ends the reading.
type Each<'a> = dyn FnMut(Piece) -> Result<(), String> + 'a;

impl Image {
    /// Reads everything once. Zeros are found by reading, and where a file has holes, without it.
    pub(super) fn content(&self, image: &Opened, step: usize, each: &mut Each<'_>) -> Result<(), String> {
        match &self.part {
            Part::Whole => whole(image, step, each),
            Part::Member(member) => {
                let largest = self.file.rules.largest;
                archive::read(image, &member.name, largest, Far::End, |size, content| {
                    if size == member.size { stream(image, size, content, step, each) } else { Err(changed()) }
                })
            }
        }
    }
}

fn whole(image: &Opened, step: usize, each: &mut Each<'_>) -> Result<(), String> {
    let size = image.size();
    let mut data = next_data(image, 0)?;
    for index in 0..size.div_ceil(step as u64) {
        image.unchanged()?;
        let offset = index * step as u64;
        let length = piece_length(size, offset, step);
        if data < offset {
            data = next_data(image, offset)?;
        }
        let bytes = if data >= offset + length as u64 {
            None
        } else {
            let mut bytes = vec![0; length];
            // The rest of a file that was cut is found out above, at the next piece or behind the last one.
            read_at(image, &mut bytes, offset)?;
            not_zeros(bytes)
        };
        each(Piece { index, length, bytes })?;
    }
    image.unchanged()
}

fn stream(image: &Opened, size: u64, content: &mut dyn Read, step: usize, each: &mut Each<'_>) -> Result<(), String> {
    for index in 0..size.div_ceil(step as u64) {
        image.unchanged()?;
        let length = piece_length(size, index * step as u64, step);
        let mut bytes = vec![0; length];
        if fill(content, &mut bytes)? < length {
            return Err(archive::cut_off());
        }
        each(Piece { index, length, bytes: not_zeros(bytes) })?;
    }
    image.unchanged()
}

fn piece_length(size: u64, offset: u64, step: usize) -> usize {
    usize::try_from(size - offset).map_or(step, |left| left.min(step))
}

/// Whole cache lines at once, which the compiler turns into a few instructions.
fn not_zeros(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let is_zero = |chunk: &[u8]| chunk.iter().fold(0, |all, byte| all | byte) == 0;
    if bytes.chunks(256).all(is_zero) { None } else { Some(bytes) }
}

/// Where the next data is at or behind a place. File systems without holes have data everywhere.
fn next_data(image: &Opened, from: u64) -> Result<u64, String> {
    match seek(&image.file, SeekFrom::Data(from)) {
        Ok(place) => Ok(place),
        Err(Errno::NXIO) => Ok(u64::MAX),
        Err(Errno::INVAL) => Ok(from),
        Err(error) => Err(image.unreadable(&error.into())),
    }
}

/// Fills the buffer as far as the file goes, and says how far that is.
pub(super) fn read_at(image: &Opened, buffer: &mut [u8], offset: u64) -> Result<usize, String> {
    let mut place = At { image, offset };
    fill_with(&mut place, buffer).map_err(|error| image.unreadable(&error))
}

/// Fills the buffer as far as there is something to read, and says how far that is.
pub(super) fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, String> {
    fill_with(from, buffer).map_err(|error| archive::problem(&error))
}

/// Reads so many bytes, as far as there are any, and forgets them.
pub(super) fn skip(from: &mut dyn Read, bytes: u64) -> Result<u64, String> {
    io::copy(&mut from.take(bytes), &mut io::sink()).map_err(|error| archive::problem(&error))
}

fn fill_with(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// An open file from a place on. Every reader has a place of its own.
pub(super) struct At<'a> {
    pub(super) image: &'a Opened,
    pub(super) offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // No file reaches as far as numbers do.
        if i64::try_from(self.offset.saturating_add(buffer.len() as u64)).is_err() {
            return Ok(0);
        }
        let count = self.image.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

fn changed() -> String {
    "the archive holds another image than before: make sure that nobody writes to it, and upload it again".to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn holes_and_zeros_are_not_data() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let file = File::create(&path).unwrap();
        file.set_len((4 << 20) + 3).unwrap();
        file.write_all_at(b"x", 1 << 20).unwrap();
        file.write_all_at(&vec![0; 1 << 20], 2 << 20).unwrap();
        file.write_all_at(b"end", 4 << 20).unwrap();
        drop(file);
        let image = Image::new(&path, Arc::default());
        let mut pieces = Vec::new();
        let opened = image.opened().unwrap();
        image
            .content(&opened, 1 << 20, &mut |piece| {
                pieces.push((piece.index, piece.length, piece.bytes.is_some()));
                Ok(())
            })
            .unwrap();
        let full = 1 << 20;
        assert_eq!(pieces, [(0, full, false), (1, full, true), (2, full, false), (3, full, false), (4, 3, true)]);
    }
}
