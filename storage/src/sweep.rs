//! Which objects are there, which of them does something refer to, and how does one go?
//!
//! Here are the pieces; the order in which they are used, and why it loses nothing, is told by whoever has the roots: a
//! database names the contents that are in use, this crate does not. [`Reached`] gathers what the roots lead to. It holds
//! 32 bytes for each chunk, in 256 parts by the first byte of the id; a part that grows goes to a file without a name, so
//! memory stays small whatever the store holds. Objects are listed in the same 256 parts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path as FilePath, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::stream::{Stream, StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::block::Pieces;
use crate::error::{Error, Result, is_unreadable};
use crate::ids::{ChunkId, ContentId};
use crate::manifest::{ChunkRef, Manifest};
use crate::objects::{SPARE, chunk_key, content_key, spare_key, upload_prefix};
use crate::store::Store;
use crate::suspension::Point;
use crate::{derived, keys, reader, suspension};

/// Bytes of ids kept in memory for each of the 256 parts.
const PART_BYTES: usize = 16 * 1024;
const ID_BYTES: usize = 32;

/// A removal that took longer than this may have been sent twice, and the first may arrive after the answer to the second.
/// No retry begins earlier.
const ONE_ATTEMPT: Duration = Duration::from_millis(100);

/// The kinds of objects that may become garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Lists of chunks.
    Contents,
    /// Chunks.
    Chunks,
    /// What can be made again.
    Derived,
}

/// An object as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// As stored.
    pub size_bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_at: i64,
}

/// What is known after a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, and no request is on its way any more that could remove what is written now.
    Surely,
    /// It is gone; an earlier try of the same request may still arrive.
    Perhaps,
}

/// What a stored object turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Sound { stored_bytes: u64 },
    Damaged,
    Missing,
}

impl Family {
    /// The prefixes under which its objects are listed one after the other.
    pub fn prefixes(self) -> Vec<String> {
        let spread = |family: &str| (0..=u8::MAX).map(|byte| format!("{family}/{byte:02x}")).collect();
        match self {
            Self::Contents => spread("contents"),
            Self::Chunks => spread("chunks"),
            Self::Derived => vec!["derived".to_owned()],
        }
    }
}

impl Listed {
    /// The 32 bytes that name a chunk or a content; `None` when somebody else put the object there.
    pub fn id(&self) -> Option<[u8; ID_BYTES]> {
        let (folder, name) = self.key.rsplit_once('/')?;
        let id: ChunkId = name.parse().ok()?;
        (folder.rsplit('/').next()? == &name[..2]).then_some(*id.as_bytes())
    }
}

impl Store {
    /// Lists the objects below one of [`Family::prefixes`].
    pub fn list_below(&self, prefix: &str) -> impl Stream<Item = Result<Listed>> + Send + use<> {
        let prefix = Path::from(prefix);
        let at = prefix.clone();
        self.objects.inner().list(Some(&prefix)).map(move |found| match found {
            Ok(meta) => Ok(Listed {
                key: meta.location.to_string(),
                size_bytes: meta.size,
                modified_at: meta.last_modified.timestamp_millis(),
            }),
            Err(source) => Err(Error::object(&at, source)),
        })
    }

    /// Removes one object. The caller has made sure that no writer relies on it.
    pub async fn remove(&self, key: &str) -> Result<Removed> {
        let began = Instant::now();
        self.objects.delete(&Path::from(key)).await?;
        let one_attempt = self.objects.root().is_some() || began.elapsed() < ONE_ATTEMPT;
        Ok(if one_attempt { Removed::Surely } else { Removed::Perhaps })
    }

    /// Lists the uploads of which something is suspended, with the time of the last suspension.
    pub async fn list_suspended(&self, mut tell: impl FnMut(&str, &Listed)) -> Result<()> {
        let listed = self.list_below("uploads");
        let mut listed = std::pin::pin!(listed);
        while let Some(object) = listed.try_next().await? {
            if let Some(upload) = object.key.split('/').nth(1) {
                tell(upload, &object);
            }
        }
        Ok(())
    }

    /// Returns the chunks that the state of an upload at a point refers to.
    pub async fn suspended_chunks(&self, upload: &str, at: Point) -> Result<Vec<ChunkRef>> {
        upload_prefix(upload)?;
        match at.offset {
            0 => Ok(Vec::new()),
            _ => Ok(suspension::load(&self.objects, upload, at).await?.chunks),
        }
    }

    /// Reads one chunk and hashes it.
    pub async fn verify_chunk(&self, id: &ChunkId) -> Result<Health> {
        self.verify_object(chunk_key(id).as_ref()).await
    }

