//! How does a chunk look as an object?
//!
//! The first byte tells the encoding: `0` is followed by the plain bytes, `1` by the plain length (four bytes, little
//! endian) and a zstd frame, `4` by the plain length, the first four bytes of BLAKE3 over that and the frame, and the frame (it has
//! bits that change nothing in what comes out, and damage to them is damage), `3` by the plain length, the values of the chunk's groups ([`crate::tree`]) and the plain bytes.
//! In an encrypted store `0` and `4` are what the envelope (`2`) holds ([`crate::seal`]). Other values are free for later
//! encodings. The hash is always that of the plain bytes.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use zstd::bulk::Compressor;

use crate::block::Pieces;
use crate::cut::MAX_CHUNK_BYTES;
use crate::ids::ChunkHash;
use crate::tree::{self, Tree};

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const TREE: u8 = 3;
const CHECKED_ZSTD: u8 = 4;
const CHECK_BYTES: usize = 4;
/// The encoding and the plain length.
const LONG_HEADER_BYTES: usize = 5;

/// As many bytes of an object as [`plain_size`] needs.
pub(crate) const HEADER_BYTES: u64 = LONG_HEADER_BYTES as u64;

/// Fast enough to stay beside the hashing; the files people upload are mostly compressed already.
const ZSTD_LEVEL: i32 = 1;

/// Compression is kept when it saves at least one part in this many: less is not worth the time to unpack.
const SMALLEST_SAVING: usize = 32;

/// No zstd frame has fewer than nine bytes.
const SMALLEST_COMPRESSED_BYTES: u64 = LONG_HEADER_BYTES as u64 + 9;

/// Of a large chunk this many samples of this size are tried first. The rest of it is mostly alike, and compressing
/// noise would cost the memory and the time to write it once more.
const SAMPLES: usize = 8;
const SAMPLE_BYTES: usize = 8 * 1024;

/// Of some 300 KB each.
const SPARE_COMPRESSORS: usize = 4;

/// Returns the object for a chunk, in parts so that plain bytes are not copied. With a tree parts of it can be read.
pub(crate) fn encode(plain: Pieces, tree: Option<&Tree>) -> Pieces {
    if let Some(frame) = compress(&plain) {
        let header = long_header(CHECKED_ZSTD, plain.len());
        let check = check(&header[1..], &frame);
        let mut object = Pieces::from(header);
        object.push(Bytes::copy_from_slice(&check));
        object.push(frame.into());
        return object;
    }
    let mut object = match tree {
        None => Pieces::from(Bytes::from_static(&[RAW])),
        Some(tree) => {
            let mut object = Pieces::from(long_header(TREE, plain.len()));
            object.push(tree.to_bytes());
            object
        }
    };
    plain.into_iter().for_each(|part| object.push(part));
    object
}

/// Covers every bit of a compressed chunk.
fn check(size: &[u8], frame: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = blake3::Hasher::new().update(size).update(frame).finalize();
    *hash.as_bytes().first_chunk().expect("a hash is longer")
}

fn long_header(encoding: u8, plain_bytes: usize) -> Bytes {
    [&[encoding], &(plain_bytes as u32).to_le_bytes()[..]].concat().into()
}

/// Where the plain bytes of a chunk begin in its object, if it has a tree.
pub(crate) fn plain_start(plain_bytes: usize) -> usize {
    LONG_HEADER_BYTES + tree::groups(plain_bytes) * tree::VALUE_BYTES
}

/// Reads the tree that an object begins with, from all before its plain bytes; `None` when it has none.
pub(crate) fn parse_tree(head: &[u8], plain_bytes: usize) -> Option<Tree> {
    let values = head.strip_prefix(&*long_header(TREE, plain_bytes))?;
    Tree::parse(values).filter(|_| head.len() == plain_start(plain_bytes))
}

/// Tells whether the object holds the plain bytes as they are.
pub(crate) fn is_raw(object: &Pieces) -> bool {
    object.parts().next().is_some_and(|first| **first == [RAW])
}

/// Compresses where that saves enough.
fn compress(plain: &Pieces) -> Option<Vec<u8>> {
    let saves =
        |length: usize, frame: &[u8]| frame.len() + LONG_HEADER_BYTES + CHECK_BYTES < length - length / SMALLEST_SAVING;
    if plain.len() > 2 * SAMPLES * SAMPLE_BYTES {
        let sample = sample(plain);
        let frame = compress_few(&sample).ok()?;
        if !saves(sample.len(), &frame) {
            return None;
        }
    }
    let frame = match plain.len() <= 2 * SAMPLES * SAMPLE_BYTES {
        true => compress_few(&plain.join()),
        false => zstd::bulk::compress(&plain.join(), ZSTD_LEVEL),
    };
    let frame = frame.ok()?;
    saves(plain.len(), &frame).then_some(frame)
}

