//! How fast do contents go in and out, beside a plain copy of the same bytes in the same run?
//!
//! The bytes are noise, as compressed office files and images are. Every put is durable when it is counted: files and
//! folders are synced by the local store, by the copy, and by Garage. Run with `cargo bench -p storage`; Garage is left out
//! when it is not installed (`make setup-test` installs it).

#[path = "../tests/support/garage.rs"]
#[allow(dead_code)]
mod garage;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use storage::{Backend, ContentId, Store};

const MIB: usize = 1024 * 1024;
/// Number and size of the files in each row.
const ROWS: [(usize, usize, &str); 3] =
    [(1, 256 * MIB, "1 x 256 MiB"), (50, MIB, "50 x 1 MiB"), (500, 20 * 1024, "500 x 20 KiB")];
/// Files at a time in the second put.
const AT_ONCE: usize = 8;
/// What a server hands to a writer at a time.
const PIECE_BYTES: usize = 64 * 1024;

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

fn megabytes_per_second(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// Copies files one after the other and syncs each, and the folder at the end of each, as the store does.
fn plain_copy(folder: &Path, files: &[Bytes]) -> Duration {
    for (number, bytes) in files.iter().enumerate() {
        File::create(folder.join(format!("source-{number}"))).unwrap().write_all(bytes).unwrap();
    }
    let began = Instant::now();
    for number in 0..files.len() {
        let target = folder.join(format!("target-{number}"));
        std::fs::copy(folder.join(format!("source-{number}")), &target).unwrap();
        File::open(target).unwrap().sync_all().unwrap();
        File::open(folder).unwrap().sync_all().unwrap();
    }
    began.elapsed()
}

/// Reads the copies back.
fn plain_read(folder: &Path, count: usize) -> Duration {
    let mut buffer = Vec::new();
    let began = Instant::now();
    for number in 0..count {
        buffer.clear();
        File::open(folder.join(format!("target-{number}"))).unwrap().read_to_end(&mut buffer).unwrap();
    }
    began.elapsed()
}

async fn put(store: &Store, bytes: &Bytes) -> ContentId {
    let mut writer = store.writer();
    for piece in bytes.chunks(PIECE_BYTES) {
        writer.write(piece).await.unwrap();
    }
    writer.finish().await.unwrap().content
}

async fn put_all(store: &Store, files: &[Bytes], at_once: usize) -> (Duration, Vec<ContentId>) {
    let began = Instant::now();
    let contents = stream::iter(files).map(|bytes| put(store, bytes)).buffered(at_once).collect().await;
    (began.elapsed(), contents)
}

async fn get_all(store: &Store, contents: &[ContentId]) -> Duration {
    let began = Instant::now();
    for content in contents {
        let manifest = store.manifest(content).await.unwrap();
        store.read(&manifest, 0..u64::MAX).try_for_each(|_| async { Ok(()) }).await.unwrap();
    }
    began.elapsed()
}

fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Writes 2 GiB that are never in memory as a whole.
async fn put_large(store: &Store) -> Duration {
    let mut random = SmallRng::seed_from_u64(99);
    let mut piece = vec![0; MIB];
    let mut spent = Duration::ZERO;
    let mut writer = store.writer();
    for _ in 0..2048 {
        random.fill_bytes(&mut piece);
        let began = Instant::now();
        writer.write(&piece).await.unwrap();
        spent += began.elapsed();
    }
    let began = Instant::now();
    writer.finish().await.unwrap();
    spent + began.elapsed()
}

fn stores(folder: &Path) -> Vec<(&'static str, Store)> {
    let mut stores = vec![("folder", Backend::Local { root: folder.join("objects") })];
    if garage::find_program().is_some() {
        let garage::Bucket { endpoint, bucket, region, access_key, secret_key } =
            garage::Garage::shared().bucket("bench");
        stores.push(("garage", Backend::S3 { endpoint, bucket, region, access_key, secret_key }));
    } else {
        println!("garage is not installed: its rows are left out");
    }
    stores.into_iter().map(|(name, backend)| (name, Store::open(&backend).unwrap())).collect()
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores(folder.path());
    // First, while nothing else has used much memory.
    let before = peak_memory_mib();
    let took = put_large(&stores[0].1).await;
    println!("2 GiB into the folder: {:.0} MB/s, ", megabytes_per_second(2048 * MIB, took));
    println!("peak memory of the process {} MiB, {before} MiB before\n", peak_memory_mib());

    println!("{:<14}{:<18}{:>10}{:>12}{:>10}   MB/s", "files", "where", "put", "put, 8 once", "get");
    let mut seed = 0;
    let mut files = |count: usize, length: usize| -> Vec<Bytes> {
        (0..count)
            .map(|_| {
                seed += 1;
                noise(seed, length)
            })
            .collect()
    };
    for (count, length, row) in ROWS {
        let rate = |took| megabytes_per_second(count * length, took);
        let plain = tempfile::tempdir_in(folder.path()).unwrap();
        let copied = plain_copy(plain.path(), &files(count, length));
        let read = plain_read(plain.path(), count);
        println!("{row:<14}{:<18}{:>10.1}{:>12}{:>10.1}", "cp + fsync", rate(copied), "", rate(read));
        for (place, store) in &stores {
            let (one_by_one, contents) = put_all(store, &files(count, length), 1).await;
            let (side_by_side, _) = put_all(store, &files(count, length), AT_ONCE).await;
            let read = get_all(store, &contents).await;
            println!("{row:<14}{place:<18}{:>10.1}{:>12.1}{:>10.1}", rate(one_by_one), rate(side_by_side), rate(read));
        }
    }
}
