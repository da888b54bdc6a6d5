//! Where do the bytes of an upload lie while they wait? In blocks of two sizes that are used again and again.
//!
//! Chunks are parts of blocks and copy nothing. With memory of changing sizes, taken by one thread and given back by another,
//! allocators keep several times of what is in use; blocks keep it at what is in use, and touch no fresh pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::cut::MAX_CHUNK_BYTES;
use crate::error::{Error, Result};

/// Small beside a chunk, so that many uploads at once need little.
const SMALL_BYTES: usize = 128 * 1024;

/// As long as few blocks are in use: handing a block to another thread costs as much as hashing some of it.
const LARGE_BYTES: usize = 2 * 1024 * 1024;

/// Up to so many bytes in use, blocks are large.
const FEW_BYTES: usize = 32 * 1024 * 1024;

/// As many bytes are kept for the next upload; while more are in use, as many as those.
const SPARE_BYTES: usize = 12 * 1024 * 1024;

/// Up to so many bytes in use everybody takes blocks as they are needed. Beyond that whoever has more of a chunk goes first, so that
/// chunks come to their end: so many bytes further for each byte of it.
const MANY_BYTES: usize = 96 * 1024 * 1024;
const FURTHER: usize = 32;

/// But clients may be slow: nobody waits longer for them, with each chunk.
const PATIENCE: Duration = Duration::from_millis(500);

/// So many bytes are in use at most, but for a block of each one who comes at the same moment: whoever needs more waits, and is refused
/// after that. Far more than the rule above lets come together as long as somebody goes on.
const MOST_BYTES: usize = MANY_BYTES + FURTHER * MAX_CHUNK_BYTES + 32 * 1024 * 1024;
const LAST_PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// The blocks that are not in use.
#[derive(Clone, Default)]
pub(crate) struct Blocks(Arc<Mutex<State>>, Arc<Notify>);

#[derive(Default)]
struct State {
    in_use_bytes: usize,
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    /// Who waits for room, with how much of a chunk.
    waiting: Vec<(usize, oneshot::Sender<()>)>,
}

impl State {
    fn has_room(&self, begun_bytes: usize) -> bool {
        self.in_use_bytes < MANY_BYTES + FURTHER * begun_bytes
    }

    /// Lets the one go on that has most, if there is room for it.
    fn wake(&mut self) {
        let most = |waiting: &[(usize, _)]| (0..waiting.len()).max_by_key(|at| waiting[*at].0);
        while let Some(at) = most(&self.waiting)
            && self.has_room(self.waiting[at].0)
        {
            let (_, waiting) = self.waiting.swap_remove(at);
            // It may have gone on without.
            if waiting.send(()).is_ok() {
                return;
            }
        }
    }

    /// Takes off what is too much to keep.
    fn surplus(&mut self) -> Option<Vec<u8>> {
        let spare_bytes = self.small.len() * SMALL_BYTES + self.large.len() * LARGE_BYTES;
        if spare_bytes <= self.in_use_bytes.max(SPARE_BYTES) {
            return None;
        }
        // Of the size that is not asked for now.
        let (first, then) = match self.in_use_bytes < FEW_BYTES {
            true => (&mut self.small, &mut self.large),
            false => (&mut self.large, &mut self.small),
        };
        first.pop().or_else(|| then.pop())
    }
}

impl Blocks {
    /// Returns an empty block.
    pub fn take(&self) -> Block {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = if state.in_use_bytes < FEW_BYTES { LARGE_BYTES } else { SMALL_BYTES };
        state.in_use_bytes += size;
        let spare = if size == LARGE_BYTES { state.large.pop() } else { state.small.pop() };
        Block { bytes: spare.unwrap_or_else(|| Vec::with_capacity(size)), size, home: self.clone() }
    }

    /// Waits until there is room for more of a chunk of which there are `begun_bytes`. Returns whether there was within
    /// [`PATIENCE`].
    pub async fn room(&self, begun_bytes: usize) -> bool {
        let (sender, room) = oneshot::channel();
        {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.has_room(begun_bytes) {
                return true;
            }
            // Those who have gone on without are forgotten: memory may be short for hours.
            state.waiting.retain(|(_, waiting)| !waiting.is_closed());
            state.waiting.push((begun_bytes, sender));
        }
        tokio::time::timeout(PATIENCE, room).await.is_ok()
    }

    /// Tells whether so much is in use that nobody gets more.
    pub fn are_used_up(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).in_use_bytes >= MOST_BYTES
    }

    /// Waits until not everything is in use. Fails with [`Error::Busy`] when that takes long.
    pub async fn left(&self) -> Result<()> {
        // Seldom needed, so that it takes no room in what is always there.
        if self.are_used_up() { Box::pin(self.wait_for_some()).await } else { Ok(()) }
    }

    async fn wait_for_some(&self) -> Result<()> {
        let until = Instant::now() + LAST_PATIENCE;
        while self.are_used_up() {
            let freed = tokio::time::timeout_at(until, self.1.notified()).await;
            if freed.is_err() && self.are_used_up() {
                return Err(Error::Busy);
            }
        }
        // There may be enough for the next one as well.
        self.1.notify_one();
        Ok(())
    }

    /// Counts bytes that lie elsewhere as in use.
    pub fn adopt(&self, bytes: Bytes) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).in_use_bytes += bytes.len();
        Bytes::from_owner(Adopted { bytes, home: self.clone() })
    }

    /// So many bytes are not in use any more.
    fn give_back(&self, size: usize, state: &mut State) {
        state.in_use_bytes -= size;
        state.wake();
        if state.in_use_bytes < MOST_BYTES {
            self.1.notify_one();
        }
    }
}

