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
use crate::store::Store;

/// Chunks fetched before the reader asks for them. With the one it waits for, this bounds its memory.
const READ_AHEAD: usize = 2;

/// Finds the chunks of a content: in its list, or in the one chunk of the same name.
pub(crate) async fn manifest(store: &Store, content: &ContentId) -> Result<Manifest> {
    let only = ChunkId::from_bytes(*content.as_bytes());
    let (list_key, chunk_key) = (content_key(content), chunk_key(&only));
    // Both are asked for at once: which one exists is not known, and most contents have one chunk.
    let (list, header) =
        tokio::try_join!(store.objects.get(&list_key), store.objects.get_range(&chunk_key, 0..chunk::HEADER_BYTES),)?;
    let damaged = Error::Damaged { content: *content, chunk: None };
    if let Some(list) = list {
        return Manifest::from_object(content, &list).ok_or(damaged);
    }
    let (header, object_bytes) = header.ok_or(Error::Missing { content: *content, chunk: None })?;
    let size_bytes = chunk::plain_size(&header, object_bytes).ok_or(damaged)?;
    Ok(Manifest::new(&[ChunkRef { id: only, size_bytes }]))
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
        async move { Ok(fetch(&store, content, chunk).await?.slice(part)) }
    });
    Box::pin(stream::iter(parts).buffered(1 + READ_AHEAD))
}

/// Reads one chunk and checks it.
async fn fetch(store: &Store, content: ContentId, chunk: ChunkRef) -> Result<Bytes> {
    let at = Some(chunk.id);
    let object = store.objects.get(&chunk_key(&chunk.id)).await?;
    let object = object.ok_or(Error::Missing { content, chunk: at })?;
    let plain = store.compute(move || chunk::decode(&chunk.id, object)).await?;
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
