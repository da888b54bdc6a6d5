//! How does a stream of bytes become durable chunks, in bounded memory and whatever its length?
//!
//! Bytes gather in a block. While the next one fills, a full one is hashed as a whole (SHA-256) and cut into chunks, on the
//! blocking pool. Each chunk is then hashed (BLAKE3), compressed and put by a job of its own, a few at a time. The list of chunks is
//! written last, so a writer that dies leaves chunks that nothing refers to, and never a content that is not whole.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use crate::block::{Block, Pieces};
use crate::chunk;
use crate::cut::{MIN_CHUNK_BYTES, Scanner, Sizes};
use crate::error::{Error, Result};
use crate::folder::Unsettled;
use crate::guard::renew;
use crate::ids::{ChunkHash, ContentId};
use crate::job;
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{Length, chunk_key, content_key};
use crate::seal::Inside;
use crate::store::Store;
use crate::suspension::{Point, Saved, State};
use crate::tree::{self, Tree};

/// Chunks one writer stores at a time: enough to keep a disk busy.
const IN_FLIGHT_CHUNKS: usize = 4;

/// The same where each chunk is a request to another server. Garage takes no more in a second from more than six.
const IN_FLIGHT_CHUNKS_REMOTE: usize = 8;

/// So few bytes are hashed where they are: another thread would take longer to begin.
const FEW_BYTES: usize = 64 * 1024;

/// From so many bytes on, a block that is finished on one thread is hashed on another beside being stored.
const MANY_BYTES: usize = 256 * 1024;

/// What a finished content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The name to read it by.
    pub content: ContentId,
    /// The number of plain bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
    /// Its chunks, to read it at once.
    pub manifest: Manifest,
}

/// Takes the bytes of one content.
///
/// After an error, or when one of its futures was dropped before it was done, every call fails with
/// [`Error::Interrupted`]: go on from the last offset that was made durable.
pub struct Writer {
    store: Store,
    offset: u64,
    block: Block,
    sha256: Sha256,
    /// The last block goes into the hash.
    hashing: Option<JoinHandle<Sha256>>,
    cutter: Cutter,
    /// The block before, on the blocking pool with the hash and the cutter.
    at_work: Option<AtWork>,
    /// The chunks that are stored.
    chunks: Vec<ChunkRef>,
    /// The chunks being stored, in order.
    in_flight: VecDeque<AbortOnDropHandle<Result<StoredChunk>>>,
    /// The names of stored chunks that may not be on disk yet.
    unsettled: HashSet<Unsettled>,
    /// Names what this writer suspends; at most 63 bits, never 0.
    token: u64,
    saved: Saved,
    /// How many of `chunks` the saved state refers to.
    saved_chunks: usize,
    /// When the first of the other chunks was claimed.
    claimed: Option<i64>,
    /// For room, and in vain: the chunk that is coming waits no more.
    has_waited: bool,
    usable: bool,
}

/// Divides bytes into chunks.
struct Cutter {
    sizes: Sizes,
    scanner: Scanner,
    /// The bytes since the last cut.
    uncut: Pieces,
}

/// What is being made of a block: the hash and the cutter behind it, and the chunks that end in it.
type AtWork = JoinHandle<(Sha256, Cutter, Vec<Pieces>)>;

/// A chunk and its name.
pub(crate) struct Chunk {
    plain: Pieces,
    hash: ChunkHash,
    tree: Option<Tree>,
}

/// A chunk whose bytes are on disk. Its name is when it is settled.
pub(crate) struct StoredChunk {
    pub chunk: ChunkRef,
    pub name: Option<Unsettled>,
}

impl Chunk {
    /// Hashes a chunk.
    pub fn new(plain: Pieces) -> Self {
        let (hash, tree) = tree::hash(&plain);
        Self { plain, hash, tree }
    }

    /// Returns its hash.
    pub fn hash(&self) -> ChunkHash {
        self.hash
    }
}