/// Compresses a few bytes. What that needs takes as long to make as it works then, so some of it is kept.
fn compress_few(bytes: &[u8]) -> io::Result<Vec<u8>> {
    static SPARE: Mutex<Vec<Compressor<'static>>> = Mutex::new(Vec::new());
    let spare = || SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = spare().pop();
    let mut compressor = kept.map_or_else(|| Compressor::new(ZSTD_LEVEL), Ok)?;
    let frame = compressor.compress(bytes)?;
    if spare().len() < SPARE_COMPRESSORS {
        spare().push(compressor);
    }
    Ok(frame)
}

/// Samples from all over the chunk, each from one part.
fn sample(plain: &Pieces) -> Vec<u8> {
    let step = plain.len() / SAMPLES;
    let mut sample = Vec::with_capacity(SAMPLES * SAMPLE_BYTES);
    let (mut start, mut next) = (0, 0);
    for part in plain.parts() {
        while next < start + part.len() {
            let at = next - start;
            sample.extend_from_slice(&part[at..part.len().min(at + SAMPLE_BYTES)]);
            next += step;
        }
        start += part.len();
    }
    sample
}

/// Returns the plain bytes of a chunk and their hash, or `None` when the object is none.
pub(crate) fn decode(mut object: Pieces) -> Option<(ChunkHash, Pieces)> {
    let encoding = *object.parts().next()?.first()?;
    if encoding == RAW {
        object.split_to(1);
        return Some((tree::hash(&object).0, object));
    }
    if encoding == TREE && object.len() > LONG_HEADER_BYTES {
        let object_bytes = object.len() as u64;
        let mut head = object.split_to(LONG_HEADER_BYTES);
        let size = plain_size(&head.join(), object_bytes)? as usize;
        // What is cut short is refused here, what is too long below.
        let values = object.len().min(plain_start(size) - LONG_HEADER_BYTES);
        object.split_to(values).into_iter().for_each(|part| head.push(part));
        let stored = parse_tree(&head.join(), size)?;
        // The values are not needed here. But they are stored, so damage to them is damage.
        let (hash, tree) = tree::hash(&object);
        return (object.len() == size && tree? == stored).then_some((hash, object));
    }
    let object = object.join();
    let plain = match encoding {
        ZSTD => unpack(&object, object.get(LONG_HEADER_BYTES..)?)?,
        CHECKED_ZSTD => {
            let (known, frame) = object.get(LONG_HEADER_BYTES..)?.split_first_chunk::<CHECK_BYTES>()?;
            let is_whole = check(&object[1..LONG_HEADER_BYTES], frame) == *known;
            is_whole.then(|| unpack(&object, frame))??
        }
        _ => return None,
    };
    Some((ChunkHash::of(&plain), plain.into()))
}

fn unpack(object: &[u8], frame: &[u8]) -> Option<Bytes> {
    let size = plain_size(object, object.len() as u64)? as usize;
    let plain = zstd::bulk::decompress(frame, size).ok()?;
    // The size alone is believed where a content has no list.
    (plain.len() == size).then(|| plain.into())
}

/// Returns the plain size of a chunk from the beginning of its object and the object's size, or `None` when it is damaged.
pub(crate) fn plain_size(header: &[u8], object_bytes: u64) -> Option<u32> {
    let size = match *header.first()? {
        RAW => u32::try_from(object_bytes.checked_sub(1)?).ok()?,
        ZSTD | CHECKED_ZSTD | TREE => u32::from_le_bytes(header.get(1..LONG_HEADER_BYTES)?.try_into().ok()?),
        _ => return None,
    };
    possible_size(size)
}

/// Tells whether the object of a chunk with so many plain bytes can have this length. One that was emptied or cut off mostly cannot.
pub(crate) fn possible_length(plain_bytes: u32, object_bytes: u64) -> bool {
    let plain = plain_bytes as usize;
    let raw = [1 + plain, plain_start(plain) + plain].contains(&(object_bytes as usize));
    // Earlier versions did not count the header when they asked what is saved.
    let compressed = SMALLEST_COMPRESSED_BYTES..(plain - plain / SMALLEST_SAVING + LONG_HEADER_BYTES) as u64;
    raw || compressed.contains(&object_bytes)
}

