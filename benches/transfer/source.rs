//! What is sent: noise, as compressed office files and pictures are. In memory for the client, on the disk for `cp`, `rclone` and `push`.

use std::{fs, io::Write, path::PathBuf};

use anyhow::Result;
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tempfile::TempDir;

use crate::Scene;

const KIB: usize = 1024;
const MIB: usize = KIB * KIB;
/// What is inserted, at least.
const INSERTED_BYTES: usize = 1_000_000;
/// Each insertion is a little longer than the last one. Were they equally long, what follows one would be cut like what follows
/// another, and the later one would profit from chunks that the earlier one has sent.
const LONGER_BYTES: usize = 12_345;

pub struct Source {
    folder: TempDir,
    scale: f64,
    /// The gigabyte; everything else is other noise.
    big: Bytes,
}

/// Files of one scene.
pub struct Load {
    /// In memory.
    pub files: Vec<Bytes>,
    /// A folder with the same bytes.
    pub folder: PathBuf,
    pub at_once: usize,
}

impl Load {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len() as u64).sum()
    }
}

impl Source {
    pub fn make(scale: f64) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wenshu-transfer-source-").tempdir()?;
        let big = noise(1, (1024.0 * MIB as f64 * scale) as usize);
        Ok(Self { folder, scale, big })
    }

    fn count(&self, count: usize) -> usize {
        ((count as f64 * self.scale).ceil() as usize).max(8.min(count))
    }

    /// Number and size of a scene's files, and how many are on their way at a time.
    fn shape(&self, scene: Scene) -> (usize, usize, usize) {
        match scene {
            Scene::Medium => (self.count(200), MIB, 8),
            Scene::Small | Scene::SmallOnce => (self.count(1000), 20 * KIB, 8),
            Scene::Hundred => (100, (10.0 * MIB as f64 * self.scale.max(0.05)) as usize, 100),
            _ => (1, self.big.len(), 1),
        }
    }

    /// What a scene sends, for people.
    pub fn describe(&self, scene: Scene) -> String {
        let (count, size, _) = self.shape(scene);
        match size {
            size if size >= 1024 * MIB => format!("{count} × {:.0} GiB", size as f64 / (1024 * MIB) as f64),
            size if size >= MIB => format!("{count} × {:.0} MiB", size as f64 / MIB as f64),
            size => format!("{count} × {:.0} KiB", size as f64 / KIB as f64),
        }
    }

    /// What a scene sends. Its files on the disk are there as long as the bench runs.
    pub fn load(&self, scene: Scene) -> Load {
        let (count, size, at_once) = self.shape(scene);
        let files = match count {
            1 => vec![self.big.clone()],
            _ => {
                let all = noise(2 + scene as u64, count * size);
                (0..count).map(|number| all.slice(number * size..(number + 1) * size)).collect()
            }
        };
        Load { files, folder: self.folder.path().join(format!("{scene:?}")), at_once }
    }

    /// Puts the files of a load on the disk, if they are not there yet.
    pub fn lay_out(&self, load: &Load) -> Result<()> {
        if !load.folder.exists() {
            fs::create_dir(&load.folder)?;
            for (number, bytes) in load.files.iter().enumerate() {
                fs::write(load.folder.join(format!("{number}.bin")), bytes)?;
            }
        }
        Ok(())
    }

    pub fn big(&self) -> &Bytes {
        &self.big
    }

    /// A file with the gigabyte.
    pub fn big_file(&self) -> Result<PathBuf> {
        let load = self.load(Scene::Big);
        self.lay_out(&load)?;
        Ok(load.folder.join("0.bin"))
    }

    /// The gigabyte with something inserted in the middle; another number inserts something else.
    pub fn inserted(&self, number: u64) -> Vec<u8> {
        let (before, after) = self.big.split_at(self.big.len() / 2);
        [before, &insertion(number), after].concat()
    }

    /// The same in a file, in place of the last one.
    pub fn inserted_file(&self, number: u64) -> Result<PathBuf> {
        let path = self.folder.path().join("inserted.bin");
        // Never written over: a folder that is pushed may hold a link to it.
        let _ = fs::remove_file(&path);
        let mut file = fs::File::create(&path)?;
        let (before, after) = self.big.split_at(self.big.len() / 2);
        for part in [before, &insertion(number), after] {
            file.write_all(part)?;
        }
        Ok(path)
    }

    /// Noise for warming up.
    pub fn warm_up(&self) -> Vec<Bytes> {
        let all = noise(99, 32 * 20 * KIB + 8 * MIB);
        let mut files: Vec<Bytes> =
            (0..32).map(|number| all.slice(number * 20 * KIB..(number + 1) * 20 * KIB)).collect();
        files.push(all.slice(32 * 20 * KIB..));
        files
    }
}

fn insertion(number: u64) -> Bytes {
    noise(100 + number, INSERTED_BYTES + number as usize * LONGER_BYTES)
}

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}
