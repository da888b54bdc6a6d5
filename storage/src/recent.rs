//! Which chunks were just read in part? What was checked is kept for a moment, since whoever reads 64 KiB of a chunk mostly
//! reads the next: its tree, or all of it where it has none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::cut::MAX_CHUNK_BYTES;
use crate::ids::ChunkId;
use crate::tree::Tree;

/// Bytes kept at most.
const LIMIT_BYTES: usize = 3 * MAX_CHUNK_BYTES;

/// Chunks remembered that were read in part once. A chunk is kept when it is read in part again.
const SEEN_CHUNKS: usize = 64;

/// Trees kept at most, of 4 KiB each at most.
const TREES: usize = 2048;

/// Plain bytes and trees of chunks, each checked against the chunk's name.
#[derive(Clone, Default)]
pub(crate) struct Recent(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    seen: VecDeque<ChunkId>,
    /// The one used last is at the back.
    kept: VecDeque<(ChunkId, Bytes)>,
    kept_bytes: usize,
    trees: HashMap<ChunkId, Arc<Tree>>,
    /// The oldest is at the front.
    trees_in_order: VecDeque<ChunkId>,
}

impl Recent {
    /// Returns the tree of a chunk if it is here.
    pub fn tree(&self, id: &ChunkId) -> Option<Arc<Tree>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trees.get(id).cloned()
    }

    /// Keeps the tree of a chunk.
    pub fn keep_tree(&self, id: ChunkId, tree: Arc<Tree>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.trees.insert(id, tree).is_none() {
            state.trees_in_order.push_back(id);
        }
        if state.trees.len() > TREES
            && let Some(oldest) = state.trees_in_order.pop_front()
        {
            state.trees.remove(&oldest);
        }
    }

    /// Returns a chunk if it is here.
    pub fn chunk(&self, id: &ChunkId) -> Option<Bytes> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = state.kept.iter().position(|(kept, _)| kept == id)?;
        let entry = state.kept.remove(at)?;
        let plain = entry.1.clone();
        state.kept.push_back(entry);
        Some(plain)
    }

    /// Notes that a part of a chunk was read.
    pub fn note_part(&self, id: ChunkId, plain: &Bytes) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = state.seen.iter().position(|seen| *seen == id) {
            state.seen.remove(at);
            state.kept.push_back((id, plain.clone()));
            state.kept_bytes += plain.len();
            while state.kept_bytes > LIMIT_BYTES {
                let oldest = state.kept.pop_front().map_or(0, |(_, plain)| plain.len());
                state.kept_bytes -= oldest;
            }
            return;
        }
        if state.seen.len() == SEEN_CHUNKS {
            state.seen.pop_front();
        }
        state.seen.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_kept_and_only_what_is_read_again() {
        let recent = Recent::default();
        let (id, plain) = (|number: u8| ChunkId::from_bytes([number; 32]), Bytes::from(vec![1; MAX_CHUNK_BYTES]));
        recent.note_part(id(0), &plain);
        assert_eq!(recent.chunk(&id(0)), None);
        for number in 0..5 {
            recent.note_part(id(number), &plain);
            recent.note_part(id(number), &plain);
        }
        assert_eq!((recent.chunk(&id(1)), recent.chunk(&id(4))), (None, Some(plain)));
        assert!(recent.0.lock().unwrap().kept_bytes <= LIMIT_BYTES);
    }
}
