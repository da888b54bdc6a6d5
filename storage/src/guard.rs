//! What keeps an object from being removed while a writer is about to rely on it?
//!
//! A chunk that exists is not written again, and only some time later somebody notes that it is used: with the state of an
//! upload, or with a version in a database. In between nothing refers to it, and whoever removes what is not used must
//! not take it for garbage. So a writer *claims* every object before it looks whether the object exists; the guard, which
//! knows what is about to be removed, takes it off that list or waits until the removal is over. A claim holds for a
//! limited time. A writer that took longer claims again and looks again (see [`renew`]).
//!
//! A removal whose end nobody knows, because whoever had begun it died, may still arrive: a request can lie in a server that
//! stands still. A writer does not wait for that. It leaves its object under a second name as well, `spare/<key>`, which no
//! such request knows; readers look there when there is nothing under the first one. A later sweep ends that
//! ([`Store::restore_spare`]).
//!
//! A guard also knows which objects were found damaged. A damaged object does not count as present, so the next writer who
//! has the same bytes puts them in its place.

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;

use crate::error::{Error, Result};
use crate::manifest::ChunkRef;
use crate::objects::{Length, chunk_key};
use crate::store::Store;

/// Why a guard could not answer.
pub type GuardError = Box<dyn std::error::Error + Send + Sync>;

/// Claims asked for at a time when a writer claims again.
const CLAIMS_AT_ONCE: usize = 16;

/// What a guard knows of a claimed object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// It was read and was not what its name says.
    pub damaged: bool,
    /// Its removal had begun and may still arrive: only a spare lasts.
    pub doubtful: bool,
}

/// Stands between those who write and those who remove what is not used.
#[async_trait]
pub trait Guard: Send + Sync {
    /// The time that claims are counted by, in milliseconds.
    fn now(&self) -> i64;

    /// Tells whether a claim made at `since` still keeps its object, with time left to note that the object is used.
    fn holds(&self, since: i64) -> bool;

    /// Keeps the object `key` from being removed from now on, whether it exists or not. When its removal has begun, this
    /// returns after it is over, or soon with [`Known::doubtful`].
    async fn claim(&self, key: &str) -> Result<Known, GuardError>;

    /// Takes note that a damaged object was written anew.
    async fn replaced(&self, key: &str) -> Result<(), GuardError>;
}

/// Makes sure that all of `chunks`, which were claimed at `since` or later, are kept still.
///
/// A chunk that was removed after its claim ended is gone, and so are its bytes: [`Error::Interrupted`] sends the caller back
/// to the last offset that is durable.
pub(crate) async fn renew(store: &Store, since: &mut Option<i64>, chunks: &[ChunkRef]) -> Result<()> {
    let (Some(guard), Some(claimed)) = (store.objects.guard(), *since) else { return Ok(()) };
    if guard.holds(claimed) {
        return Ok(());
    }
    let again = guard.now();
    let keys: Vec<(Path, Length)> =
        chunks.iter().map(|chunk| (chunk_key(&chunk.id), Length::Chunk(chunk.size_bytes))).collect();
    let mut settled = stream::iter(keys)
        .map(|(key, length)| {
            let objects = store.objects.clone();
            async move { objects.settled(&key, length).await }
        })
        .buffer_unordered(CLAIMS_AT_ONCE);
    let mut all_there = true;
    while let Some(one) = settled.try_next().await? {
        all_there &= one;
    }
    *since = Some(again);
    if all_there { Ok(()) } else { Err(Error::Interrupted) }
}
