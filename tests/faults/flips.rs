//! One flipped bit in each of 500 objects: all of them are found, nothing else is called damaged, no wrong byte is served,
//! and a copy brings everything back. Chunks, lists, the text of pages, the states of uploads; and the keys of an encrypted store.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStoreExt, path::Path};
use storage::{KeyFile, Store};

use crate::{
    chores::{flip, with_copy},
    everything,
    ledger::ask,
    place::{Kind, Place},
    support::{Library, Numbers, noise, sha256},
    table::Tally,
};

/// Uploads and downloads at a time.
const AT_ONCE: usize = 4;

/// A library and all that is stored of it.
struct Stock {
    place: Place,
    library: Library,
    /// Id and SHA-256.
    documents: Vec<(String, String)>,
    /// Objects that are to be damaged.
    victims: Vec<String>,
}

/// Some compress, some do not, some are lists with chunks; of text files the text is kept, too.
fn content(number: usize) -> (String, Vec<u8>) {
    match number % 10 {
        0 | 5 => (format!("{number}.bin"), noise(number as u64, 2 << 20).repeat(2)),
        1 | 2 => {
            (format!("{number}.txt"), format!("第 {number} 号文件，内容各不相同。\n").repeat(40 + number).into_bytes())
        }
        3 => (format!("{number}.bin"), format!("表 {number}\n").repeat(300_000).into_bytes()),
        _ => (format!("{number}.bin"), noise(number as u64, 500 + 31 * number)),
    }
}

