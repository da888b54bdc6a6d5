//! What every backend must do, run over memory, a local folder and a real Garage.

#[path = "support/garage.rs"]
#[allow(dead_code)]
mod garage;

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use storage::sweep::Health;
use storage::{Backend, ChunkHash, ContentId, Error, KeyFile, MAX_CHUNK_BYTES, Manifest, Point, Store};

/// A store that is empty at the beginning of each test, and what keeps it alive.
struct Place {
    backend: Backend,
    store: Store,
    /// The key, when the store is encrypted.
    key: Option<KeyFile>,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    fn new(backend: Backend, folder: Option<tempfile::TempDir>) -> Self {
        Self { store: Store::open(&backend).unwrap(), backend, key: None, _folder: folder }
    }

    async fn memory() -> Self {
        Self::new(Backend::Memory, None)
    }

    async fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::new(Backend::Local { root: folder.path().join("objects") }, Some(folder))
    }

    async fn garage() -> Self {
        static BUCKETS: AtomicU32 = AtomicU32::new(0);
        let name = format!("contract-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
        Self::new(s3(garage::Garage::shared().bucket(&name)), None)
    }

    async fn sealed_memory() -> Self {
        Self::memory().await.seal().await
    }

    async fn sealed_folder() -> Self {
        Self::folder().await.seal().await
    }

    async fn sealed_garage() -> Self {
        Self::garage().await.seal().await
    }

    async fn seal(self) -> Self {
        let key = KeyFile::generate().unwrap();
        Self { store: Store::open_with_key(&self.backend, &key).await.unwrap(), key: Some(key), ..self }
    }

    /// Opens the same place again, as a restarted process would. What is in memory does not survive that.
    async fn reopen(&self) -> Store {
        match (&self.backend, &self.key) {
            (Backend::Memory, _) => self.store.clone(),
            (backend, Some(key)) => Store::open_with_key(backend, key).await.unwrap(),
            (backend, None) => Store::open(backend).unwrap(),
        }
    }
}

fn s3(bucket: garage::Bucket) -> Backend {
    Backend::S3 {
        endpoint: bucket.endpoint,
        bucket: bucket.bucket,
        region: bucket.region,
        access_key: bucket.access_key,
        secret_key: bucket.secret_key,
    }
}

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

fn chunk_key(id: impl ToString) -> Path {
    let id = id.to_string();
    Path::from(format!("chunks/{}/{id}", &id[..2]))
}

fn list_key(id: impl ToString) -> Path {
    let id = id.to_string();
    Path::from(format!("contents/{}/{id}", &id[..2]))
}

async fn keys(store: &Store, prefix: &str) -> Vec<String> {
    let found: Vec<_> = store.objects().list(Some(&Path::from(prefix))).try_collect().await.unwrap();
    found.into_iter().map(|meta| meta.location.to_string()).collect()
}

async fn read(store: &Store, manifest: &Manifest, range: Range<u64>) -> Result<Bytes, Error> {
    let parts: Vec<Bytes> = store.read(manifest, range).try_collect().await?;
    let mut whole = BytesMut::new();
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    Ok(whole.freeze())
}

async fn flip(store: &Store, key: &Path, at: usize) {
    let mut bytes = store.objects().get(key).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[at] ^= 1;
    store.objects().put(key, PutPayload::from(bytes)).await.unwrap();
}

async fn contents_come_back(place: Place) {
    let text = "协同办公平台建设方案。".repeat(40_000);
    let contents = [Bytes::new(), Bytes::from_static(b"x"), noise(1, 300_000), noise(2, 9_000_001), text.into()];
    for content in contents {
        let stored = place.store.put(content.clone()).await.unwrap();
        assert_eq!(stored.size_bytes, content.len() as u64);
        assert_eq!(stored.sha256[..], Sha256::digest(&content)[..]);
        let store = place.reopen().await;
        assert_eq!(store.read_all(&stored.content, 10_000_000).await.unwrap(), content);
        assert_eq!(store.manifest(&stored.content).await.unwrap().size_bytes(), content.len() as u64);
        store.verify(&stored.content).await.unwrap();
    }
}

