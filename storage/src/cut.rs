//! Where does one chunk end and the next begin?
//!
//! FastCDC (2020) looks at the bytes alone, so an insertion near the start of a file moves few boundaries and equal parts
//! of two files become equal chunks. A boundary is final as soon as the rolling hash chose it or the largest size is
//! reached; only the end of the content can make it earlier. So cutting may run on whatever bytes have arrived, and the
//! result never depends on how they arrived.

use fastcdc::v2020::{self, Normalization};

/// No chunk but the last one of a content is smaller. Keeps the number of objects and the share of per-object cost
/// (two fsyncs in a folder, one request in S3) low.
pub const MIN_CHUNK_BYTES: usize = 256 * 1024;

/// The size most chunks come near to. Office files are mostly below 1 MiB, so most of them are one object and need no
/// list; a 1 GiB file has about a thousand chunks, a list of 36 KB; a range request re-reads at most a few chunks.
pub const AVERAGE_CHUNK_BYTES: usize = 1024 * 1024;

/// No chunk is larger. Bounds the memory of every upload and download, and the work lost when a connection breaks.
pub const MAX_CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// The three sizes a cut depends on. A store uses [`Sizes::STORE`]; a client that cuts for one takes its server's.
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
        if bytes.is_empty() {
            return None;
        }
        let (strict, loose) = v2020::select_masks(self.average, Normalization::Level1);
        let (_, length) = v2020::cut(bytes, self.min, self.average, self.max, strict, loose, strict << 1, loose << 1);
        // The scan stopped before the end: the hash or the largest size decided, and no later byte was looked at.
        let decided = length < bytes.len() || bytes.len() >= self.max;
        (decided || at_end).then_some(length)
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
        let (mut lengths, mut start, mut seen) = (Vec::new(), 0, 0);
        for piece in pieces.iter().cycle() {
            seen = (seen + piece).min(bytes.len());
            while let Some(length) = SMALL.first_chunk(&bytes[start..seen], seen == bytes.len()) {
                lengths.push(length);
                start += length;
            }
            if seen == bytes.len() {
                return lengths;
            }
        }
        unreachable!("pieces are not empty")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn cuts_do_not_depend_on_how_the_bytes_arrive(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..6000),
                prop::collection::vec(0..3u8, 0..6000),
            ],
            pieces in prop::collection::vec(1..900usize, 1..20),
        ) {
            prop_assert_eq!(cut_in_pieces(&bytes, &pieces), cut_at_once(&bytes));
        }
    }
}
