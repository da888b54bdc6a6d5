//! How fast do contents go in and out, beside a plain copy of the same bytes in the same run?
//!
//! The bytes are noise, as compressed office files and images are. Every put is durable when it is counted: files and
//! folders are synced by the local store, by the copy, and by Garage. Run with `cargo bench -p storage`; Garage is left out
//! when it is not installed (`make setup-test` installs it). `-- sizes` and `-- insertions` compare sizes of chunks, `-- large` stops after the
//! first lines, `-- folder` leaves Garage out.

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
use rand::{Rng, RngExt, SeedableRng};
use storage::{AVERAGE_CHUNK_BYTES, Backend, ContentId, KeyFile, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, Sizes, Store};

const MIB: usize = 1024 * 1024;
/// Sizes of chunks that [`compare_insertions`] compares.
const INSERTED: [Sizes; 6] = {
    const fn sizes(min: usize, average: usize, max: usize) -> Sizes {
        Sizes { min: min * 1024, average: average * 1024, max: max * 1024 }
    }
    [
        sizes(512, 1024, 8192),
        sizes(1024, 1536, 8192),
        sizes(512, 1536, 8192),
        sizes(1024, 2048, 4096),
        sizes(1024, 2048, 8192),
        sizes(2048, 4096, 8192),
    ]
};
/// Number and size of the files in each row.
const ROWS: [(usize, usize, &str); 3] =
    [(1, 1024 * MIB, "1 x 1 GiB"), (200, MIB, "200 x 1 MiB"), (1000, 20 * 1024, "1000 x 20 KiB")];
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

/// Seconds of processor time this process has used.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Reads 64 KiB at random places; returns how long one takes.
async fn random_ranges(store: &Store, content: &ContentId) -> Duration {
    const READS: u32 = 200;
    let manifest = store.manifest(content).await.unwrap();
    let mut random = SmallRng::seed_from_u64(5);
    let began = Instant::now();
    for _ in 0..READS {
        let start = random.random_range(0..manifest.size_bytes() - 65536);
        store.read(&manifest, start..start + 65536).try_for_each(|_| async { Ok(()) }).await.unwrap();
    }
    began.elapsed() / READS
}

fn bucket(name: &str) -> Option<Backend> {
    garage::find_program()?;
    let garage::Bucket { endpoint, bucket, region, access_key, secret_key } = garage::Garage::shared().bucket(name);
    Some(Backend::S3 { endpoint, bucket, region, access_key, secret_key })
}

async fn stores(folder: &Path) -> Vec<(&'static str, Store)> {
    let local = |name: &str| Backend::Local { root: folder.join(name) };
    let mut stores = vec![("folder", Store::open(&local("objects")).unwrap())];
    let key = KeyFile::generate().unwrap();
    stores.push(("folder, encrypted", Store::open_with_key(&local("sealed"), &key).await.unwrap()));
    if std::env::args().any(|argument| argument == "folder") {
        return stores;
    }
    match bucket("bench") {
        Some(bucket) => stores.push(("garage", Store::open(&bucket).unwrap())),
        None => println!("garage is not installed: its rows are left out"),
    }
    stores
}

/// Of 256 MiB of noise, how much becomes new chunks when 1 MiB is inserted somewhere? Only cut, nothing is stored.
fn compare_insertions() {
    const TIMES: usize = 200;
    let whole = noise(7, 256 * MIB);
    let mut random = SmallRng::seed_from_u64(9);
    println!(
        "{:<18}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "min/average/max", "mean MiB", "new: mean", "median", "p90", "most"
    );
    for sizes in INSERTED {
        let ends = |bytes: &[u8]| {
            let mut at = 0;
            let mut ends = Vec::new();
            while let Some(length) = sizes.first_chunk(&bytes[at..], true) {
                at += length;
                ends.push(at);
            }
            ends
        };
        let before = ends(&whole);
        let mut new_bytes: Vec<usize> = (0..TIMES)
            .map(|time| {
                let place = random.random_range(16 * MIB..128 * MIB);
                let first = before.partition_point(|end| *end <= place);
                let start = before[first - 1];
                // What is behind is the same, shifted.
                let until = place + 64 * MIB;
                let changed = [&whole[start..place], &noise(1000 + time as u64, MIB), &whole[place..until]].concat();
                let met = ends(&changed).into_iter().find(|end| {
                    let was = (start + end).wrapping_sub(MIB);
                    was >= place && before.binary_search(&was).is_ok()
                });
                met.unwrap_or(changed.len())
            })
            .collect();
        new_bytes.sort();
        let mebibytes = |bytes: usize| bytes as f64 / MIB as f64;
        println!(
            "{:<18}{:>10.2}{:>10.2}{:>10.2}{:>10.2}{:>10.2}",
            format!("{}K/{}K/{}K", sizes.min / 1024, sizes.average / 1024, sizes.max / 1024),
            mebibytes(whole.len() / before.len()),
            mebibytes(new_bytes.iter().sum::<usize>() / TIMES),
            mebibytes(new_bytes[TIMES / 2]),
            mebibytes(new_bytes[TIMES * 9 / 10]),
            mebibytes(new_bytes[TIMES - 1]),
        );
    }
}

