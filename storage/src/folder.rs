//! How do objects become files that survive a power cut, with few waits?
//!
//! A file is written under another name, synced, and renamed. Its new name is durable when the folder is synced too; that
//! is left to the caller ([`Folder::settle`]), so that a large upload syncs each folder once and not once per chunk.
//!
//! A sync that failed is never asked for again: the kernel reports an error once and may then hold the pages for clean. A
//! file whose sync failed is thrown away. A folder whose sync failed is in doubt as long as this process lives: what it
//! held does not count as stored, and is written again by whoever needs it. What was written since counts as anywhere else, when
//! its name is settled by a sync that succeeds. A folder that was made and not synced into the one above it before that one
//! came into doubt stays refused: its name cannot be written again.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use object_store::path::Path as Key;
use rand::random;

use crate::direct::Direct;
use crate::error::is_unreadable;

/// Families whose folders [`Folder::prepare`] makes. Others are made when they are needed.
const PREPARED: [&str; 2] = ["chunks", "contents"];

/// Files remembered that were written again into folders in doubt. With more of them all are written once more.
const WRITTEN_AGAIN: usize = 50_000;

/// Parts given to the kernel at a time.
const PARTS_AT_ONCE: usize = 64;

/// A folder of the local file system that holds objects.
pub(crate) struct Folder {
    root: PathBuf,
    direct: Direct,
    doubts: Mutex<Doubts>,
}

/// What may not be on the disk.
#[derive(Default)]
struct Doubts {
    /// How often the sync of a folder has failed.
    failed: HashMap<PathBuf, u64>,
    /// Files that were written into folders in doubt, with the doubt that was known then.
    written_again: HashMap<PathBuf, u64>,
    /// Folders that were made and not settled since, with how often the sync of the folder above had failed before.
    made: HashMap<PathBuf, u64>,
}

/// A name that may not be on the disk yet.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Unsettled {
    folder: PathBuf,
    /// Of the folder, and of those above that are synced with it.
    doubt: u64,
}

impl Doubts {
    fn of(&self, folder: &Path) -> u64 {
        self.failed.get(folder).copied().unwrap_or(0)
    }

    /// Whether the folder's own name may be lost for good.
    fn is_lost(&self, folder: &Path) -> bool {
        let Some(above) = folder.parent() else { return false };
        self.made.get(folder).is_some_and(|before| *before != self.of(above))
    }
}

impl Folder {
    /// Opens a folder, made when there is none.
    pub fn open(root: &Path) -> io::Result<Self> {
        prepare(root)?;
        Ok(Self { root: root.to_owned(), direct: Direct::default(), doubts: Mutex::default() })
    }