impl Cutter {
    fn new(sizes: Sizes) -> Self {
        Self { sizes, scanner: Scanner::new(sizes), uncut: Pieces::default() }
    }

    /// Takes the next bytes and returns the chunks that end within them.
    fn cut(&mut self, bytes: Bytes) -> Vec<Pieces> {
        let mut chunks = Vec::new();
        let mut next = VecDeque::from([bytes]);
        while let Some(part) = next.pop_front() {
            let end = self.scanner.feed(&part);
            self.uncut.push(part);
            let Some(end) = end else { continue };
            chunks.push(self.uncut.split_to(end));
            let Self { uncut: rest, .. } = std::mem::replace(self, Self::new(self.sizes));
            // What follows begins a chunk. It goes before what has not been looked at.
            rest.into_iter().rev().for_each(|part| next.push_front(part));
        }
        chunks
    }

    /// Returns the chunk that nothing follows.
    fn last(&mut self) -> Option<Pieces> {
        let length = self.uncut.len();
        (length > 0).then(|| self.uncut.split_to(length))
    }
}

impl Writer {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            offset: 0,
            block: store.blocks.take(),
            sha256: Sha256::new(),
            hashing: None,
            cutter: Cutter::new(store.sizes),
            at_work: None,
            chunks: Vec::new(),
            in_flight: VecDeque::new(),
            unsettled: HashSet::new(),
            token: rand::random::<u64>() >> 1 | 1,
            saved: Saved::default(),
            saved_chunks: 0,
            claimed: None,
            has_waited: false,
            usable: true,
            store,
        }
    }

    pub(crate) async fn resumed(store: Store, state: State) -> Result<Self> {
        let State { offset, chunks, uncut, sha256, saved } = state;
        let uncut = store.blocks.adopt(uncut);
        // Looks at bytes again that were looked at before: a chunk ends in them only when another version, which cut elsewhere,
        // saved them.
        let mut cutter = Cutter::new(store.sizes);
        let cut = move || {
            let chunks = cutter.cut(uncut);
            (cutter, chunks)
        };
        let (cutter, complete) = store.compute(cut).await?;
        let saved_chunks = chunks.len();
        let mut writer = Self { offset, cutter, sha256, chunks, saved, saved_chunks, ..Self::new(store) };
        writer.send_all(complete).await?;
        Ok(writer)
    }

    /// Returns the number of bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes. They are not durable yet when this returns.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.begin()?;
        while !bytes.is_empty() {
            // Not before there is more: a content that ends with its first block is one job, see `finish`.
            if self.block.is_full() {
                self.catch_up().await?;
                self.has_waited = self.has_waited || !self.store.blocks.room(self.cutter.uncut.len()).await;
                self.store.blocks.left().await?;
                self.hand_on().await?;
            }
            let length = bytes.len();
            bytes = self.block.fill(bytes);
            self.offset += (length - bytes.len()) as u64;
        }
        self.usable = true;
        Ok(())
    }

    /// Makes everything taken so far durable as the state of `upload` and returns where to resume.
    pub async fn suspend(mut self, upload: &str) -> Result<Point> {
        self.checkpoint(upload).await
    }

    /// Does what [`Writer::suspend`] does and keeps on writing.
    pub async fn checkpoint(&mut self, upload: &str) -> Result<Point> {
        self.begin()?;
        if self.offset != self.saved.point.offset {
            self.cut_all().await?;
            self.settle().await?;
            // In one part: the blocks that it came in may be nearly empty.
            let parts = self.cutter.uncut.parts().count();
            let uncut = self.cutter.uncut.join();
            let uncut = if parts > 1 { self.store.blocks.adopt(uncut) } else { uncut };
            self.cutter.uncut = Pieces::from(uncut.clone());
            let point = Point { offset: self.offset, token: self.token };
            self.saved.save(&self.store.objects, upload, point, &self.chunks, &uncut, &self.sha256).await?;
            // From here on the state keeps them.
            (self.saved_chunks, self.claimed) = (self.chunks.len(), None);
        }
        self.usable = true;
        Ok(self.saved.point)
    }

    /// Makes the content durable and returns its name. The state of an upload, if there is one, may then be forgotten.
    pub async fn finish(mut self) -> Result<Stored> {
        self.begin()?;
        match self.is_small() {
            true => self.store.clone().in_one(self.end()).await?,
            false => self.end().await,
        }
    }

    /// Tells whether everything lies in one block still: finishing is one job then, see [`Store::in_one`].
    pub fn is_small(&self) -> bool {
        self.at_work.is_none() && self.in_flight.is_empty() && self.chunks.is_empty()
    }

    async fn end(mut self) -> Result<Stored> {
        self.cut_all().await?;
        if let Some(last) = self.cutter.last() {
            self.send(last).await?;
        }
        self.settle().await?;
        let manifest = Manifest::new(&self.chunks);
        let content = manifest.content();
        // Last, since whoever finds the list may rely on its chunks.
        store_list(&self.store, &manifest).await?;
        let sha256 = self.sha256.finalize().into();
        Ok(Stored { content, size_bytes: self.offset, sha256, manifest })
    }

    /// Refuses a writer whose state is not certain, and makes it so until the operation has succeeded.
    fn begin(&mut self) -> Result<()> {
        std::mem::replace(&mut self.usable, false).then_some(()).ok_or(Error::Interrupted)
    }

    /// Has the block hashed and cut while the next one fills.
    async fn hand_on(&mut self) -> Result<()> {
        self.catch_up().await?;
        let bytes = self.take_block();
        let (mut sha256, mut cutter) =
            (std::mem::take(&mut self.sha256), std::mem::replace(&mut self.cutter, Cutter::new(self.store.sizes)));
        let work = move || {
            sha256.update(&bytes);
            let chunks = cutter.cut(bytes);
            (sha256, cutter, chunks)
        };
        self.at_work = Some(self.store.begin(work).await);
        Ok(())
    }

    fn take_block(&mut self) -> Bytes {
        std::mem::replace(&mut self.block, self.store.blocks.take()).freeze()
    }

    /// Waits for the block that was handed on, and sends its chunks on their way.
    async fn catch_up(&mut self) -> Result<()> {
        let Some(at_work) = self.at_work.take() else { return Ok(()) };
        let (sha256, cutter, chunks) = at_work.await.map_err(|_| Error::Interrupted)?;
        (self.sha256, self.cutter) = (sha256, cutter);
        self.send_all(chunks).await
    }

    /// Hashes and cuts everything that was taken.
    async fn cut_all(&mut self) -> Result<()> {
        self.hashed().await?;
        if !job::may_wait() && self.block.len() > FEW_BYTES.min(MIN_CHUNK_BYTES) {
            self.hand_on().await?;
        }
        self.catch_up().await?;
        if self.block.len() > 0 {
            let bytes = self.take_block();
            let processor = if job::may_wait() { self.store.processor().await } else { None };
            self.hash(&bytes).await;
            let chunks = self.cutter.cut(bytes);
            drop(processor);
            self.send_all(chunks).await?;
        }
        Ok(())
    }

    /// Takes the last block into the hash: beside what follows when it takes long.
    async fn hash(&mut self, bytes: &Bytes) {
        if !job::may_wait() || bytes.len() < MANY_BYTES {
            self.sha256.update(bytes);
            return;
        }
        let (mut sha256, bytes) = (std::mem::take(&mut self.sha256), bytes.clone());
        let work = move || {
            sha256.update(&bytes);
            sha256
        };
        self.hashing = Some(self.store.begin(work).await);
    }

    /// Waits for the hash.
    async fn hashed(&mut self) -> Result<()> {
        if let Some(hashing) = self.hashing.take() {
            self.sha256 = hashing.await.map_err(|_| Error::Interrupted)?;
        }
        Ok(())
    }

    async fn send_all(&mut self, chunks: Vec<Pieces>) -> Result<()> {
        if !chunks.is_empty() {
            self.saved.forget_uncut();
            self.has_waited = false;
        }
        for chunk in chunks {
            self.send(chunk).await?;
        }
        Ok(())
    }

    /// Has a chunk stored.
    async fn send(&mut self, chunk: Pieces) -> Result<()> {
        if self.claimed.is_none() {
            self.claimed = self.store.objects.guard().map(|guard| guard.now());
        }
        let at_once = if self.store.objects.root().is_some() { IN_FLIGHT_CHUNKS } else { IN_FLIGHT_CHUNKS_REMOTE };
        self.receive(at_once - 1).await?;
        let store = self.store.clone();
        if job::may_wait() {
            let stored = hash_and_store(&store, chunk).await?;
            self.keep(stored);
            return Ok(());
        }
        let in_flight = self.store.in_flight.clone();
        let permit = in_flight.acquire_many_owned(chunk.len() as u32).await.expect("the semaphore is never closed");
        let work = async move {
            let _permit = permit;
            hash_and_store(&store, chunk).await
        };
        let job = self.store.begin_one(work).await;
        self.in_flight.push_back(AbortOnDropHandle::new(job));
        Ok(())
    }

    /// Waits until at most `left` chunks are on their way.
    async fn receive(&mut self, left: usize) -> Result<()> {
        while self.in_flight.len() > left {
            let first = self.in_flight.pop_front().expect("there are more than `left`");
            let stored = first.await.map_err(|_| Error::Interrupted)??;
            self.keep(stored);
        }
        Ok(())
    }

    fn keep(&mut self, stored: StoredChunk) {
        self.chunks.push(stored.chunk);
        self.unsettled.extend(stored.name);
    }

    /// Waits until all chunks that were sent are durable.
    async fn settle(&mut self) -> Result<()> {
        self.receive(0).await?;
        self.store.objects.settle(self.unsettled.drain()).await?;
        self.hashed().await?;
        // Those that no state refers to must stay until somebody does.
        renew(&self.store, &mut self.claimed, &self.chunks[self.saved_chunks..]).await
    }
}

