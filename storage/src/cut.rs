//! Where does one chunk end and the next begin?
//!
//! FastCDC (2020) looks at the bytes alone, so an insertion near the start of a file moves few boundaries and equal parts
//! of two files become equal chunks. A boundary is final as soon as the rolling hash chose it or the largest size is
//! reached; only the end of the content can make it earlier. So the [`Scanner`] runs on whatever bytes have arrived, looks
//! at each byte once, and the result never depends on how they arrived.
//!
//! Without normalisation: behind the smallest size every place is as likely to be a boundary as any other. After an insertion old and new
//! cuts then meet soonest, since most boundaries of one are allowed in the other; README.md has the measurements.
//!
//! It finds the boundaries that `fastcdc::v2020::cut` finds (a test compares them); that function wants the whole chunk
//! in one piece of memory and begins anew at every call.

use std::sync::LazyLock;

use fastcdc::v2020::{Normalization, get_gear_with_seed, select_masks};

use crate::ids::ChunkHash;
use crate::tree::TreeHasher;

/// No chunk but the last one of a content is smaller. Keeps the number of objects and the share of per-object cost
/// (two fsyncs in a folder, one request in S3) low.
pub const MIN_CHUNK_BYTES: usize = 1024 * 1024;

/// The size of chunks on average, of bytes that are not alike. README.md has the measurements that chose it.
pub const AVERAGE_CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// No chunk is larger. Bounds the memory of every upload and download, and the work lost when a connection breaks.
pub const MAX_CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// The three sizes a cut depends on, all even. On average a chunk is as much larger than the smallest as the nearest power of two to
/// `average - min`, and that is at least 256. A store uses [`Sizes::STORE`]; a client that cuts for one takes its server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub min: usize,
    pub average: usize,
    pub max: usize,
}

impl Sizes {
    /// The sizes of the storage format: a change would make equal files unequal.
    pub const STORE: Self = Self { min: MIN_CHUNK_BYTES, average: AVERAGE_CHUNK_BYTES, max: MAX_CHUNK_BYTES };

    /// Returns the length of the first chunk of `bytes`, or `None` while bytes that follow could still make it longer.
    ///
    /// `at_end` says that nothing follows; then every non-empty input has a first chunk.
    pub fn first_chunk(self, bytes: &[u8], at_end: bool) -> Option<usize> {
        let rest = at_end.then_some(bytes.len()).filter(|length| *length > 0);
        Scanner::new(self).feed(bytes).or(rest)
    }
}

/// The rolling hash adds these for each byte value, and twice as much for the first byte of a pair.
struct Gear {
    first: [u64; 256],
    second: [u64; 256],
}

static GEAR: LazyLock<Gear> = LazyLock::new(|| {
    let (second, first) = get_gear_with_seed(0);
    let table = |values: &[u64]| values.try_into().expect("one value for each byte");
    Gear { first: table(&first), second: table(&second) }
});

/// Finds the end of one chunk in bytes that come piece by piece.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    sizes: Sizes,
    mask: u64,
    hash: u64,
    /// Bytes of the chunk that were looked at.
    position: usize,
    /// The first byte of a pair whose second has not come yet: the last byte of a content is no boundary by itself.
    half: Option<u8>,
}

impl Scanner {
    /// Begins a chunk.
    pub fn new(sizes: Sizes) -> Self {
        let (mask, _) = select_masks(sizes.average - sizes.min, Normalization::Level0);
        Self { sizes, mask, hash: 0, position: 0, half: None }
    }

    /// Looks at the next bytes of the chunk. Returns its length when it ends within them, or just before them.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Option<usize> {
        let skipped = self.sizes.min.saturating_sub(self.position).min(bytes.len());
        self.position += skipped;
        bytes = &bytes[skipped..];
        if let Some(first) = self.half.take() {
            let Some((&second, rest)) = bytes.split_first() else {
                self.half = Some(first);
                return None;
            };
            bytes = rest;
            let found = self.scan(&[[first, second]]);
            if found.is_some() {
                return found;
            }
        }
        let pairs = self.sizes.max.saturating_sub(self.position).min(bytes.len()) / 2;
        let (now, rest) = bytes.split_at(2 * pairs);
        let found = self.scan(now.as_chunks::<2>().0);
        if found.is_some() {
            return found;
        }
        if self.position >= self.sizes.max {
            return Some(self.sizes.max);
        }
        self.half = rest.first().copied();
        None
    }

    fn scan(&mut self, pairs: &[[u8; 2]]) -> Option<usize> {
        let (gear, mask, mut hash) = (&*GEAR, self.mask, self.hash);
        for (index, [first, second]) in pairs.iter().enumerate() {
            hash = (hash << 2).wrapping_add(gear.first[usize::from(*first)]);
            if hash & (mask << 1) == 0 {
                return Some(self.position + 2 * index);
            }
            hash = hash.wrapping_add(gear.second[usize::from(*second)]);
            if hash & mask == 0 {
                return Some(self.position + 2 * index + 1);
            }
        }
        self.hash = hash;
        self.position += 2 * pairs.len();
        None
    }
}

