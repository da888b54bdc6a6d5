//! How does a test get a disk that is soon full? A small tmpfs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// A small disk; it is gone when dropped.
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    /// Mounts it at `folder`, which needs root.
    pub fn new(folder: &Path, size_bytes: usize) -> Self {
        fs::create_dir_all(folder).unwrap();
        let options = format!("size={size_bytes}");
        mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
            .expect("a small disk can be mounted: this test runs as root");
        Self(folder.to_owned())
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let rest = fs::File::options().create(true).append(true).open(self.0.join("rest"));
        rest.and_then(|mut rest| io::copy(&mut io::repeat(1), &mut rest)).unwrap_err();
    }

    /// Gives back what [`SmallDisk::fill`] took.
    pub fn make_room(&self) {
        fs::remove_file(self.0.join("rest")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