/// Returns the size when a chunk can have it.
pub(crate) fn possible_size(size: u32) -> Option<u32> {
    (1..=MAX_CHUNK_BYTES as u32).contains(&size).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(plain: &Bytes) -> Bytes {
        let plain = Pieces::from(plain.clone());
        let (_, tree) = tree::hash(&plain);
        encode(plain, tree.as_ref()).join()
    }

    /// In one part or in many, which must not matter.
    fn decoded(object: Bytes) -> Option<(ChunkHash, Bytes)> {
        let mut parts = Pieces::default();
        object.chunks(1000).for_each(|part| parts.push(Bytes::copy_from_slice(part)));
        let joined = |found: Option<(ChunkHash, Pieces)>| found.map(|(hash, plain)| (hash, plain.join()));
        let found = joined(decode(object.into()));
        assert_eq!(found, joined(decode(parts)));
        found
    }

    fn noise(seed: u8, length: usize) -> Bytes {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes.into()
    }

    #[test]
    fn an_object_that_was_cut_off_has_a_length_that_no_chunk_has() {
        for length in [3000, 200_000, 2_000_000] {
            let whole = object(&noise(0, length)).len() as u64;
            let size = length as u32;
            assert!(possible_length(size, whole) && possible_length(size, length as u64 + 1));
            for wrong in [0, 1, 13, length as u64, whole - 1, whole + 1] {
                assert!(!possible_length(size, wrong), "{wrong} of {length}");
            }
        }
        let shortest = object(&vec![0; 1 << 20].into()).len();
        assert!(possible_length(1 << 20, shortest as u64), "{shortest}");
        assert!(zstd::bulk::compress(&[], 1).unwrap().len() >= 9);
    }

    #[test]
    fn text_is_compressed_and_noise_is_not() {
        let text = Bytes::from("协同办公 ".repeat(1000));
        assert_eq!(object(&text)[0], CHECKED_ZSTD);
        assert!(object(&text).len() < text.len() / 10);
        assert_eq!(object(&noise(0, 10_000))[0], RAW);
        // Large ones, where samples decide.
        let text = Bytes::from("协同办公 ".repeat(100_000));
        assert_eq!(object(&text)[0], CHECKED_ZSTD);
        assert_eq!(object(&noise(0, 1_000_000))[0], TREE);
        assert_eq!(encode(noise(0, 1_000_000).into(), None).join()[0], RAW);
        let mixture = [noise(0, 1_000_000), text].concat();
        assert_eq!(object(&mixture.into())[0], CHECKED_ZSTD);
    }

    proptest! {
        #[test]
        fn a_chunk_comes_back_and_knows_its_size(seed in any::<u8>(), length in prop_oneof![1..5000usize, 60_000..300_000usize], noisy in any::<bool>(), at in any::<prop::sample::Index>()) {
            let plain = if noisy { noise(seed, length) } else { vec![seed; length].into() };
            let mut rest = Pieces::from(plain.clone());
            let mut pieces = rest.split_to(at.index(length));
            rest.into_iter().for_each(|part| pieces.push(part));
            let (hash, tree) = tree::hash(&pieces);
            prop_assert_eq!(hash, ChunkHash::of(&plain));
            let object = encode(pieces, tree.as_ref()).join();
            prop_assert_eq!(plain_size(&object[..object.len().min(5)], object.len() as u64), Some(length as u32));
            prop_assert!(possible_length(length as u32, object.len() as u64));
            prop_assert_eq!(decoded(object), Some((ChunkHash::of(&plain), plain)));
        }

        #[test]
        fn a_damaged_chunk_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8, kind in 0..3) {
            let plain: Bytes = match kind {
                0 => noise(0, 3000),
                1 => noise(0, 200_000),
                _ => vec![7; 3000].into(),
            };
            let mut damaged = object(&plain).to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            if kind == 1 && at % 3 > 0 {
                // Also in the values of the groups, which are few beside the bytes.
                let at = at % plain_start(200_000);
                let mut damaged = object(&plain).to_vec();
                damaged[at] ^= flip;
                prop_assert_ne!(decoded(damaged.into()).map(|(hash, _)| hash), Some(ChunkHash::of(&plain)));
            }
            prop_assert!(decoded(damaged.into()).is_none_or(|(hash, _)| hash != ChunkHash::of(&plain)));
        }

        #[test]
        fn arbitrary_bytes_are_refused(object in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_ne!(decoded(object.into()).map(|(hash, _)| hash), Some(ChunkHash::of(b"something else")));
        }
    }
}
