//! Which chunks does a file consist of? Cut and hashed on all processors, in bounded memory.
//!
//! Where a chunk ends depends on where it began, so a file seems to be cut in one direction only. But cuts find together: two
//! threads that begin at different places soon end their chunks at the same ones. So each thread takes a stretch of the file and
//! cuts it as if a chunk began there, then goes on into the next stretch until it meets one of the cuts that are known there. At the
//! end the true chunks are followed from stretch to stretch. The result is that of cutting from the beginning, for any file.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde::{Deserialize, Serialize};
use storage::{ChunkHash, PieceCutter, Sizes};

use super::{
    cache::{Entry, Reading},
    scan::Stamp,
};

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub hash: ChunkHash,
    pub size_bytes: u32,
}

/// Bytes read at a time: they are still in the processor's cache when they are cut and hashed.
const READ_BYTES: usize = 256 << 10;
/// What one thread takes at a time: some of its first chunks are cut in vain.
const STRETCH_BYTES: u64 = 64 << 20;

/// Cuts a file on up to `threads` processors. `None` when it changed meanwhile.
pub fn cut(path: &Path, sizes: Sizes, threads: usize) -> io::Result<Option<Entry>> {
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let reading = Reading::begin(&file, &stamp);
    let pieces = match pieces(&file, stamp.size_bytes, STRETCH_BYTES, sizes, threads) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        pieces => pieces?,
    };
    let is_same = Stamp::of(&file.metadata()?) == stamp && Stamp::of(&path.symlink_metadata()?) == stamp;
    Ok(is_same.then(|| Entry::new(stamp, reading, pieces)))
}

/// A source of bytes at offsets.
trait Source: Sync {
    fn fill(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
}

impl Source for File {
    fn fill(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }
}

fn pieces(source: &impl Source, length: u64, stretch: u64, sizes: Sizes, threads: usize) -> io::Result<Vec<Piece>> {
    let stretches: Vec<Range<u64>> =
        (0..length.div_ceil(stretch)).map(|n| n * stretch..length.min((n + 1) * stretch)).collect();
    // The chunks of each stretch up to the first that ends behind it.
    let found = each(&stretches, threads, |stretch| {
        let mut found = Vec::new();
        let mut cutter = Cutter::new(source, stretch.start, length, sizes);
        while cutter.at < stretch.end {
            let start = cutter.at;
            found.push((start, cutter.next_piece()?));
        }
        Ok(found)
    })?;
    // From there to a cut of the next stretch.
    let joints: Vec<usize> = (1..found.len()).collect();
    let joined = each(&joints, threads, |next| {
        let (last, piece) = found[next - 1].last().expect("a stretch has a first chunk");
        let mut pieces = Vec::new();
        let mut cutter = Cutter::new(source, last + u64::from(piece.size_bytes), length, sizes);
        while cutter.at < stretches[*next].end && !begins(&found[*next], cutter.at) {
            pieces.push(cutter.next_piece()?);
        }
        Ok(pieces)
    })?;
    let mut pieces = Vec::new();
    let mut at = 0;
    for (number, (stretch, found)) in stretches.iter().zip(&found).enumerate() {
        let mut cutter: Option<Cutter<_>> = None;
        while at < stretch.end {
            if let Ok(met) = found.binary_search_by_key(&at, |(start, _)| *start) {
                pieces.extend(found[met..].iter().map(|(_, piece)| *piece));
                pieces.extend(joined.get(number).into_iter().flatten());
                let (last, piece) = found.last().expect("it has the one that was met");
                let joint = joined.get(number).into_iter().flatten();
                at = last + u64::from(piece.size_bytes) + joint.map(|piece| u64::from(piece.size_bytes)).sum::<u64>();
                break;
            }
            let piece = cutter.get_or_insert_with(|| Cutter::new(source, at, length, sizes)).next_piece()?;
            pieces.push(piece);
            at += u64::from(piece.size_bytes);
        }
    }
    Ok(pieces)
}

fn begins(found: &[(u64, Piece)], at: u64) -> bool {
    found.binary_search_by_key(&at, |(start, _)| *start).is_ok()
}

/// Does `work` for each of `items` on up to `threads` threads; the results are in the order of the items.
fn each<I: Sync, T: Send>(
    items: &[I],
    threads: usize,
    work: impl Fn(&I) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            done.push((at, work(item)?));
        }
        Ok::<_, io::Error>(done)
    };
    if items.len() < 2 || threads < 2 {
        return some().map(|done| done.into_iter().map(|(_, result)| result).collect());
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(some)).collect();
        let mut all = Vec::with_capacity(items.len());
        for thread in threads {
            all.extend(thread.join().expect("cutting does not panic")?);
        }
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, result)| result).collect())
    })
}

