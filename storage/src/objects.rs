//! How are single objects written and read, durably and with errors that mean something?
//!
//! Every key of the format is made here: `chunks/`, `contents/`, `uploads/`, `derived/`, `damaged/`, `probe`.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutPayload};

use crate::backend::sync_folder;
use crate::error::{Error, Result};
use crate::guard::{Guard, Known};
use crate::ids::{ChunkId, ContentId};

/// Deletions sent at a time.
const DELETES_AT_ONCE: usize = 8;

/// The objects of a store.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Set when the objects are files below this folder.
    folder: Option<Arc<PathBuf>>,
    guard: Option<Arc<dyn Guard>>,
    /// Keys that were claimed, are known to be damaged, and are not written anew yet.
    damaged: Arc<Mutex<HashSet<Path>>>,
    /// Keys of which nobody knows whether they are on disk: a sync failed, and a second one would say nothing about the first.
    doubtful: Arc<Mutex<HashSet<Path>>>,
}

/// Returns the key of a chunk.
pub(crate) fn chunk_key(id: &ChunkId) -> Path {
    spread_key("chunks", &id.to_string())
}

/// Returns the key of a content's list.
pub(crate) fn content_key(id: &ContentId) -> Path {
    spread_key("contents", &id.to_string())
}

/// Returns the prefix of everything an upload has suspended.
pub(crate) fn upload_prefix(upload: &str) -> Result<Path> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match upload.bytes().all(plain) && (1..=100).contains(&upload.len()) {
        true => Ok(Path::from_iter(["uploads", upload])),
        false => Err(Error::InvalidKey { key: upload.to_owned() }),
    }
}

/// Returns the key of the state of an upload at an offset.
pub(crate) fn upload_key(upload: &str, offset: u64) -> Result<Path> {
    Ok(upload_prefix(upload)?.join(offset.to_string()))
}

/// Returns the key of a derived object.
pub(crate) fn derived_key(key: &str) -> Result<Path> {
    let part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
    };
    match key.split('/').all(part) && key.len() <= 500 {
        true => Ok(Path::from(format!("derived/{key}"))),
        false => Err(Error::InvalidKey { key: key.to_owned() }),
    }
}

/// Spreads many objects over 256 folders by the first byte of their id.
fn spread_key(family: &str, id: &str) -> Path {
    Path::from_iter([family, &id[..2], id])
}