/// Bytes that count as a block does.
struct Adopted {
    bytes: Bytes,
    home: Blocks,
}

impl AsRef<[u8]> for Adopted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Adopted {
    fn drop(&mut self) {
        let mut state = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.home.give_back(self.bytes.len(), &mut state);
    }
}

/// The plain bytes of one chunk while they come, in blocks: see [`Store::put_gathered`](crate::Store::put_gathered).
pub struct Gathered {
    blocks: Blocks,
    whole: Pieces,
    block: Option<Block>,
}

impl Gathered {
    pub(crate) fn new(blocks: Blocks) -> Self {
        Self { blocks, whole: Pieces::default(), block: None }
    }

    /// Takes the next bytes. Fails with [`Error::Busy`] when uploads hold too much memory already.
    pub async fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let block = match self.block.take_if(|block| !block.is_full()) {
                Some(block) => block,
                None => {
                    self.blocks.left().await?;
                    self.blocks.take()
                }
            };
            let block = self.block.insert(block);
            bytes = block.fill(bytes);
            if block.is_full() {
                self.whole.extend(self.block.take().map(Block::freeze));
            }
        }
        Ok(())
    }

    /// Returns the number of bytes taken.
    pub fn len(&self) -> usize {
        self.whole.len() + self.block.as_ref().map_or(0, Block::len)
    }

    /// Tells whether nothing was taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn into_pieces(mut self) -> Pieces {
        self.whole.extend(self.block.take().map(Block::freeze));
        self.whole
    }
}

/// A block being filled; it goes back when it is dropped, and so does what became of it.
pub(crate) struct Block {
    bytes: Vec<u8>,
    size: usize,
    home: Blocks,
}

impl Block {
    /// Takes as many bytes as there is room for, and returns the others.
    pub fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, later) = bytes.split_at(bytes.len().min(self.size - self.bytes.len()));
        self.bytes.extend_from_slice(now);
        later
    }

    /// Returns the number of bytes in it.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether nothing more fits in.
    pub fn is_full(&self) -> bool {
        self.bytes.len() == self.size
    }

    /// Makes it readable from everywhere.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut state = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.home.give_back(self.size, &mut state);
        let spare = if self.size == LARGE_BYTES { &mut state.large } else { &mut state.small };
        spare.push(bytes);
        while let Some(surplus) = state.surplus() {
            drop(surplus);
        }
    }
}

/// A sequence of bytes in several parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    parts: VecDeque<Bytes>,
    length: usize,
}

impl Pieces {
    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns the parts in order.
    pub fn parts(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter()
    }

    /// Adds a part at the end.
    pub fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.length += part.len();
            self.parts.push_back(part);
        }
    }

    /// Takes off the first `length` bytes.
    pub fn split_to(&mut self, length: usize) -> Self {
        let mut first = Self::default();
        while first.length < length {
            let mut part = self.parts.pop_front().expect("there are as many bytes as are taken off");
            self.length -= part.len();
            let wanted = length - first.length;
            if part.len() > wanted {
                let rest = part.split_off(wanted);
                self.length += rest.len();
                self.parts.push_front(rest);
            }
            first.push(part);
        }
        first
    }

    /// Returns the bytes in one part; copies when there are several.
    pub fn join(&self) -> Bytes {
        match self.parts.len() {
            0 => Bytes::new(),
            1 => self.parts[0].clone(),
            _ => self.copy().into(),
        }
    }

    /// Does what [`Pieces::join`] does, and keeps no hold of what it returns.
    pub fn into_joined(mut self) -> Bytes {
        match self.parts.len() {
            1 => self.parts.pop_front().unwrap_or_default(),
            _ => self.join(),
        }
    }

    /// Returns a copy of the bytes.
    pub fn copy(&self) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.length);
        self.parts.iter().for_each(|part| whole.extend_from_slice(part));
        whole
    }
}

impl From<Bytes> for Pieces {
    fn from(part: Bytes) -> Self {
        let mut pieces = Self::default();
        pieces.push(part);
        pieces
    }
}

impl Extend<Bytes> for Pieces {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, parts: I) {
        parts.into_iter().for_each(|part| self.push(part));
    }
}

impl FromIterator<Bytes> for Pieces {
    fn from_iter<I: IntoIterator<Item = Bytes>>(parts: I) -> Self {
        let mut pieces = Self::default();
        pieces.extend(parts);
        pieces
    }
}