async fn ranges_come_back(place: Place) {
    let content = noise(3, 12_000_000);
    let stored = place.store.put(content.clone()).await.unwrap();
    let manifest = place.store.manifest(&stored.content).await.unwrap();
    let length = content.len() as u64;
    let mut random = SmallRng::seed_from_u64(4);
    let mut ranges = vec![0..0, 0..1, length - 1..length, 0..length, length..length + 5, length - 3..u64::MAX];
    ranges.extend((0..10).map(|_| {
        let start = random.random_range(0..length);
        start..start + random.random_range(0..length / 3)
    }));
    for range in ranges {
        let expected = content.slice(range.start.min(length) as usize..range.end.min(length) as usize);
        assert!(read(&place.store, &manifest, range.clone()).await.unwrap() == expected, "{range:?}");
    }
}

async fn the_same_file_twice_stores_its_chunks_once(place: Place) {
    let content = noise(5, 9_000_000);
    let first = place.store.put(content.clone()).await.unwrap();
    let objects = keys(&place.store, "").await;
    assert_eq!(place.store.put(content.clone()).await.unwrap(), first);
    assert_eq!(keys(&place.store, "").await, objects);

    // A change at the front leaves most chunks alone.
    let mut changed = BytesMut::from(&b"a new first line\n"[..]);
    changed.extend_from_slice(&content);
    place.store.put(changed.freeze()).await.unwrap();
    let added = keys(&place.store, "chunks").await.len() + 1 - objects.len();
    assert!(added <= 2, "{added} new chunks of {}", objects.len());
}

async fn one_chunk_needs_no_list(place: Place) {
    place.store.put(noise(6, 100_000)).await.unwrap();
    assert_eq!(keys(&place.store, "contents").await, [""; 0]);
    assert_eq!(keys(&place.store, "chunks").await.len(), 1);
}

async fn an_upload_goes_on_where_it_was_suspended(place: Place) {
    let content = noise(7, 11_000_000);
    let whole = place.store.put(content.clone()).await.unwrap();
    let mut at = Point::default();
    for end in [1, 1, 70_000, 300_000, 300_001, 5_000_000, 9_000_000, 10_999_999] {
        let mut writer = place.reopen().await.resume("0190-up", at).await.unwrap();
        assert_eq!(writer.offset(), at.offset);
        writer.write(&content[at.offset as usize..end]).await.unwrap();
        at = writer.suspend("0190-up").await.unwrap();
        assert_eq!(at.offset, end as u64);
    }
    let store = place.reopen().await;
    let mut writer = store.resume("0190-up", at).await.unwrap();
    writer.write(&content[at.offset as usize..]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), whole);
    store.forget("0190-up").await.unwrap();
    assert_eq!(keys(&store, "uploads").await, [""; 0]);
    assert!(matches!(store.resume("0190-up", at).await, Err(Error::UploadMissing { .. })));
    store.forget("0190-up").await.unwrap();
}

async fn a_state_that_was_cut_elsewhere_goes_on(place: Place) {
    let content = noise(7, 11_000_000);
    let other = place.reopen().await.with_chunk_sizes(4 << 20, 8 << 20, 12 << 20);
    let mut writer = other.resume("0190-old", Point::default()).await.unwrap();
    writer.write(&content[..4_000_000]).await.unwrap();
    let at = writer.suspend("0190-old").await.unwrap();
    let mut writer = place.reopen().await.resume("0190-old", at).await.unwrap();
    writer.write(&content[4_000_000..]).await.unwrap();
    let stored = writer.finish().await.unwrap();
    let first = stored.manifest.chunks()[0].size_bytes;
    assert!(first < 4_000_000, "the first chunk of {first} bytes ends in what was saved uncut");
    assert_eq!(stored, place.store.put(content.clone()).await.unwrap());
}

async fn what_lies_beyond_the_offset_is_ignored(place: Place) {
    let content = noise(8, 6_000_000);
    let whole = place.store.put(content.clone()).await.unwrap();
    let mut writer = place.store.writer();
    writer.write(&content[..2_000_000]).await.unwrap();
    let at = writer.checkpoint("up").await.unwrap();
    assert_eq!(at.offset, 2_000_000);
    // The client was never told of these bytes and sends others.
    writer.write(&noise(9, 1_500_000)).await.unwrap();
    writer.suspend("up").await.unwrap();

    let mut writer = place.reopen().await.resume("up", at).await.unwrap();
    writer.write(&content[2_000_000..3_500_000]).await.unwrap();
    let at = writer.checkpoint("up").await.unwrap();
    assert_eq!(at.offset, 3_500_000);
    drop(writer);
    let mut writer = place.reopen().await.resume("up", at).await.unwrap();
    writer.write(&content[3_500_000..]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), whole);
}