/// Cuts bytes that come piece by piece, and hashes the chunks; keeps none of them. For programs that cut as a store does.
pub struct PieceCutter {
    scanner: Scanner,
    hasher: TreeHasher,
    /// The byte before, when it may be the first one of the next chunk.
    half: Option<u8>,
    length: usize,
}

impl PieceCutter {
    /// Begins a content.
    pub fn new(sizes: Sizes) -> Self {
        Self { scanner: Scanner::new(sizes), hasher: TreeHasher::new(), half: None, length: 0 }
    }

    /// Takes the next bytes, up to the end of the chunk. Returns how many those are, with the hash and the length of the chunk when it has
    /// ended: what comes after them begins the next chunk.
    pub fn feed(&mut self, bytes: &[u8]) -> (usize, Option<(ChunkHash, usize)>) {
        let end = self.scanner.feed(bytes);
        let had_half = usize::from(self.half.is_some());
        // What certainly belongs to the chunk, behind what is hashed.
        let certain = end.unwrap_or(self.scanner.position) - self.length;
        if let Some(half) = self.half.filter(|_| certain > 0) {
            self.hasher.update(&[half]);
            self.half = None;
        }
        let taken = certain.saturating_sub(had_half);
        self.hasher.update(&bytes[..taken]);
        self.length += certain;
        let Some(length) = end else {
            if certain > 0 || had_half == 0 {
                self.half = bytes.get(taken).copied();
            }
            return (bytes.len(), None);
        };
        let half = self.half.take();
        let ended = std::mem::replace(self, Self::new(self.scanner.sizes));
        if let Some(half) = half {
            // One byte alone ends no chunk.
            self.feed(&[half]);
        }
        (taken, Some((ended.hasher.finish().0, length)))
    }

    /// Returns the last chunk, if there are bytes of it, and begins a new content.
    pub fn finish(&mut self) -> Option<(ChunkHash, usize)> {
        let mut last = std::mem::replace(self, Self::new(self.scanner.sizes));
        if let Some(half) = last.half {
            last.hasher.update(&[half]);
            last.length += 1;
        }
        (last.length > 0).then(|| (last.hasher.finish().0, last.length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Sizes = Sizes { min: 64, average: 320, max: 1024 };

    fn cut_at_once(bytes: &[u8]) -> Vec<usize> {
        let Sizes { min, average, max } = SMALL;
        let cuts = fastcdc::v2020::FastCDC::with_level(bytes, min, average - min, max, Normalization::Level0);
        cuts.map(|chunk| chunk.length).collect()
    }

    fn cut_in_pieces(bytes: &[u8], pieces: &[usize]) -> Vec<usize> {
        let (mut lengths, mut start, mut seen, mut scanner) = (Vec::new(), 0, 0, Scanner::new(SMALL));
        for piece in pieces.iter().cycle() {
            let end = (seen + piece).min(bytes.len());
            while let Some(length) = scanner.feed(&bytes[seen..end]) {
                lengths.push(length);
                start += length;
                seen = start;
                scanner = Scanner::new(SMALL);
            }
            seen = end;
            if end == bytes.len() {
                break;
            }
        }
        if start < bytes.len() {
            lengths.push(bytes.len() - start);
        }
        lengths
    }

    fn cut_and_hash(bytes: &[u8], pieces: &[usize]) -> Vec<(ChunkHash, usize)> {
        let (mut found, mut cutter, mut rest) = (Vec::new(), PieceCutter::new(SMALL), bytes);
        for piece in pieces.iter().cycle() {
            let (mut now, later) = rest.split_at(rest.len().min(*piece));
            while !now.is_empty() {
                let (taken, chunk) = cutter.feed(now);
                now = &now[taken..];
                found.extend(chunk);
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        found.extend(cutter.finish());
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn cuts_do_not_depend_on_how_the_bytes_arrive(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..6000),
                prop::collection::vec(0..3u8, 0..6000),
            ],
            pieces in prop_oneof![
                prop::collection::vec(1..900usize, 1..20),
                prop::collection::vec(1..4usize, 1..20),
            ],
        ) {
            let lengths = cut_at_once(&bytes);
            prop_assert_eq!(cut_in_pieces(&bytes, &pieces), &lengths[..]);
            let mut start = 0;
            let chunks = lengths.into_iter().map(|length| {
                start += length;
                (ChunkHash::of(&bytes[start - length..start]), length)
            });
            prop_assert_eq!(cut_and_hash(&bytes, &pieces), chunks.collect::<Vec<_>>());
        }
    }
}