impl IntoIterator for Pieces {
    type Item = Bytes;
    type IntoIter = std::collections::vec_deque::IntoIter<Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_is_used_again() {
        let blocks = Blocks::default();
        let mut block = blocks.take();
        let bytes = vec![7; LARGE_BYTES + 3];
        assert_eq!(block.fill(&bytes), [7; 3]);
        let frozen = block.freeze();
        let at = frozen.as_ptr();
        let part = frozen.slice(10..20);
        drop(frozen);
        assert!(blocks.take().as_ref().as_ptr() != at, "a part of it is still in use");
        drop(part);
        let again = blocks.take();
        assert_eq!((again.as_ref().as_ptr(), again.len()), (at, 0));
    }

    #[test]
    fn many_blocks_are_small() {
        let blocks = Blocks::default();
        let few: Vec<Block> = (0..FEW_BYTES / LARGE_BYTES).map(|_| blocks.take()).collect();
        let many: Vec<Block> = (0..100).map(|_| blocks.take()).collect();
        assert!(
            few.iter().all(|block| block.size == LARGE_BYTES) && many.iter().all(|block| block.size == SMALL_BYTES)
        );
        drop((few, many));
        assert_eq!(blocks.take().size, LARGE_BYTES);
    }

    #[test]
    fn what_is_kept_follows_what_is_in_use() {
        let blocks = Blocks::default();
        let spare_bytes = || {
            let state = blocks.0.lock().unwrap();
            state.small.len() * SMALL_BYTES + state.large.len() * LARGE_BYTES
        };
        let mut taken: Vec<Block> = (0..1000).map(|_| blocks.take()).collect();
        let most = taken.iter().map(|block| block.size).sum::<usize>();
        taken.truncate(500);
        assert_eq!(spare_bytes() + taken.iter().map(|block| block.size).sum::<usize>(), most, "all come back soon");
        taken.clear();
        assert!(spare_bytes() <= SPARE_BYTES, "{}", spare_bytes());
    }

    #[tokio::test]
    async fn where_memory_is_short_who_has_most_of_a_chunk_goes_on_and_nobody_waits_for_ever() {
        let blocks = Blocks::default();
        let mut taken = Vec::new();
        while blocks.0.lock().unwrap().in_use_bytes < MANY_BYTES - SMALL_BYTES {
            taken.push(blocks.take());
        }
        assert!(futures::poll!(std::pin::pin!(blocks.room(0))).is_ready());
        taken.push(blocks.take());
        let mut none = std::pin::pin!(blocks.room(0));
        assert!(futures::poll!(none.as_mut()).is_pending());
        assert!(futures::poll!(std::pin::pin!(blocks.room(SMALL_BYTES))).is_ready());
        while blocks.0.lock().unwrap().in_use_bytes < MANY_BYTES + FURTHER * SMALL_BYTES {
            taken.push(blocks.take());
        }
        let mut some = std::pin::pin!(blocks.room(SMALL_BYTES));
        assert!(futures::poll!(some.as_mut()).is_pending());
        taken.pop();
        assert!(futures::poll!(some.as_mut()).is_ready() && futures::poll!(none.as_mut()).is_pending());
        assert!(!none.await);
        assert!(futures::poll!(std::pin::pin!(blocks.room(0))).is_pending());
        assert_eq!(blocks.0.lock().unwrap().waiting.len(), 1, "who waited in vain is forgotten");
    }

    #[tokio::test]
    async fn where_all_memory_is_in_use_nobody_gets_more_until_some_comes_back() {
        let blocks = Blocks::default();
        let foreign = blocks.adopt(vec![0; MOST_BYTES - LARGE_BYTES].into());
        let mut chunk = Gathered::new(blocks.clone());
        let small = vec![7; SMALL_BYTES];
        while chunk.len() < LARGE_BYTES {
            chunk.add(&small).await.unwrap();
        }
        assert!(blocks.are_used_up());
        assert!(matches!(chunk.add(&small).await, Err(Error::Busy)));
        let mut waiting = std::pin::pin!(blocks.left());
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(foreign.slice(1..));
        assert!(futures::poll!(waiting.as_mut()).is_pending(), "a part of it is still in use");
        drop(foreign);
        assert!(matches!(futures::poll!(waiting), std::task::Poll::Ready(Ok(()))));
        chunk.add(&small).await.unwrap();
        let whole = chunk.into_pieces();
        assert!(whole.len() == LARGE_BYTES + SMALL_BYTES && whole.copy().iter().all(|byte| *byte == 7));
        drop(whole);
        assert_eq!(blocks.0.lock().unwrap().in_use_bytes, 0);
    }

    proptest! {
        #[test]
        fn pieces_are_split_anywhere(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9), at in any::<prop::sample::Index>()) {
            let whole = parts.concat();
            let at = at.index(whole.len() + 1);
            let mut rest = Pieces::default();
            parts.into_iter().for_each(|part| rest.push(part.into()));
            let first = rest.split_to(at);
            prop_assert_eq!((first.len(), rest.len()), (at, whole.len() - at));
            prop_assert_eq!((&first.join()[..], &rest.copy()[..]), whole.split_at(at));
        }
    }
}
