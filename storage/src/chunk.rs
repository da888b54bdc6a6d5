//! How does a chunk look as an object?
//!
//! The first byte tells the encoding: `0` is followed by the plain bytes, `1` by the plain length (four bytes, little
//! endian) and a zstd frame. Other values are free for later encodings. The id is always the hash of the plain bytes.

use bytes::Bytes;

use crate::cut::MAX_CHUNK_BYTES;
use crate::ids::{ChunkHash, ChunkId};

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_HEADER_BYTES: usize = 5;

/// As many bytes of an object as [`plain_size`] needs.
pub(crate) const HEADER_BYTES: u64 = ZSTD_HEADER_BYTES as u64;

/// Fast enough to stay beside the hashing; the files people upload are mostly compressed already.
const ZSTD_LEVEL: i32 = 1;

/// Compression is kept when it saves at least one part in this many: less is not worth the time to unpack.
const SMALLEST_SAVING: usize = 32;

/// Returns the object for a chunk, in parts so that plain bytes are not copied.
pub(crate) fn encode(plain: Bytes) -> Vec<Bytes> {
    let limit = plain.len() - plain.len() / SMALLEST_SAVING;
    match zstd::bulk::compress(&plain, ZSTD_LEVEL) {
        Ok(frame) if frame.len() + ZSTD_HEADER_BYTES < limit => {
            let mut header = vec![ZSTD];
            header.extend_from_slice(&(plain.len() as u32).to_le_bytes());
            vec![header.into(), frame.into()]
        }
        _ => vec![Bytes::from_static(&[RAW]), plain],
    }
}

/// Returns the plain bytes of a chunk, or `None` when they are not the ones that `id` names.
pub(crate) fn decode(id: &ChunkId, object: Bytes) -> Option<Bytes> {
    let plain = match *object.first()? {
        RAW => object.slice(1..),
        ZSTD => {
            let size = plain_size(&object, object.len() as u64)?;
            let plain = zstd::bulk::decompress(object.get(ZSTD_HEADER_BYTES..)?, size as usize).ok()?;
            // The size alone is believed where a content has no list.
            (plain.len() == size as usize).then_some(plain)?.into()
        }
        _ => return None,
    };
    (ChunkId::plain(&ChunkHash::of(&plain)) == *id).then_some(plain)
}

/// Returns the plain size of a chunk from the beginning of its object and the object's size, or `None` when it is damaged.
pub(crate) fn plain_size(header: &[u8], object_bytes: u64) -> Option<u32> {
    let size = match *header.first()? {
        RAW => u32::try_from(object_bytes.checked_sub(1)?).ok()?,
        ZSTD => u32::from_le_bytes(header.get(1..ZSTD_HEADER_BYTES)?.try_into().ok()?),
        _ => return None,
    };
    (1..=MAX_CHUNK_BYTES as u32).contains(&size).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id_of(plain: &[u8]) -> ChunkId {
        ChunkId::plain(&ChunkHash::of(plain))
    }

    fn object(plain: &Bytes) -> Bytes {
        encode(plain.clone()).concat().into()
    }

    #[test]
    fn text_is_compressed_and_noise_is_not() {
        let text = Bytes::from("协同办公 ".repeat(1000));
        assert_eq!(object(&text)[0], ZSTD);
        assert!(object(&text).len() < text.len() / 10);
        let noise: Bytes = blake3::Hasher::new().finalize_xof_bytes(10_000);
        assert_eq!(object(&noise)[0], RAW);
    }

    trait Noise {
        fn finalize_xof_bytes(&self, length: usize) -> Bytes;
    }

    impl Noise for blake3::Hasher {
        fn finalize_xof_bytes(&self, length: usize) -> Bytes {
            let mut bytes = vec![0; length];
            self.finalize_xof().fill(&mut bytes);
            bytes.into()
        }
    }

    proptest! {
        #[test]
        fn a_chunk_comes_back_and_knows_its_size(seed in any::<u8>(), length in 1..5000usize, noisy in any::<bool>()) {
            let plain = if noisy { blake3::Hasher::new().update(&[seed]).finalize_xof_bytes(length) }
                else { vec![seed; length].into() };
            let (id, object) = (id_of(&plain), object(&plain));
            prop_assert_eq!(plain_size(&object[..object.len().min(5)], object.len() as u64), Some(length as u32));
            prop_assert_eq!(decode(&id, object), Some(plain));
        }

        #[test]
        fn a_damaged_chunk_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8, noisy in any::<bool>()) {
            let plain: Bytes = if noisy { blake3::Hasher::new().finalize_xof_bytes(3000) } else { vec![7; 3000].into() };
            let mut damaged = object(&plain).to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            // A flip in a part of the zstd frame that does not carry data may leave the plain bytes whole.
            if let Some(found) = decode(&id_of(&plain), damaged.into()) {
                prop_assert_eq!(found, plain);
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused(object in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&id_of(b"something else"), object.into()), None);
        }
    }
}
