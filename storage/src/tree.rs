//! How can a part of a chunk be checked without reading all of it?
//!
//! BLAKE3 is a tree: the hash of a chunk is made of the values of its groups of 64 KiB. A large chunk that is stored as it is
//! carries these values in front. Together they must give the chunk's hash, and each group must give its value; so a
//! range costs its groups and the values, and no byte leaves that was not checked against the chunk's name.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use bytes::Bytes;

use crate::block::Pieces;
use crate::ids::ChunkHash;

/// A power of two, and large enough for the widest vectors of the processor.
pub(crate) const GROUP_BYTES: usize = 64 * 1024;

/// Bytes of the value of one group.
pub(crate) const VALUE_BYTES: usize = 32;

/// The values of the groups of a chunk, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree(Vec<ChainingValue>);

/// Returns the number of groups of a chunk.
pub(crate) fn groups(plain_bytes: usize) -> usize {
    plain_bytes.div_ceil(GROUP_BYTES)
}

/// Hashes a chunk whose bytes come piece by piece.
pub(crate) struct TreeHasher {
    values: Vec<ChainingValue>,
    group: blake3::Hasher,
    in_group: usize,
}

/// Hashes a chunk and returns its groups with it, when there are several.
pub(crate) fn hash(plain: &Pieces) -> (ChunkHash, Option<Tree>) {
    let mut hasher = TreeHasher::new();
    plain.parts().for_each(|part| hasher.update(part));
    hasher.finish()
}

impl TreeHasher {
    /// Begins a chunk.
    pub fn new() -> Self {
        Self { values: Vec::new(), group: blake3::Hasher::new(), in_group: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.in_group == GROUP_BYTES {
                self.values.push(self.group.finalize_non_root());
                // `reset` would keep the offset.
                self.group = blake3::Hasher::new();
                self.group.set_input_offset((self.values.len() * GROUP_BYTES) as u64);
                self.in_group = 0;
            }
            let (now, later) = bytes.split_at(bytes.len().min(GROUP_BYTES - self.in_group));
            self.group.update(now);
            self.in_group += now.len();
            bytes = later;
        }
    }

    /// Returns the hash, and the groups when there are several.
    pub fn finish(mut self) -> (ChunkHash, Option<Tree>) {
        if self.values.is_empty() {
            return (ChunkHash::from_bytes(*self.group.finalize().as_bytes()), None);
        }
        self.values.push(self.group.finalize_non_root());
        let tree = Tree(self.values);
        (tree.root().expect("there are several groups"), Some(tree))
    }
}

impl Tree {
    /// Reads the values as they are stored.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (values, []) = bytes.as_chunks::<VALUE_BYTES>() else { return None };
        Some(Self(values.to_vec()))
    }

    /// Returns the values as they are stored.
    pub fn to_bytes(&self) -> Bytes {
        self.0.concat().into()
    }

    /// Computes the hash of the chunk that has these groups.
    pub fn root(&self) -> Option<ChunkHash> {
        let mut level = self.0.clone();
        while level.len() > 2 {
            // One that has no neighbour moves up.
            let merge = |pair: &[ChainingValue]| match pair {
                [left, right] => merge_subtrees_non_root(left, right, Mode::Hash),
                _ => pair[0],
            };
            level = level.chunks(2).map(merge).collect();
        }
        let [left, right] = level[..] else { return None };
        Some(ChunkHash::from_bytes(*merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()))
    }

    /// Tells whether `bytes` are the groups from `first` on.
    pub fn holds(&self, first: usize, bytes: &[u8]) -> bool {
        bytes.chunks(GROUP_BYTES).enumerate().all(|(index, group)| {
            let offset = ((first + index) * GROUP_BYTES) as u64;
            let value = blake3::Hasher::new().set_input_offset(offset).update(group).finalize_non_root();
            self.0.get(first + index) == Some(&value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn the_root_is_the_hash_and_each_group_is_checked(
            length in prop_oneof![1..300_000usize, (1..20usize).prop_map(|groups| groups * GROUP_BYTES), 1_000_000..2_000_000usize],
            at in any::<prop::sample::Index>(),
            flipped in any::<prop::sample::Index>(),
        ) {
            let mut bytes = vec![0; length];
            blake3::Hasher::new().update(&length.to_le_bytes()).finalize_xof().fill(&mut bytes);
            let mut rest = Pieces::from(Bytes::from(bytes.clone()));
            let mut pieces = rest.split_to(at.index(length));
            rest.into_iter().for_each(|part| pieces.push(part));
            let (hash, tree) = hash(&pieces);
            prop_assert_eq!(hash, ChunkHash::of(&bytes));
            let Some(tree) = tree else {
                prop_assert!(length <= GROUP_BYTES);
                return Ok(());
            };
            prop_assert_eq!(tree.0.len(), groups(length));
            prop_assert_eq!(Tree::parse(&tree.to_bytes()).and_then(|tree| tree.root()), Some(hash));
            let first = at.index(groups(length));
            let end = length.min((first + 2) * GROUP_BYTES);
            prop_assert!(tree.holds(first, &bytes[first * GROUP_BYTES..end]));
            let flipped = first * GROUP_BYTES + flipped.index(end - first * GROUP_BYTES);
            bytes[flipped] ^= 1;
            prop_assert!(!tree.holds(first, &bytes[first * GROUP_BYTES..end]));
        }
    }
}
