//! What does somebody learn who has the bucket and no key, and what happens with a key that is missing, wrong or new?

#[path = "support/garage.rs"]
#[allow(dead_code)]
mod garage;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use storage::{Backend, ContentId, Error, KeyFile, Point, Store};

const PHRASE: &str = "第三季度人事调整方案（绝密）";

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

/// A folder and a bucket of Garage.
fn backends(folder: &tempfile::TempDir, name: &str) -> [Backend; 2] {
    let garage::Bucket { endpoint, bucket, region, access_key, secret_key } = garage::Garage::shared().bucket(name);
    [
        Backend::Local { root: folder.path().join("objects") },
        Backend::S3 { endpoint, bucket, region, access_key, secret_key },
    ]
}

async fn keys(store: &Store) -> Vec<Path> {
    store.objects().list(None).map_ok(|meta| meta.location).try_collect().await.unwrap()
}

/// Some of everything that a store keeps: small and large, compressed and not, whole and unfinished.
struct Everything {
    contents: Vec<(ContentId, Bytes)>,
    unfinished: (Bytes, Point),
}

impl Everything {
    async fn put(store: &Store) -> Self {
        let text = Bytes::from(PHRASE.repeat(40_000));
        let mixed = Bytes::from([&noise(1, 1_500_000)[..], PHRASE.as_bytes(), &noise(2, 4_000_000)].concat());
        let mut contents = Vec::new();
        for content in [Bytes::from(PHRASE), text, mixed, Bytes::new()] {
            contents.push((store.put(content.clone()).await.unwrap().content, content));
        }
        store.put_object("text/1.json", PHRASE.into()).await.unwrap();
        store.check().await.unwrap();
        let unfinished = Bytes::from([PHRASE.as_bytes(), &noise(3, 1_500_000), PHRASE.as_bytes()].concat());
        let mut writer = store.writer();
        writer.write(&unfinished[..40]).await.unwrap();
        let first = writer.checkpoint("unfinished").await.unwrap();
        writer.write(&unfinished[first.offset as usize..]).await.unwrap();
        let at = writer.suspend("unfinished").await.unwrap();
        Self { contents, unfinished: (unfinished, at) }
    }

