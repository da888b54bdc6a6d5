//! What would be left after a power cut? The shim (`shim.c`) tells what was written, named and synced, in which order; here
//! everything is taken away that was not synced.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::support::Program;

/// The library that is loaded before the program.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults-shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let status = Command::new("cc")
            .args(["-O1", "-Wall", "-shared", "-fPIC", "-pthread", "-o"])
            .arg(&out)
            .arg(&source)
            .status();
        assert!(status.expect("a C compiler is installed").success(), "the shim does not compile");
        out
    })
}

/// What happens to the program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing: calls are counted.
    Count,
    /// It dies instead of call n.
    Kill(usize),
    /// It dies right after call n.
    KillAfter(usize),
    /// Call n fails, if it is a sync.
    Eio(usize),
    /// No sync does anything.
    NoSync,
    /// Syncs are done some time after they were answered.
    LateSync,
    /// Call n fails, if it is a sync, and is tried again at once: the program does not hear of it.
    Retry(usize),
}

/// A program under the shim.
pub struct Shim {
    log: PathBuf,
    arm: PathBuf,
    data: PathBuf,
    /// Sizes of the files that were there before, by inode.
    before: HashMap<u64, u64>,
}

/// What a power cut took.
#[derive(Debug, Default)]
pub struct Cut {
    pub names: usize,
    pub bytes: u64,
}

impl Shim {
    /// The program with `fault`; calls count from [`Shim::arm`] on.
    pub fn around(program: &Program, fault: Fault) -> (Self, Program) {
        let number = fs::read_dir(program.data.parent().expect("it is below a folder")).map_or(0, Iterator::count);
        let beside = |name: &str| program.data.with_file_name(format!("{name}-{number}"));
        let shim = Self {
            log: beside("faults"),
            arm: beside("armed"),
            data: program.data.clone(),
            before: files(&program.data).into_iter().map(|(_, meta)| (meta.ino(), meta.len())).collect(),
        };
        let root = fs::canonicalize(&program.data).expect("the data folder is there");
        let wrapped = program
            .clone()
            .variable("LD_PRELOAD", library().display())
            .variable("FAULT_ROOT", root.display())
            .variable("FAULT_ARM", shim.arm.display())
            .variable("FAULT_LOG", shim.log.display());
        let wrapped = match fault {
            Fault::Count => wrapped,
            Fault::Kill(n) => wrapped.variable("FAULT_KILL", n),
            Fault::KillAfter(n) => wrapped.variable("FAULT_KILL_AFTER", n),
            Fault::Eio(n) => wrapped.variable("FAULT_EIO", n),
            Fault::NoSync => wrapped.variable("FAULT_NOSYNC", 1),
            Fault::LateSync => wrapped.variable("FAULT_LATE", 1),
            Fault::Retry(n) => wrapped.variable("FAULT_RETRY", n),
        };
        (shim, wrapped)
    }

    /// Calls are counted from now on.
    pub fn arm(&self) {
        fs::write(&self.arm, b"").expect("the folder can be written");
    }

    /// How many calls were counted.
    pub fn calls(&self) -> usize {
        self.lines().iter().filter(|line| line.starts_with("P ")).count()
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }

    /// Objects and their folders whose failed sync was tried again with nothing new in them; SQLite does as it does. The kernel forgets what it could not
    /// write, so a second sync says that all is well when it is not.
    pub fn synced_after_failure(&self) -> Vec<String> {
        let inode_of = |path: &str| fs::metadata(path).map_or(0, |meta| meta.ino()).to_string();
        let folder_of = |path: &str| Path::new(path).parent().map(|folder| inode_of(&folder.to_string_lossy()));
        let (mut failed, mut again) = (Vec::new(), Vec::new());
        for line in self.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let renewed = match words.as_slice() {
                ["F", _, inode] => {
                    failed.push(inode.to_string());
                    None
                }
                // What is written again may be synced again.
                ["W", inode, _] => Some(inode.to_string()),
                ["C" | "M", _, path] | ["R", _, _, path] => folder_of(path),
                ["S", _, inode] if failed.iter().any(|one| one == inode) => {
                    again.push(self.path_of(inode));
                    None
                }
                _ => None,
            };
            failed.retain(|one| Some(one) != renewed.as_ref());
        }
        again.retain(|path| path.contains("/objects"));
        again
    }

    /// How many syncs of objects and their folders failed.
    pub fn failures_of_objects(&self) -> usize {
        let lines = self.lines();
        let failed = lines.iter().filter_map(|line| line.strip_prefix("F ")?.split(' ').nth(1));
        failed.filter(|inode| self.path_of(inode).contains("/objects")).count()
    }

    fn path_of(&self, inode: &str) -> String {
        let found = Command::new("find").arg(&self.data).args(["-inum", inode]).output();
        found.map_or_else(|_| inode.to_owned(), |found| String::from_utf8_lossy(&found.stdout).trim().to_owned())
    }

    /// Takes away what is not on the disk yet. The program must have ended.
    pub fn cut_power(&self) -> Cut {
        let mut disk = Disk { sizes: self.before.clone(), ..Disk::default() };
        self.lines().iter().for_each(|line| disk.play(line));
        let mut cut = Cut::default();
        for name in &disk.names {
            let Ok(meta) = fs::symlink_metadata(&name.path) else { continue };
            if meta.ino() != name.inode {
                continue;
            }
            cut.names += 1;
            let _ = if meta.is_dir() { fs::remove_dir_all(&name.path) } else { fs::remove_file(&name.path) };
        }
        for (path, meta) in files(&self.data) {
            let Some(&synced) = disk.sizes.get(&meta.ino()) else { continue };
            let grown = disk.ends.get(&meta.ino()).is_some_and(|end| *end > synced);
            if grown && meta.len() > synced {
                cut.bytes += meta.len() - synced;
                make_writable(&path);
                fs::File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_len(synced))
                    .expect("it is a file");
            }
        }
        // Lives in memory, and is made from the log.
        let _ = fs::remove_file(self.data.join("wenshu.db-shm"));
        cut
    }
}

fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() { folders.push(entry.path()) } else { found.push((entry.path(), meta)) }
        }
    }
    found
}

/// What is certain of the disk, while the log is played.
#[derive(Default)]
struct Disk {
    /// Bytes that are there for good, by inode.
    sizes: HashMap<u64, u64>,
    /// Bytes that were written.
    ends: HashMap<u64, u64>,
    /// Names that are not there for good.
    names: Vec<Name>,
    /// Syncs that have begun, by thread and inode: what they can cover.
    syncs: HashMap<(u64, u64), (u64, u64)>,
    /// Failed syncs, by inode: what was written or named until this line is forgotten, whatever later syncs say.
    forgotten: HashMap<u64, u64>,
    /// When each inode was written last.
    written: HashMap<u64, u64>,
    line: u64,
}

struct Name {
    path: PathBuf,
    inode: u64,
    folder: u64,
    line: u64,
}

impl Disk {
    fn play(&mut self, line: &str) {
        self.line += 1;
        let words: Vec<&str> = line.split(' ').collect();
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        match words.as_slice() {
            ["W", inode, end] => {
                let inode = number(inode);
                let known = self.ends.entry(inode).or_insert(0);
                *known = (*known).max(number(end));
                self.sizes.entry(inode).or_insert(0);
                self.written.insert(inode, self.line);
            }
            ["F", _, inode] => {
                self.forgotten.insert(number(inode), self.line);
            }
            ["B", thread, inode] => {
                let covered = (self.ends.get(&number(inode)).copied().unwrap_or(0), self.line);
                self.syncs.insert((number(thread), number(inode)), covered);
            }
            ["S", thread, inode] => {
                let inode = number(inode);
                let Some((end, line)) = self.syncs.remove(&(number(thread), inode)) else { return };
                let forgotten = self.forgotten.get(&inode).copied().unwrap_or(0);
                let size = self.sizes.entry(inode).or_insert(0);
                if self.written.get(&inode).is_some_and(|written| *written > forgotten) {
                    *size = (*size).max(end);
                }
                self.names.retain(|name| name.folder != inode || name.line > line || name.line < forgotten);
            }
            ["C" | "M", inode, path] => self.name(path, number(inode)),
            ["R", inode, from, to] => {
                self.names.retain(|name| name.path != Path::new(from));
                self.name(to, number(inode));
            }
            ["U", path] => self.names.retain(|name| name.path != Path::new(path)),
            _ => {}
        }
    }

    fn name(&mut self, path: &str, inode: u64) {
        let path = PathBuf::from(path);
        let folder = path.parent().and_then(|folder| fs::metadata(folder).ok()).map_or(0, |meta| meta.ino());
        self.names.retain(|name| name.path != path);
        self.names.push(Name { path, inode, folder, line: self.line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lasts_after_its_folder_was_synced_and_bytes_after_the_file_was() {
        let folder = tempfile::tempdir().unwrap();
        let inode = fs::metadata(folder.path()).unwrap().ino();
        let path = folder.path().join("a").display().to_string();
        let play = |lines: &[String]| {
            let mut disk = Disk::default();
            lines.iter().for_each(|line| disk.play(line));
            (disk.names.len(), disk.sizes.get(&5).copied())
        };
        let made = [format!("C 5 {path}#1"), "W 5 10".into(), "B 1 5".into(), "W 5 20".into(), "S 1 5".into()];
        assert_eq!(play(&made), (1, Some(10)), "what was written during a sync is not covered");
        let renamed = [format!("R 5 {path}#1 {path}"), format!("B 1 {inode}"), format!("S 1 {inode}")];
        assert_eq!(play(&[&made[..], &renamed[..]].concat()), (0, Some(10)));
        let failed = [renamed[0].clone(), renamed[1].clone(), format!("F 1 {inode}")];
        assert_eq!(play(&[&made[..], &failed[..]].concat()), (1, Some(10)));
        // The kernel tells an error once, and then says that all is well.
        assert_eq!(play(&[&made[..], &failed[..], &renamed[1..]].concat()), (1, Some(10)));
        let again = [made[0].clone(), made[1].clone(), "F 1 5".into(), "B 1 5".into(), "S 1 5".into()];
        assert_eq!(play(&again), (1, Some(0)));
    }
}