/// Cuts from one place on.
struct Cutter<'a, S> {
    source: &'a S,
    cutter: PieceCutter,
    /// Where the next chunk begins.
    at: u64,
    length: u64,
    /// How far it was read.
    read_to: u64,
    buffer: Vec<u8>,
    /// How much of the buffer is cut.
    start: usize,
}

impl<'a, S: Source> Cutter<'a, S> {
    fn new(source: &'a S, at: u64, length: u64, sizes: Sizes) -> Self {
        Self { source, cutter: PieceCutter::new(sizes), at, length, read_to: at, buffer: Vec::new(), start: 0 }
    }

    /// The chunk at `at`, which is before the end of the file.
    fn next_piece(&mut self) -> io::Result<Piece> {
        let (hash, length) = loop {
            if self.start == self.buffer.len() && !self.read_on()? {
                break self.cutter.finish().expect("there are bytes");
            }
            let (taken, chunk) = self.cutter.feed(&self.buffer[self.start..]);
            self.start += taken;
            if let Some(chunk) = chunk {
                break chunk;
            }
        };
        self.at += length as u64;
        Ok(Piece { hash, size_bytes: length as u32 })
    }

    /// Fills the buffer anew; `false` at the end of the file.
    fn read_on(&mut self) -> io::Result<bool> {
        let left = usize::try_from(self.length - self.read_to).unwrap_or(usize::MAX).min(READ_BYTES);
        self.buffer.resize(left, 0);
        self.source.fill(&mut self.buffer, self.read_to)?;
        self.read_to += left as u64;
        self.start = 0;
        Ok(left > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Sizes = Sizes { min: 64, average: 320, max: 1024 };

    impl Source for Vec<u8> {
        fn fill(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
            bytes.copy_from_slice(&self[offset as usize..][..bytes.len()]);
            Ok(())
        }
    }

    fn cut_at_once(mut rest: &[u8], sizes: Sizes) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(length) = sizes.first_chunk(rest, true) {
            pieces.push(Piece { hash: ChunkHash::of(&rest[..length]), size_bytes: length as u32 });
            rest = &rest[length..];
        }
        pieces
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn a_file_is_cut_on_many_threads_as_on_one(
            parts in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..9000),
                // Here nothing finds together.
                (any::<u8>(), 0..9000usize).prop_map(|(byte, length)| vec![byte; length]),
            ], 0..5),
            stretch in 100..5000u64,
            threads in 1..5usize,
        ) {
            let bytes = parts.concat();
            let expected = cut_at_once(&bytes, SMALL);
            prop_assert_eq!(pieces(&bytes, bytes.len() as u64, stretch, SMALL, threads).unwrap(), expected);
        }
    }

    #[test]
    fn a_file_is_cut_as_the_store_cuts_it() {
        let bytes: Vec<u8> = (0u32..6_000_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let length = bytes.len() as u64;
        let expected = cut_at_once(&bytes, Sizes::STORE);
        assert_eq!(pieces(&bytes, length, 5_000_000, Sizes::STORE, 3).unwrap(), expected);
    }
}
