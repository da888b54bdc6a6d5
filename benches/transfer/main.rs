//! How fast do files get in, out and in again, beside what else there is? All of it in one run, on one machine, on one disk.
//!
//! `make bench-transfer` installs the peers and prints the tables; `cargo bench --bench transfer-peers -- --help` shows how to run a
//! part. Every contestant gets the same random bytes from the same client. Wenshu runs as it ships, so what it acknowledges is
//! synced to the disk or in the bucket; rustus runs with `--force-fsync true`, Garage with `data_fsync` and `metadata_fsync`, the copy
//! syncs each file and its folder; `@tus/server` syncs nothing. Each contestant starts on an empty folder (and a Garage of its own)
//! in each round, the order changes from round to round, and medians are shown.
//! The exit status is 1 when Wenshu failed in a scene or served a wrong byte.

mod again;
mod contestants;
mod download;
#[path = "../common/figures.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod figures;
mod floors;
#[path = "../../storage/tests/support/garage.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod garage;
mod measure;
#[path = "../common/ours.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod ours;
#[path = "../common/process.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod process;
mod proxy;
mod results;
mod s3;
mod source;
mod tus;
mod upload;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    statfs::{TMPFS_MAGIC, statfs},
};

use contestants::{Kind, Life};
use results::Results;
use source::Source;

/// Measures transfers beside peers.
#[derive(Parser)]
pub struct Options {
    /// Who is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Kind::value_variants().to_vec())]
    contestants: Vec<Kind>,
    /// What is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Scene::value_variants().to_vec())]
    scenes: Vec<Scene>,
    /// Times that everything is done; medians are shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Part of the load: 0.05 makes the gigabyte 51 MiB and the thousand files fifty
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Bytes that rustus is sent in one request, in MiB; it holds each request in memory
    #[arg(long, default_value_t = 16)]
    rustus_part_mib: usize,
    /// What cargo passes on
    #[arg(long, hide = true)]
    bench: bool,
    /// Where contestants keep their files
    #[arg(skip)]
    folder: PathBuf,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scene {
    /// 1 × 1 GiB
    Big,
    /// 200 × 1 MiB, 8 at a time
    Medium,
    /// 1,000 × 20 KiB, 8 at a time
    Small,
    /// The same with creation-with-upload: one request for a file
    SmallOnce,
    /// 100 × 10 MiB, all at once
    Hundred,
    /// The gigabyte in one request
    Download,
    /// 500 random ranges of 64 KiB, 8 at a time
    Ranges,
    /// The gigabyte a second time, and with 1 MB inserted in the middle
    Again,
}

impl Scene {
    /// Scenes that share the first life of a contestant; the rest has a second one, on an empty disk.
    fn is_first_life(self) -> bool {
        self != Self::Again
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut options = Options::parse();
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let folder = std::env::temp_dir();
    let is_memory = statfs(&folder)?.filesystem_type() == TMPFS_MAGIC;
    ensure!(!is_memory, "{} is in memory: let TMPDIR name a folder on a disk", folder.display());
    let folder = tempfile::Builder::new().prefix("wenshu-transfer-").tempdir_in(folder)?;
    keep_apart(folder.path());
    options.folder = folder.path().to_owned();
    println!("{}\n", circumstances(&options));
    let source = Source::make(options.scale)?;
    let mut results = Results::new(&source);
    for round in 0..options.rounds {
        let mut order = options.contestants.clone();
        order.rotate_left(round % options.contestants.len().max(1));
        for kind in order {
            for is_first_life in [true, false] {
                let scenes = options.scenes.iter().copied().filter(|scene| scene.is_first_life() == is_first_life);
                let scenes: Vec<Scene> = scenes.filter(|scene| kind.plays(*scene)).collect();
                if !scenes.is_empty()
                    && let Err(error) = live(kind, &scenes, round, &options, &source, &mut results).await
                {
                    results.fail(kind, &format!("{error:#}"));
                }
            }
        }
    }
    results.print(&options.contestants);
    println!("\n{}", circumstances(&options));
    Ok(if results.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Has what lies in the folder spread over the disk, where the file system can (ext4). It makes a file slowly beside many that
/// were removed in the last minutes, so whoever comes second would pay for the files of the first.
fn keep_apart(folder: &Path) {
    let _ = Command::new("chattr").arg("+T").arg(folder).stderr(Stdio::null()).status();
}

/// One life of a contestant: it starts on nothing, warms up, plays its scenes, and everything it has is removed.
async fn live(
    kind: Kind,
    scenes: &[Scene],
    round: usize,
    options: &Options,
    source: &Source,
    results: &mut Results,
) -> Result<()> {
    let mut life = Life::begin(kind, options).await?;
    let played = async {
        upload::warm_up(&life, source).await?;
        for scene in scenes {
            match scene {
                Scene::Download => download::whole(&mut life, source, results).await?,
                Scene::Ranges => download::ranges(&mut life, source, results).await?,
                Scene::Again => again::play(&mut life, round, source, results).await?,
                scene => upload::play(&mut life, *scene, source, results).await?,
            }
        }
        anyhow::Ok(())
    };
    let played = played.await;
    if played.is_err() {
        eprintln!("{}", life.log());
    }
    life.end()?;
    played
}

/// Where and when this was measured.
fn circumstances(options: &Options) -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut versions: Vec<String> = options.contestants.iter().flat_map(|kind| kind.versions()).collect();
    versions.sort();
    versions.dedup();
    format!(
        "{cores} cores, load average {load}; {} rounds, scale {}; what is read comes from a warm page cache; {}",
        options.rounds,
        options.scale,
        versions.join("; ")
    )
}