/// Two nodes that go on with one upload: which of them the client was told of is for the database to say.
async fn of_two_writers_each_keeps_its_own_state(place: Place) {
    let begun = noise(15, 900_000);
    let mut writer = place.store.writer();
    writer.write(&begun).await.unwrap();
    let at = writer.suspend("both").await.unwrap();
    let mut ends = Vec::new();
    let mut writers =
        [place.reopen().await.resume("both", at).await.unwrap(), place.store.resume("both", at).await.unwrap()];
    for (writer, seed) in writers.iter_mut().zip(16..) {
        writer.write(&noise(seed, 600_000)).await.unwrap();
        ends.push((writer.checkpoint("both").await.unwrap(), seed));
    }
    assert_eq!(ends[0].0.offset, ends[1].0.offset);
    for (end, seed) in ends {
        let whole = place.reopen().await.resume("both", end).await.unwrap().finish().await.unwrap();
        let expected = [&begun[..], &noise(seed, 600_000)].concat();
        assert_eq!(whole, place.store.put(expected.into()).await.unwrap());
    }
}

async fn many_small_requests_cost_little(place: Place) {
    let content = noise(10, 3_000_000);
    let (mut at, step) = (Point::default(), 30_000);
    while at.offset < content.len() as u64 {
        let mut writer = place.store.resume("many", at).await.unwrap();
        let start = at.offset as usize;
        writer.write(&content[start..(start + step).min(content.len())]).await.unwrap();
        at = writer.suspend("many").await.unwrap();
    }
    let prefix = Path::from("uploads/many");
    let written: u64 =
        place.store.objects().list(Some(&prefix)).try_fold(0, async |sum, meta| Ok(sum + meta.size)).await.unwrap();
    assert!(written < 6 * content.len() as u64, "{written} bytes of state for {} bytes", content.len());
    let writer = place.store.resume("many", at).await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), place.store.put(content).await.unwrap());
}

async fn a_writer_that_is_dropped_leaves_nothing_reachable(place: Place) {
    let content = noise(11, 20_000_000);
    let mut writer = place.store.writer();
    writer.write(&content).await.unwrap();
    drop(writer);
    assert_eq!(keys(&place.store, "contents").await, [""; 0]);
    // The next one makes it whole, whatever the first one left.
    let stored = place.store.put(content.clone()).await.unwrap();
    assert!(place.store.read_all(&stored.content, 20_000_000).await.unwrap() == content);
}

async fn damage_is_noticed(place: Place) {
    let content = noise(12, 9_000_000);
    let stored = place.store.put(content.clone()).await.unwrap();
    let manifest = place.store.manifest(&stored.content).await.unwrap();
    let (first, last) = (manifest.chunks()[0], *manifest.chunks().last().unwrap());
    flip(&place.store, &chunk_key(last.id), 1000).await;

    // What is not touched by the damage can still be read.
    let whole_chunk = 0..u64::from(first.size_bytes);
    assert!(read(&place.store, &manifest, whole_chunk.clone()).await.unwrap() == content[..whole_chunk.end as usize]);
    for error in [
        read(&place.store, &manifest, 0..u64::MAX).await.unwrap_err(),
        place.store.verify(&stored.content).await.unwrap_err(),
        place.store.read_all(&stored.content, u64::MAX).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::Damaged { content, chunk } if content == stored.content && chunk == Some(last.id)),
            "{error}"
        );
    }

    flip(&place.store, &list_key(stored.content), 40).await;
    let error = place.store.manifest(&stored.content).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { chunk: None, .. }), "{error}");
}

