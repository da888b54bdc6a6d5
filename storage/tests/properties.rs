//! What must hold for all contents: the name depends on the bytes alone, and never changes between releases.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use storage::{Backend, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, Point, Store, Stored};

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

/// One call of a writer.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Checkpoint,
    Suspend,
    /// Bytes that were sent but not made durable, as after a crash.
    Lose(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..3_000_000usize).prop_map(Step::Write),
        2 => (1..70_000usize).prop_map(Step::Write),
        1 => Just(Step::Checkpoint),
        2 => Just(Step::Suspend),
        1 => (1..5_000_000usize).prop_map(Step::Lose),
    ];
    prop::collection::vec(step, 0..25)
}

/// Contents with boundaries from the hash, from the largest size (one repeated byte), and a mixture.
fn content() -> impl Strategy<Value = Bytes> {
    let part = prop_oneof![
        (any::<u64>(), 0..5_000_000usize).prop_map(|(seed, length)| noise(seed, length)),
        (any::<u8>(), 0..9_000_000usize).prop_map(|(byte, length)| vec![byte; length].into()),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat().into())
}

async fn write_in_steps(store: &Store, content: &[u8], steps: &[Step]) -> Stored {
    let upload = "steps";
    let mut writer = store.writer();
    let mut durable = Point::default();
    for step in steps {
        let at = writer.offset() as usize;
        match step {
            Step::Write(length) => writer.write(&content[at..content.len().min(at + length)]).await.unwrap(),
            Step::Checkpoint => durable = writer.checkpoint(upload).await.unwrap(),
            Step::Suspend => {
                durable = writer.suspend(upload).await.unwrap();
                writer = store.resume(upload, durable).await.unwrap();
            }
            Step::Lose(length) => {
                writer.write(&noise(1, *length)).await.unwrap();
                drop(writer);
                writer = store.resume(upload, durable).await.unwrap();
            }
        }
    }
    writer.write(&content[writer.offset() as usize..]).await.unwrap();
    let stored = writer.finish().await.unwrap();
    store.forget(upload).await.unwrap();
    stored
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_content_does_not_depend_on_how_it_was_sent(content in content(), steps in steps()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&Backend::Memory).unwrap();
            let stored = write_in_steps(&store, &content, &steps).await;
            assert_eq!(store.put(content.clone()).await.unwrap(), stored);
            let manifest = store.manifest(&stored.content).await.unwrap();
            let (last, others) = match manifest.chunks() {
                [] => return assert!(content.is_empty()),
                [others @ .., last] => (last, others),
            };
            assert!(last.size_bytes as usize <= MAX_CHUNK_BYTES);
            let sizes = MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES;
            assert!(others.iter().all(|chunk| sizes.contains(&(chunk.size_bytes as usize))));
            assert!(store.read_all(&stored.content, u64::MAX).await.unwrap() == content);
        });
    }
}

#[tokio::test]
async fn the_format_stays_as_it_is() {
    let store = Store::open(&Backend::Memory).unwrap();
    // Computed once. When this fails, stored files would no longer be found: do not change the values, change the code.
    for (content, name, chunks) in [
        (Bytes::new(), "10ee28404d0afaaa769161223524fdd1e6b599fd8923fd21a076307585d8af4f", 0),
        (Bytes::from_static(b"wenshu"), "51133602983f5d27904d08e457806ba8d394426e942d9711bb07fc1009a92cfd", 1),
        (counted(5_000_000), "3422b74570b4bca0904c06b69f967b0fec014e7edc74e73cb12b291f74ec3347", 4),
    ] {
        let stored = store.put(content).await.unwrap();
        assert_eq!(stored.content.to_string(), name);
        assert_eq!(store.manifest(&stored.content).await.unwrap().chunks().len(), chunks);
    }
}

/// Bytes that need no random generator: BLAKE3 of a counter, repeated.
fn counted(length: usize) -> Bytes {
    let mut bytes = BytesMut::with_capacity(length + 32);
    for counter in 0u64.. {
        if bytes.len() >= length {
            break;
        }
        bytes.extend_from_slice(blake3::hash(&counter.to_le_bytes()).as_bytes());
    }
    bytes.split_to(length).freeze()
}

/// Tells what a writer says after one of its futures was dropped half way.
#[tokio::test]
async fn a_cancelled_writer_is_not_used_again() {
    let store = Store::open(&Backend::Memory).unwrap();
    let mut writer = store.writer();
    let content = noise(2, 40_000_000);
    tokio::select! {
        biased;
        _ = writer.write(&content) => panic!("the write was meant to be cancelled"),
        () = tokio::task::yield_now() => {}
    }
    assert!(matches!(writer.write(b"more").await, Err(storage::Error::Interrupted)));
    assert!(matches!(writer.finish().await, Err(storage::Error::Interrupted)));
}
