//! How are single objects written and read, durably and with errors that mean something?
//!
//! Every key of the format is made here: `chunks/`, `contents/`, `uploads/`, `derived/`, `damaged/`, `spare/`, `probe`; and in [`crate::keys`]. In an
//! encrypted store everything goes in and out of envelopes here, chunks excepted: they do where they are computed anyway.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::sync::{OnceCell, OwnedSemaphorePermit};

use crate::block::Pieces;
use crate::chunk;
use crate::error::{Error, Result, is_unreadable};
use crate::folder::{Folder, Unsettled};
use crate::guard::{Guard, GuardError, Known};
use crate::ids::{ChunkId, ContentId};
use crate::job::blocking;
use crate::keys::{self, KeyFile};
use crate::seal::{self, Inside, Keys};
use crate::suspension::Point;

/// Deletions sent at a time.
const DELETES_AT_ONCE: usize = 8;

/// Where second copies are.
pub(crate) const SPARE: &str = "spare";

/// Folders synced at a time.
const SETTLES_AT_ONCE: usize = 8;

/// The object that [`Objects::probe`] writes, and what is in it.
const PROBE: (&str, &[u8]) = ("probe", b"wenshu");

/// How long an object can be, as far as that is known without reading it.
#[derive(Clone, Copy)]
pub(crate) enum Length {
    /// Of a chunk of so many plain bytes, compressed or not.
    Chunk(u32),
    /// So long, before it is sealed.
    Exactly(usize),
    /// Whoever asks looks at the bytes.
    Any,
}

impl Length {
    fn fits(self, object_bytes: u64, is_sealed: bool) -> bool {
        let inside = if is_sealed { object_bytes.checked_sub(seal::ENVELOPE_BYTES) } else { Some(object_bytes) };
        inside.is_some_and(|inside| match self {
            Self::Chunk(plain_bytes) => chunk::possible_length(plain_bytes, inside),
            Self::Exactly(bytes) => bytes as u64 == inside,
            Self::Any => true,
        })
    }
}

/// What there is under a key.
enum Look {
    Nothing,
    /// It counts as stored when its name is settled.
    Stored(Option<Unsettled>),
    /// It is no longer what was stored: so long it cannot be.
    Wrong,
}

/// The objects of a store.
#[derive(Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Set when the objects are files.
    folder: Option<Arc<Folder>>,
    access: Access,
    guard: Option<Arc<dyn Guard>>,
    /// Keys that were claimed, are known to be damaged, and are not written anew yet.
    damaged: Arc<Mutex<HashSet<Path>>>,
    /// Keys whose last claim told that a removal may still arrive.
    doubtful: Arc<Mutex<HashSet<Path>>>,
}

/// How objects are kept.
#[derive(Clone)]
enum Access {
    /// As they are. Set once it is known that the store is not encrypted.
    Plain(Arc<OnceCell<()>>),
    /// In envelopes.
    Sealed(Arc<Sealed>),
}

