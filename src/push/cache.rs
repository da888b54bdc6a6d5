//! What was pushed before? A file beside nothing of value: when it is lost, files are read again, and nothing is sent twice.
//!
//! An entry counts only as long as the file has the same size, times and inode. A file that was changed in the very moment in
//! which it was read could keep all of them; so an entry made less than a moment after the change counts as none.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::{
    cut::Piece,
    moment::{let_it_rest, moment_of},
    scan::Stamp,
};

/// How often it is written while files go up.
const EVERY: Duration = Duration::from_secs(2);

/// What is known of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub stamp: Stamp,
    /// When it began to be read, in nanoseconds since 1970.
    read_at_ns: i128,
    /// How exactly its times are told, in nanoseconds.
    #[serde(default = "unknown")]
    moment_ns: i128,
    pub pieces: Vec<Piece>,
    /// What it became; `None` as long as it is on its way.
    pub document_id: Option<String>,
    /// The upload that has some of its chunks.
    pub upload_id: Option<String>,
}

/// How a file was read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub began: SystemTime,
    /// See [`super::moment`].
    pub moment: Duration,
}

impl Reading {
    /// Begins to read a file that has this stamp now. Waits for a moment when it has just changed.
    pub fn begin(file: &File, stamp: &Stamp) -> Self {
        let moment = moment_of(file, stamp);
        let_it_rest(stamp, moment);
        Self { began: SystemTime::now(), moment }
    }
}

/// Of what was read before that was noted.
fn unknown() -> i128 {
    Duration::from_secs(2).as_nanos() as i128
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    /// Server, folder there and folder here.
    place: String,
    files: HashMap<PathBuf, Entry>,
}

/// The cache of one folder in one place.
pub struct Cache {
    path: PathBuf,
    content: Mutex<Content>,
    saved: Mutex<(Instant, bool)>,
    /// Nobody else pushes the same meanwhile.
    _lock: File,
}

impl Entry {
    pub fn new(stamp: Stamp, reading: Reading, pieces: Vec<Piece>) -> Self {
        let read_at_ns = reading.began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        let moment_ns = reading.moment.as_nanos() as i128;
        Self { stamp, read_at_ns, moment_ns, pieces, document_id: None, upload_id: None }
    }

    fn is_certain(&self) -> bool {
        self.stamp.changed_ns.max(self.stamp.modified_ns) + self.moment_ns < self.read_at_ns
    }
}

impl Cache {
    /// Opens what is known of `place`; a file that cannot be understood counts as empty.
    pub fn open(path: Option<&Path>, place: &str) -> anyhow::Result<Self> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => {
                default_folder()?.join(format!("{}.json", &storage::ChunkHash::of(place.as_bytes()).to_string()[..32]))
            }
        };
        let cannot = || format!("the state file {} cannot be written", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let lock = File::create(path.with_extension("lock")).with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another push of the same folder is running"),
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        let known = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Content>(&bytes).ok());
        let known = known.filter(|known| known.place == place).unwrap_or_default();
        let content = Mutex::new(Content { place: place.to_owned(), ..known });
        Ok(Self { path, content, saved: Mutex::new((Instant::now(), true)), _lock: lock })
    }

    /// What is known of a file that is still as it was.
    pub fn get(&self, path: &Path, stamp: &Stamp) -> Option<Entry> {
        let content = self.content.lock().expect("no holder panics");
        content.files.get(path).filter(|entry| entry.stamp == *stamp && entry.is_certain()).cloned()
    }

    /// Notes what is known of a file.
    pub fn put(&self, path: &Path, entry: Entry) {
        self.content.lock().expect("no holder panics").files.insert(path.to_owned(), entry);
        self.saved.lock().expect("no holder panics").1 = false;
    }

    /// Writes it when that was not done for a while.
    pub fn save_sometimes(&self) -> anyhow::Result<()> {
        let is_due = self.saved.lock().expect("no holder panics").0.elapsed() > EVERY;
        if is_due { self.save() } else { Ok(()) }
    }

    /// Writes it, at once or not at all.
    pub fn save(&self) -> anyhow::Result<()> {
        let mut saved = self.saved.lock().expect("no holder panics");
        if saved.1 {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&*self.content.lock().expect("no holder panics")).expect("it is plain data");
        let written = || -> std::io::Result<()> {
            let next = self.path.with_extension("new");
            File::create(&next)?.write_all(&bytes)?;
            fs::rename(next, &self.path)
        };
        written().with_context(|| format!("the state file {} cannot be written", self.path.display()))?;
        *saved = (Instant::now(), true);
        Ok(())
    }
}

fn default_folder() -> anyhow::Result<PathBuf> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let folder = given.or_else(home).context("there is no HOME to keep the state in; name a file with --state")?;
    Ok(folder.join("wenshu").join("push"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(changed_ns: i128) -> Stamp {
        Stamp { size_bytes: 1, modified_ns: changed_ns, changed_ns, inode: 1 }
    }

    #[test]
    fn an_entry_counts_while_the_file_is_the_same_and_was_at_rest() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let now = SystemTime::now();
        let now_ns = now.duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
        let moment = Duration::from_secs(1);
        let (old, fresh) = (stamp(now_ns - 10_000_000_000), stamp(now_ns - 500_000_000));
        let reading = Reading { began: now, moment };
        {
            let cache = Cache::open(Some(&state), "place").unwrap();
            assert!(Cache::open(Some(&state), "place").is_err(), "two at once");
            cache.put(Path::new("old"), Entry::new(old, reading, Vec::new()));
            cache.put(Path::new("fresh"), Entry::new(fresh, reading, Vec::new()));
            cache.save().unwrap();
        }
        {
            let cache = Cache::open(Some(&state), "place").unwrap();
            assert!(cache.get(Path::new("old"), &old).is_some());
            assert!(cache.get(Path::new("old"), &Stamp { inode: 2, ..old }).is_none());
            assert!(cache.get(Path::new("fresh"), &fresh).is_none(), "it may have changed again within the moment");
        }
        assert!(Cache::open(Some(&state), "elsewhere").unwrap().get(Path::new("old"), &old).is_none());
        fs::write(&state, b"{ broken").unwrap();
        assert!(Cache::open(Some(&state), "place").unwrap().get(Path::new("old"), &old).is_none());
    }
}