async fn damage_is_noticed_in_small_ranges(place: Place) {
    let content = noise(19, 3_000_000);
    let stored = place.store.put(content.clone()).await.unwrap();
    let store = place.reopen().await;
    let manifest = store.manifest(&stored.content).await.unwrap();
    let first = manifest.chunks()[0];
    let key = chunk_key(first.id);
    let before = store.objects().head(&key).await.unwrap().size - u64::from(first.size_bytes);
    let range = 200_000..260_000;
    for round in 0..3 {
        let expected = content.slice(range.start as usize..range.end as usize);
        assert!(read(&store, &manifest, range.clone()).await.unwrap() == expected, "round {round}");
        // Where the range lies, also when what it is checked against is known already.
        let other = manifest.clone();
        flip(&store, &key, (before + 230_000) as usize).await;
        if round == 0 || place.key.is_none() {
            let error = read(&store, &other, range.clone()).await.unwrap_err();
            assert!(matches!(error, Error::Damaged { chunk, .. } if chunk == Some(first.id)), "{error}");
        }
        flip(&store, &key, (before + 230_000) as usize).await;
    }
    // What parts are checked against, for somebody who does not know it yet.
    let store = place.reopen().await;
    if !matches!(place.backend, Backend::Memory) {
        flip(&store, &key, 40).await;
        let error = read(&store, &manifest, range.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        flip(&store, &key, 40).await;
    }
    assert!(matches!(store.verify(&stored.content).await, Ok(())));
    flip(&store, &key, 40).await;
    assert!(matches!(store.verify(&stored.content).await, Err(Error::Damaged { .. })));
}

async fn missing_is_not_damaged(place: Place) {
    let nothing: ContentId = "ab".repeat(32).parse().unwrap();
    let error = place.store.manifest(&nothing).await.unwrap_err();
    assert!(matches!(error, Error::Missing { content, chunk: None } if content == nothing), "{error}");

    let stored = place.store.put(noise(13, 9_000_000)).await.unwrap();
    let manifest = place.store.manifest(&stored.content).await.unwrap();
    let lost = manifest.chunks()[1].id;
    place.store.objects().delete(&chunk_key(lost)).await.unwrap();
    let error = place.store.verify(&stored.content).await.unwrap_err();
    assert!(matches!(error, Error::Missing { chunk, .. } if chunk == Some(lost)), "{error}");
}

async fn a_damaged_suspension_is_noticed(place: Place) {
    let content = noise(14, 700_000);
    let mut writer = place.store.writer();
    writer.write(&content).await.unwrap();
    let point = writer.suspend("hurt").await.unwrap();
    let key = Path::from(format!("uploads/hurt/{}-{:016x}", point.offset, point.token));
    let length = place.store.objects().head(&key).await.unwrap().size as usize;
    for at in [0, length / 2, length - 300, length - 30, length - 1] {
        flip(&place.store, &key, at).await;
        let Err(error) = place.store.resume("hurt", point).await else { panic!("byte {at} was not noticed") };
        assert!(matches!(error, Error::UploadDamaged { .. }), "{error}");
        flip(&place.store, &key, at).await;
    }
    place.store.resume("hurt", point).await.unwrap();
}

async fn cut_to(store: &Store, key: &Path, length: usize) {
    let bytes = store.objects().get(key).await.unwrap().bytes().await.unwrap();
    store.objects().put(key, PutPayload::from(bytes.slice(..length))).await.unwrap();
}

async fn an_object_that_was_cut_off_is_damaged(place: Place) {
    let store = &place.store;
    let (one, many) = (noise(20, 100_000), noise(21, 9_000_000));
    let only = store.put(one.clone()).await.unwrap();
    let several = store.put(many).await.unwrap();
    let (only_key, list_key) = (chunk_key(only.content), list_key(several.content));
    let chunk = several.manifest.chunks()[1].id;
    let (whole, whole_list) = (store.objects().head(&only_key).await.unwrap().size as usize, 1 + 36 * 4);
    for length in [0, 1, 4, 5, 8, 9, 50, whole / 2, whole - 1] {
        cut_to(store, &only_key, length).await;
        let error = store.verify(&only.content).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{length}: {error:?}");
        let found = store.unreadable_keys(&only.content).await.unwrap();
        assert_eq!(found, [(only_key.to_string(), Health::Damaged)], "{length}");
        store.objects().put(&only_key, PutPayload::default()).await.unwrap();
        // Nobody has noted it: that nothing is left tells.
        store.put(one.clone()).await.unwrap();
        store.verify(&only.content).await.unwrap();
    }
    let list = store.objects().get(&list_key).await.unwrap().bytes().await.unwrap();
    for length in [0, 1, 20, whole_list / 2, list.len() - 1] {
        cut_to(store, &list_key, length).await;
        let error = store.manifest(&several.content).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { chunk: None, .. }), "{length}: {error:?}");
        let found = store.unreadable_keys(&several.content).await.unwrap();
        assert_eq!(found, [(list_key.to_string(), Health::Damaged)], "{length}");
        store.objects().put(&list_key, PutPayload::from(list.clone())).await.unwrap();
    }
    cut_to(store, &chunk_key(chunk), 0).await;
    assert_eq!(store.verify_chunk(&chunk).await.unwrap(), Health::Damaged);
    let error = store.verify(&several.content).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { chunk: Some(at), .. } if at == chunk), "{error:?}");
}

