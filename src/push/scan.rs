//! What is in the folder? Files and folders by path, without what the system or programs left there for themselves. Symbolic
//! links are not followed: what they point to is pushed where it lies.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::names::DocumentName;

/// What nobody means to upload, in lower case.
const LITTER: [&str; 7] =
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "lost+found", "@eadir"];

/// A file that is to be pushed.
#[derive(Clone, Debug)]
pub struct File {
    /// Below the folder that is pushed.
    pub path: PathBuf,
    pub name: String,
    pub stamp: Stamp,
}

/// What tells that a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub size_bytes: u64,
    /// Nanoseconds since 1970.
    pub modified_ns: i128,
    /// When content or attributes changed last; programs that set the time of modification back cannot set this.
    pub changed_ns: i128,
    pub inode: u64,
}

/// A folder and what lies directly in it.
#[derive(Debug, Default)]
pub struct Folder {
    /// Below the folder that is pushed; empty for itself.
    pub path: PathBuf,
    pub files: Vec<File>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Parents before children.
    pub folders: Vec<Folder>,
    /// What cannot be pushed, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Links, and files that are none: pipes, devices.
    pub passed_over: usize,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Self {
            size_bytes: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// Walks the folder. Only the folder itself must be readable; what is not further down is noted.
pub fn scan(root: &Path, hidden: bool) -> io::Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut todo = vec![PathBuf::new()];
    fs::read_dir(root)?;
    while let Some(path) = todo.pop() {
        let mut below = Vec::new();
        match list(root, &path, hidden, &mut below, &mut scanned) {
            Ok(folder) => scanned.folders.push(folder),
            Err(error) => scanned.unreadable.push((path, error.to_string())),
        }
        below.sort();
        todo.extend(below.into_iter().rev());
    }
    Ok(scanned)
}

fn list(root: &Path, path: &Path, hidden: bool, below: &mut Vec<PathBuf>, scanned: &mut Scanned) -> io::Result<Folder> {
    let mut folder = Folder { path: path.to_owned(), files: Vec::new() };
    // The service does not tell names apart that differ in case or in the form of an accent.
    let mut keys: HashMap<String, Vec<(String, fs::DirEntry)>> = HashMap::new();
    for entry in fs::read_dir(root.join(path))? {
        let entry = entry?;
        let file_path = path.join(entry.file_name());
        let Ok(name) = entry.file_name().into_string() else {
            scanned.unreadable.push((file_path, "its name is not UTF-8".into()));
            continue;
        };
        if is_litter(&name) || (!hidden && name.starts_with('.')) {
            continue;
        }
        let kind = entry.file_type()?;
        if !kind.is_dir() && !kind.is_file() {
            scanned.passed_over += 1;
            continue;
        }
        let key = match DocumentName::parse(&name) {
            Ok(parsed) => format!("{}{}", u8::from(kind.is_dir()), parsed.key()),
            Err(error) => {
                scanned.unreadable.push((file_path, error.message().to_owned()));
                continue;
            }
        };
        keys.entry(key).or_default().push((name, entry));
    }
    for alike in keys.into_values() {
        // Which of them was meant cannot be known, and one would become a version of the other.
        let others = alike.len() > 1;
        for (name, entry) in alike {
            let file_path = path.join(&name);
            match entry.metadata() {
                _ if others => {
                    scanned
                        .unreadable
                        .push((file_path, "the service cannot keep its name apart from another one".into()));
                }
                Ok(metadata) if metadata.is_dir() => below.push(file_path),
                Ok(metadata) => folder.files.push(File { path: file_path, name, stamp: Stamp::of(&metadata) }),
                Err(error) => scanned.unreadable.push((file_path, error.to_string())),
            }
        }
    }
    folder.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(folder)
}

/// What operating systems, and office programs beside an open file, leave behind.
fn is_litter(name: &str) -> bool {
    name.starts_with("~$") || name.starts_with(".~lock.") || LITTER.contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};

    use super::*;

    #[test]
    fn files_are_found_and_litter_and_links_are_not() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        };
        for path in
            ["合同/二〇二六/á.txt", "合同/~$plan.docx", ".git/config", "Thumbs.db", "a.txt", "A.TXT", "合同/b.txt"]
        {
            write(path);
        }
        symlink("/etc", root.path().join("etc")).unwrap();
        fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xd6\xd0.txt")), b"x").unwrap();
        let scanned = scan(root.path(), false).unwrap();
        let paths: Vec<String> = scanned
            .folders
            .iter()
            .flat_map(|folder| folder.files.iter().map(|file| file.path.display().to_string()))
            .collect();
        assert_eq!(paths.len(), 2, "{paths:?}");
        assert!(paths.contains(&"合同/二〇二六/á.txt".to_owned()) && paths.contains(&"合同/b.txt".to_owned()));
        let folders: Vec<_> = scanned.folders.iter().map(|folder| folder.path.display().to_string()).collect();
        assert_eq!(folders, ["", "合同", "合同/二〇二六"]);
        assert_eq!((scanned.passed_over, scanned.unreadable.len()), (1, 3), "{:?}", scanned.unreadable);
        assert_eq!(scan(root.path(), true).unwrap().folders.len(), 4);
    }
}
