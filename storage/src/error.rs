//! What can go wrong in storage, in the terms a caller acts on: full, unreachable, missing, damaged, or a failure.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use object_store::client::HttpError;

use crate::ids::{ChunkHash, ChunkId, ContentId};

/// The result of a storage operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a storage operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room left (disk, quota of the file system or of the bucket).
    #[error("storage is full at {key}")]
    Full { key: String, source: Box<dyn StdError + Send + Sync> },
    /// Uploads hold as much memory as they may; come back later.
    #[error("uploads hold too much memory")]
    Busy,
    /// The object storage does not answer, or does not accept the configured key.
    #[error("storage is unavailable at {key}")]
    Unavailable { key: String, source: Box<dyn StdError + Send + Sync> },
    /// Stored bytes are not the ones that were written. Without a chunk, the list of chunks itself is damaged.
    #[error("content {content} is damaged{}", in_chunk(.chunk))]
    Damaged { content: ContentId, chunk: Option<ChunkId> },
    /// A content is not here. With a chunk, its list is here and the chunk is not: that is damage, too.
    #[error("content {content} is missing{}", in_chunk(.chunk))]
    Missing { content: ContentId, chunk: Option<ChunkId> },
    /// Bytes were given for a chunk that are not the ones of this hash, or no chunk can be so small or so large.
    #[error("the bytes are not those of chunk {chunk}")]
    WrongChunk { chunk: ChunkHash },
    /// A content was to be assembled from chunks of which some are not here.
    #[error("{} chunks are not in the store", .chunks.len())]
    ChunksMissing { chunks: Vec<ChunkId> },
    /// A content is larger than the caller is ready to hold in memory.
    #[error("content {content} has {size_bytes} bytes, more than {limit_bytes}")]
    TooLarge { content: ContentId, size_bytes: u64, limit_bytes: u64 },
    /// An upload has no suspended state at this offset.
    #[error("upload {upload} was not suspended at {offset}")]
    UploadMissing { upload: String, offset: u64 },
    /// The suspended state of an upload is not readable: it has to begin again.
    #[error("the state of upload {upload} at {offset} is damaged")]
    UploadDamaged { upload: String, offset: u64 },
    /// The writer failed or was cancelled before and holds no certain state; go on from the last suspended offset.
    #[error("the writer was interrupted")]
    Interrupted,
    /// A storage address cannot be understood.
    #[error("storage address {address}: {reason}")]
    InvalidAddress { address: String, reason: String },
    /// An upload key or the key of a derived object has characters that are not allowed.
    #[error("key {key:?} is not allowed")]
    InvalidKey { key: String },
    /// A local file outside the storage (given by the caller) failed.
    #[error("file {path}")]
    File { path: PathBuf, source: io::Error },
    /// An object is not the one that was written, or its file cannot be read. Of what is part of a content, the content is told.
    #[error("the object {key} is damaged")]
    ObjectDamaged { key: String },
    /// The storage is encrypted and no key file was given.
    #[error("the storage is encrypted and no key file was given")]
    KeyMissing,
    /// The storage is encrypted, and not for this key file.
    #[error("the storage is encrypted with the key of another key file")]
    KeyWrong,
    /// A key file was given for a storage that holds plain content.
    #[error("a key file was given, and the storage holds content that is not encrypted")]
    NotEncrypted,
    /// A file is not a key file.
    #[error("{path} is not a key file")]
    KeyFileInvalid { path: PathBuf },
    /// Any other failure of the object storage.
    #[error("storage failed at {key}")]
    Object { key: String, source: Box<dyn StdError + Send + Sync> },
}

fn in_chunk(chunk: &Option<ChunkId>) -> String {
    chunk.map(|chunk| format!(" in chunk {chunk}")).unwrap_or_default()
}

/// What a failure below means for the caller.
enum Cause {
    Full,
    Unavailable,
    Other,
}

impl Error {
    /// Sorts a failure of the object storage at `key` by what the caller can do about it.
    pub(crate) fn object(key: impl ToString, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let (key, source) = (key.to_string(), source.into());
        match cause(&*source) {
            Cause::Full => Self::Full { key, source },
            Cause::Unavailable => Self::Unavailable { key, source },
            Cause::Other => Self::Object { key, source },
        }
    }
}

/// What a file system answers of one file that it cannot read: a bad sector, or a check sum that does not hold.
const UNREADABLE: [i32; 6] = [libc::EIO, libc::EUCLEAN, libc::EBADMSG, libc::ENODATA, libc::EILSEQ, libc::EREMOTEIO];

/// Tells whether a file could not be read for its own sake. A disk that is gone says the same of every file.
pub(crate) fn is_unreadable(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return UNREADABLE.contains(&code);
        }
        next = error.source();
    }
    false
}

/// Finds the first error in the chain of sources that says what happened. object_store wraps the errors it gets.
fn cause(error: &(dyn StdError + 'static)) -> Cause {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return Cause::Full;
        }
        if error.is::<HttpError>() || error.is::<tokio::time::error::Elapsed>() {
            return Cause::Unavailable;
        }
        if error.source().is_none() {
            return answer_cause(&error.to_string());
        }
        next = error.source();
    }
    Cause::Other
}

/// Sorts what a server answered. The status is only in the text, since object_store keeps the type of the error to itself;
/// and servers have no common code for "full", so that is looked for in the body.
fn answer_cause(text: &str) -> Cause {
    const FULL: [&str; 5] = ["quota", "storagefull", "storage full", "insufficientstorage", "no space left"];
    let Some((_, answer)) = text.split_once("status code: ") else {
        return Cause::Other;
    };
    let status = answer.get(..3).and_then(|status| status.parse::<u16>().ok());
    let body = answer.to_lowercase();
    match status {
        Some(507) => Cause::Full,
        Some(403 | 500..600) if FULL.iter().any(|text| body.contains(text)) => Cause::Full,
        Some(401 | 403 | 408 | 429 | 500..600) => Cause::Unavailable,
        _ => Cause::Other,
    }
}