impl Stock {
    async fn new(kind: Kind, encrypted: bool, planted: usize) -> Self {
        let mut place = Place::new(kind).await;
        if encrypted {
            let key = place.program.data.with_file_name("storage.key");
            assert!(place.program.run(&["key", "new", key.to_str().unwrap()]).status.success());
            place.program = place.program.clone().flag("--storage-key-file", key.to_str().unwrap());
        }
        let service = place.program.serve();
        service.wait_until_ready().await;
        let library = Library::create(&service.admin().await, "library").await;
        let documents: Vec<_> = stream::iter(0..planted + planted / 2)
            .map(|number| {
                let library = library.clone();
                async move {
                    let (name, bytes) = content(number);
                    (library.upload(&name, &bytes).await, sha256(&bytes))
                }
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for number in 0..planted / 25 {
            let bytes = noise(90_000 + number as u64, 3 << 20);
            let upload = library.begin_document("unfinished.bin", 4 << 20).await;
            library.send_part(&upload, 0, &bytes).await.assert_status(204);
        }
        assert!(service.stop().0.success());
        keep_texts(&place, encrypted).await;
        let victims = choose(&place, planted).await;
        Self { place, library, documents, victims }
    }
}

/// Keeps a text of pages for each content, as preparing them does: that itself takes too long for so many.
async fn keep_texts(place: &Place, encrypted: bool) {
    let store = match encrypted {
        false => Store::open(&place.backend()).unwrap(),
        true => {
            let key = KeyFile::read(&place.program.data.with_file_name("storage.key")).unwrap();
            Store::open_with_key(&place.backend(), &key).await.unwrap()
        }
    };
    let db = place.database().await;
    let contents: Vec<String> =
        sqlx::query_scalar("select distinct content_id from versions").fetch_all(db.read()).await.unwrap();
    db.close().await;
    for content in contents {
        let text = zstd::bulk::compress(format!("{{\"pages\":[{{\"text\":\"{content}\"}}]}}").as_bytes(), 3).unwrap();
        store.put_object(&format!("text/{content}/text-plain/text.json.zst"), text.into()).await.unwrap();
    }
}

/// Some of every kind of object, each with the same chance within its kind.
async fn choose(place: &Place, planted: usize) -> Vec<String> {
    let listed: Vec<_> = place.objects().list(None).try_collect().await.unwrap();
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in listed {
        let key = object.location.to_string();
        let family = key.split('/').next().unwrap().to_owned();
        families.entry(family).or_default().push(key);
    }
    let mut numbers = Numbers(7);
    let mut chosen = Vec::new();
    for (family, percent) in [("uploads", 3), ("derived", 12), ("contents", 15), ("chunks", 100)] {
        let keys = families.get_mut(family).unwrap_or_else(|| panic!("there are {family}"));
        keys.sort();
        let wanted = (planted * percent / 100).min(planted - chosen.len());
        println!("flips: {wanted} of {} {family}", keys.len());
        assert!(keys.len() >= wanted, "{} {family}, {wanted} wanted", keys.len());
        for _ in 0..wanted {
            chosen.push(keys.swap_remove(numbers.within(0..keys.len())));
        }
    }
    chosen
}

/// Downloads everything: the documents that were refused, and how many came back as something else.
async fn download_all(library: &Library, documents: &[(String, String)]) -> (HashSet<String>, usize) {
    let bodies = stream::iter(documents.to_vec()).map(|(id, hash)| async move {
        let request = library.client.request(reqwest::Method::GET, &format!("/documents/{id}/content"));
        match ask(request).await.filter(|answer| answer.status == 200) {
            Some(answer) => (None, sha256(&answer.body) != hash),
            None => (Some(id), false),
        }
    });
    let bodies: Vec<_> = bodies.buffer_unordered(AT_ONCE).collect().await;
    let wrong = bodies.iter().filter(|(_, wrong)| *wrong).count();
    (bodies.into_iter().filter_map(|(refused, _)| refused).collect(), wrong)
}

async fn every_flip(kind: Kind, encrypted: bool, planted: usize) {
    let Stock { place, library, documents, victims } = Stock::new(kind, encrypted, planted).await;
    let program = with_copy(&place).await;
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut numbers = Numbers(9);
    let before: Vec<_> = stream::iter(&victims).then(|key| read(&place, key)).collect().await;
    for key in &victims {
        flip(&place, key, numbers.next() as usize >> 8).await;
    }
    let damaged: Vec<_> = stream::iter(&victims).then(|key| read(&place, key)).collect().await;
    assert!(before.iter().zip(&damaged).all(|(before, damaged)| before != damaged), "every flip is there");
    let service = program.serve();
    service.wait_until_ready().await;
    let library = library.at(&service.anonymous());
    // Wrong bytes are never served, whether anybody has verified or not.
    let (refused, wrong) = download_all(&library, &documents).await;
    let mut tally = Tally { acknowledged: documents.len(), wrong, planted: victims.len(), ..Tally::default() };
    let output = program.run(&["verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let named: HashSet<String> =
        documents.iter().map(|(id, _)| id.clone()).filter(|id| said.contains(id.as_str())).collect();
    let view = library.client.get("/admin/storage").await.assert_status(200).json();
    let mut found: HashSet<String> = HashSet::new();
    found.extend(view["damaged"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()));
    // Of an upload its id is said.
    let upload_of = |key: &str| key.strip_prefix("uploads/").and_then(|rest| rest.split('/').next()).map(str::to_owned);
    found.extend(victims.iter().filter(|key| upload_of(key).is_some_and(|id| said.contains(&id))).cloned());
    let hit: HashSet<String> = victims.iter().cloned().collect();
    tally.found = hit.intersection(&found).count();
    tally.false_alarms = found.difference(&hit).count() + named.difference(&refused).count();
    tally.lost = refused.difference(&named).count();
    println!("flips: overlooked {:?}", hit.difference(&found).take(5).collect::<Vec<_>>());

    let dry = program.run(&["verify", "--repair", "--dry-run"]);
    assert!(dry.status.success(), "{}", String::from_utf8_lossy(&dry.stderr));
    let unchanged: Vec<_> = stream::iter(&victims).then(|key| read(&place, key)).collect().await;
    assert!(unchanged == damaged, "a dry run changes nothing");
    let repaired = program.run(&["verify", "--repair"]);
    assert!(repaired.status.success(), "{}", String::from_utf8_lossy(&repaired.stderr));
    // The damaged bytes are aside; of an upload nobody but its owner has the bytes, and its state stays as it is.
    let aside: Vec<_> = place.objects().list(Some(&Path::from("damaged"))).try_collect().await.unwrap();
    let aside: HashSet<_> =
        stream::iter(aside).then(async |object| read(&place, object.location.as_ref()).await).collect().await;
    let of_upload: HashSet<_> = victims.iter().filter(|key| upload_of(key).is_some()).collect();
    for (key, bytes) in victims.iter().zip(&damaged).filter(|(key, _)| !of_upload.contains(key)) {
        tally.destroyed += usize::from(!aside.contains(bytes));
        let now = read(&place, key).await;
        tally.lost += usize::from(before[victims.iter().position(|one| one == key).unwrap()] != now);
    }
    let (refused, wrong) = download_all(&library, &documents).await;
    tally.lost += refused.len();
    tally.wrong += wrong;
    assert!(service.stop().0.success());
    let said = program.run(&["verify"]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.matches("damaged: ").count(), of_upload.len(), "{said}");
    let name = if encrypted { "one bit flipped in each object, encrypted" } else { "one bit flipped in each object" };
    tally.assert_good(name, kind.name());
}

async fn read(place: &Place, key: &str) -> bytes::Bytes {
    place.objects().get(&Path::from(key)).await.unwrap().bytes().await.unwrap()
}

fn many() -> usize {
    if everything() { 500 } else { 60 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flipped_bit_is_found_and_nothing_else() {
    every_flip(Kind::Folder, false, many()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flipped_bit_of_an_encrypted_bucket_is_found_and_nothing_else() {
    every_flip(Kind::Garage, true, many()).await;
}

/// A key object whose bits flip: the store does not open, or verifying says so; a copy of the object heals it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flipped_bit_of_a_key_is_found() {
    let place = {
        let mut place = Place::new(Kind::Folder).await;
        let key = place.program.data.with_file_name("storage.key");
        assert!(place.program.run(&["key", "new", key.to_str().unwrap()]).status.success());
        place.program = place.program.clone().flag("--storage-key-file", key.to_str().unwrap());
        place
    };
    let service = place.program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let bytes = noise(1, 100_000);
    let document = library.upload("a.bin", &bytes).await;
    assert!(service.stop().0.success());
    let whole = read(&place, "keys/1").await;
    let flips = if everything() { 60 } else { 8 };
    let mut tally = Tally { acknowledged: 1, planted: flips, ..Tally::default() };
    for number in 0..flips {
        flip(&place, "keys/1", number * whole.len() * 8 / flips + number % 8).await;
        let output = place.program.run(&["verify"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let names_it = said.contains("keys/1") || said.contains("storage_key_wrong");
        tally.found += usize::from(!output.status.success() && names_it);
        if output.status.success() || !names_it {
            println!("flip {number}: {said}");
        }
        place.objects().put(&Path::from("keys/1"), whole.clone().into()).await.unwrap();
    }
    assert!(place.program.run(&["verify"]).status.success());
    let service = place.program.serve();
    let content = library.at(&service.anonymous()).download(&document).await.assert_status(200);
    tally.wrong += usize::from(content.body != bytes);
    tally.assert_good("one bit flipped in a key object", "folder");
}
