//! How does a content come back, in whole or in part, with damage noticed before a wrong byte leaves?

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, FuturesOrdered, Stream, StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use crate::block::Pieces;
use crate::chunk;
use crate::error::{Error, Result};
use crate::ids::{ChunkId, ContentId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{chunk_key, content_key, spare_key};
use crate::seal;
use crate::store::Store;
use crate::tree::GROUP_BYTES;

/// Chunks fetched before the reader asks for them, as long as there is room for them.
const READ_AHEAD: usize = 2;

/// The same where each chunk is a request to another server.
const READ_AHEAD_REMOTE: usize = 3;

/// Plain bytes of whole chunks that all readers together hold. Half of it is for what is read ahead.
pub(crate) const HELD_BYTES: usize = 96 * 1024 * 1024;

/// What a reader gets at a time when others hold all of that. A number of whole groups.
const STEP_BYTES: usize = 4 * GROUP_BYTES;

/// Finds the chunks of a content: in its list, or in the one chunk of the same name.
pub(crate) async fn manifest(store: &Store, content: &ContentId) -> Result<Manifest> {
    find_manifest(store, content).await.map_err(|error| as_content(error, *content, None))
}

/// Names the content whose object is damaged.
fn as_content(error: Error, content: ContentId, chunk: Option<ChunkId>) -> Error {
    if matches!(error, Error::ObjectDamaged { .. }) { Error::Damaged { content, chunk } } else { error }
}

async fn find_manifest(store: &Store, content: &ContentId) -> Result<Manifest> {
    let only = ChunkId::from_bytes(*content.as_bytes());
    let list_key = content_key(content);
    // Both are asked for at once: which one exists is not known, and most contents have one chunk.
    let only_key = chunk_key(&only);
    let (list, size) = tokio::join!(store.objects.get(&list_key), only_chunk_bytes(store, &only_key));
    let damaged = || Error::Damaged { content: *content, chunk: None };
    if let Some(list) = list? {
        return Manifest::from_object(content, &list).ok_or_else(damaged);
    }
    let mut size = size?;
    if size.is_none() {
        // Neither is there: one of them may be kept under a second name.
        if let Some(list) = store.objects.get_kept(&list_key).await? {
            let list = store.objects.opened(&list_key, list.join()).await?;
            return Manifest::from_object(content, &list).ok_or_else(damaged);
        }
        for key in [&spare_key(&only_key), &only_key] {
            size = size.or(only_chunk_bytes(store, key).await?);
        }
    }
    let size_bytes = size.ok_or(Error::Missing { content: *content, chunk: None })?.ok_or_else(damaged)?;
    Ok(Manifest::new(&[ChunkRef { id: only, size_bytes }]))
}

/// Tells the plain size of a chunk, or that its object is damaged, if there is one.
async fn only_chunk_bytes(store: &Store, key: &Key) -> Result<Option<Option<u32>>> {
    let sealed = store.objects.keys().is_some();
    let header = 0..if sealed { seal::HEADER_BYTES } else { chunk::HEADER_BYTES };
    let found = match store.objects.get_range_raw(key, header).await {
        Err(Error::ObjectDamaged { .. }) => return Ok(Some(None)),
        found => found?,
    };
    Ok(found.map(|(header, object_bytes)| match sealed {
        true => seal::plain_size(&header).and_then(chunk::possible_size),
        false => chunk::plain_size(&header, object_bytes),
    }))
}

/// Streams the bytes of `range`.
pub(crate) fn read(
    store: Store,
    manifest: Manifest,
    range: Range<u64>,
) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    let content = manifest.content();
    let parts = Box::new(manifest.touched(range));
    let reading =
        Reading { store, content, parts, rest: None, on_the_way: FuturesOrdered::new(), ready: VecDeque::new() };
    Box::pin(stream::unfold(reading, |mut reading| async move {
        loop {
            if let Some(part) = reading.ready.pop_front() {
                return Some((Ok(part), reading));
            }
            reading.begin();
            match reading.on_the_way.next().await?.unwrap_or(Err(Error::Interrupted)) {
                Ok(parts) => reading.ready.extend(parts),
                Err(error) => return Some((Err(error), reading)),
            }
        }
    }))
}

