//! How does an object look in an encrypted store, and why can no nonce be used twice?
//!
//! Envelope: `2`, number of the data key (four bytes, little endian), plain size (four bytes, little endian), salt (32
//! bytes), and the object of the plain store, encrypted and authenticated by AES-256-GCM (the tag of 16 bytes at the end). The key
//! of the object and everything before the ciphertext are authenticated with it, so an envelope cannot stand in for another.
//!
//! Every envelope has an AES key of its own: keyed BLAKE3 of its salt under the data key. The salt is keyed BLAKE3 over
//! the object's key and a hash of everything inside. So the same AES key belongs to the same bytes at the same place, and
//! encrypting them again gives the same envelope. The nonce is always zero: to use it twice with different bytes, BLAKE3 would have to
//! collide. No random generator and no counter has to be trusted, and no number of objects is too many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::{Bytes, BytesMut};

use crate::block::Pieces;
use crate::ids::{ChunkHash, ChunkId};

/// The first byte of an envelope: the encodings of plain objects are `0` and `1`.
const SEALED: u8 = 2;
const SALT_AT: usize = 9;
const CONTENT_AT: usize = SALT_AT + 32;
const TAG_BYTES: usize = 16;

/// What an envelope adds to what is in it.
pub(crate) const ENVELOPE_BYTES: u64 = (CONTENT_AT + TAG_BYTES) as u64;

/// Large envelopes whose memory is kept, in steps of which one fits several lengths.
const SPARE_ENVELOPES: usize = 3;
const STEP_BYTES: usize = 1024 * 1024;
const FEW_BYTES: usize = 256 * 1024;

/// As many bytes of an envelope as [`plain_size`] needs.
pub(crate) const HEADER_BYTES: u64 = SALT_AT as u64;

/// A secret of 32 bytes. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub [u8; 32]);

/// The keys of an encrypted store.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Names chunks. Never changes, since names would.
    pub id: Secret,
    pub data: BTreeMap<u32, DataKey>,
    pub envelopes: Envelopes,
}

/// Memory that envelopes were in, for the next ones: see `block.rs`.
#[derive(Clone, Default)]
pub(crate) struct Envelopes(Arc<Mutex<VecDeque<Vec<u8>>>>);

impl Envelopes {
    /// Returns room for an envelope of so many bytes.
    fn take(&self, length: usize) -> Vec<u8> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = spare.iter().position(|bytes| bytes.capacity() >= length);
        let found = fitting.filter(|_| length > FEW_BYTES).and_then(|at| spare.remove(at));
        found.unwrap_or_else(|| {
            Vec::with_capacity(if length > FEW_BYTES { length.next_multiple_of(STEP_BYTES) } else { length })
        })
    }
}

/// An envelope; its memory goes back when it is dropped.
struct Envelope {
    bytes: Vec<u8>,
    home: Envelopes,
}

impl AsRef<[u8]> for Envelope {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Envelope {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() < STEP_BYTES {
            return;
        }
        bytes.clear();
        let mut spare = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push_back(bytes);
        if spare.len() > SPARE_ENVELOPES {
            spare.pop_front();
        }
    }
}

/// A key that encrypts objects, by way of the keys of the single objects.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DataKey {
    seal: Secret,
    salt: Secret,
}

/// What is inside an object, for its salt.
pub(crate) enum Inside<'a> {
    /// A chunk as it is, known by its hash.
    Raw(&'a ChunkHash),
    /// Anything else.
    Bytes,
}

/// Why an envelope does not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    Damaged,
    UnknownKey(u32),
}

impl DataKey {
    /// Makes the key of its secret.
    pub fn new(secret: &Secret) -> Self {
        Self {
            seal: Secret(blake3::derive_key("wenshu storage seal v1", &secret.0)),
            salt: Secret(blake3::derive_key("wenshu storage seal salt v1", &secret.0)),
        }
    }

    fn aes(&self, salt: &[u8; 32]) -> LessSafeKey {
        aes(blake3::keyed_hash(&self.seal.0, salt).as_bytes())
    }
}

impl Keys {
    /// Returns the name of a chunk.
    pub fn chunk_id(&self, hash: &ChunkHash) -> ChunkId {
        ChunkId::from_bytes(*blake3::keyed_hash(&self.id.0, hash.as_bytes()).as_bytes())
    }

    /// Puts what is to be stored under `key` into an envelope.
    pub fn seal(&self, key: &str, object: &Pieces, plain_bytes: u32, inside: Inside) -> Bytes {
        let (number, data_key) = self.data.last_key_value().expect("a store has at least one data key");
        let salt = salt(data_key, key, object, plain_bytes, inside);
        let mut envelope = self.envelopes.take(CONTENT_AT + object.len() + TAG_BYTES);
        envelope.push(SEALED);
        envelope.extend_from_slice(&number.to_le_bytes());
        envelope.extend_from_slice(&plain_bytes.to_le_bytes());
        envelope.extend_from_slice(&salt);
        object.parts().for_each(|part| envelope.extend_from_slice(part));
        let (header, content) = envelope.split_at_mut(CONTENT_AT);
        let tag = data_key.aes(&salt).seal_in_place_separate_tag(
            zero_nonce(),
            Aad::from(authenticated(header, key)),
            content,
        );
        envelope.extend_from_slice(tag.expect("an object is far smaller than what AES-GCM can encrypt").as_ref());
        Bytes::from_owner(Envelope { bytes: envelope, home: self.envelopes.clone() })
    }

