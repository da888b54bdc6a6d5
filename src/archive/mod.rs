//! How do many contents become one zip file while it is being sent? Nothing is kept on disk, memory is bounded, and the
//! length is known before the first byte: everything is stored as it is, which is also the fastest.
//!
//! The format is APPNOTE 6.3: names in UTF-8, zip64 where sizes, offsets or the number of entries need it. A small content
//! is read before its header is written, so its checksum stands there; a large one has it in a data descriptor behind. When
//! a content is damaged the stream ends with the error, and with it the connection: a zip that was cut off has no
//! directory and is not taken for a whole one.

mod format;
pub use format::{PATH_MAX_BYTES, civil};
pub mod names;

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use storage::{ContentId, Manifest, Store};
use tokio::sync::mpsc;

use crate::{archive::format::Header, clock::Millis, error::Result};

/// Up to this size a content is read before its header is written.
const SMALL_BYTES: u64 = 4 << 20;
/// Contents that are read ahead.
const READ_AHEAD: usize = 3;
/// Pieces on their way to the client.
const IN_FLIGHT: usize = 2;

/// One entry of an archive.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Parts joined by `/`; folders end with one. At most [`PATH_MAX_BYTES`].
    pub path: String,
    pub modified: Millis,
    pub source: Source,
}

/// Where the bytes of an entry come from.
#[derive(Clone, Debug)]
pub enum Source {
    Folder,
    Content { id: ContentId, size_bytes: u64 },
    Text(Bytes),
}

impl Entry {
    fn size_bytes(&self) -> u64 {
        match &self.source {
            Source::Folder => 0,
            Source::Content { size_bytes, .. } => *size_bytes,
            Source::Text(text) => text.len() as u64,
        }
    }

    /// Whether its checksum follows it.
    fn is_large(&self) -> bool {
        matches!(self.source, Source::Content { size_bytes, .. } if size_bytes > SMALL_BYTES)
    }
}

/// How long the archive of `entries` is.
pub fn length(entries: &[Entry]) -> u64 {
    let mut offset = 0;
    let mut directory = 0;
    for entry in entries {
        let header = Header::of(entry, offset);
        directory += header.central_length();
        offset += header.local_length() + entry.size_bytes() + header.descriptor_length();
    }
    offset + directory + format::end_length(entries.len() as u64, offset, directory)
}

/// The archive of `entries`, made while it is read.
pub fn stream(store: Store, entries: Arc<[Entry]>) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    let (send, mut receive) = mpsc::channel(IN_FLIGHT);
    tokio::spawn(async move {
        if let Err(error) = write(&store, &entries, &send).await {
            // Nobody listens any more when the client has gone.
            let _ = send.send(Err(error)).await;
        }
    });
    stream::poll_fn(move |context| receive.poll_recv(context))
}

type Pieces = mpsc::Sender<Result<Bytes>>;

/// What was made ready of an entry.
enum Ready {
    Whole(Bytes),
    Large(Manifest),
}

async fn write(store: &Store, entries: &[Entry], pieces: &Pieces) -> Result<()> {
    let ready = |index: usize| {
        let (store, source, large) = (store.clone(), entries[index].source.clone(), entries[index].is_large());
        async move {
            let bytes = match source {
                Source::Folder => Bytes::new(),
                Source::Text(text) => text,
                Source::Content { size_bytes: 0, .. } => Bytes::new(),
                Source::Content { id, .. } if large => return store.manifest(&id).await.map(Ready::Large),
                Source::Content { id, size_bytes } => store.read_all(&id, size_bytes).await?,
            };
            storage::Result::Ok(Ready::Whole(bytes))
        }
    };
    let mut ahead = Box::pin(stream::iter(0..entries.len()).map(ready).buffered(READ_AHEAD));
    let mut directory = Vec::new();
    let mut offset = 0;
    for entry in entries {
        let mut header = Header::of(entry, offset);
        match ahead.next().await.expect("one for each entry")? {
            Ready::Whole(bytes) => {
                require_size(entry, bytes.len() as u64)?;
                header.crc = crc32fast::hash(&bytes);
                if !give(pieces, header.local().into()).await || (!bytes.is_empty() && !give(pieces, bytes).await) {
                    return Ok(());
                }
            }
            Ready::Large(manifest) => {
                require_size(entry, manifest.size_bytes())?;
                if !give(pieces, header.local().into()).await {
                    return Ok(());
                }
                let mut crc = crc32fast::Hasher::new();
                let mut bytes = store.read(&manifest, 0..manifest.size_bytes());
                while let Some(piece) = bytes.next().await.transpose()? {
                    crc.update(&piece);
                    if !give(pieces, piece).await {
                        return Ok(());
                    }
                }
                header.crc = crc.finalize();
                if !give(pieces, header.descriptor().into()).await {
                    return Ok(());
                }
            }
        }
        offset += header.local_length() + entry.size_bytes() + header.descriptor_length();
        header.central(&mut directory);
    }
    let size = directory.len() as u64;
    format::end(&mut directory, entries.len() as u64, offset, size);
    give(pieces, directory.into()).await;
    Ok(())
}

/// Sends a piece; `false` when the client has gone.
async fn give(pieces: &Pieces, bytes: Bytes) -> bool {
    pieces.send(Ok(bytes)).await.is_ok()
}

/// The length was told before: another one would be a wrong file.
fn require_size(entry: &Entry, size_bytes: u64) -> Result<()> {
    if size_bytes == entry.size_bytes() {
        return Ok(());
    }
    Err(crate::error::Error::internal(anyhow::anyhow!("a content has {size_bytes} bytes, not {}", entry.size_bytes())))
}
