//! Where does one chunk end and the next begin?
//!
//! FastCDC (2020) looks at the bytes alone, so an insertion near the start of a file moves few boundaries and equal parts
//! of two files become equal chunks. A boundary is final as soon as the rolling hash chose it or the largest size is
//! reached; only the end of the content can make it earlier. So the [`Scanner`] runs on whatever bytes have arrived, looks
//! at each byte once, and the result never depends on how they arrived.
//!
//! It finds the boundaries that `fastcdc::v2020::cut` finds (a test compares them); that function wants the whole chunk
//! in one piece of memory and begins anew at every call.

use std::sync::LazyLock;

use fastcdc::v2020::{Normalization, get_gear_with_seed, select_masks};

/// No chunk but the last one of a content is smaller. Keeps the number of objects and the share of per-object cost
/// (two fsyncs in a folder, one request in S3) low.
pub const MIN_CHUNK_BYTES: usize = 1024 * 1024;

/// The size most chunks come near to. README.md has the measurements that chose it.
pub const AVERAGE_CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// No chunk is larger. Bounds the memory of every upload and download, and the work lost when a connection breaks.
pub const MAX_CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// The three sizes a cut depends on, all even. A store uses [`Sizes::STORE`]; a client that cuts for one takes its server's.
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
    strict: u64,
    loose: u64,
    hash: u64,
    /// Bytes of the chunk that were looked at.
    position: usize,
    /// The first byte of a pair whose second has not come yet: the last byte of a content is no boundary by itself.
    half: Option<u8>,
}

impl Scanner {
    /// Begins a chunk.
    pub fn new(sizes: Sizes) -> Self {
        let (strict, loose) = select_masks(sizes.average, Normalization::Level1);
        Self { sizes, strict, loose, hash: 0, position: 0, half: None }
    }

    /// Returns how many bytes certainly belong to the chunk.
    pub fn position(&self) -> usize {
        self.position
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
        // First the pairs under the strict mask, then those under the loose one.
        for end in [self.sizes.average, self.sizes.max] {
            let pairs = end.saturating_sub(self.position).min(bytes.len()) / 2;
            let (now, rest) = bytes.split_at(2 * pairs);
            bytes = rest;
            let found = self.scan(now.as_chunks::<2>().0);
            if found.is_some() {
                return found;
            }
        }
        if self.position >= self.sizes.max {
            return Some(self.sizes.max);
        }
        self.half = bytes.first().copied();
        None
    }

    /// Looks at pairs that are all on one side of the average size.
    fn scan(&mut self, pairs: &[[u8; 2]]) -> Option<usize> {
        let mask = if self.position < self.sizes.average { self.strict } else { self.loose };
        let (gear, mut hash) = (&*GEAR, self.hash);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Sizes = Sizes { min: 64, average: 256, max: 1024 };

    fn cut_at_once(bytes: &[u8]) -> Vec<usize> {
        fastcdc::v2020::FastCDC::new(bytes, SMALL.min, SMALL.average, SMALL.max).map(|chunk| chunk.length).collect()
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
            prop_assert_eq!(cut_in_pieces(&bytes, &pieces), cut_at_once(&bytes));
        }
    }
}
