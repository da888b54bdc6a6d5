//! How does a chunk look as an object?
//!
//! The first byte tells the encoding: `0` is followed by the plain bytes, `1` by the plain length (four bytes, little
//! endian) and a zstd frame. In an encrypted store that is what the envelope holds ([`crate::seal`]). Other values are free
//! for later encodings. The hash is always that of the plain bytes.

use bytes::Bytes;

use crate::block::Pieces;
use crate::cut::MAX_CHUNK_BYTES;
use crate::ids::ChunkHash;

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_HEADER_BYTES: usize = 5;

/// As many bytes of an object as [`plain_size`] needs.
pub(crate) const HEADER_BYTES: u64 = ZSTD_HEADER_BYTES as u64;

/// Fast enough to stay beside the hashing; the files people upload are mostly compressed already.
const ZSTD_LEVEL: i32 = 1;

/// Compression is kept when it saves at least one part in this many: less is not worth the time to unpack.
const SMALLEST_SAVING: usize = 32;

/// Of a large chunk this many samples of this size are tried first. The rest of it is mostly alike, and compressing
/// noise would cost the memory and the time to write it once more.
const SAMPLES: usize = 8;
const SAMPLE_BYTES: usize = 8 * 1024;

/// Computes the hash of a chunk.
pub(crate) fn hash(plain: &Pieces) -> ChunkHash {
    let mut hasher = blake3::Hasher::new();
    for part in plain.parts() {
        hasher.update(part);
    }
    ChunkHash::from_bytes(*hasher.finalize().as_bytes())
}

/// Returns the object for a chunk, in parts so that plain bytes are not copied.
pub(crate) fn encode(plain: Pieces) -> Pieces {
    if let Some(frame) = compress(&plain) {
        let mut header = vec![ZSTD];
        header.extend_from_slice(&(plain.len() as u32).to_le_bytes());
        let mut object = Pieces::from(Bytes::from(header));
        object.push(frame.into());
        return object;
    }
    let mut object = Pieces::from(Bytes::from_static(&[RAW]));
    plain.into_iter().for_each(|part| object.push(part));
    object
}

/// Tells whether the object holds the plain bytes as they are.
pub(crate) fn is_raw(object: &Pieces) -> bool {
    object.parts().next().is_some_and(|first| **first == [RAW])
}

/// Compresses where that saves enough.
fn compress(plain: &Pieces) -> Option<Vec<u8>> {
    let saves = |length: usize, frame: &[u8]| frame.len() + ZSTD_HEADER_BYTES < length - length / SMALLEST_SAVING;
    if plain.len() > 2 * SAMPLES * SAMPLE_BYTES {
        let sample = sample(plain);
        let frame = zstd::bulk::compress(&sample, ZSTD_LEVEL).ok()?;
        if !saves(sample.len(), &frame) {
            return None;
        }
    }
    let frame = zstd::bulk::compress(&plain.join(), ZSTD_LEVEL).ok()?;
    saves(plain.len(), &frame).then_some(frame)
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
pub(crate) fn decode(object: Bytes) -> Option<(ChunkHash, Bytes)> {
    let plain = match *object.first()? {
        RAW => object.slice(1..),
        ZSTD => {
            let size = plain_size(&object, object.len() as u64)?;
            zstd::bulk::decompress(object.get(ZSTD_HEADER_BYTES..)?, size as usize).ok()?.into()
        }
        _ => return None,
    };
    Some((ChunkHash::of(&plain), plain))
}

/// Returns the plain size of a chunk from the beginning of its object and the object's size, or `None` when it is damaged.
pub(crate) fn plain_size(header: &[u8], object_bytes: u64) -> Option<u32> {
    let size = match *header.first()? {
        RAW => u32::try_from(object_bytes.checked_sub(1)?).ok()?,
        ZSTD => u32::from_le_bytes(header.get(1..ZSTD_HEADER_BYTES)?.try_into().ok()?),
        _ => return None,
    };
    possible_size(size)
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
        encode(plain.clone().into()).join()
    }

    fn noise(seed: u8, length: usize) -> Bytes {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        bytes.into()
    }

    #[test]
    fn text_is_compressed_and_noise_is_not() {
        let text = Bytes::from("协同办公 ".repeat(1000));
        assert_eq!(object(&text)[0], ZSTD);
        assert!(object(&text).len() < text.len() / 10);
        assert_eq!(object(&noise(0, 10_000))[0], RAW);
        // Large ones, where samples decide.
        let text = Bytes::from("协同办公 ".repeat(100_000));
        assert_eq!(object(&text)[0], ZSTD);
        assert_eq!(object(&noise(0, 1_000_000))[0], RAW);
        let mixture = [noise(0, 1_000_000), text].concat();
        assert_eq!(object(&mixture.into())[0], ZSTD);
    }

    proptest! {
        #[test]
        fn a_chunk_comes_back_and_knows_its_size(seed in any::<u8>(), length in 1..5000usize, noisy in any::<bool>(), at in any::<prop::sample::Index>()) {
            let plain = if noisy { noise(seed, length) } else { vec![seed; length].into() };
            let mut rest = Pieces::from(plain.clone());
            let mut pieces = rest.split_to(at.index(length));
            rest.into_iter().for_each(|part| pieces.push(part));
            prop_assert_eq!(hash(&pieces), ChunkHash::of(&plain));
            let object = encode(pieces).join();
            prop_assert_eq!(plain_size(&object[..object.len().min(5)], object.len() as u64), Some(length as u32));
            prop_assert_eq!(decode(object), Some((ChunkHash::of(&plain), plain)));
        }

        #[test]
        fn a_damaged_chunk_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8, noisy in any::<bool>()) {
            let plain: Bytes = if noisy { noise(0, 3000) } else { vec![7; 3000].into() };
            let mut damaged = object(&plain).to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            // A flip in a part of the zstd frame that does not carry data may leave the plain bytes whole.
            if let Some((hash, found)) = decode(damaged.into()) && hash == ChunkHash::of(&plain) {
                prop_assert_eq!(found, plain);
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused(object in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_ne!(decode(object.into()).map(|(hash, _)| hash), Some(ChunkHash::of(b"something else")));
        }
    }
}
