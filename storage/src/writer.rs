//! How does a stream of bytes become durable chunks, in bounded memory and whatever its length?
//!
//! Bytes gather in a window. When it is full it is hashed (SHA-256) and cut on the blocking pool; each chunk is then
//! named, compressed and put by a task of its own, a few at a time. The list of chunks is written last, so a writer that
//! dies leaves chunks that nothing refers to, and never a content that is not whole.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use crate::chunk;
use crate::cut::{MAX_CHUNK_BYTES, Sizes};
use crate::error::{Error, Result};
use crate::ids::{ChunkHash, ContentId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{chunk_key, content_key};
use crate::store::Store;
use crate::suspension::{Saved, State};

/// Bytes gathered before they are cut. With twice the largest chunk there is always a cut, and little is moved.
const WINDOW_BYTES: usize = 2 * MAX_CHUNK_BYTES;

/// Chunks one writer stores at a time.
const IN_FLIGHT_CHUNKS: usize = 8;

/// What a finished content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The name to read it by.
    pub content: ContentId,
    /// The number of plain bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
}

/// Takes the bytes of one content.
///
/// After an error, or when one of its futures was dropped before it was done, every call fails with
/// [`Error::Interrupted`]: go on from the last offset that was made durable.
pub struct Writer {
    store: Store,
    offset: u64,
    window: Window,
    /// The chunks that are stored.
    chunks: Vec<ChunkRef>,
    /// The chunks being stored, in order.
    in_flight: VecDeque<AbortOnDropHandle<Result<ChunkRef>>>,
    saved: Saved,
    usable: bool,
}

/// The bytes since the last cut, and the hash of the whole.
#[derive(Default)]
struct Window {
    bytes: BytesMut,
    /// How many of them are in the hash.
    hashed: usize,
    sha256: Sha256,
}

impl Window {
    /// Hashes what is new and takes off the chunks whose end is known.
    fn cut(mut self, at_end: bool) -> (Self, Vec<Bytes>) {
        self.sha256.update(&self.bytes[self.hashed..]);
        let mut chunks = Vec::new();
        while let Some(length) = Sizes::STORE.first_chunk(&self.bytes, at_end) {
            chunks.push(self.bytes.split_to(length).freeze());
        }
        if !chunks.is_empty() {
            // A copy, so that the rest does not keep the memory of the chunks alive.
            let mut rest = BytesMut::with_capacity(if at_end { 0 } else { WINDOW_BYTES });
            rest.extend_from_slice(&self.bytes);
            self.bytes = rest;
        }
        self.hashed = self.bytes.len();
        (self, chunks)
    }
}

impl Writer {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            offset: 0,
            window: Window::default(),
            chunks: Vec::new(),
            in_flight: VecDeque::new(),
            saved: Saved::default(),
            usable: true,
        }
    }

    pub(crate) fn resumed(store: Store, state: State) -> Self {
        let window = Window { hashed: state.uncut.len(), bytes: state.uncut, sha256: state.sha256 };
        Self { offset: state.offset, window, chunks: state.chunks, saved: state.saved, ..Self::new(store) }
    }

    /// Returns the number of bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes. They are not durable yet when this returns.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.begin()?;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(WINDOW_BYTES - self.window.bytes.len()));
            self.window.bytes.extend_from_slice(now);
            self.offset += now.len() as u64;
            bytes = later;
            if self.window.bytes.len() == WINDOW_BYTES {
                self.cut(false).await?;
            }
        }
        self.usable = true;
        Ok(())
    }

    /// Makes everything taken so far durable as the state of `upload` and returns the offset to resume at.
    pub async fn suspend(mut self, upload: &str) -> Result<u64> {
        self.checkpoint(upload).await
    }

    /// Does what [`Writer::suspend`] does and keeps on writing.
    pub async fn checkpoint(&mut self, upload: &str) -> Result<u64> {
        self.begin()?;
        if self.offset != self.saved.offset {
            self.cut(false).await?;
            self.settle(0).await?;
            let Window { bytes, sha256, .. } = &self.window;
            self.saved.save(&self.store.objects, upload, self.offset, &self.chunks, bytes, sha256).await?;
        }
        self.usable = true;
        Ok(self.offset)
    }

    /// Makes the content durable and returns its name. The state of an upload, if there is one, may then be forgotten.
    pub async fn finish(mut self) -> Result<Stored> {
        self.begin()?;
        self.cut(true).await?;
        self.settle(0).await?;
        let manifest = Manifest::new(&self.chunks);
        let content = manifest.content();
        // Last, since whoever finds the list may rely on its chunks.
        let key = content_key(&content);
        if manifest.needs_list() && !self.store.objects.settled(&key).await? {
            self.store.objects.put(&key, vec![manifest.to_object()]).await?;
        }
        let sha256 = self.window.sha256.finalize().into();
        Ok(Stored { content, size_bytes: self.offset, sha256 })
    }

    /// Refuses a writer whose state is not certain, and makes it so until the operation has succeeded.
    fn begin(&mut self) -> Result<()> {
        std::mem::replace(&mut self.usable, false).then_some(()).ok_or(Error::Interrupted)
    }

    /// Cuts the window and sends the chunks on their way.
    async fn cut(&mut self, at_end: bool) -> Result<()> {
        let window = std::mem::take(&mut self.window);
        let (window, chunks) = self.store.compute(move || window.cut(at_end)).await?;
        self.window = window;
        if !chunks.is_empty() {
            self.saved.forget_uncut();
        }
        for plain in chunks {
            self.settle(IN_FLIGHT_CHUNKS - 1).await?;
            let in_flight = self.store.in_flight.clone();
            let permit = in_flight.acquire_many_owned(plain.len() as u32).await.expect("the semaphore is never closed");
            let task = tokio::spawn(store_chunk(self.store.clone(), plain, None, permit));
            self.in_flight.push_back(AbortOnDropHandle::new(task));
        }
        Ok(())
    }

    /// Waits until at most `left` chunks are on their way.
    async fn settle(&mut self, left: usize) -> Result<()> {
        while self.in_flight.len() > left {
            let first = self.in_flight.pop_front().expect("there are more than `left`");
            self.chunks.push(first.await.map_err(|_| Error::Interrupted)??);
        }
        Ok(())
    }
}

/// Makes one chunk durable, unless it is already. Fails when it does not have the `expected` hash.
pub(crate) async fn store_chunk(
    store: Store,
    plain: Bytes,
    expected: Option<ChunkHash>,
    _permit: OwnedSemaphorePermit,
) -> Result<ChunkRef> {
    let named = plain.clone();
    let hash = store.compute(move || ChunkHash::of(&named)).await?;
    if let Some(chunk) = expected.filter(|expected| *expected != hash) {
        return Err(Error::WrongChunk { chunk });
    }
    let id = store.chunk_id(&hash);
    let size_bytes = plain.len() as u32;
    let key = chunk_key(&id);
    if !store.objects.settled(&key).await? {
        let parts = store.compute(move || chunk::encode(plain)).await?;
        store.objects.put(&key, parts).await?;
    }
    Ok(ChunkRef { id, size_bytes })
}