    /// Reads an object of any kind and checks it against what its name, or its beginning, says.
    pub async fn verify_object(&self, key: &str) -> Result<Health> {
        let object = match self.objects.get_kept(&Path::from(key)).await {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(Health::Missing),
            Err(Error::ObjectDamaged { .. }) => return Ok(Health::Damaged),
            Err(error) => return Err(error),
        };
        let stored_bytes = object.len() as u64;
        let is_sound = self.is_sound(key, object).await?;
        Ok(if is_sound { Health::Sound { stored_bytes } } else { Health::Damaged })
    }

    /// Lists the key objects that are not what was written.
    pub async fn damaged_keys(&self) -> Result<Vec<String>> {
        keys::damaged(&**self.objects.inner(), self.objects.key_file()).await
    }

    /// Names the objects of a content that cannot be followed: its damaged list, its damaged only chunk, or, when it has
    /// neither, both.
    pub async fn unreadable_keys(&self, content: &ContentId) -> Result<Vec<(String, Health)>> {
        let only = ChunkId::from_bytes(*content.as_bytes());
        let (list, chunk) = (key_of_list(content), key_of_chunk(&only));
        match self.verify_object(&list).await? {
            Health::Sound { .. } => return Ok(Vec::new()),
            Health::Damaged => return Ok(vec![(list, Health::Damaged)]),
            Health::Missing => {}
        }
        Ok(match self.verify_chunk(&only).await? {
            Health::Sound { .. } => Vec::new(),
            Health::Damaged => vec![(chunk, Health::Damaged)],
            Health::Missing => vec![(list, Health::Missing), (chunk, Health::Missing)],
        })
    }

    /// Lists the keys of the objects that are stored under a second name.
    pub async fn list_spares(&self) -> Result<Vec<String>> {
        let keys = self.list_below(SPARE).map_ok(|object| object.key[SPARE.len() + 1..].to_owned());
        keys.try_collect().await
    }

    /// Sees to it that an object which a writer has stored under a second name as well is there under its first one, and
    /// removes the second. The caller has made sure that no removal of the first can arrive any more.
    pub async fn restore_spare(&self, key: &str) -> Result<Removed> {
        let path = Path::from(key);
        let spare_path = spare_key(&path);
        let spare = match self.objects.get_raw(&spare_path).await {
            Ok(Some(spare)) => spare,
            Ok(None) => return Ok(Removed::Surely),
            // As below: it is left to whoever looks at it.
            Err(Error::ObjectDamaged { .. }) => return Ok(Removed::Perhaps),
            Err(error) => return Err(error),
        };
        let is_there = self.objects.settle_if_there(&path).await?
            && match self.objects.get_raw(&path).await {
                Ok(Some(object)) => self.is_sound(key, object).await?,
                Ok(None) | Err(Error::ObjectDamaged { .. }) => false,
                Err(error) => return Err(error),
            };
        if !is_there {
            if !self.is_sound(key, spare.clone()).await? {
                // Neither is what it should be. Whoever looks at it finds all that there is.
                return Ok(Removed::Perhaps);
            }
            self.objects.set_aside(&path).await?;
            let name = self.objects.write_over(&path, spare).await?;
            self.objects.settle(name).await?;
        }
        self.remove(spare_path.as_ref()).await
    }

    /// Tells whether the bytes of an object, as stored, are what was stored under its key.
    async fn is_sound(&self, key: &str, object: Pieces) -> Result<bool> {
        let path = Path::from(key);
        let id = Listed { key: key.to_owned(), size_bytes: 0, modified_at: 0 }.id();
        match (key.split_once('/').map(|(family, _)| family), id) {
            (Some("chunks"), Some(id)) => Ok(reader::decode(self, &ChunkId::from_bytes(id), object).await?.is_some()),
            (Some("contents"), Some(id)) => self.is_list(&ContentId::from_bytes(id), object.join()).await,
            (Some("derived"), _) => match self.objects.opened(&path, object.join()).await {
                Ok(object) => Ok(derived::open(&object).is_some()),
                Err(Error::ObjectDamaged { .. }) => Ok(false),
                Err(error) => Err(error),
            },
            _ => Err(Error::InvalidKey { key: key.to_owned() }),
        }
    }

    /// Takes an object over from `other` when it is what its name says; `false` when `other` has nothing better. What was
    /// here is kept below `damaged/`, under its key and the time.
    pub async fn repair_from(&self, other: &Store, key: &str) -> Result<bool> {
        let Some((path, good)) = self.good_copy(other, key).await? else { return Ok(false) };
        self.objects.set_aside(&path).await?;
        let name = self.objects.write(&path, good).await?;
        self.objects.settle(name).await?;
        Ok(true)
    }