/// Makes the list of a content durable, if it needs one that is not there.
pub(crate) async fn store_list(store: &Store, manifest: &Manifest) -> Result<()> {
    if !manifest.needs_list() {
        return Ok(());
    }
    let (key, list) = (content_key(&manifest.content()), manifest.to_object());
    match store.objects.settled(&key, Length::Exactly(list.len())).await? {
        true => Ok(()),
        false => store.objects.put(&key, vec![list]).await,
    }
}

/// Stores one chunk that was cut.
async fn hash_and_store(store: &Store, plain: Pieces) -> Result<StoredChunk> {
    let chunk = store.compute(move || Chunk::new(plain)).await?;
    store_chunk(store, chunk).await
}

/// Stores one chunk, unless it is stored already. It is durable when its name is settled.
pub(crate) async fn store_chunk(store: &Store, chunk: Chunk) -> Result<StoredChunk> {
    let Chunk { plain, hash, tree } = chunk;
    let size_bytes = plain.len() as u32;
    let id = store.chunk_id(&hash);
    let key = chunk_key(&id);
    let (keys, sealed_key) = (store.objects.keys(), key.to_string());
    let encode = move || {
        let Some(keys) = keys else { return chunk::encode(plain, tree.as_ref()) };
        // An envelope opens as a whole.
        let object = chunk::encode(plain, None);
        let inside = if chunk::is_raw(&object) { Inside::Raw(&hash) } else { Inside::Bytes };
        keys.seal(&sealed_key, &object, size_bytes, inside).into()
    };
    // Putting few bytes again costs an object store less than being asked for them.
    let looks = store.objects.root().is_some() || size_bytes as usize > FEW_BYTES;
    let looks = looks.then_some(Length::Chunk(size_bytes));
    let name = store.objects.write_new(&key, looks, store.processor(), encode).await?;
    Ok(StoredChunk { chunk: ChunkRef { id, size_bytes }, name })
}