impl Objects {
    /// Uses a store that makes writes durable by itself.
    pub fn remote(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, folder: None, guard: None, damaged: Arc::default(), doubtful: Arc::default() }
    }

    /// Uses a folder of the local file system.
    pub fn folder(store: Arc<dyn ObjectStore>, root: PathBuf) -> Self {
        Self { folder: Some(Arc::new(root)), ..Self::remote(store) }
    }

    /// Asks `guard` before anything that exists is relied on.
    pub fn guarded(self, guard: Arc<dyn Guard>) -> Self {
        Self { guard: Some(guard), ..self }
    }

    /// Returns the guard, if there is one.
    pub fn guard(&self) -> Option<&dyn Guard> {
        self.guard.as_deref()
    }

    /// Whether the objects are files: what is asked of them has happened when it is answered.
    pub fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// The folder of the files.
    pub fn root(&self) -> Option<&std::path::Path> {
        self.folder.as_deref().map(PathBuf::as_path)
    }

    /// Returns the object store below.
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Writes an object; it is durable when this returns.
    pub async fn put(&self, key: &Path, parts: Vec<Bytes>) -> Result<()> {
        let heals = self.damaged.lock().expect("nothing panics while holding it").remove(key);
        if heals {
            self.set_aside(key).await?;
        }
        self.write(key, parts).await?;
        match &self.guard {
            Some(guard) if heals => guard.replaced(key.as_ref()).await.map_err(|source| no_answer(key, source)),
            _ => Ok(()),
        }
    }

    /// Keeps the bytes of a damaged object below `damaged/`, under its key and the time; they may be all that is left.
    pub async fn set_aside(&self, key: &Path) -> Result<()> {
        let Some(bytes) = self.get(key).await? else { return Ok(()) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        self.write(&Path::from(format!("damaged/{key}/{now}")), vec![bytes]).await
    }

    /// Keeps an object from being removed for a while; `false` when it is known to be damaged. See `guard.rs`.
    pub async fn claim(&self, key: &Path) -> Result<bool> {
        let Some(guard) = &self.guard else { return Ok(true) };
        let known = guard.claim(key.as_ref()).await.map_err(|source| no_answer(key, source))?;
        if known == Known::Damaged {
            self.damaged.lock().expect("nothing panics while holding it").insert(key.clone());
        }
        Ok(known == Known::Sound)
    }

    async fn write(&self, key: &Path, parts: Vec<Bytes>) -> Result<()> {
        let written = self.store.put(key, PutPayload::from_iter(parts)).await;
        let mut doubtful = self.doubtful.lock().expect("nothing panics while holding it");
        match written {
            Ok(_) => {
                doubtful.remove(key);
                Ok(())
            }
            Err(source) => {
                if self.folder.is_some() {
                    doubtful.insert(key.clone());
                }
                Err(Error::object(key, source))
            }
        }
    }

    /// Whether the last try to make an object durable failed: only writing it anew makes sure.
    fn is_doubtful(&self, key: &Path) -> bool {
        self.doubtful.lock().expect("nothing panics while holding it").contains(key)
    }

    /// Reads a whole object.
    pub async fn get(&self, key: &Path) -> Result<Option<Bytes>> {
        self.get_with(key, GetOptions::new()).await.map(|found| found.map(|(bytes, _)| bytes))
    }

    /// Reads a part of an object, less when the object ends earlier, and the size of the whole object.
    pub async fn get_range(&self, key: &Path, range: Range<u64>) -> Result<Option<(Bytes, u64)>> {
        self.get_with(key, GetOptions::new().with_range(Some(range))).await
    }

    async fn get_with(&self, key: &Path, options: GetOptions) -> Result<Option<(Bytes, u64)>> {
        let found = match self.store.get_opts(key, options).await {
            Ok(result) => {
                let object_bytes = result.meta.size;
                result.bytes().await.map(|bytes| (bytes, object_bytes))
            }
            Err(error) => Err(error),
        };
        present(key, found)
    }

    /// Tells whether an object exists that may be relied on, and makes sure that it stays: it is claimed, and it is durable,
    /// even when another writer is about to sync it. Of a damaged object the answer is no: it is to be written anew.
    pub async fn settled(&self, key: &Path) -> Result<bool> {
        // Before looking: what is seen after the claim is not removed while the claim holds.
        if !self.claim(key).await? || self.is_doubtful(key) {
            return Ok(false);
        }
        if present(key, self.store.head(key).await)?.is_none() {
            return Ok(false);
        }
        if let Some(root) = &self.folder {
            // The file was synced before it got its name; the name itself may not be on disk yet.
            let mut folder = PathBuf::clone(root);
            folder.extend(key.parts().map(|part| part.as_ref().to_owned()));
            folder.pop();
            let synced = tokio::task::spawn_blocking(move || sync_folder(&folder)).await;
            if let Err(source) = synced.map_err(|_| Error::Interrupted)? {
                self.doubtful.lock().expect("nothing panics while holding it").insert(key.clone());
                return Err(Error::object(key, source));
            }
        }
        Ok(true)
    }

    /// Removes an object; one that does not exist is fine.
    pub async fn delete(&self, key: &Path) -> Result<()> {
        present(key, self.store.delete(key).await).map(drop)
    }

    /// Removes all objects below a prefix, and their folder.
    pub async fn delete_all(&self, prefix: &Path) -> Result<()> {
        let found: Vec<Path> = self
            .store
            .list(Some(prefix))
            .map_ok(|meta| meta.location)
            .try_collect()
            .await
            .map_err(|source| Error::object(prefix, source))?;
        let mut deletes =
            stream::iter(found).map(|key| async move { self.delete(&key).await }).buffer_unordered(DELETES_AT_ONCE);
        while let Some(result) = deletes.next().await {
            result?;
        }
        if let Some(root) = &self.folder {
            let mut folder = PathBuf::clone(root);
            folder.extend(prefix.parts().map(|part| part.as_ref().to_owned()));
            // An empty folder left behind does no harm, and a folder with new objects must stay.
            let _ = tokio::fs::remove_dir(folder).await;
        }
        Ok(())
    }
}

/// Without the guard nobody knows whether an object stays.
fn no_answer(key: &Path, source: crate::guard::GuardError) -> Error {
    Error::Unavailable { key: key.to_string(), source }
}

fn present<T>(key: &Path, found: object_store::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(Error::object(key, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_leave_their_folder() {
        for bad in ["", ".", "..", "a/b", "../x", "a b", "文", &"x".repeat(101)] {
            assert!(upload_prefix(bad).is_err(), "{bad}");
        }
        for bad in ["", "/", "a//b", "../chunks/00", "a/../b", "a/.b", "a#1", "a/"] {
            assert!(derived_key(bad).is_err(), "{bad}");
        }
        assert_eq!(derived_key("text/0190-ab/1.json").unwrap().as_ref(), "derived/text/0190-ab/1.json");
        assert_eq!(upload_key("0190-ab", 7).unwrap().as_ref(), "uploads/0190-ab/7");
    }
}