async fn what_cannot_be_so_short_is_not_stored(place: Place) {
    let store = &place.store;
    let content = noise(22, 9_000_000);
    let stored = store.put(content.clone()).await.unwrap();
    let (list_key, chunk) = (list_key(stored.content), stored.manifest.chunks()[1]);
    let key = chunk_key(chunk.id);
    let whole = store.objects().head(&key).await.unwrap().size as usize;
    for length in [0, 1, whole - 1] {
        cut_to(store, &list_key, length.min(1 + 36)).await;
        cut_to(store, &key, length).await;
        let error = store.assemble(stored.manifest.chunks()).await.unwrap_err();
        assert!(matches!(&error, Error::ChunksMissing { chunks } if *chunks == [chunk.id]), "{length}: {error:?}");
        assert_eq!(store.put(content.clone()).await.unwrap(), stored);
        assert!(store.read_all(&stored.content, u64::MAX).await.unwrap() == content);
        let aside = keys(store, "damaged").await;
        assert!(aside.iter().any(|one| one.starts_with(&format!("damaged/{key}/"))), "{aside:?}");
    }
    // One by one, and of what compresses.
    let text = Bytes::from("协同办公平台建设方案。".repeat(40_000));
    let hash = ChunkHash::of(&text);
    let chunk = store.put_chunk(&hash, text.clone()).await.unwrap();
    let key = chunk_key(chunk.id);
    cut_to(store, &key, 0).await;
    assert_eq!(store.put_chunk(&hash, text.clone()).await.unwrap(), chunk);
    let health = store.verify_chunk(&chunk.id).await.unwrap();
    assert!(matches!(health, Health::Sound { .. }), "{health:?}");
    // What is whole is not written anew.
    let before = (keys(store, "damaged").await, store.objects().head(&key).await.unwrap().last_modified);
    store.put_chunk(&hash, text).await.unwrap();
    store.put(content).await.unwrap();
    assert_eq!((keys(store, "damaged").await, store.objects().head(&key).await.unwrap().last_modified), before);
}

async fn a_suspension_that_was_cut_off_is_noticed(place: Place) {
    let content = noise(23, 710_000);
    let mut writer = place.store.writer();
    writer.write(&content[..700_000]).await.unwrap();
    let first = writer.checkpoint("cut").await.unwrap();
    writer.write(&content[700_000..]).await.unwrap();
    let point = writer.suspend("cut").await.unwrap();
    // The last one relies on what the first one holds.
    let key = Path::from(format!("uploads/cut/{}-{:016x}", first.offset, first.token));
    let whole = place.store.objects().get(&key).await.unwrap().bytes().await.unwrap();
    for length in [0, 1, 50, 300_000] {
        cut_to(&place.store, &key, length).await;
        let Err(error) = place.store.resume("cut", point).await else { panic!("{length} bytes were not noticed") };
        assert!(matches!(error, Error::UploadDamaged { .. }), "{length}: {error:?}");
        let error = place.store.suspended_chunks("cut", point).await.unwrap_err();
        assert!(matches!(error, Error::UploadDamaged { .. }), "{length}: {error:?}");
        place.store.objects().put(&key, PutPayload::from(whole.clone())).await.unwrap();
    }
    place.store.resume("cut", point).await.unwrap();
}

async fn a_large_content_is_refused_by_read_all(place: Place) {
    let stored = place.store.put(noise(15, 5000)).await.unwrap();
    assert!(place.store.read_all(&stored.content, 5000).await.is_ok());
    let error = place.store.read_all(&stored.content, 4999).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { size_bytes: 5000, limit_bytes: 4999, .. }), "{error}");
}

