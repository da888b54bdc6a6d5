//! How does a content come back, in whole or in part, with damage noticed before a wrong byte leaves?

use std::ops::Range;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::io::AsyncWriteExt;

use crate::chunk;
use crate::error::{Error, Result};
use crate::ids::{ChunkId, ContentId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{chunk_key, content_key};
use crate::seal;
use crate::store::Store;

/// Chunks fetched before the reader asks for them. With the one it waits for, this bounds its memory.
const READ_AHEAD: usize = 2;

/// Finds the chunks of a content: in its list, or in the one chunk of the same name.
pub(crate) async fn manifest(store: &Store, content: &ContentId) -> Result<Manifest> {
    let only = ChunkId::from_bytes(*content.as_bytes());
    let list_key = content_key(content);
    // Both are asked for at once: which one exists is not known, and most contents have one chunk.
    let (list, size) = tokio::join!(store.objects.get(&list_key), only_chunk_bytes(store, &only));
    let damaged = || Error::Damaged { content: *content, chunk: None };
    let list = list.map_err(|error| if matches!(error, Error::ObjectDamaged { .. }) { damaged() } else { error })?;
    if let Some(list) = list {
        return Manifest::from_object(content, &list).ok_or_else(damaged);
    }
    let size_bytes = size?.ok_or(Error::Missing { content: *content, chunk: None })?.ok_or_else(damaged)?;
    Ok(Manifest::new(&[ChunkRef { id: only, size_bytes }]))
}

/// Tells the plain size of a chunk, or that its object is damaged, if there is one.
async fn only_chunk_bytes(store: &Store, chunk: &ChunkId) -> Result<Option<Option<u32>>> {
    let sealed = store.objects.keys().is_some();
    let header = 0..if sealed { seal::HEADER_BYTES } else { chunk::HEADER_BYTES };
    let found = store.objects.get_range_raw(&chunk_key(chunk), header).await?;
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
        async move {
            if part.len() == chunk.size_bytes as usize {
                return fetch(&store, content, chunk).await;
            }
            if let Some(plain) = store.recent.get(&chunk.id).filter(|plain| plain.len() == chunk.size_bytes as usize) {
                return Ok(plain.slice(part));
            }
            let plain = fetch(&store, content, chunk).await?;
            store.recent.note(chunk.id, &plain);
            Ok(plain.slice(part))
        }
    });
    Box::pin(stream::iter(parts).buffered(1 + READ_AHEAD))
}

/// Reads one chunk and checks it.
async fn fetch(store: &Store, content: ContentId, chunk: ChunkRef) -> Result<Bytes> {
    let at = Some(chunk.id);
    let key = chunk_key(&chunk.id);
    let object = store.objects.get_raw(&key).await?;
    let object = object.ok_or(Error::Missing { content, chunk: at })?;
    let keys = store.objects.keys_for(&object).await?;
    let decode = move || {
        let Some(keys) = keys else {
            return chunk::decode(object).filter(|(hash, _)| ChunkId::plain(hash) == chunk.id);
        };
        let object = keys.open(key.as_ref(), object).ok()?;
        chunk::decode(object).filter(|(hash, _)| keys.chunk_id(hash) == chunk.id)
    };
    let plain = store.compute(decode).await?.map(|(_, plain)| plain);
    plain.filter(|plain| plain.len() == chunk.size_bytes as usize).ok_or(Error::Damaged { content, chunk: at })
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
