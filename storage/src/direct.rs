//! How do large objects get to the disk without a copy of them in memory?
//!
//! What an upload brings is seldom read at once. On its way through the page cache it costs more processor time than all hashing,
//! and pushes out what is read all the time: the database and the index. So whole blocks are written past the cache
//! (`O_DIRECT`), from buffers that are aligned as that wants. A file system that cannot do it is asked once.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Smaller objects go through the page cache: text and pages are made of them next, and they cost little.
const SMALLEST_BYTES: usize = 256 * 1024;

/// A multiple of the blocks of every disk.
const ALIGNMENT: usize = 4096;

/// Bytes given to the disk at a time.
const BUFFER_BYTES: usize = 512 * 1024;

/// Buffers kept for the next object.
const SPARE_BUFFERS: usize = 16;

/// Writes past the page cache.
pub(crate) struct Direct {
    is_possible: AtomicBool,
    spare: Mutex<Vec<Buffer>>,
}

/// [`BUFFER_BYTES`] that begin where the disk wants it.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Default for Direct {
    fn default() -> Self {
        Self { is_possible: AtomicBool::new(true), spare: Mutex::default() }
    }
}

impl Direct {
    /// Writes what fills whole blocks into the file at `path`, which is empty, and returns how many bytes that is: none when
    /// the object is small or the file system cannot do it. They are not synced.
    pub fn write(&self, path: &Path, parts: &[Bytes]) -> io::Result<usize> {
        let length: usize = parts.iter().map(Bytes::len).sum();
        if length < SMALLEST_BYTES || !self.is_possible.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let mut buffer = self.take();
        let written = write_blocks(path, parts, length / ALIGNMENT * ALIGNMENT, &mut buffer);
        self.give_back(buffer);
        match written {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.is_possible.store(false, Ordering::Relaxed);
                Ok(0)
            }
            written => written,
        }
    }

    fn take(&self) -> Buffer {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| {
            let bytes = vec![0; BUFFER_BYTES + ALIGNMENT];
            let start = bytes.as_ptr().align_offset(ALIGNMENT);
            Buffer { bytes, start }
        })
    }

    fn give_back(&self, buffer: Buffer) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_BUFFERS {
            spare.push(buffer);
        }
    }
}

/// Writes the first `length` bytes, a multiple of [`ALIGNMENT`].
fn write_blocks(path: &Path, parts: &[Bytes], length: usize, buffer: &mut Buffer) -> io::Result<usize> {
    let file = OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)?;
    let aligned = &mut buffer.bytes[buffer.start..][..BUFFER_BYTES];
    let (mut at, mut filled) = (0, 0);
    for part in parts {
        let mut part = &part[..];
        while !part.is_empty() && at + filled < length {
            let wanted = part.len().min(BUFFER_BYTES.min(length - at) - filled);
            let (now, later) = part.split_at(wanted);
            aligned[filled..][..wanted].copy_from_slice(now);
            (filled, part) = (filled + wanted, later);
            if filled == BUFFER_BYTES || at + filled == length {
                file.write_all_at(&aligned[..filled], at as u64)?;
                (at, filled) = (at + filled, 0);
            }
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn whole_blocks_are_written_and_the_rest_is_left(lengths in prop::collection::vec(1..400_000usize, 1..8)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("object");
            std::fs::write(&path, b"").unwrap();
            let parts: Vec<Bytes> =
                lengths.iter().enumerate().map(|(number, length)| vec![number as u8 + 1; *length].into()).collect();
            let (whole, direct) = (parts.concat(), Direct::default());
            let written = direct.write(&path, &parts).unwrap();
            if direct.is_possible.load(Ordering::Relaxed) {
                let expected = if whole.len() < SMALLEST_BYTES { 0 } else { whole.len() / ALIGNMENT * ALIGNMENT };
                prop_assert_eq!(written, expected);
                prop_assert!(std::fs::read(&path).unwrap() == whole[..written]);
            } else {
                prop_assert_eq!(written, 0);
            }
        }
    }
}