    /// Tells whether [`Store::repair_from`] would find a good copy.
    pub async fn can_repair_from(&self, other: &Store, key: &str) -> Result<bool> {
        Ok(self.good_copy(other, key).await?.is_some())
    }

    async fn good_copy(&self, other: &Store, key: &str) -> Result<Option<(Path, Pieces)>> {
        let path = Path::from(key);
        if let (Some(file), Some(keys)) = (self.objects.key_file(), self.objects.keys())
            && keys::is_key(&path)
        {
            // What still opens here is newer than any copy; and when it is for another key file by now, this one may not bring back
            // what it opens.
            let here = self.as_stored(&path).await?.unwrap_or_default();
            let good = match keys::renewed(&path, &here, file, &keys) {
                None if !keys::is_replaced(&path, &here, file) => {
                    let copy = other.as_stored(&path).await?.unwrap_or_default();
                    keys::renewed(&path, &copy, file, &keys)
                }
                good => good,
            };
            return Ok(good.map(|good| (path, good.into())));
        }
        // As it is stored: the copy is sealed with the same keys, and need not be opened for itself.
        let Some(object) = other.as_stored(&path).await?.map(Pieces::from) else { return Ok(None) };
        Ok(self.is_sound(key, object.clone()).await?.then_some((path, object)))
    }

    /// Reads an object as it is, for what may be taken over from it: one that cannot be read has nothing.
    async fn as_stored(&self, path: &Path) -> Result<Option<Bytes>> {
        let found = match self.objects.inner().get(path).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) if is_unreadable(&source) => Ok(None),
            Err(source) => Err(Error::object(path, source)),
        }
    }

    async fn is_list(&self, content: &ContentId, object: Bytes) -> Result<bool> {
        match self.objects.opened(&content_key(content), object).await {
            Ok(list) => Ok(Manifest::from_object(content, &list).is_some()),
            Err(Error::ObjectDamaged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes files that a killed process had not finished writing; they are in no listing. Only in a folder there are any.
    /// Returns how many there were and their bytes.
    pub async fn remove_unfinished(&self, older_than: Duration, dry_run: bool) -> Result<(u64, u64)> {
        let Some(root) = self.objects.root().map(FilePath::to_owned) else { return Ok((0, 0)) };
        let failed = |path: &FilePath, source: std::io::Error| Error::object(path.display(), source);
        let before = SystemTime::now() - older_than;
        let work = move || {
            let (mut count, mut bytes) = (0, 0);
            let mut folders: Vec<PathBuf> =
                ["chunks", "contents", "uploads", "derived", "damaged", SPARE].map(|family| root.join(family)).into();
            while let Some(folder) = folders.pop() {
                let entries = match std::fs::read_dir(&folder) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(failed(&folder, error)),
                };
                for entry in entries.flatten() {
                    let path = entry.path();
                    let Ok(meta) = entry.metadata() else { continue };
                    if meta.is_dir() {
                        folders.push(path);
                    } else if is_unfinished(&path) && meta.modified().is_ok_and(|written| written < before) {
                        if !dry_run {
                            std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
                        }
                        count += 1;
                        bytes += meta.len();
                    }
                }
            }
            Ok((count, bytes))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)?
    }
}

/// Whether object_store made this name for a file that is being written: the name of the object, `#` and a number.
fn is_unfinished(path: &FilePath) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.rsplit_once('#'));
    name.is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A set of ids, too many for memory.
pub struct Ids {
    folder: PathBuf,
    parts: Vec<Part>,
}

#[derive(Default)]
struct Part {
    recent: Vec<[u8; ID_BYTES]>,
    earlier: Option<File>,
}

/// One of the 256 parts of a set, sorted.
pub struct SortedPart(Vec<[u8; ID_BYTES]>);

impl Ids {
    /// An empty set, which puts files into `folder` when it grows; they have no names and end with it.
    pub fn new(folder: &FilePath) -> Self {
        Self { folder: folder.to_owned(), parts: (0..=u8::MAX).map(|_| Part::default()).collect() }
    }

