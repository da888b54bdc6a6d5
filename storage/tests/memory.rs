//! How much memory do readers hold whose clients are slow, or do nothing at all, and writers that all come at once?

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use storage::{Backend, ChunkHash, Error, KeyFile, Store};

const MIB: usize = 1024 * 1024;
const READERS: usize = 150;
const WRITERS: usize = 100;
const PIECE: usize = 64 * 1024;
/// Of three chunks each they would hold more than a gigabyte.
const LIMIT: usize = 200 * MIB;
/// Of what they bring, which is less than the largest chunk has, writers would hold 400 MiB.
const LIMIT_OF_WRITERS: usize = 300 * MIB;
/// Of what would be 700 MiB twice.
const LIMIT_OF_ALL: usize = 450 * MIB;

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is passed on as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as isize, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn noise(length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(1).fill_bytes(&mut bytes);
    bytes.into()
}

/// Readers that stop after their first bytes hold little together, and nobody who goes on waits for them.
async fn many_slow_readers(store: &Store, bytes: &Bytes) {
    let content = store.put(bytes.clone()).await.unwrap().content;
    let manifest = store.manifest(&content).await.unwrap();
    let before = ALLOCATED.load(Ordering::Relaxed);
    let mut most = 0;
    let mut readers = Vec::new();
    for number in 0..READERS {
        // Different chunks.
        let start = number * 1_300_000 % (bytes.len() / 2);
        let mut reader = store.read(&manifest, start as u64..u64::MAX);
        let first = reader.next().await.unwrap().unwrap();
        assert!(first == bytes[start..start + first.len()]);
        readers.push((reader, start + first.len(), first));
        most = most.max(ALLOCATED.load(Ordering::Relaxed) - before);
    }
    for _ in 0..2 {
        let check = async |at: usize, piece: Bytes| {
            assert!(piece == bytes[at..at + piece.len()], "other bytes at {at}");
            Ok(at + piece.len())
        };
        let whole = store.read(&manifest, 0..u64::MAX).try_fold(0, check).await.unwrap();
        assert_eq!(whole, bytes.len());
        most = most.max(ALLOCATED.load(Ordering::Relaxed) - before);
    }
    assert!(most < LIMIT as isize, "{READERS} readers hold {} MiB", most / MIB as isize);
    // They go on from where they were.
    for (mut reader, mut at, first) in readers.into_iter().rev().take(5) {
        drop(first);
        while let Some(piece) = reader.try_next().await.unwrap() {
            assert!(piece == bytes[at..at + piece.len()], "other bytes at {at}");
            at += piece.len();
        }
        assert_eq!(at, bytes.len());
    }
}

/// Writers that bring more than the disk takes hold little together, and nobody waits for those that stand still.
async fn many_writers(store: &Store) {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let done = Arc::new(AtomicUsize::new(0));
    let write = async |seed: usize, length: usize| {
        let mut writer = store.writer();
        let mut piece = noise(PIECE).to_vec();
        for number in 0..length / PIECE {
            // No two pieces are alike, so no two chunks are; but nearly, so that the cutter finds no cut.
            piece[..16].copy_from_slice(&[seed.to_le_bytes(), number.to_le_bytes()].concat());
            writer.write(&piece).await.unwrap();
        }
        writer
    };
    let all = async {
        let writing = (0..WRITERS).map(async |seed| {
            let stored = write(seed, 4 * MIB).await.finish().await.unwrap();
            assert_eq!(stored.size_bytes, 4 * MIB as u64);
            done.fetch_add(1, Ordering::Relaxed);
        });
        futures::future::join_all(writing).await
    };
    let watching = async {
        let mut most = 0;
        while done.load(Ordering::Relaxed) < WRITERS {
            most = most.max(ALLOCATED.load(Ordering::Relaxed) - before);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        most
    };
    let (_, most) = tokio::join!(all, watching);
    assert!(most < LIMIT_OF_WRITERS as isize, "{WRITERS} writers hold {} MiB", most / MIB as isize);
    let standing = (0..WRITERS).map(|seed| write(WRITERS + seed, 3 * MIB / 2));
    let _standing = futures::future::join_all(standing).await;
    let stored = write(2 * WRITERS, 8 * MIB).await.finish().await.unwrap();
    assert_eq!(stored.size_bytes, 8 * MIB as u64);
}

/// Uploads that stand still in the middle of a chunk hold no more than all uploads may. Who comes then hears it, until they have gone.
async fn many_standing_uploads(store: &Store) {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let held = || ALLOCATED.load(Ordering::Relaxed) - before;
    let piece = vec![7; MIB];
    let is_busy = |outcome: Result<(), Error>| match outcome {
        Ok(()) => false,
        Err(Error::Busy) => true,
        Err(error) => panic!("{error:?}"),
    };
    let chunks = (0..WRITERS).map(async |_| {
        let mut chunk = store.gather();
        for _ in 0..7 {
            if is_busy(chunk.add(&piece).await) {
                return None;
            }
        }
        Some(chunk)
    });
    let standing: Vec<_> = futures::future::join_all(chunks).await.into_iter().flatten().collect();
    assert!(standing.len() < WRITERS && standing.len() > WRITERS / 4, "{} stand", standing.len());
    // Of the same kind, with a cut nowhere: they bring their bytes at once, and stand still.
    let writers = (0..WRITERS).map(async |_| {
        let mut writer = store.writer();
        for _ in 0..7 {
            if is_busy(writer.write(&piece).await) {
                return None;
            }
        }
        Some(writer)
    });
    let writers = futures::future::join_all(writers).await;
    assert!(held() < LIMIT_OF_ALL as isize, "{} MiB are held", held() / MIB as isize);
    assert!(writers.iter().any(Option::is_none));
    drop((standing, writers));
    store.room().await.unwrap();
    let mut chunk = store.gather();
    chunk.add(&piece).await.unwrap();
    store.put_gathered(&ChunkHash::of(&piece), chunk).await.unwrap();
}

/// One test, since the counter is for the whole process.
#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_and_many_writers_hold_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let local = |name: &str| Backend::Local { root: folder.path().join(name) };
    let noise = noise(64 * MIB);
    let text = Bytes::from(hex::encode(&noise[..32 * MIB]));
    let store = Store::open(&local("plain")).unwrap();
    many_slow_readers(&store, &noise).await;
    many_slow_readers(&store, &text).await;
    let key = KeyFile::generate().unwrap();
    let sealed = Store::open_with_key(&local("sealed"), &key).await.unwrap();
    many_slow_readers(&sealed, &noise).await;
    drop((noise, text));
    many_writers(&store).await;
    many_writers(&sealed).await;
    many_standing_uploads(&store).await;
}