    /// Returns what is in the envelope found under `key`.
    pub fn open(&self, key: &str, envelope: Bytes) -> Result<Bytes, Closed> {
        let number = data_key_number(&envelope).ok_or(Closed::Damaged)?;
        let data_key = self.data.get(&number).ok_or(Closed::UnknownKey(number))?;
        if envelope.len() < CONTENT_AT + TAG_BYTES {
            return Err(Closed::Damaged);
        }
        let mut envelope = envelope.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let (header, content) = envelope.split_at_mut(CONTENT_AT);
        let salt = header[SALT_AT..].try_into().expect("the salt ends the header");
        let opened = data_key.aes(&salt).open_in_place(zero_nonce(), Aad::from(authenticated(header, key)), content);
        opened.map_err(|_| Closed::Damaged)?;
        let end = envelope.len() - TAG_BYTES;
        Ok(envelope.freeze().slice(CONTENT_AT..end))
    }
}

/// Returns the number of the data key that an envelope was sealed with; `None` when it is no envelope.
pub(crate) fn data_key_number(envelope: &[u8]) -> Option<u32> {
    let (&SEALED, rest) = envelope.split_first()? else { return None };
    Some(u32::from_le_bytes(*rest.first_chunk()?))
}

/// Returns the plain size that the beginning of an envelope tells. It is certain once the envelope was opened.
pub(crate) fn plain_size(header: &[u8]) -> Option<u32> {
    data_key_number(header)?;
    Some(u32::from_le_bytes(header.get(5..SALT_AT)?.try_into().ok()?))
}

/// Encrypts a few bytes with a key that is used for nothing else.
pub(crate) fn wrap(key: &[u8; 32], context: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut wrapped = secret.to_vec();
    let tag = aes(key).seal_in_place_separate_tag(zero_nonce(), Aad::from(context), &mut wrapped);
    wrapped.extend_from_slice(tag.expect("a few bytes can be encrypted").as_ref());
    wrapped
}

/// Decrypts what [`wrap`] encrypted.
pub(crate) fn unwrap(key: &[u8; 32], context: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let mut secret = wrapped.to_vec();
    let length = aes(key).open_in_place(zero_nonce(), Aad::from(context), &mut secret).ok()?.len();
    secret.truncate(length);
    Some(secret)
}

fn aes(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the length of AES-256"))
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Parts are written with their length, so that no two sequences of parts are the same bytes.
fn salt(data_key: &DataKey, key: &str, object: &Pieces, plain_bytes: u32, inside: Inside) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(&data_key.salt.0);
    hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes()).update(&plain_bytes.to_le_bytes());
    match inside {
        Inside::Raw(hash) => hasher.update(&[0]).update(hash.as_bytes()),
        Inside::Bytes => {
            hasher.update(&[1]);
            for part in object.parts() {
                hasher.update(part);
            }
            &mut hasher
        }
    };
    *hasher.finalize().as_bytes()
}

fn authenticated(header: &[u8], key: &str) -> Vec<u8> {
    [header, key.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> Keys {
        let data = [(1, DataKey::new(&Secret([1; 32]))), (2, DataKey::new(&Secret([2; 32])))].into();
        Keys { id: Secret([3; 32]), data, envelopes: Envelopes::default() }
    }

    fn seal(keys: &Keys, key: &str, object: &[u8]) -> Bytes {
        keys.seal(key, &Pieces::from(Bytes::copy_from_slice(object)), object.len() as u32, Inside::Bytes)
    }

    #[test]
    fn an_envelope_opens_with_its_key_at_its_place() {
        let keys = keys();
        let sealed = seal(&keys, "derived/a", "协同办公".as_bytes());
        assert_eq!(keys.open("derived/a", sealed.clone()).unwrap(), "协同办公".as_bytes());
        assert_eq!(plain_size(&sealed[..9]), Some(12));
        assert_eq!(data_key_number(&sealed), Some(2));
        assert_eq!(keys.open("derived/b", sealed.clone()), Err(Closed::Damaged));
        let others = Keys { data: [(2, DataKey::new(&Secret([9; 32])))].into(), ..keys.clone() };
        assert_eq!(others.open("derived/a", sealed.clone()), Err(Closed::Damaged));
        let older = Keys { data: [(1, keys.data[&1].clone())].into(), ..keys };
        assert_eq!(older.open("derived/a", sealed), Err(Closed::UnknownKey(2)));
    }

    #[test]
    fn a_salt_belongs_to_one_place_and_one_content() {
        let keys = keys();
        let salt = |sealed: Bytes| sealed.slice(SALT_AT..CONTENT_AT);
        let one = salt(seal(&keys, "derived/a", b"one"));
        assert_eq!(one, salt(seal(&keys, "derived/a", b"one")));
        assert_ne!(one, salt(seal(&keys, "derived/a", b"two")));
        assert_ne!(one, salt(seal(&keys, "derived/b", b"one")));
        let raw = Pieces::from(Bytes::from_static(b"one"));
        assert_ne!(one, salt(keys.seal("derived/a", &raw, 3, Inside::Raw(&ChunkHash::of(b"one")))));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(object in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
            let keys = keys();
            let sealed = seal(&keys, "chunks/ab/abc", &object);
            prop_assert_eq!(&keys.open("chunks/ab/abc", sealed.clone()).unwrap()[..], &object[..]);
            let mut damaged = sealed.to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            prop_assert!(keys.open("chunks/ab/abc", damaged.into()).is_err());
            prop_assert!(keys.open("chunks/ab/abc", sealed.slice(..at)).is_err());
        }
    }
}