async fn files_go_in_and_out(place: Place) {
    let folder = tempfile::tempdir().unwrap();
    let (source, copy) = (folder.path().join("source"), folder.path().join("copy"));
    // 64 MiB: many windows, so that the bound on chunks in flight is met.
    let content = noise(16, 64 * 1024 * 1024);
    std::fs::write(&source, &content).unwrap();
    let stored = place.store.put_file(&source).await.unwrap();
    assert_eq!(place.store.copy_to_file(&stored.content, &copy).await.unwrap(), content.len() as u64);
    assert!(std::fs::read(&copy).unwrap() == content);
    let error = place.store.put_file(&folder.path().join("nothing")).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

async fn writers_work_side_by_side(place: Place) {
    // All of them write the same chunks at the same time, each from its own copy.
    let content = noise(17, 3 * MAX_CHUNK_BYTES);
    let puts = (0..8).map(|_| {
        tokio::spawn({
            let (store, content) = (place.store.clone(), content.clone());
            async move { store.put(content).await.unwrap() }
        })
    });
    let stored = futures::future::try_join_all(puts).await.unwrap();
    assert!(stored.iter().all(|one| *one == stored[0]));
    place.store.verify(&stored[0].content).await.unwrap();
}

async fn derived_objects_are_kept(place: Place) {
    let store = &place.store;
    assert_eq!(store.get_object("text/1.json").await.unwrap(), None);
    store.put_object("text/1.json", Bytes::from_static(b"one")).await.unwrap();
    store.put_object("text/1.json", Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(store.get_object("text/1.json").await.unwrap().unwrap(), "two");
    store.delete_object("text/1.json").await.unwrap();
    store.delete_object("text/1.json").await.unwrap();
    assert_eq!(store.get_object("text/1.json").await.unwrap(), None);
    assert!(matches!(store.put_object("../chunks/x", Bytes::new()).await, Err(Error::InvalidKey { .. })));
}

async fn chunks_are_found_by_their_hash(place: Place) {
    let content = noise(18, 50_000);
    let stored = place.store.put(content.clone()).await.unwrap();
    let hash = ChunkHash::of(&content);
    let id = place.store.chunk_id(&hash);
    assert_eq!(place.store.manifest(&stored.content).await.unwrap().chunks()[0].id, id);
    assert_eq!(keys(&place.store, "chunks").await, [chunk_key(id).to_string()]);
    // Who sees the bucket cannot tell from a name which known file is in it.
    assert_eq!(id.as_bytes() == hash.as_bytes(), place.key.is_none());
}

async fn a_working_store_passes_the_check(place: Place) {
    place.store.check().await.unwrap();
    place.store.check().await.unwrap();
}

/// Makes one test per backend of each function, also with encryption.
macro_rules! contract {
    (@ $module:ident: $place:ident, $($name:ident),*) => {
        mod $module { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::Place::$place().await).await })* }
    };
    ($($name:ident),* $(,)?) => {
        contract!(@ memory: memory, $($name),*);
        contract!(@ folder: folder, $($name),*);
        contract!(@ garage_server: garage, $($name),*);
        contract!(@ sealed_memory: sealed_memory, $($name),*);
        contract!(@ sealed_folder: sealed_folder, $($name),*);
        contract!(@ sealed_garage_server: sealed_garage, $($name),*);
    };
}

contract!(
    contents_come_back,
    ranges_come_back,
    the_same_file_twice_stores_its_chunks_once,
    one_chunk_needs_no_list,
    an_upload_goes_on_where_it_was_suspended,
    a_state_that_was_cut_elsewhere_goes_on,
    what_lies_beyond_the_offset_is_ignored,
    of_two_writers_each_keeps_its_own_state,
    many_small_requests_cost_little,
    a_writer_that_is_dropped_leaves_nothing_reachable,
    damage_is_noticed,
    damage_is_noticed_in_small_ranges,
    missing_is_not_damaged,
    a_damaged_suspension_is_noticed,
    an_object_that_was_cut_off_is_damaged,
    what_cannot_be_so_short_is_not_stored,
    a_suspension_that_was_cut_off_is_noticed,
    a_large_content_is_refused_by_read_all,
    files_go_in_and_out,
    writers_work_side_by_side,
    derived_objects_are_kept,
    chunks_are_found_by_their_hash,
    a_working_store_passes_the_check,
);