/// A gigabyte, the same with a megabyte inserted in the middle, and small changes all over: what does each size of chunks cost?
async fn compare_sizes(folder: &Path) {
    let whole = noise(7, 1024 * MIB);
    let inserted = Bytes::from([&whole[..512 * MIB], &noise(8, MIB), &whole[512 * MIB..]].concat());
    let mut touched = whole[..256 * MIB].to_vec();
    for place in 0..16 {
        touched[place * 16 * MIB + 1000] ^= 1;
    }
    let touched = Bytes::from(touched);
    println!(
        "{:<18}{:<9}{:>8}{:>10}{:>12}{:>12}{:>10}{:>12}",
        "min/average/max", "where", "objects", "put MB/s", "1 MiB in MB", "16 x 1 B MB", "get MB/s", "64 KiB ms"
    );
    const KIB: usize = 1024;
    for (min, average, max) in [
        (256 * KIB, MIB, 4 * MIB),
        (512 * KIB, MIB, 4 * MIB),
        (512 * KIB, 2 * MIB, 8 * MIB),
        (MIB, 2 * MIB, 8 * MIB),
        (2 * MIB, 4 * MIB, 8 * MIB),
    ] {
        let local = Backend::Local { root: folder.join(format!("{min}-{average}")) };
        let backends = [("folder", Some(local)), ("garage", bucket(&format!("sizes-{min}-{average}")))];
        for (place, backend) in backends.into_iter().filter_map(|(place, backend)| Some((place, backend?))) {
            let store = Store::open(&backend).unwrap().with_chunk_sizes(min, average, max);
            let stored_bytes = async || {
                let found = store.objects().list(None).try_fold(0, async |sum, meta| Ok(sum + meta.size)).await;
                found.unwrap() as f64 / 1e6
            };
            let began = Instant::now();
            let content = put(&store, &whole).await;
            let took = began.elapsed();
            let first = stored_bytes().await;
            put(&store, &inserted).await;
            let second = stored_bytes().await;
            put(&store, &touched).await;
            let third = stored_bytes().await;
            let read = get_all(&store, &[content]).await;
            let range = random_ranges(&store, &content).await;
            let sizes = format!("{}K/{}M/{}M", min / KIB, average / MIB, max / MIB);
            let objects = store.manifest(&content).await.unwrap().chunks().len();
            println!(
                "{sizes:<18}{place:<9}{objects:>8}{:>10.0}{:>12.1}{:>12.1}{:>10.0}{:>12.2}",
                megabytes_per_second(whole.len(), took),
                second - first,
                third - second,
                megabytes_per_second(whole.len(), read),
                range.as_secs_f64() * 1000.0,
            );
            if let Backend::Local { root } = backend {
                std::fs::remove_dir_all(root).unwrap();
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    if std::env::args().any(|argument| argument == "insertions") {
        return compare_insertions();
    }
    if std::env::args().any(|argument| argument == "sizes") {
        return compare_sizes(folder.path()).await;
    }
    let sizes = [MIN_CHUNK_BYTES, AVERAGE_CHUNK_BYTES, MAX_CHUNK_BYTES].map(|size| size / 1024);
    println!("chunks of {sizes:?} KiB");
    let stores = stores(folder.path()).await;
    // First, while nothing else has used much memory.
    let before = peak_memory_mib();
    let processor = processor_seconds();
    let took = put_large(&stores[0].1).await;
    println!("2 GiB into the folder: {:.0} MB/s, ", megabytes_per_second(2048 * MIB, took));
    println!("processor time with making the bytes: {:.1} s per GiB", (processor_seconds() - processor) / 2.0);
    println!("peak memory of the process {} MiB, {before} MiB before\n", peak_memory_mib());
    if std::env::args().any(|argument| argument == "large") {
        return;
    }

    println!(
        "{:<16}{:<18}{:>9}{:>13}{:>9}{:>9}{:>12}",
        "files", "where", "put MB/s", "8 once MB/s", "files/s", "get MB/s", "64 KiB ms"
    );
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
        println!("{row:<16}{:<18}{:>9.1}{:>13}{:>9}{:>9.1}", "cp + fsync", rate(copied), "", "", rate(read));
        for (place, store) in &stores {
            let (one_by_one, contents) = put_all(store, &files(count, length), 1).await;
            let (side_by_side, _) = put_all(store, &files(count, length), AT_ONCE).await;
            let read = get_all(store, &contents).await;
            let range = if length > 65536 { random_ranges(store, &contents[0]).await } else { Duration::ZERO };
            println!(
                "{row:<16}{place:<18}{:>9.1}{:>13.1}{:>9.0}{:>9.1}{:>12.2}",
                rate(one_by_one),
                rate(side_by_side),
                count as f64 / side_by_side.as_secs_f64(),
                rate(read),
                range.as_secs_f64() * 1000.0,
            );
        }
    }
}