struct Sealed {
    file: KeyFile,
    keys: RwLock<Arc<Keys>>,
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

/// Returns the key of the state of an upload at a point.
pub(crate) fn upload_key(upload: &str, at: Point) -> Result<Path> {
    Ok(upload_prefix(upload)?.join(at.name()))
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

/// Returns the second name of an object whose first one a removal may still reach.
pub(crate) fn spare_key(key: &Path) -> Path {
    Path::from(format!("{SPARE}/{key}"))
}

/// Spreads many objects over 256 folders by the first byte of their id.
fn spread_key(family: &str, id: &str) -> Path {
    Path::from_iter([family, &id[..2], id])
}

impl Objects {
    /// Uses a store that makes writes durable by itself.
    pub fn remote(store: Arc<dyn ObjectStore>) -> Self {
        let access = Access::Plain(Arc::default());
        Self { store, folder: None, access, guard: None, damaged: Arc::default(), doubtful: Arc::default() }
    }

    /// Uses a folder of the local file system.
    pub fn folder(store: Arc<dyn ObjectStore>, folder: Folder) -> Self {
        Self { folder: Some(Arc::new(folder)), ..Self::remote(store) }
    }

    /// Encrypts and decrypts with what `file` opens.
    pub async fn sealed(self, file: &KeyFile) -> Result<Self> {
        let keys = RwLock::new(Arc::new(keys::open_or_create(&*self.store, file).await?));
        Ok(Self { access: Access::Sealed(Arc::new(Sealed { file: file.clone(), keys })), ..self })
    }

    /// Asks `guard` before anything that exists is relied on.
    pub fn guarded(self, guard: Arc<dyn Guard>) -> Self {
        Self { guard: Some(guard), ..self }
    }

    /// Returns the guard, if there is one.
    pub fn guard(&self) -> Option<&dyn Guard> {
        self.guard.as_deref()
    }

    /// The folder of the objects, when they are files: what is asked of those has happened when it is answered.
    pub fn root(&self) -> Option<&std::path::Path> {
        self.folder.as_deref().map(Folder::root)
    }

    /// Returns the object store below.
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Returns the keys, when the store is encrypted.
    pub fn keys(&self) -> Option<Arc<Keys>> {
        match &self.access {
            Access::Plain(_) => None,
            Access::Sealed(sealed) => Some(sealed.keys.read().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Returns the key file, when the store is encrypted.
    pub fn key_file(&self) -> Option<&KeyFile> {
        match &self.access {
            Access::Plain(_) => None,
            Access::Sealed(sealed) => Some(&sealed.file),
        }
    }

    /// Refuses to go on without the keys of an encrypted store: plain bytes must not get in, and nothing would be found.
    pub async fn usable(&self) -> Result<()> {
        let Access::Plain(checked) = &self.access else { return Ok(()) };
        let check = async || if keys::exist(&*self.store).await? { Err(Error::KeyMissing) } else { Ok(()) };
        checked.get_or_try_init(check).await.copied()
    }

    /// Writes an object; it is durable when this returns.
    pub async fn put(&self, key: &Path, parts: Vec<Bytes>) -> Result<()> {
        let mut object = Pieces::default();
        parts.into_iter().for_each(|part| object.push(part));
        let object = self.sealed_object(key, object).await?;
        let name = self.write(key, object).await?;
        self.settle(name).await
    }

    /// Puts an object into its envelope, if it is to be in one.
    async fn sealed_object(&self, key: &Path, object: Pieces) -> Result<Pieces> {
        let Some(keys) = self.keys() else { return Ok(object) };
        let key = key.to_string();
        let seal = move || keys.seal(&key, &object, object.len() as u32, Inside::Bytes);
        Ok(Pieces::from(blocking(seal).await?))
    }

    /// Writes and reads a few bytes, to tell whether the store can be used now.
    pub async fn probe(&self) -> Result<()> {
        let (key, bytes) = (Path::from(PROBE.0), Bytes::from_static(PROBE.1));
        let object = self.sealed_object(&key, bytes.clone().into()).await?;
        let name = self.write_over(&key, object).await?;
        self.settle(name).await?;
        let found = present(&key, self.get_once(&key, GetOptions::new()).await)?;
        let found = match found {
            Some((object, _)) => Some(self.opened(&key, object.into_joined()).await?),
            None => None,
        };
        let is_back = found.is_some_and(|found| found == bytes);
        if is_back { Ok(()) } else { Err(Error::object(&key, "the probe was not read back")) }
    }

    /// Writes an object as it is. It is durable when its name is settled. Damaged bytes that were there are kept aside.
    pub async fn write(&self, key: &Path, object: Pieces) -> Result<Option<Unsettled>> {
        let heals = self.damaged.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if heals {
            self.set_aside(key).await?;
        }
        if self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).contains(key) {
            let name = self.write_over(&spare_key(key), object.clone()).await?;
            self.settle(name).await?;
        }
        let name = self.write_over(key, object).await?;
        if let Some(guard) = self.guard().filter(|_| heals) {
            guard.replaced(key.as_ref()).await.map_err(|source| no_answer(key, source))?;
        }
        Ok(name)
    }

    /// Writes the object that `make` makes, unless it is there already, as [`Objects::find`] finds it: without `looks` nobody asks.
    /// Making it waits for `processor`. It is durable when its name is settled.
    pub async fn write_new(
        &self,
        key: &Path,
        looks: Option<Length>,
        processor: impl Future<Output = Option<OwnedSemaphorePermit>>,
        make: impl FnOnce() -> Pieces + Send + 'static,
    ) -> Result<Option<Unsettled>> {
        let Some(folder) = self.folder.clone() else {
            match looks {
                None => drop(self.claim(key).await?),
                Some(length) => {
                    if let Some(name) = self.find(key, length).await? {
                        return Ok(name);
                    }
                }
            }
            return self.write(key, made(processor.await, make).await?).await;
        };
        self.usable().await?;
        let known = self.claim(key).await?;
        if let Some(length) = looks
            && known == (Known { damaged: false, doubtful: true })
            && let Some(name) = self.find_spare(key, length).await?
        {
            return Ok(name);
        }
        if known != Known::default() {
            return self.write(key, made(processor.await, make).await?).await;
        }
        // All of it on one thread, since each change of threads costs as much as looking does.
        let (path, processor, is_sealed) = (key.clone(), processor.await, self.keys().is_some());
        let find_or_write = move || {
            if let Some(length) = looks
                && let Some((name, object_bytes)) = folder.find(&path)?
            {
                // What is wrong is written anew, and what is there has to be kept aside first.
                return Ok(if length.fits(object_bytes, is_sealed) { Ok(name) } else { Err((make, processor)) });
            }
            let object: Vec<Bytes> = make().into_iter().collect();
            drop(processor);
            folder.write(&path, &object).map(Ok)
        };
        let written: io::Result<Result<Unsettled, _>> = blocking(find_or_write).await?;
        match written.map_err(|source| Error::object(key, source))? {
            Ok(name) => Ok(Some(name)),
            Err((make, processor)) => {
                self.note_damage(key);
                Box::pin(async { self.write(key, made(processor, make).await?).await }).await
            }
        }
    }

    /// The next [`Objects::write`] heals the object.
    fn note_damage(&self, key: &Path) {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
    }

    /// Keeps the bytes of a damaged object below `damaged/`, under its key and the time; they may be all that is left.
    pub async fn set_aside(&self, key: &Path) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let aside = Path::from(format!("damaged/{key}/{now}"));
        let name = if let Some(folder) = self.folder.clone() {
            let (path, aside) = (key.clone(), aside.clone());
            let named = blocking(move || folder.name_again(&path, &aside)).await?;
            named.map_err(|source| Error::object(key, source))?
        } else if let Some(object) = self.get_raw(key).await? {
            self.write_over(&aside, object).await?
        } else {
            None
        };
        self.settle(name).await
    }

    /// Keeps an object from being removed for a while. See `guard.rs`.
    pub async fn claim(&self, key: &Path) -> Result<Known> {
        let Some(guard) = &self.guard else { return Ok(Known::default()) };
        let known = guard.claim(key.as_ref()).await.map_err(|source| no_answer(key, source))?;
        if known.damaged {
            self.note_damage(key);
        }
        let mut doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        match known.doubtful {
            true => doubtful.insert(key.clone()),
            false => doubtful.remove(key),
        };
        Ok(known)
    }

    /// Writes an object over whatever is there.
    pub async fn write_over(&self, key: &Path, object: Pieces) -> Result<Option<Unsettled>> {
        self.usable().await?;
        let Some(folder) = self.folder.clone() else {
            let written = self.store.put(key, PutPayload::from_iter(object)).await;
            return written.map(|_| None).map_err(|source| Error::object(key, source));
        };
        let path = key.clone();
        let parts: Vec<Bytes> = object.into_iter().collect();
        let written = blocking(move || folder.write(&path, &parts)).await?;
        written.map(Some).map_err(|source| Error::object(key, source))
    }

    /// Makes names durable.
    pub async fn settle(&self, names: impl IntoIterator<Item = Unsettled>) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut settling = stream::iter(names)
            .map(|name| {
                let folder = folder.clone();
                blocking(move || folder.settle(&name).map_err(|source| Error::object("a folder", source)))
            })
            .buffer_unordered(SETTLES_AT_ONCE);
        while let Some(settled) = settling.next().await {
            settled??;
        }
        Ok(())
    }

    /// Reads a whole object.
    pub async fn get(&self, key: &Path) -> Result<Option<Bytes>> {
        match self.get_raw(key).await? {
            Some(object) => self.opened(key, object.into_joined()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes an object out of its envelope, if it is in one.
    pub async fn opened(&self, key: &Path, object: Bytes) -> Result<Bytes> {
        let Some(keys) = self.keys_for(&object).await? else { return Ok(object) };
        let name = key.to_string();
        let opened = blocking(move || keys.open(&name, object)).await?;
        opened.map_err(|_| Error::ObjectDamaged { key: key.to_string() })
    }

    /// Reads a whole object as it is stored.
    pub async fn get_raw(&self, key: &Path) -> Result<Option<Pieces>> {
        self.get_with(key, GetOptions::new()).await.map(|found| found.map(|(object, _)| object))
    }

    /// Reads a whole object as it is stored, from wherever it is.
    pub async fn get_kept(&self, key: &Path) -> Result<Option<Pieces>> {
        // It may go back to its first name between two looks.
        for place in [key, &spare_key(key), key] {
            if let Some(object) = self.get_raw(place).await? {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    /// Reads a part of an object that is not sealed; how stores answer when it ends earlier is up to them.
    pub async fn get_part(&self, key: &Path, range: Range<u64>) -> Result<Option<Bytes>> {
        let found = self.get_with(key, GetOptions::new().with_range(Some(range))).await?;
        Ok(found.map(|(bytes, _)| bytes.into_joined()))
    }

    /// Reads a part of an object, less when the object ends earlier.
    pub async fn get_range(&self, key: &Path, range: Range<u64>) -> Result<Option<Bytes>> {
        if self.keys().is_some() {
            // Only the whole can be opened.
            let whole = self.get(key).await?;
            let at = |at: u64, whole: &Bytes| whole.len().min(at as usize);
            return Ok(whole.map(|whole| whole.slice(at(range.start, &whole)..at(range.end, &whole))));
        }
        Ok(self.get_range_raw(key, range).await?.map(|(bytes, _)| bytes))
    }

    /// Reads a part of an object as it is stored, less when the object ends earlier, and the size of the whole object.
    pub async fn get_range_raw(&self, key: &Path, range: Range<u64>) -> Result<Option<(Bytes, u64)>> {
        let start = range.start;
        let found = match self.get_with(key, GetOptions::new().with_range(Some(range))).await {
            // Stores refuse a part that begins where the object ends, each in its own words.
            Err(refused @ Error::Object { .. }) => {
                let meta = present(key, self.store.head(key).await)?;
                return match meta.filter(|meta| meta.size <= start) {
                    Some(meta) => Ok(Some((Bytes::new(), meta.size))),
                    None => Err(refused),
                };
            }
            found => found?,
        };
        Ok(found.map(|(bytes, object_bytes)| (bytes.into_joined(), object_bytes)))
    }

    /// Returns the keys that open an object, when the store is encrypted. Another node may have begun a new data key.
    pub async fn keys_for(&self, object: &[u8]) -> Result<Option<Arc<Keys>>> {
        let Access::Sealed(sealed) = &self.access else { return Ok(None) };
        let keys = sealed.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        match seal::data_key_number(object) {
            Some(number) if !keys.data.contains_key(&number) => {
                let keys = Arc::new(keys::load(&*self.store, &sealed.file).await?);
                *sealed.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
                Ok(Some(keys))
            }
            _ => Ok(Some(keys)),
        }
    }

    async fn get_with(&self, key: &Path, options: GetOptions) -> Result<Option<(Pieces, u64)>> {
        self.usable().await?;
        let found = self.get_once(key, options.clone()).await;
        if self.folder.is_none() || !found.as_ref().is_err_and(|error| is_unreadable(error)) {
            return present(key, found);
        }
        Box::pin(self.get_again(key, options)).await
    }

    /// Tries to read a file that could not be read. That is damage, and a disk that is gone is none: first the disk has to show that
    /// it works.
    async fn get_again(&self, key: &Path, options: GetOptions) -> Result<Option<(Pieces, u64)>> {
        self.probe().await?;
        match self.get_once(key, options).await {
            Err(error) if is_unreadable(&error) => Err(Error::ObjectDamaged { key: key.to_string() }),
            found => present(key, found),
        }
    }

    async fn get_once(&self, key: &Path, options: GetOptions) -> object_store::Result<(Pieces, u64)> {
        let result = self.store.get_opts(key, options).await?;
        let object_bytes = result.meta.size;
        received(result).await.map(|bytes| (bytes, object_bytes))
    }

    /// Finds an object that somebody stored before. It counts as stored when its name is settled: another writer may be
    /// about to do that. It is claimed first, so that it stays; a damaged one is not found, nor one that cannot be so long: it is
    /// to be written anew.
    pub async fn find(&self, key: &Path, length: Length) -> Result<Option<Option<Unsettled>>> {
        self.usable().await?;
        // Before looking: what is seen after the claim is not removed while the claim holds.
        match self.claim(key).await? {
            Known { damaged: true, .. } => Ok(None),
            Known { doubtful: true, .. } => self.find_spare(key, length).await,
            Known { .. } => match self.look(key, length).await? {
                Look::Stored(name) => Ok(Some(name)),
                Look::Nothing => Ok(None),
                Look::Wrong => {
                    self.note_damage(key);
                    Ok(None)
                }
            },
        }
    }

    /// Finds a second copy that somebody stored before, or makes one of the first.
    async fn find_spare(&self, key: &Path, length: Length) -> Result<Option<Option<Unsettled>>> {
        let spare = spare_key(key);
        if let Look::Stored(name) = self.look(&spare, length).await? {
            return Ok(Some(name));
        }
        match self.get_raw(key).await {
            Ok(Some(object)) if length.fits(object.len() as u64, self.keys().is_some()) => {
                self.write_over(&spare, object).await.map(Some)
            }
            Ok(Some(_)) | Err(Error::ObjectDamaged { .. }) => {
                self.note_damage(key);
                Ok(None)
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks for an object without claiming it.
    async fn look(&self, key: &Path, length: Length) -> Result<Look> {
        let found = match self.folder.clone() {
            None => present(key, self.store.head(key).await)?.map(|meta| (None, meta.size)),
            Some(folder) => {
                let path = key.clone();
                let found = blocking(move || folder.find(&path)).await?;
                let found = found.map_err(|source| Error::object(key, source))?;
                found.map(|(name, object_bytes)| (Some(name), object_bytes))
            }
        };
        Ok(match found {
            None => Look::Nothing,
            Some((name, bytes)) if length.fits(bytes, self.keys().is_some()) => Look::Stored(name),
            Some(_) => Look::Wrong,
        })
    }

    /// Makes the name of an object durable that is there; `false` when there is none that counts as stored.
    pub async fn settle_if_there(&self, key: &Path) -> Result<bool> {
        match self.look(key, Length::Any).await? {
            Look::Stored(name) => self.settle(name).await.map(|()| true),
            Look::Nothing | Look::Wrong => Ok(false),
        }
    }

    /// Tells whether an object exists, and makes sure that it is durable.
    pub async fn settled(&self, key: &Path, length: Length) -> Result<bool> {
        match self.find(key, length).await? {
            Some(name) => self.settle(name).await.map(|()| true),
            None => Ok(false),
        }
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
        if let Some(folder) = &self.folder {
            // An empty folder left behind does no harm, and a folder with new objects must stay.
            let _ = tokio::fs::remove_dir(folder.path(prefix)).await;
        }
        Ok(())
    }
}

/// What comes in parts stays in parts: joining them would copy all of it.
async fn received(result: GetResult) -> object_store::Result<Pieces> {
    match result.payload {
        GetResultPayload::Stream(parts) => parts.try_collect().await,
        GetResultPayload::File(..) => result.bytes().await.map(Pieces::from),
    }
}

async fn made(
    processor: Option<OwnedSemaphorePermit>,
    make: impl FnOnce() -> Pieces + Send + 'static,
) -> Result<Pieces> {
    let made = move || {
        let _processor = processor;
        make()
    };
    blocking(made).await
}

/// Without the guard nobody knows whether an object stays.
fn no_answer(key: &Path, source: GuardError) -> Error {
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
        let at = Point { offset: 7, token: 0x1f };
        assert_eq!(upload_key("0190-ab", at).unwrap().as_ref(), "uploads/0190-ab/7-000000000000001f");
    }
}
