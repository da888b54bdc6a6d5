//! How does a content come back, in whole or in part, with damage noticed before a wrong byte leaves?

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use tokio::io::AsyncWriteExt;

use crate::chunk;
use crate::error::{Error, Result};
use crate::ids::{ChunkId, ContentId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{chunk_key, content_key, spare_key};
use crate::seal;
use crate::store::Store;
use crate::tree::GROUP_BYTES;

/// Chunks fetched before the reader asks for them. With the one it waits for, this bounds its memory.
const READ_AHEAD: usize = 2;

/// Finds the chunks of a content: in its list, or in the one chunk of the same name.
pub(crate) async fn manifest(store: &Store, content: &ContentId) -> Result<Manifest> {
    let only = ChunkId::from_bytes(*content.as_bytes());
    let list_key = content_key(content);
    // Both are asked for at once: which one exists is not known, and most contents have one chunk.
    let only_key = chunk_key(&only);
    let (list, size) = tokio::join!(store.objects.get(&list_key), only_chunk_bytes(store, &only_key));
    let damaged = || Error::Damaged { content: *content, chunk: None };
    let list = list.map_err(|error| if matches!(error, Error::ObjectDamaged { .. }) { damaged() } else { error })?;
    if let Some(list) = list {
        return Manifest::from_object(content, &list).ok_or_else(damaged);
    }
    let mut size = size?;
    if size.is_none() {
        // Neither is there: one of them may be kept under a second name.
        if let Some(list) = store.objects.get_kept(&list_key).await? {
            let list = store.objects.opened(&list_key, list).await.map_err(|_| damaged())?;
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
    let found = store.objects.get_range_raw(key, header).await?;
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
    let parts = manifest.touched(range).map(move |(chunk, part)| {
        let store = store.clone();
        async move { read_part(&store, content, chunk, part).await }
    });
    Box::pin(stream::iter(parts).buffered(1 + READ_AHEAD))
}

/// Reads a part of a chunk and checks it: the groups it lies in, or the whole chunk where that is not possible.
async fn read_part(store: &Store, content: ContentId, chunk: ChunkRef, part: Range<usize>) -> Result<Bytes> {
    let size = chunk.size_bytes as usize;
    if part.len() == size {
        return fetch(store, content, chunk).await;
    }
    if let Some(plain) = store.recent.chunk(&chunk.id).filter(|plain| plain.len() == size) {
        return Ok(plain.slice(part));
    }
    if part.len() <= size / 2
        && let Some(bytes) = read_groups(store, chunk, &part).await?
    {
        return Ok(bytes);
    }
    let plain = fetch(store, content, chunk).await?;
    store.recent.note_part(chunk.id, &plain);
    Ok(plain.slice(part))
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
            None => store.objects.get_range(&key, 0..plain_start as u64).await,
        }
    };
    // The object of a compressed chunk may end before the part would begin, which stores refuse. Whatever it was, reading
    // the whole chunk tells.
    let Ok((head, bytes)) = tokio::try_join!(head, store.objects.get_range(&key, wanted)) else { return Ok(None) };
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
async fn fetch(store: &Store, content: ContentId, chunk: ChunkRef) -> Result<Bytes> {
    let at = Some(chunk.id);
    let key = chunk_key(&chunk.id);
    let object = store.objects.get_kept(&key).await?;
    let object = object.ok_or(Error::Missing { content, chunk: at })?;
    let plain = decode(store, &chunk.id, object).await?;
    plain.filter(|plain| plain.len() == chunk.size_bytes as usize).ok_or(Error::Damaged { content, chunk: at })
}

/// Returns the plain bytes of a chunk's object, or `None` when they are not those that its name says.
pub(crate) async fn decode(store: &Store, id: &ChunkId, object: Bytes) -> Result<Option<Bytes>> {
    let (key, id) = (chunk_key(id), *id);
    let keys = store.objects.keys_for(&object).await?;
    let decode = move || {
        let Some(keys) = keys else {
            return chunk::decode(object).filter(|(hash, _)| ChunkId::plain(hash) == id);
        };
        let object = keys.open(key.as_ref(), object).ok()?;
        chunk::decode(object).filter(|(hash, _)| keys.chunk_id(hash) == id)
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
        return fetch(store, *content, *only).await;
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