    /// Reads everything back; the first error, or whether all of it is right.
    async fn read(&self, store: &Store) -> Result<bool, Error> {
        for (id, content) in &self.contents {
            if store.read_all(id, u64::MAX).await? != content {
                return Ok(false);
            }
        }
        let derived = store.get_object("text/1.json").await?;
        let (unfinished, at) = &self.unfinished;
        let whole = store.resume("unfinished", *at).await?.finish().await?;
        Ok(derived.is_some_and(|derived| derived == PHRASE)
            && store.read_all(&whole.content, u64::MAX).await? == unfinished)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_a_bucket_without_its_key() {
    let folder = tempfile::tempdir().unwrap();
    for backend in backends(&folder, "unreadable") {
        let key = KeyFile::generate().unwrap();
        let store = Store::open_with_key(&backend, &key).await.unwrap();
        let everything = Everything::put(&store).await;
        assert!(everything.read(&store).await.unwrap());

        let found = keys(&store).await;
        for family in ["chunks/", "contents/", "uploads/", "derived/", "keys/", "probe"] {
            assert!(found.iter().any(|key| key.as_ref().starts_with(family)), "{family}");
        }
        for object in &found {
            let bytes = store.objects().get(object).await.unwrap().bytes().await.unwrap();
            // Any part of the phrase that is longer than a chance.
            for part in PHRASE.as_bytes().windows(12) {
                assert!(!bytes.windows(12).any(|window| window == part), "{object} tells a part of the phrase");
            }
        }

        // The same again changes nothing: contents are shared inside the installation.
        for (id, content) in &everything.contents {
            assert_eq!(store.put(content.clone()).await.unwrap().content, *id);
        }
        let after = keys(&store).await;
        let chunks = |keys: &[Path]| keys.iter().filter(|key| key.as_ref().starts_with("chunks/")).count();
        assert_eq!(chunks(&after), chunks(&found));

        // Another installation calls the same content otherwise.
        let other = Store::open_with_key(&Backend::Memory, &KeyFile::generate().unwrap()).await.unwrap();
        let (id, content) = &everything.contents[0];
        assert_ne!(other.put(content.clone()).await.unwrap().content, *id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_any_object_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::Local { root: folder.path().join("objects") };
    let key = KeyFile::generate().unwrap();
    let store = Store::open_with_key(&backend, &key).await.unwrap();
    let everything = Everything::put(&store).await;
    assert!(everything.read(&store).await.unwrap());
    let mut checked = 0;
    for object in keys(&store).await {
        if object.as_ref() == "probe" || object.as_ref().starts_with("uploads/unfinished/40-") {
            // Overwritten by the next check, and taken over by the later state.
            continue;
        }
        let whole = store.objects().get(&object).await.unwrap().bytes().await.unwrap();
        // The first bytes (encoding, key number, size, salt), and places all over.
        let places = (0..48).chain((48..whole.len()).step_by(whole.len() / 12 + 1)).chain([whole.len() - 1]);
        for at in places.filter(|at| *at < whole.len()) {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1;
            store.objects().put(&object, PutPayload::from(damaged)).await.unwrap();
            let result = match Store::open_with_key(&backend, &key).await {
                Ok(store) => everything.read(&store).await,
                Err(error) => Err(error),
            };
            let blank = object.as_ref().starts_with("keys/") && whole[at].is_ascii_whitespace();
            assert!(result.is_err() || blank, "{object} byte {at}: {result:?}");
            checked += 1;
        }
        store.objects().put(&object, PutPayload::from(whole)).await.unwrap();
    }
    assert!(checked > 500, "{checked}");
    assert!(everything.read(&store).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_cannot_stand_in_for_each_other() {
    let key = KeyFile::generate().unwrap();
    let store = Store::open_with_key(&Backend::Memory, &key).await.unwrap();
    store.put_object("a", Bytes::from_static(b"one")).await.unwrap();
    store.put_object("b", Bytes::from_static(b"two")).await.unwrap();
    let objects = store.objects();
    objects.copy(&Path::from("derived/a"), &Path::from("derived/b")).await.unwrap();
    assert!(matches!(store.get_object("b").await, Err(Error::ObjectDamaged { .. })));
    // Nor can plain bytes.
    objects.put(&Path::from("derived/a"), PutPayload::from_static(b"plain")).await.unwrap();
    assert!(matches!(store.get_object("a").await, Err(Error::ObjectDamaged { .. })));
    let content = noise(5, 1000);
    let stored = store.put(content.clone()).await.unwrap();
    let plain = Bytes::from([&[0], &content[..]].concat());
    let id = stored.content.to_string();
    objects.put(&Path::from(format!("chunks/{}/{id}", &id[..2])), PutPayload::from(plain)).await.unwrap();
    assert!(matches!(store.read_all(&stored.content, u64::MAX).await, Err(Error::Damaged { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_wrong_key_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for backend in backends(&folder, "refused") {
        let key = KeyFile::generate().unwrap();
        let store = Store::open_with_key(&backend, &key).await.unwrap();
        let stored = store.put(Bytes::from(PHRASE)).await.unwrap();
        let before = keys(&store).await;

        let closed = Store::open(&backend).unwrap();
        assert!(matches!(closed.require_key().await, Err(Error::KeyMissing)));
        assert!(matches!(closed.check().await, Err(Error::KeyMissing)));
        assert!(matches!(closed.put(Bytes::from(PHRASE)).await, Err(Error::KeyMissing)));
        assert!(matches!(closed.put_object("a", Bytes::new()).await, Err(Error::KeyMissing)));
        assert!(matches!(closed.manifest(&stored.content).await, Err(Error::KeyMissing)));
        let mut writer = closed.writer();
        writer.write(b"x").await.unwrap();
        assert!(matches!(writer.suspend("up").await, Err(Error::KeyMissing)));
        let wrong = KeyFile::generate().unwrap();
        assert!(matches!(Store::open_with_key(&backend, &wrong).await, Err(Error::KeyWrong)));
        assert_eq!(keys(&store).await, before);
        assert_eq!(store.read_all(&stored.content, 1000).await.unwrap(), PHRASE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_plain_content_takes_no_key() {
    let folder = tempfile::tempdir().unwrap();
    for backend in backends(&folder, "plain") {
        let store = Store::open(&backend).unwrap();
        let stored = store.put(Bytes::from(PHRASE)).await.unwrap();
        let key = KeyFile::generate().unwrap();
        assert!(matches!(Store::open_with_key(&backend, &key).await, Err(Error::NotEncrypted)));
        assert!(matches!(Store::rotate_keys(&backend, &key, &key, true).await, Err(Error::NotEncrypted)));
        let again = Store::open(&backend).unwrap();
        assert_eq!(again.read_all(&stored.content, 1000).await.unwrap(), PHRASE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_and_everything_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    for backend in backends(&folder, "rotated") {
        let (old, new) = (KeyFile::generate().unwrap(), KeyFile::generate().unwrap());
        let before = Store::open_with_key(&backend, &old).await.unwrap();
        let everything = Everything::put(&before).await;
        let sealed_with = async |content: &ContentId| {
            let id = content.to_string();
            let object = before.objects().get(&Path::from(format!("chunks/{}/{id}", &id[..2]))).await.unwrap();
            object.bytes().await.unwrap()[1]
        };

        // A new data key first, with the same file: who has the store open reads what others write with it.
        Store::rotate_keys(&backend, &old, &old, true).await.unwrap();
        let later = Store::open_with_key(&backend, &old).await.unwrap();
        let written = later.put(noise(9, 1000)).await.unwrap();
        assert_eq!((sealed_with(&everything.contents[0].0).await, sealed_with(&written.content).await), (1, 2));
        assert_eq!(before.read_all(&written.content, 1000).await.unwrap(), noise(9, 1000));

        Store::rotate_keys(&backend, &old, &new, false).await.unwrap();
        assert!(matches!(Store::open_with_key(&backend, &old).await, Err(Error::KeyWrong)));
        let after = Store::open_with_key(&backend, &new).await.unwrap();
        assert!(everything.read(&after).await.unwrap());
        assert_eq!(after.read_all(&written.content, 1000).await.unwrap(), noise(9, 1000));
        // Names did not change, so nothing is stored twice.
        let (id, content) = &everything.contents[2];
        assert_eq!(after.put(content.clone()).await.unwrap().content, *id);
        // Whoever had it open before goes on.
        assert!(everything.read(&before).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_object_is_repaired_only_by_what_the_key_file_opens() {
    let folder = tempfile::tempdir().unwrap();
    let [backend, stale, fresh] =
        ["store", "stale", "fresh"].map(|name| Backend::Local { root: folder.path().join(name) });
    let (old, new, others) = (KeyFile::generate().unwrap(), KeyFile::generate().unwrap(), KeyFile::generate().unwrap());
    let path = Path::from("keys/1");
    let key_of = async |store: &Store| store.objects().get(&path).await.unwrap().bytes().await.unwrap();
    let copy_to = async |backend: &Backend, object: &Bytes| {
        let copy = Store::open(backend).unwrap();
        copy.objects().put(&path, PutPayload::from(object.clone())).await.unwrap();
        copy
    };

    let before = Store::open_with_key(&backend, &old).await.unwrap();
    let stored = before.put(Bytes::from(PHRASE)).await.unwrap();
    let stale = copy_to(&stale, &key_of(&before).await).await;
    Store::rotate_keys(&backend, &old, &new, false).await.unwrap();
    let store = Store::open_with_key(&backend, &new).await.unwrap();
    let whole = key_of(&store).await;
    let put = async |object: Vec<u8>| drop(store.objects().put(&path, PutPayload::from(object)).await.unwrap());

    // A blank has become another one: it still opens, and is written as it was.
    let text = String::from_utf8(whole.to_vec()).unwrap();
    put(text.replacen('\n', "\t", 1).into_bytes()).await;
    assert_eq!(store.damaged_keys().await.unwrap(), ["keys/1"]);
    // Not by somebody whose own file was replaced meanwhile.
    assert!(!before.repair_from(&stale, "keys/1").await.unwrap());
    assert!(store.can_repair_from(&stale, "keys/1").await.unwrap());
    assert!(store.repair_from(&stale, "keys/1").await.unwrap());
    assert_eq!(key_of(&store).await, whole);
    assert!(store.damaged_keys().await.unwrap().is_empty());

    // One digit of what is wrapped: it opens no more. Of the copies only the one from after the rotation does, and has these keys.
    let at = text.rfind("\"keys\": \"").unwrap() + 20;
    let mut damaged = whole.to_vec();
    damaged[at] = if damaged[at] == b'0' { b'1' } else { b'0' };
    put(damaged.clone()).await;
    assert_eq!(store.damaged_keys().await.unwrap(), ["keys/1"]);
    let elsewhere = Backend::Local { root: folder.path().join("elsewhere") };
    let elsewhere = Store::open_with_key(&elsewhere, &new).await.unwrap();
    let of_others = Backend::Local { root: folder.path().join("others") };
    let of_others = Store::open_with_key(&of_others, &others).await.unwrap();
    for useless in [&stale, &elsewhere, &of_others] {
        assert!(!store.can_repair_from(useless, "keys/1").await.unwrap());
        assert!(!store.repair_from(useless, "keys/1").await.unwrap());
        assert_eq!(key_of(&store).await, damaged);
    }
    let fresh = copy_to(&fresh, &whole).await;
    assert!(store.repair_from(&fresh, "keys/1").await.unwrap());
    let again = Store::open_with_key(&backend, &new).await.unwrap();
    assert_eq!(again.read_all(&stored.content, 1000).await.unwrap(), PHRASE);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_begin_at_once_agree_on_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    for backend in backends(&folder, "together") {
        let key = KeyFile::generate().unwrap();
        let opened = futures::future::join_all((0..4).map(|_| Store::open_with_key(&backend, &key))).await;
        let stores: Vec<Store> = opened.into_iter().map(Result::unwrap).collect();
        let stored = stores[0].put(Bytes::from(PHRASE)).await.unwrap();
        for store in &stores {
            assert_eq!(store.read_all(&stored.content, 1000).await.unwrap(), PHRASE);
        }
    }
}