    /// Adds an id; one that is there already is fine.
    pub fn add(&mut self, id: [u8; ID_BYTES]) -> Result<()> {
        let part = &mut self.parts[usize::from(id[0])];
        part.recent.push(id);
        if part.recent.len() * ID_BYTES < PART_BYTES {
            return Ok(());
        }
        part.recent.sort_unstable();
        part.recent.dedup();
        // What is mostly the same again and again stays in memory.
        if part.recent.len() * ID_BYTES < PART_BYTES / 2 {
            return Ok(());
        }
        let failed = |source| Error::File { path: self.folder.clone(), source };
        let file = match &mut part.earlier {
            Some(file) => file,
            none => none.insert(unnamed_file(&self.folder).map_err(failed)?),
        };
        file.write_all(part.recent.as_flattened()).map_err(failed)?;
        part.recent.clear();
        Ok(())
    }

    /// Returns the ids that begin with `first`.
    pub fn part(&mut self, first: u8) -> Result<SortedPart> {
        let failed = |source| Error::File { path: self.folder.clone(), source };
        let part = &mut self.parts[usize::from(first)];
        let mut ids = part.recent.clone();
        if let Some(file) = &mut part.earlier {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
            ids.extend_from_slice(bytes.as_chunks::<ID_BYTES>().0);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(SortedPart(ids))
    }
}

impl SortedPart {
    /// Tells whether an id is in it.
    pub fn contains(&self, id: &[u8; ID_BYTES]) -> bool {
        self.0.binary_search(id).is_ok()
    }

    /// Its ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8; ID_BYTES]> {
        self.0.iter()
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A file that is gone when it is closed, however the process ends.
fn unnamed_file(folder: &FilePath) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    for number in 0.. {
        let path = folder.join(format!("ids-{}-{number}", std::process::id()));
        match options.open(&path) {
            Ok(file) => return std::fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("some number is free")
}

/// What the roots lead to: contents, and the chunks of their lists.
pub struct Reached {
    pub contents: Ids,
    pub chunks: Ids,
}

impl Reached {
    /// Nothing yet; `folder` takes what is too much for memory.
    pub fn new(folder: &FilePath) -> Self {
        Self { contents: Ids::new(folder), chunks: Ids::new(folder) }
    }

    /// Adds a content whose list was read.
    pub fn add(&mut self, manifest: &Manifest) -> Result<()> {
        self.contents.add(*manifest.content().as_bytes())?;
        self.add_chunks(manifest.chunks())
    }

    /// Adds chunks that something else refers to.
    pub fn add_chunks(&mut self, chunks: &[ChunkRef]) -> Result<()> {
        chunks.iter().try_for_each(|chunk| self.chunks.add(*chunk.id.as_bytes()))
    }
}

/// The key of a chunk as a listing shows it.
pub fn key_of_chunk(id: &ChunkId) -> String {
    chunk_key(id).to_string()
}

/// The key of a content's list as a listing shows it.
pub fn key_of_list(id: &ContentId) -> String {
    content_key(id).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_larger_than_memory_is_read_back_sorted_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut ids = Ids::new(folder.path());
        let id = |number: u32| {
            let mut id = [7; ID_BYTES];
            id[4..8].copy_from_slice(&number.to_be_bytes());
            id
        };
        // Three times what a part keeps in memory, each twice.
        let many = 3 * (PART_BYTES / ID_BYTES) as u32;
        for number in (0..many).rev().chain(0..many) {
            ids.add(id(number)).unwrap();
        }
        ids.add([9; ID_BYTES]).unwrap();
        assert!(ids.parts[7].earlier.is_some(), "the part went to a file");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        let part = ids.part(7).unwrap();
        assert_eq!(part.len(), many as usize);
        assert!(part.iter().is_sorted() && part.contains(&id(0)) && part.contains(&id(many - 1)));
        assert!(!part.contains(&id(many)) && ids.part(9).unwrap().contains(&[9; ID_BYTES]));
        assert!(ids.part(8).unwrap().is_empty());
    }

    #[test]
    fn only_names_that_were_being_written_count_as_unfinished() {
        for (name, unfinished) in [("ab12#1", true), ("ab12#34", true), ("ab12", false), ("ab#x", false), ("#", false)]
        {
            assert_eq!(is_unfinished(FilePath::new("/objects/chunks/ab").join(name).as_path()), unfinished, "{name}");
        }
    }

    #[test]
    fn foreign_objects_have_no_id() {
        let listed = |key: &str| Listed { key: key.to_owned(), size_bytes: 1, modified_at: 0 }.id();
        let name = "ab".repeat(32);
        assert!(listed(&format!("chunks/ab/{name}")).is_some());
        for key in [format!("chunks/cd/{name}"), "chunks/ab/readme.txt".into(), format!("chunks/ab/{name}.old")] {
            assert_eq!(listed(&key), None, "{key}");
        }
    }
}