/// What one reader is at.
///
/// However slow its client is, it holds on to memory only within [`HELD_BYTES`]. Those who come when that is used up get their
/// bytes all the same, in small steps.
struct Reading {
    store: Store,
    content: ContentId,
    parts: Box<dyn Iterator<Item = (ChunkRef, Range<usize>)> + Send>,
    /// What comes before `parts`.
    rest: Option<(ChunkRef, Range<usize>)>,
    /// In tasks, so that they go on while the client takes what came before.
    on_the_way: FuturesOrdered<AbortOnDropHandle<Result<Pieces>>>,
    /// What was read.
    ready: VecDeque<Bytes>,
}

/// Bytes that count as held until the last part of them is dropped.
struct Held {
    bytes: Bytes,
    _room: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Reading {
    /// Begins to read what is next, and ahead of that when there is room.
    fn begin(&mut self) {
        let ahead = if self.store.objects.root().is_some() { READ_AHEAD } else { READ_AHEAD_REMOTE };
        while self.on_the_way.len() <= ahead {
            let Some((chunk, part)) = self.rest.take().or_else(|| self.parts.next()) else { return };
            let (store, content) = (self.store.clone(), self.content);
            if part.len() <= STEP_BYTES {
                self.spawn(async move { read_step(&store, content, chunk, part).await });
            } else if let Some(room) = self.room(chunk.size_bytes) {
                self.spawn(async move {
                    let room = Arc::new(room);
                    let held = |bytes| Bytes::from_owner(Held { bytes, _room: room.clone() });
                    Ok(read_part(&store, content, chunk, part).await?.into_iter().map(held).collect())
                });
            } else if self.on_the_way.is_empty() {
                let end = part.end.min((part.start / GROUP_BYTES * GROUP_BYTES) + STEP_BYTES);
                let (now, later) = (part.start..end, end..part.end);
                self.rest = (!later.is_empty()).then_some((chunk, later));
                return self.spawn(async move { read_step(&store, content, chunk, now).await });
            } else {
                self.rest = Some((chunk, part));
                return;
            }
        }
    }

    /// Room for a chunk, also for one that is read ahead as long as half of all is free.
    fn room(&self, size_bytes: u32) -> Option<OwnedSemaphorePermit> {
        let held: &Arc<Semaphore> = &self.store.held;
        let is_ahead = !self.on_the_way.is_empty();
        if is_ahead && held.available_permits() < HELD_BYTES / 2 {
            return None;
        }
        held.clone().try_acquire_many_owned(size_bytes).ok()
    }

    fn spawn(&mut self, reading: impl Future<Output = Result<Pieces>> + Send + 'static) {
        self.on_the_way.push_back(AbortOnDropHandle::new(tokio::spawn(reading)));
    }
}

/// Reads a small part of a chunk, and keeps hold of nothing else.
async fn read_step(store: &Store, content: ContentId, chunk: ChunkRef, part: Range<usize>) -> Result<Pieces> {
    if part.len() == chunk.size_bytes as usize {
        return fetch(store, content, chunk).await;
    }
    let _unpacking = match store.recent.chunk(&chunk.id) {
        Some(_) => None,
        None => match read_groups(store, chunk, &part).await? {
            Some(bytes) => return Ok(bytes.into()),
            // Others take whole chunks into memory only for a moment, so nobody waits long.
            None => Some(store.unpacking.acquire().await.expect("the semaphore is never closed")),
        },
    };
    let bytes = read_part(store, content, chunk, part).await?;
    Ok(Bytes::from(bytes.copy()).into())
}

/// Reads a part of a chunk and checks it: the groups it lies in, or the whole chunk where that is not possible.
async fn read_part(store: &Store, content: ContentId, chunk: ChunkRef, part: Range<usize>) -> Result<Pieces> {
    let size = chunk.size_bytes as usize;
    if part.len() == size {
        return fetch(store, content, chunk).await;
    }
    if let Some(plain) = store.recent.chunk(&chunk.id).filter(|plain| plain.len() == size) {
        return Ok(plain.slice(part).into());
    }
    if part.len() <= size / 2
        && let Some(bytes) = read_groups(store, chunk, &part).await?
    {
        return Ok(bytes.into());
    }
    let plain = fetch(store, content, chunk).await?.join();
    store.recent.note_part(chunk.id, &plain);
    Ok(plain.slice(part).into())
}

/// Reads the groups that hold a part; `None` when the chunk is not stored with its tree, or something is wrong with it.
async fn read_groups(store: &Store, chunk: ChunkRef, part: &Range<usize>) -> Result<Option<Bytes>> {
    let size = chunk.size_bytes as usize;
    if store.objects.keys().is_some() || size <= 2 * GROUP_BYTES {
        return Ok(None);
    }
    let (key, plain_start) = (chunk_key(&chunk.id), chunk::plain_start(size));
    let first = part.start / GROUP_BYTES;
    let groups = first * GROUP_BYTES..size.min(part.end.next_multiple_of(GROUP_BYTES));
    let wanted = (plain_start + groups.start) as u64..(plain_start + groups.end) as u64;
    let known = store.recent.tree(&chunk.id);
    let head = async {
        match known {
            Some(_) => Ok(None),
            None => store.objects.get_part(&key, 0..plain_start as u64).await,
        }
    };
    // The object of a compressed chunk may end before the part would begin, which stores refuse. Whatever it was, reading
    // the whole chunk tells.
    let Ok((head, bytes)) = tokio::try_join!(head, store.objects.get_part(&key, wanted)) else { return Ok(None) };
    let Some(bytes) = bytes.filter(|bytes| bytes.len() == groups.len()) else { return Ok(None) };
    let tree = match (known, head) {
        (Some(tree), _) => tree,
        (None, Some(head)) => {
            let tree = chunk::parse_tree(&head, size);
            let Some(tree) = tree.filter(|tree| tree.root().is_some_and(|root| ChunkId::plain(&root) == chunk.id))
            else {
                return Ok(None);
            };
            let tree = Arc::new(tree);
            store.recent.keep_tree(chunk.id, tree.clone());
            tree
        }
        (None, None) => return Ok(None),
    };
    let part = part.start - groups.start..part.end - groups.start;
    let check = move || tree.holds(first, &bytes).then(|| bytes.slice(part));
    store.compute(check).await
}

/// Reads one chunk and checks it.
async fn fetch(store: &Store, content: ContentId, chunk: ChunkRef) -> Result<Pieces> {
    let at = Some(chunk.id);
    let key = chunk_key(&chunk.id);
    let object = store.objects.get_kept(&key).await.map_err(|error| as_content(error, content, at))?;
    let object = object.ok_or(Error::Missing { content, chunk: at })?;
    let plain = decode(store, &chunk.id, object).await?;
    plain.filter(|plain| plain.len() == chunk.size_bytes as usize).ok_or(Error::Damaged { content, chunk: at })
}

/// Returns the plain bytes of a chunk's object, or `None` when they are not those that its name says.
pub(crate) async fn decode(store: &Store, id: &ChunkId, object: Pieces) -> Result<Option<Pieces>> {
    let (key, id) = (chunk_key(id), *id);
    let head = object.clone().split_to(object.len().min(chunk::HEADER_BYTES as usize)).join();
    let keys = store.objects.keys_for(&head).await?;
    let decode = move || {
        let Some(keys) = keys else {
            return chunk::decode(object).filter(|(hash, _)| ChunkId::plain(hash) == id);
        };
        // Alone, so that it is opened where it lies.
        let object = keys.open(key.as_ref(), object.into_joined()).ok()?;
        chunk::decode(object.into()).filter(|(hash, _)| keys.chunk_id(hash) == id)
    };
    Ok(store.compute(decode).await?.map(|(_, plain)| plain))
}

/// Reads a whole content that fits in memory.
pub(crate) async fn read_all(store: &Store, content: &ContentId, limit_bytes: u64) -> Result<Bytes> {
    let manifest = manifest(store, content).await?;
    let size_bytes = manifest.size_bytes();
    if size_bytes > limit_bytes {
        return Err(Error::TooLarge { content: *content, size_bytes, limit_bytes });
    }
    if let [only] = manifest.chunks() {
        return Ok(fetch(store, *content, *only).await?.join());
    }
    let mut whole = BytesMut::with_capacity(size_bytes as usize);
    let mut parts = read(store.clone(), manifest, 0..u64::MAX);
    while let Some(part) = parts.try_next().await? {
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

/// Writes a content into a local file.
pub(crate) async fn copy_to_file(store: &Store, content: &ContentId, path: &Path) -> Result<u64> {
    let manifest = manifest(store, content).await?;
    let size_bytes = manifest.size_bytes();
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = tokio::fs::File::create(path).await.map_err(failed)?;
    let mut parts = read(store.clone(), manifest, 0..u64::MAX);
    while let Some(part) = parts.try_next().await? {
        file.write_all(&part).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(size_bytes)
}

/// Reads every chunk of a content and checks it. The list was checked against the content id when it was read.
pub(crate) async fn verify(store: &Store, content: &ContentId) -> Result<()> {
    let manifest = manifest(store, content).await?;
    read(store.clone(), manifest, 0..u64::MAX).try_for_each(|_| async { Ok(()) }).await
}
