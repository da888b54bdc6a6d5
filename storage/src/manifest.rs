//! Which chunks make up a content, and what is the content's name?
//!
//! A list is the chunks in order, 36 bytes each: the id and the length (four bytes, little endian). The content id of a
//! list is BLAKE3 of these bytes in a derived key mode, so that it can never equal a chunk id. A content of exactly one
//! chunk has that chunk's id as its own and no list object. The list object is one version byte and the list.

use std::ops::Range;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use crate::cut::MAX_CHUNK_BYTES;
use crate::ids::{ChunkId, ContentId};

/// Keeps list hashes apart from every other use of BLAKE3. Part of the format.
const LIST_CONTEXT: &str = "wenshu storage content list v1";

const LIST_VERSION: u8 = 1;

/// Bytes of one chunk in a list.
pub(crate) const ENTRY_BYTES: usize = 36;

/// One chunk of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRef {
    /// The chunk's name in the store.
    pub id: ChunkId,
    /// The number of plain bytes, never 0.
    pub size_bytes: u32,
}

/// The chunks of one content, in order. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    content: ContentId,
    chunks: Arc<[ChunkRef]>,
    /// Offset of the first byte behind each chunk.
    ends: Arc<[u64]>,
}

impl Manifest {
    /// Names the content made of `chunks`.
    pub(crate) fn new(chunks: &[ChunkRef]) -> Self {
        let content = match chunks {
            [only] => ContentId::from_bytes(*only.id.as_bytes()),
            _ => list_id(&encode_entries(chunks)),
        };
        let ends = chunks.iter().scan(0, |end, chunk| {
            *end += u64::from(chunk.size_bytes);
            Some(*end)
        });
        Self { content, chunks: chunks.into(), ends: ends.collect() }
    }

    /// Reads a list object; `None` when it is not the one that `content` names.
    pub(crate) fn from_object(content: &ContentId, object: &[u8]) -> Option<Self> {
        let (&LIST_VERSION, entries) = object.split_first()? else {
            return None;
        };
        let manifest = Self::new(&decode_entries(entries)?);
        (manifest.content == *content && manifest.needs_list()).then_some(manifest)
    }

    /// Returns the list object.
    pub(crate) fn to_object(&self) -> Bytes {
        [&[LIST_VERSION], &*encode_entries(&self.chunks)].concat().into()
    }

    /// Tells whether the content needs a list object. One chunk is its own name.
    pub(crate) fn needs_list(&self) -> bool {
        self.chunks.len() != 1
    }

    /// Returns the content's name.
    pub fn content(&self) -> ContentId {
        self.content
    }

    /// Returns the chunks in order.
    pub fn chunks(&self) -> &[ChunkRef] {
        &self.chunks
    }

    /// Returns the number of plain bytes.
    pub fn size_bytes(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Returns the chunks that hold `range`, each with the part of it that is wanted.
    pub(crate) fn touched(&self, range: Range<u64>) -> impl Iterator<Item = (ChunkRef, Range<usize>)> + use<> {
        let end = range.end.min(self.size_bytes());
        let first = self.ends.partition_point(|chunk_end| *chunk_end <= range.start);
        let (chunks, ends) = (self.chunks.clone(), self.ends.clone());
        (first..chunks.len())
            .map(move |index| {
                let chunk = chunks[index];
                let chunk_end = ends[index];
                let chunk_start = chunk_end - u64::from(chunk.size_bytes);
                (
                    chunk,
                    range.start.max(chunk_start).saturating_sub(chunk_start)
                        ..end.min(chunk_end).saturating_sub(chunk_start),
                )
            })
            .take_while(|(_, part)| part.start < part.end)
            .map(|(chunk, part)| (chunk, part.start as usize..part.end as usize))
    }
}

fn list_id(entries: &[u8]) -> ContentId {
    ContentId::from_bytes(blake3::derive_key(LIST_CONTEXT, entries))
}

/// Writes chunks as list bytes.
pub(crate) fn encode_entries(chunks: &[ChunkRef]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(chunks.len() * ENTRY_BYTES);
    for chunk in chunks {
        bytes.put_slice(chunk.id.as_bytes());
        bytes.put_u32_le(chunk.size_bytes);
    }
    bytes.freeze()
}

/// Reads chunks from list bytes; `None` when they are none.
pub(crate) fn decode_entries(bytes: &[u8]) -> Option<Vec<ChunkRef>> {
    let (entries, []) = bytes.as_chunks::<ENTRY_BYTES>() else {
        return None;
    };
    let chunks = entries.iter().map(|entry| {
        let (id, size) = entry.split_first_chunk::<32>().expect("an entry is longer than an id");
        let size_bytes = u32::from_le_bytes(size.try_into().expect("four bytes follow the id"));
        (1..=MAX_CHUNK_BYTES as u32)
            .contains(&size_bytes)
            .then_some(ChunkRef { id: ChunkId::from_bytes(*id), size_bytes })
    });
    chunks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest(sizes: &[u32]) -> Manifest {
        let chunks: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(index, &size_bytes)| ChunkRef { id: ChunkId::from_bytes([index as u8; 32]), size_bytes })
            .collect();
        Manifest::new(&chunks)
    }

    #[test]
    fn a_list_object_is_read_back() {
        for sizes in [&[][..], &[5, 7], &[1, 4_000_000, 9]] {
            let manifest = manifest(sizes);
            assert_eq!(Manifest::from_object(&manifest.content(), &manifest.to_object()), Some(manifest));
        }
    }

    #[test]
    fn a_changed_list_object_is_refused() {
        let manifest = manifest(&[5, 7]);
        for at in 0..manifest.to_object().len() {
            let mut object = manifest.to_object().to_vec();
            object[at] ^= 1;
            assert_eq!(Manifest::from_object(&manifest.content(), &object), None, "byte {at}");
        }
        assert_eq!(Manifest::from_object(&manifest.content(), &manifest.to_object()[..37]), None);
    }

    #[test]
    fn one_chunk_is_its_own_name() {
        let only = manifest(&[5]);
        assert_eq!(only.content().as_bytes(), only.chunks()[0].id.as_bytes());
        assert!(!only.needs_list() && manifest(&[]).needs_list());
    }

    proptest! {
        #[test]
        fn touched_chunks_are_exactly_the_range(sizes in prop::collection::vec(1..50u32, 0..20), from in 0..600u64, length in 0..600u64) {
            let manifest = manifest(&sizes);
            let whole: Vec<(usize, usize)> =
                sizes.iter().enumerate().flat_map(|(chunk, &size)| (0..size as usize).map(move |at| (chunk, at))).collect();
            let found: Vec<(usize, usize)> = manifest
                .touched(from..from + length)
                .flat_map(|(chunk, part)| {
                    let index = manifest.chunks().iter().position(|other| *other == chunk).expect("a chunk of the manifest");
                    part.map(move |at| (index, at))
                })
                .collect();
            let (start, end) = (whole.len().min(from as usize), whole.len().min((from + length) as usize));
            prop_assert_eq!(&found[..], &whole[start..end]);
        }
    }
}