    /// Returns the folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where the object is.
    pub fn path(&self, key: &Key) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(key.parts().map(|part| part.as_ref().to_owned()));
        path
    }

    /// Finds an object that may count as stored as soon as its name is settled, and its length.
    pub fn find(&self, key: &Key) -> io::Result<Option<(Unsettled, u64)>> {
        let path = self.path(key);
        let name = self.unsettled(&path);
        if name.doubt > 0 && self.doubts().written_again.get(&path) != Some(&name.doubt) {
            return Ok(None);
        }
        // Its bytes were synced before it got this name.
        match fs::metadata(path) {
            Ok(meta) => Ok(Some((name, meta.len()))),
            // What cannot even be looked at is written anew.
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_unreadable(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives an object a second name, which counts when it is settled. Its bytes are not read: perhaps they cannot be.
    pub fn name_again(&self, key: &Key, second: &Key) -> io::Result<Option<Unsettled>> {
        let (path, second) = (self.path(key), self.path(second));
        self.make(above(&second))?;
        let name = self.unsettled(&second);
        // Not every file system has links.
        match fs::hard_link(&path, &second).or_else(|_| fs::rename(&path, &second)) {
            Ok(()) => Ok(Some(name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file and syncs it. It counts as stored when its name is settled.
    pub fn write(&self, key: &Key, parts: &[Bytes]) -> io::Result<Unsettled> {
        let path = self.path(key);
        let (mut file, draft) = self.begin(&path)?;
        let written = self.fill(&mut file, &draft, parts).and_then(|()| file.sync_all());
        drop(file);
        // Taken before the name exists: a sync that fails from now on may have been about this name.
        let name = self.unsettled(&path);
        let renamed = written.and_then(|()| fs::rename(&draft, &path));
        if let Err(error) = renamed {
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
        if name.doubt > 0 {
            let mut doubts = self.doubts();
            if doubts.written_again.len() >= WRITTEN_AGAIN {
                doubts.written_again.clear();
            }
            doubts.written_again.insert(path, name.doubt);
        }
        Ok(name)
    }

    /// Writes the parts into an empty file.
    fn fill(&self, file: &mut File, path: &Path, parts: &[Bytes]) -> io::Result<()> {
        let mut skipped = self.direct.write(path, parts)?;
        if skipped == 0 {
            return write_all(file, parts);
        }
        file.seek(SeekFrom::Start(skipped as u64))?;
        let mut rest = Vec::with_capacity(parts.len());
        for part in parts {
            let now = skipped.min(part.len());
            skipped -= now;
            rest.push(part.slice(now..));
        }
        rest.retain(|part| !part.is_empty());
        write_all(file, &rest)
    }

    /// Makes names durable.
    pub fn settle(&self, name: &Unsettled) -> io::Result<()> {
        let synced: Vec<&Path> = self.synced_with(&name.folder).collect();
        synced.iter().try_for_each(|folder| self.sync(folder))?;
        let mut doubts = self.doubts();
        let is_known = synced.iter().map(|folder| doubts.of(folder)).sum::<u64>() == name.doubt;
        // The error was told to somebody else, and the kernel tells it once.
        if !is_known || synced.iter().any(|folder| doubts.is_lost(folder)) {
            return Err(io::Error::other("another sync of the same folder failed"));
        }
        for folder in synced {
            doubts.made.remove(folder);
        }
        Ok(())
    }

    /// The folder, and those above it that somebody may just have made and not synced yet.
    fn synced_with<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        let next = |folder: &&'a Path| (*folder != self.root && self.relies_on_above(folder)).then(|| above(folder));
        std::iter::successors(Some(folder), next)
    }

    fn relies_on_above(&self, folder: &Path) -> bool {
        let family = folder.strip_prefix(&self.root).ok().and_then(|path| path.iter().next());
        let is_prepared = family.is_some_and(|family| PREPARED.iter().any(|known| family == *known));
        !is_prepared || self.doubts().made.contains_key(folder)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        let synced = File::open(folder)?.sync_all();
        if synced.is_err() {
            *self.doubts().failed.entry(folder.to_owned()).or_default() += 1;
        }
        synced
    }

    fn unsettled(&self, path: &Path) -> Unsettled {
        let folder = above(path).to_owned();
        let synced: Vec<&Path> = self.synced_with(&folder).collect();
        let doubts = self.doubts();
        let doubt = synced.iter().map(|folder| doubts.of(folder)).sum();
        drop(doubts);
        Unsettled { folder, doubt }
    }

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a folder, and those above it.
    fn make(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        self.make(above(folder))?;
        // Noted before others see it, who would take it for one that has been here for long.
        let before = {
            let mut doubts = self.doubts();
            let before = doubts.of(above(folder));
            doubts.made.entry(folder.to_owned()).or_insert(before);
            before
        };
        match fs::create_dir(folder) {
            Ok(()) => {
                self.doubts().made.insert(folder.to_owned(), before);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes the file that becomes `path`. object_store leaves names of this kind out of its lists, too.
    fn begin(&self, path: &Path) -> io::Result<(File, PathBuf)> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!("#{}", random::<u64>()));
        let draft = PathBuf::from(draft);
        let create = || OpenOptions::new().write(true).create_new(true).open(&draft);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make(above(path))?;
                create()?
            }
            other => other?,
        };
        Ok((file, draft))
    }
}

fn above(path: &Path) -> &Path {
    path.parent().expect("it lies below the root of the store")
}

fn write_all(file: &mut File, parts: &[Bytes]) -> io::Result<()> {
    for parts in parts.chunks(PARTS_AT_ONCE) {
        let mut slices: Vec<IoSlice> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut slices = &mut slices[..];
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) if slices.iter().all(|slice| slice.is_empty()) => break,
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Makes the folders of a store, durably, so that writes need not. That some of them are there tells nothing: whoever made them may
/// have been killed before they were synced, and whoever copied them may have left out the empty ones.
fn prepare(root: &Path) -> io::Result<()> {
    let was_there = root.is_dir();
    fs::create_dir_all(root)?;
    let mut is_complete = was_there;
    for family in PREPARED {
        for first_byte in 0..=u8::MAX {
            let folder = root.join(family).join(hex::encode([first_byte]));
            if !folder.is_dir() {
                fs::create_dir_all(folder)?;
                is_complete = false;
            }
        }
    }
    let families = PREPARED.map(|family| root.join(family));
    let synced = families.iter().chain([&root.to_owned()]).try_for_each(|folder| File::open(folder)?.sync_all());
    match synced {
        // Of what cannot be written to, a copy to repair from, nothing is acknowledged.
        Err(error) if is_complete && matches!(error.kind(), ReadOnlyFilesystem | InvalidInput) => return Ok(()),
        synced => synced?,
    }
    match root.canonicalize()?.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all()) {
        // Somebody else has made the root, where this process may make nothing.
        Err(error) if was_there && error.kind() == PermissionDenied => Ok(()),
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Folder {
        /// As if a sync had failed.
        fn fail(&self, folder: &str) {
            *self.doubts().failed.entry(self.root.join(folder)).or_default() += 1;
        }
    }

    #[test]
    fn a_folder_in_doubt_holds_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let (key, other, neighbour) =
            (Key::from("chunks/ab/one"), Key::from("chunks/cd/two"), Key::from("chunks/ab/three"));
        let name = folder.write(&neighbour, &[]).unwrap();
        folder.settle(&name).unwrap();
        let name = folder.write(&key, &[Bytes::from_static(b"wen"), Bytes::from_static(b"shu")]).unwrap();
        folder.settle(&name).unwrap();
        assert_eq!(fs::read(folder.path(&key)).unwrap(), b"wenshu");
        assert!(folder.find(&key).unwrap().is_some());

        // As if the sync had failed for somebody else.
        let before = folder.write(&key, &[Bytes::from_static(b"wenshu")]).unwrap();
        folder.fail("chunks/ab");
        assert!(folder.settle(&before).is_err());
        assert!(folder.find(&key).unwrap().is_none());
        let after = folder.write(&key, &[Bytes::from_static(b"wenshu")]).unwrap();
        folder.settle(&after).unwrap();
        // Written again, it is found again, and only it; until the next failure.
        let (found, _) = folder.find(&key).unwrap().unwrap();
        folder.settle(&found).unwrap();
        assert!(folder.find(&neighbour).unwrap().is_none());
        folder.fail("chunks/ab");
        assert!(folder.find(&key).unwrap().is_none() && folder.settle(&found).is_err());
        let elsewhere = folder.write(&other, &[]).unwrap();
        folder.settle(&elsewhere).unwrap();
        assert!(folder.find(&other).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_was_new_when_the_one_above_came_into_doubt_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let write = |key: &str| folder.write(&Key::from(key), &[Bytes::from_static(b"x")]).unwrap();
        folder.settle(&write("uploads/early/1")).unwrap();
        let begun = write("uploads/begun/1");
        // The upload of somebody else.
        folder.fail("uploads");
        assert!(folder.settle(&begun).is_err(), "nobody knows whether its folder is on the disk");
        assert!(folder.settle(&write("uploads/begun/2")).is_err(), "and no later sync tells");
        folder.settle(&write("uploads/early/2")).unwrap();
        folder.settle(&write("uploads/late/1")).unwrap();
        assert_eq!(folder.doubts().made.keys().collect::<Vec<_>>(), [&root.path().join("uploads/begun")]);
        // Removed and made again, its name is a new one.
        fs::remove_dir_all(root.path().join("uploads/begun")).unwrap();
        folder.settle(&write("uploads/begun/3")).unwrap();
        // Of chunks and lists the folders are made beforehand. If one was taken away, the one above is synced as well.
        fs::remove_dir(root.path().join("contents/3c")).unwrap();
        let name = write("contents/3c/list");
        folder.fail("contents");
        assert!(folder.settle(&name).is_err());
        folder.settle(&write("contents/3d/list")).unwrap();
    }

    #[test]
    fn folders_that_a_copy_has_left_out_are_made_at_opening() {
        let root = tempfile::tempdir().unwrap();
        Folder::open(root.path()).unwrap();
        for missing in ["contents/3c", "chunks/00", "contents/ff"] {
            fs::remove_dir(root.path().join(missing)).unwrap();
            Folder::open(root.path()).unwrap();
            assert!(root.path().join(missing).is_dir(), "{missing}");
        }
    }

    #[test]
    fn a_write_that_fails_leaves_no_draft() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        // A folder is where the file should be.
        fs::create_dir_all(root.path().join("derived/text/one")).unwrap();
        assert!(folder.write(&Key::from("derived/text/one"), &[Bytes::from_static(b"x")]).is_err());
        assert_eq!(fs::read_dir(root.path().join("derived/text")).unwrap().count(), 1);
        let name = folder.write(&Key::from("derived/new/folders/one"), &[Bytes::from_static(b"x")]).unwrap();
        folder.settle(&name).unwrap();
    }
}
