//! How does damage show to an object that is not named after its bytes? It begins with their hash.
//!
//! `WENSHUD1`, BLAKE3 of the rest (32 bytes), the rest. Objects of before there was a hash are zstd frames as they are.

use bytes::Bytes;

const MARK: &[u8; 8] = b"WENSHUD1";
const HEAD_BYTES: usize = MARK.len() + 32;
const ZSTD_MARK: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Returns what stands before `bytes` in their object.
pub(crate) fn head(bytes: &[u8]) -> Bytes {
    [&MARK[..], blake3::hash(bytes).as_bytes()].concat().into()
}

/// Returns the bytes of an object, or `None` when they are not those that were stored.
pub(crate) fn open(object: &Bytes) -> Option<Bytes> {
    if object.starts_with(&ZSTD_MARK) {
        return Some(object.clone());
    }
    let hash = object.get(..HEAD_BYTES)?.strip_prefix(MARK)?;
    let bytes = object.slice(HEAD_BYTES..);
    (blake3::hash(&bytes).as_bytes() == hash).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_shows() {
        for text in ["", "of a page"] {
            let object = [head(text.as_bytes()), Bytes::from(text)].concat();
            assert_eq!(open(&object.clone().into()).unwrap(), text);
            for bit in 0..object.len() * 8 {
                let mut damaged = object.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(open(&damaged.into()), None, "bit {bit}");
            }
        }
        let earlier = Bytes::from(zstd::bulk::compress(b"of a page", 1).unwrap());
        assert_eq!(open(&earlier), Some(earlier));
    }
}
