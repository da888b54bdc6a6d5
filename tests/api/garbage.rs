//! Collecting garbage beside uploads: what is not needed goes, and nothing else, whoever comes when.
//!
//! A pass is stopped where it would matter, and a writer comes in that moment. The same moments without the guard lose
//! bytes: else these tests would show nothing.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::Method;
use serde_json::json;
use storage::{Backend, ContentId, Store, Stored};
use wenshu::{
    actions::{
        add_version::{NewVersion, add_version},
        collect_garbage::{GarbageReport, Step, Watch, collect_garbage, collect_watched},
        verify::{DamageCode, Pace, Report, repair, verify},
    },
    app::App,
    db,
    ids::DocumentId,
};

use crate::support::{Answer, Client, START, TestServer, library::metadata_of};

const MIB: usize = 1 << 20;
const GRACE_MS: i64 = 60 * 60 * 1000;

/// A server whose clock is ahead of the times of its files: they are old enough to be judged.
async fn start() -> TestServer {
    let server = TestServer::start_with(|config| config.gc_grace_ms = GRACE_MS).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    server.clock.advance((now - START).max(0) + 2 * GRACE_MS);
    server
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut numbers = Numbers(seed);
    bytes.chunks_mut(8).for_each(|part| part.copy_from_slice(&numbers.next().to_le_bytes()[..part.len()]));
    bytes
}

/// Creates an upload and returns its address.
async fn begin_upload(ada: &Client, name: &str, folder: &str, length: usize) -> String {
    let request = ada.tus(Method::POST, "/uploads").header("upload-length", length);
    let request = request.header("upload-metadata", metadata_of(&[("filename", name), ("folder_id", folder)]));
    ada.send(request).await.assert_status(201).header("location").unwrap().to_owned()
}

async fn send_part(ada: &Client, upload: &str, content: &[u8], part: Range<usize>) -> Answer {
    let request = ada.tus(Method::PATCH, upload).header("upload-offset", part.start);
    let request = request.header("content-type", "application/offset+octet-stream").body(content[part].to_vec());
    ada.send(request).await.assert_status(204)
}

/// Numbers that look random and are the same in each run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Takes a document away with all that it had, as a purge does.
async fn purge(app: &App, id: &str) {
    let mut tx = app.db.begin().await.unwrap();
    sqlx::query("delete from documents where id = $1").bind(id).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn collect(server: &TestServer) -> GarbageReport {
    collect_garbage(&server.app, false).await.unwrap()
}

/// The same folder without the guard.
fn unguarded(server: &TestServer) -> Store {
    Store::open(&Backend::Local { root: server.app.config.storage_url().into() }).unwrap()
}

async fn write(store: &Store, bytes: &[u8]) -> Result<Stored, storage::Error> {
    let mut writer = store.writer();
    writer.write(bytes).await?;
    writer.finish().await
}

async fn publish(app: &App, document: &str, by: &Client, stored: &Stored) {
    let document: DocumentId = document.parse().unwrap();
    let document = db::documents::find(app.db.read(), &document).await.unwrap().unwrap();
    let new = NewVersion::of(stored, "application/octet-stream");
    add_version(app, &by.id.parse().unwrap(), &document, new).await.unwrap();
}

/// A watch that does nothing but at `step`, once.
fn at(step: Step, then: impl FnOnce() -> futures::future::BoxFuture<'static, ()> + Send + 'static) -> Watch {
    let then = Mutex::new(Some(then));
    Arc::new(move |now| {
        let then = if now == step { then.lock().unwrap().take() } else { None };
        match then {
            Some(then) => then(),
            None => Box::pin(std::future::ready(())),
        }
    })
}

#[tokio::test]
async fn what_nothing_refers_to_goes_after_the_grace_period_and_nothing_else() {
    let server = start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let shared = noise(1, 3 * MIB);
    let both = [shared.clone(), noise(2, 3 * MIB)].concat();
    let first = ada.upload("first.bin", &library, &shared).await;
    let second = ada.upload("second.bin", &library, &both).await;
    let alone = ada.upload("alone.txt", &library, b"a file of one chunk").await;
    server.app.store.put_object("other/of-another-kind", "stays".into()).await.unwrap();

    let nothing = collect(&server).await;
    assert_eq!((nothing.condemned.objects, nothing.freed.objects, nothing.waiting.objects), (0, 0, 0), "{nothing}");
    assert!(nothing.unreadable.is_empty());
    purge(&server.app, &second).await;
    purge(&server.app, &alone).await;
    let dry = collect_garbage(&server.app, true).await.unwrap();
    let condemned = collect(&server).await;
    assert_eq!(dry.condemned, condemned.condemned);
    // The list and the second half of one, the chunk of the other.
    assert!(condemned.condemned.objects >= 3 && condemned.condemned.bytes > 2 * MIB as u64, "{condemned}");
    assert_eq!(condemned.freed.objects, 0);

    server.clock.advance(GRACE_MS / 2);
    let waiting = collect(&server).await;
    assert_eq!((waiting.waiting, waiting.freed.objects), (condemned.condemned, 0), "{waiting}");
    server.clock.advance(GRACE_MS);
    let dry = collect_garbage(&server.app, true).await.unwrap();
    assert!(ada.get("/admin/storage").await.status == 403);
    let freed = collect(&server).await;
    assert_eq!((dry.freed, freed.freed), (condemned.condemned, condemned.condemned), "{freed}");
    assert!(ada.get(&format!("/documents/{first}/content")).await.body == shared);
    assert_eq!(server.app.store.get_object("other/of-another-kind").await.unwrap().unwrap(), "stays");
    let again = collect(&server).await;
    assert_eq!((again.condemned.objects, again.waiting.objects, again.freed.objects), (0, 0, 0), "{again}");

    let view = root.get("/admin/storage").await.assert_status(200).json();
    assert_eq!(view["condemned"]["objects"], 0);
    assert_eq!(view["collected"]["report"]["kept"]["objects"], again.kept.objects);
    let events = root.get("/audit?limit=1000").await.json();
    let events: Vec<_> =
        events["items"].as_array().unwrap().iter().filter(|e| e["action"] == "garbage_collected").collect();
    assert_eq!(events.len(), 1, "a pass that removed nothing is no event");
    assert_eq!(events[0]["details"]["bytes"], freed.freed.bytes);
}

/// When a writer comes that has the same bytes as what is about to go.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// It is done before the pass that removes begins, and its version comes after it.
    BeforeThePass,
    /// The mark is over; the version is there before anything is removed.
    AfterTheMark,
    /// The rows are dying, the objects are still there.
    WhileDying,
    /// The objects are gone, the rows are not.
    WhileRemoved,
}

/// Whether a content that was written at that moment can be read afterwards.
async fn survives(moment: Moment, with_guard: bool) -> bool {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(3, 5 * MIB);
    let garbage = ada.upload("garbage.bin", &library, &content).await;
    let document = ada.upload("document.bin", &library, b"first version").await;
    purge(&server.app, &garbage).await;
    assert!(collect(&server).await.condemned.objects > 2);
    server.clock.advance(GRACE_MS + 1);

    let app = server.app.clone();
    let store = if with_guard { app.store.clone() } else { unguarded(&server) };
    let written: Arc<Mutex<Option<tokio::task::JoinHandle<Stored>>>> = Arc::default();
    let begin = {
        let (written, store, content) = (written.clone(), store.clone(), content.clone());
        move || {
            let task = tokio::spawn(async move { write(&store, &content).await.unwrap() });
            *written.lock().unwrap() = Some(task);
        }
    };
    let step = match moment {
        Moment::BeforeThePass => {
            let stored = write(&store, &content).await.unwrap();
            collect(&server).await;
            publish(&app, &document, &ada, &stored).await;
            return server.app.store.verify(&stored.content).await.is_ok();
        }
        Moment::AfterTheMark => {
            let (app, ada, document) = (app.clone(), ada.clone(), document.clone());
            let content_id: Arc<Mutex<Option<ContentId>>> = Arc::default();
            let told = content_id.clone();
            let watch = at(Step::Marked, move || {
                Box::pin(async move {
                    let stored = write(&store, &content).await.unwrap();
                    publish(&app, &document, &ada, &stored).await;
                    *told.lock().unwrap() = Some(stored.content);
                })
            });
            collect_watched(&server.app, false, watch).await.unwrap();
            let id = content_id.lock().unwrap().expect("the step was reached");
            return server.app.store.verify(&id).await.is_ok();
        }
        Moment::WhileDying => Step::Dying,
        Moment::WhileRemoved => Step::Removed,
    };
    let watch = at(step, move || {
        begin();
        // Long enough for a writer that does not wait.
        Box::pin(tokio::time::sleep(Duration::from_millis(700)))
    });
    collect_watched(&server.app, false, watch).await.unwrap();
    let task = written.lock().unwrap().take().expect("the step was reached");
    let stored = task.await.unwrap();
    publish(&app, &document, &ada, &stored).await;
    server.app.store.verify(&stored.content).await.is_ok()
}

#[tokio::test]
async fn bytes_that_come_back_while_they_are_being_removed_are_not_lost() {
    for moment in [Moment::BeforeThePass, Moment::AfterTheMark, Moment::WhileDying, Moment::WhileRemoved] {
        assert!(survives(moment, true).await, "{moment:?}");
    }
}

#[tokio::test]
async fn without_the_guard_they_are_lost() {
    for moment in [Moment::BeforeThePass, Moment::AfterTheMark, Moment::WhileDying] {
        assert!(!survives(moment, false).await, "{moment:?}: the test above shows nothing");
    }
}

#[tokio::test]
async fn a_writer_that_took_too_long_is_told_and_loses_nothing_silently() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(4, 12 * MIB);
    let garbage = ada.upload("garbage.bin", &library, &content).await;
    purge(&server.app, &garbage).await;
    // Within half a grace period: nothing happens to it.
    let mut quick = server.app.store.writer();
    quick.write(&content).await.unwrap();
    collect(&server).await;
    server.clock.advance(GRACE_MS / 2 - 1);
    let stored = quick.finish().await.unwrap();
    server.app.store.verify(&stored.content).await.unwrap();
    // Later its claims are made again while everything is there …
    let mut slow = server.app.store.writer();
    slow.write(&content).await.unwrap();
    server.clock.advance(GRACE_MS);
    let stored = slow.finish().await.unwrap();
    collect(&server).await;
    server.app.store.verify(&stored.content).await.unwrap();
    // … and when something has gone meanwhile, the client has to go on from what is durable.
    let mut late = server.app.store.writer();
    late.write(&content).await.unwrap();
    collect(&server).await;
    server.clock.advance(2 * GRACE_MS);
    assert!(collect(&server).await.freed.objects > 2);
    let error = late.finish().await.unwrap_err();
    assert!(matches!(error, storage::Error::Interrupted), "{error:?}");
}

#[tokio::test]
async fn an_unfinished_upload_keeps_its_bytes_and_an_ended_one_does_not() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(5, 6 * MIB);
    let upload = begin_upload(&ada, "goes-on.bin", &library, content.len()).await;
    send_part(&ada, &upload, &content, 0..5 * MIB).await;
    for _ in 0..3 {
        let report = collect(&server).await;
        assert_eq!((report.condemned.objects, report.freed.objects, report.uploads), (0, 0, 0), "{report}");
        server.clock.advance(2 * GRACE_MS);
    }
    let done = send_part(&ada, &upload, &content, 5 * MIB..6 * MIB).await;
    let document = done.header("wenshu-document-id").unwrap().to_owned();
    assert!(ada.get(&format!("/documents/{document}/content")).await.body == content);

    // A node that died between removing the row and the state leaves a state of nobody.
    let other = begin_upload(&ada, "ends.bin", &library, content.len()).await;
    send_part(&ada, &other, &content, 0..5 * MIB).await;
    let id = other.rsplit('/').next().unwrap().split('.').next().unwrap().parse().unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    assert!(db::uploads::delete(&mut tx, &id).await.unwrap().is_some());
    tx.commit().await.unwrap();
    server.clock.advance(2 * GRACE_MS);
    assert_eq!(collect(&server).await.uploads, 1);
    assert_eq!(collect(&server).await.uploads, 0);
    assert!(ada.get(&format!("/documents/{document}/content")).await.body == content);
}

#[tokio::test]
async fn what_was_made_of_contents_that_are_gone_goes_too() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let text = "垃圾回收之前的文字".as_bytes();
    let file = ada.upload("note.txt", &library, text).await;
    let page = ada.page("页面", &library).await;
    server.run_jobs().await;
    let keys = || async {
        let listed = server.app.store.list_below("derived");
        let listed: Vec<_> = futures::TryStreamExt::try_collect(listed).await.unwrap();
        listed.into_iter().map(|object: storage::sweep::Listed| object.key).collect::<Vec<_>>()
    };
    server.app.store.put_object(&format!("text/page/{page}/text.json.zst"), "of the page".into()).await.unwrap();
    let before = keys().await;
    assert!(before.len() >= 2, "{before:?}");
    server.clock.advance(10 * GRACE_MS);
    assert_eq!(collect(&server).await.condemned.objects, 0);
    purge(&server.app, &file).await;
    let first = collect(&server).await;
    assert_eq!(first.previews, 1);
    server.clock.advance(2 * GRACE_MS);
    let second = collect(&server).await;
    assert!(second.freed.objects >= 2, "the chunk and its text: {second}");
    let after = keys().await;
    assert_eq!(after, [format!("derived/text/page/{page}/text.json.zst")]);
    // The same bytes again are prepared again.
    let again = ada.upload("again.txt", &library, text).await;
    server.run_jobs().await;
    assert_eq!(ada.document(&again).await["processing"]["state"], "ready");
    assert!(keys().await.len() >= 2);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_stops_the_removal_of_chunks() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let kept = ada.upload("kept.bin", &library, &noise(6, 5 * MIB)).await;
    let garbage = ada.upload("garbage.bin", &library, &noise(7, 5 * MIB)).await;
    purge(&server.app, &garbage).await;
    let kept: DocumentId = kept.parse().unwrap();
    let version = db::versions::find(server.app.db.read(), &kept, 1).await.unwrap().unwrap();
    let list = object_path(&server, &format!("contents/{}/{}", &version.content_id[..2], version.content_id));
    let bytes = std::fs::read(&list).unwrap();
    std::fs::write(&list, &bytes[..bytes.len() - 1]).unwrap();
    for _ in 0..3 {
        let report = collect(&server).await;
        assert_eq!(report.freed_chunks.objects, 0, "{report}");
        assert_eq!(report.unreadable.len(), 1);
        server.clock.advance(2 * GRACE_MS);
    }
    std::fs::write(&list, &bytes).unwrap();
    assert!(collect(&server).await.condemned.objects > 1);
    server.clock.advance(2 * GRACE_MS);
    assert!(collect(&server).await.freed_chunks.objects > 1);
    server.app.store.verify(&version.content_id.parse().unwrap()).await.unwrap();
}

fn object_path(server: &TestServer, key: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(server.app.config.storage_url()).join(key)
}

/// Every file below a folder of the store.
fn files(server: &TestServer, family: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![object_path(server, family)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found
}

fn flip(file: &std::path::Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn damage_is_named_once_and_healed_by_the_same_bytes() {
    let server = start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let content = noise(8, 5 * MIB);
    let file = ada.upload("a.bin", &library, &content).await;
    let twin = ada.upload("b.bin", &library, &content).await;
    let sound = ada.upload("sound.bin", &library, &noise(9, MIB)).await;
    let whole = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    assert_eq!((whole.versions, whole.contents, whole.damaged_objects), (3, 2, 0));
    assert_eq!(whole.chunks as usize, files(&server, "chunks").len(), "each once");
    let largest = files(&server, "chunks").into_iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    flip(&largest, 70_000);

    let found = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    assert_eq!((found.damaged_objects, found.damaged_contents, found.damaged_versions), (1, 1, 2), "{found:?}");
    let named: Vec<_> = found.damage.iter().map(|damage| damage.document_id.clone().unwrap()).collect();
    assert!(named.contains(&file) && named.contains(&twin) && !named.contains(&sound));
    let view = root.get("/admin/storage").await.assert_status(200).json();
    assert_eq!(view["damaged"].as_array().unwrap().len(), 1);
    let report = &view["verified"]["report"];
    assert_eq!(report["damaged_versions"], 2);
    assert_eq!((&report["damage"][0]["code"], &report["damage"][1]["code"]), (&json!("damaged"), &json!("damaged")));
    ada.get(&format!("/documents/{sound}/content")).await.assert_status(200);

    ada.upload("c.bin", &library, &content).await;
    assert!(ada.get(&format!("/documents/{file}/content")).await.assert_status(200).body == content);
    assert_eq!(files(&server, "damaged").len(), 1, "the damaged bytes are kept aside");
    assert_eq!(root.get("/admin/storage").await.json()["damaged"].as_array().unwrap().len(), 0);
    assert_eq!(verify(&server.app, Pace::new(0), |_| {}).await.unwrap().damaged_objects, 0);
    // Nothing but the same bytes changes it, and nobody is told of damage that is none.
    let events = root.get("/audit?limit=1000").await.json();
    let verified = events["items"].as_array().unwrap().iter().filter(|event| event["action"] == "storage_verified");
    assert_eq!(
        verified.map(|event| event["details"]["damaged_objects"].as_i64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 0]
    );
}

#[tokio::test]
async fn one_empty_object_is_found_and_stops_neither_verifying_nor_repairing_nor_healing() {
    let server = start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let (small, large, lost) = (noise(50, 100_000), noise(51, 5 * MIB), noise(52, 90_000));
    let one = ada.upload("one.bin", &library, &small).await;
    let two = ada.upload("two.bin", &library, &large).await;
    let folder = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(server.app.config.storage_url())
        .arg(folder.path().join("copy"))
        .status();
    assert!(copied.unwrap().success());
    let copy = Store::open(&Backend::Local { root: folder.path().join("copy") }).unwrap();
    let three = ada.upload("three.bin", &library, &lost).await;
    let upload = begin_upload(&ada, "unfinished.bin", &library, 900_000).await;
    send_part(&ada, &upload, &noise(53, 900_000), 0..700_000).await;
    send_part(&ada, &upload, &noise(53, 900_000), 700_000..710_000).await;

    // A content's only chunk, one of several, a list, and the state that an upload goes on from.
    let truncate = |file: &std::path::Path| std::fs::File::create(file).map(drop).unwrap();
    let of = async |document: &str| {
        let document: DocumentId = document.parse().unwrap();
        let version = db::versions::find(server.app.db.read(), &document, 1).await.unwrap().unwrap();
        version.content_id
    };
    for content in [of(&one).await, of(&three).await] {
        truncate(&object_path(&server, &format!("chunks/{}/{content}", &content[..2])));
    }
    let large_id: ContentId = of(&two).await.parse().unwrap();
    let chunk = server.app.store.manifest(&large_id).await.unwrap().chunks()[1].id.to_string();
    truncate(&object_path(&server, &format!("chunks/{}/{chunk}", &chunk[..2])));
    let first_state = files(&server, "uploads").into_iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap();
    truncate(&first_state);

    let found = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    assert_eq!((found.damaged_objects, found.damaged_versions), (3, 3), "{found:?}");
    assert!(found.damage.iter().all(|damage| damage.code == DamageCode::Damaged));
    assert_eq!(found.damage.iter().filter(|damage| damage.kind == "upload").count(), 1, "{found:?}");
    assert_eq!(root.get("/admin/storage").await.json()["damaged"].as_array().unwrap().len(), 3);
    ada.get(&format!("/documents/{one}/content")).await.assert_error(500, "content_damaged");
    // Nothing goes as long as somebody may need it.
    purge(&server.app, &two).await;
    for _ in 0..3 {
        let report = collect(&server).await;
        assert_eq!((report.freed_chunks.objects, report.unreadable.len()), (0, 3), "{report}");
        server.clock.advance(2 * GRACE_MS);
    }
    let done = repair(&server.app, &copy, false, |_| {}).await.unwrap();
    assert_eq!((done.repaired.len(), done.left.len()), (2, 1), "{done:?}");
    assert!(ada.get(&format!("/documents/{one}/content")).await.assert_status(200).body == small);
    ada.upload("again.bin", &library, &lost).await;
    assert!(ada.get(&format!("/documents/{three}/content")).await.assert_status(200).body == lost);
    assert_eq!(verify(&server.app, Pace::new(0), |_| {}).await.unwrap().damaged_objects, 0);
}

#[tokio::test]
async fn an_emptied_chunk_that_nobody_has_noted_is_healed_by_the_same_bytes() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(54, 5 * MIB);
    let file = ada.upload("a.bin", &library, &content).await;
    for chunk in files(&server, "chunks") {
        std::fs::File::create(chunk).unwrap();
    }
    ada.get(&format!("/documents/{file}/content")).await;
    ada.upload("b.bin", &library, &content).await;
    assert!(ada.get(&format!("/documents/{file}/content")).await.assert_status(200).body == content);
    assert_eq!(verify(&server.app, Pace::new(0), |_| {}).await.unwrap().damaged_objects, 0);
}

#[tokio::test]
async fn what_is_missing_is_told_from_what_is_damaged() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(10, 6 * MIB);
    ada.upload("a.bin", &library, &noise(11, MIB / 2)).await;
    let begun = files(&server, "chunks");
    let upload = begin_upload(&ada, "b.bin", &library, content.len()).await;
    send_part(&ada, &upload, &content, 0..5 * MIB).await;

    let of_upload = files(&server, "chunks").into_iter().find(|file| !begun.contains(file)).unwrap();
    flip(&of_upload, 100);
    flip(&begun[0], 100);
    let codes = |report: &Report| -> Vec<_> {
        let mut codes: Vec<_> = report.damage.iter().map(|damage| (damage.kind.clone(), damage.code)).collect();
        codes.sort_by(|one, other| one.0.cmp(&other.0));
        codes
    };
    let found = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    let damaged = |kind: &str| (kind.to_owned(), DamageCode::Damaged);
    assert_eq!(codes(&found), [damaged("upload"), damaged("version")], "{found:?}");

    std::fs::remove_file(&of_upload).unwrap();
    std::fs::remove_file(&begun[0]).unwrap();
    let found = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    let missing = |kind: &str| (kind.to_owned(), DamageCode::Missing);
    assert_eq!(codes(&found), [missing("upload"), missing("version")], "{found:?}");
}

#[tokio::test]
async fn good_copies_are_taken_from_a_second_store() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let contents: Vec<_> = (0..3).map(|seed| noise(20 + seed, 5 * MIB)).collect();
    let mut documents = Vec::new();
    for (number, content) in contents.iter().enumerate() {
        documents.push(ada.upload(&format!("{number}.bin"), &library, content).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let copy_root = folder.path().join("copy");
    let copied =
        std::process::Command::new("cp").arg("-a").arg(server.app.config.storage_url()).arg(&copy_root).status();
    assert!(copied.unwrap().success());
    let copy = Store::open(&Backend::Local { root: copy_root.clone() }).unwrap();
    // A list, a chunk of the content whose list is damaged, a chunk that is gone, and one whose copy is damaged as well.
    flip(&files(&server, "contents")[0], 40);
    let mut chunks = files(&server, "chunks");
    chunks.sort();
    flip(&chunks[0], 100);
    std::fs::remove_file(&chunks[1]).unwrap();
    flip(&chunks[2], 5);
    let in_copy = copy_root.join(chunks[2].strip_prefix(object_path(&server, "")).unwrap());
    flip(&in_copy, 7);

    let before: Vec<_> = files(&server, "chunks").iter().map(|file| std::fs::read(file).unwrap()).collect();
    let dry = repair(&server.app, &copy, true, |_| {}).await.unwrap();
    assert!(!dry.repaired.is_empty() && files(&server, "damaged").is_empty());
    let after: Vec<_> = files(&server, "chunks").iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(before == after, "a dry run changes nothing");

    let done = repair(&server.app, &copy, false, |_| {}).await.unwrap();
    assert_eq!((done.repaired.len(), done.left.len()), (3, 1), "{done:?}");
    assert_eq!(files(&server, "damaged").len(), 2, "what was damaged is kept; what was missing had nothing");
    assert_eq!(verify(&server.app, Pace::new(0), |_| {}).await.unwrap().damaged_objects, 1);
    // The last one comes back from a copy that is good.
    flip(&in_copy, 7);
    let done = repair(&server.app, &copy, false, |_| {}).await.unwrap();
    assert_eq!((done.repaired.len(), done.left.len()), (1, 0), "{done:?}");
    for (document, content) in documents.iter().zip(&contents) {
        assert!(&ada.get(&format!("/documents/{document}/content")).await.assert_status(200).body == content);
    }
}

/// What a random run knows.
struct Run {
    app: App,
    store: Store,
    ada: Client,
    document: String,
    numbers: Numbers,
    contents: Vec<Arc<Vec<u8>>>,
    /// Written or being written, with the time of the beginning.
    writing: Vec<(i64, tokio::task::JoinHandle<Result<Stored, storage::Error>>)>,
    published: Vec<(String, ContentId)>,
    /// Contents that were published and could not be read.
    lost: usize,
    done: usize,
}

impl Run {
    /// Does one thing.
    async fn act(&mut self, library: &str) {
        match self.numbers.below(10) {
            0..4 => {
                let (store, content) =
                    (self.store.clone(), self.contents[self.numbers.below(self.contents.len())].clone());
                let task = tokio::spawn(async move { write(&store, &content).await });
                self.writing.push((self.app.clock.now(), task));
                // Some are done before the next thing happens, some are not.
                tokio::time::sleep(Duration::from_millis([0, 5, 60][self.numbers.below(3)])).await;
            }
            4..7 => self.publish(library).await,
            7..9 if !self.published.is_empty() => {
                let (document, _) = self.published.swap_remove(self.numbers.below(self.published.len()));
                purge(&self.app, &document).await;
            }
            _ => self.app.clock.advance(self.numbers.below(GRACE_MS as usize / 3) as i64),
        }
        self.done += 1;
        self.check().await;
    }

    /// What is written becomes a document, unless it is older than a writer may be.
    async fn publish(&mut self, library: &str) {
        let Some(index) = self.writing.iter().position(|(_, task)| task.is_finished()) else { return };
        let (began, task) = self.writing.swap_remove(index);
        let Ok(stored) = task.await.unwrap() else { return };
        if self.app.clock.now() - began >= GRACE_MS / 2 {
            return;
        }
        let name = format!("{}.bin", self.done);
        let document = self.ada.upload(&name, library, name.as_bytes()).await;
        publish(&self.app, &document, &self.ada, &stored).await;
        self.published.push((document, stored.content));
    }

    async fn check(&mut self) {
        let mut sound = Vec::new();
        for (document, content) in std::mem::take(&mut self.published) {
            match self.app.store.verify(&content).await {
                Ok(()) => sound.push((document, content)),
                Err(_) => self.lost += 1,
            }
        }
        self.published = sound;
    }
}

/// Random writers, purges and waits, before, between and in the middle of passes; returns how many contents were lost.
async fn random_run(seed: u64, with_guard: bool) -> usize {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let document = ada.upload("first.bin", &library, b"first").await;
    let blocks: Vec<_> = (0..3).map(|block| noise(seed * 10 + block, MIB + MIB / 2)).collect();
    // Contents share chunks, not lists.
    let contents =
        [[0, 1], [1, 2], [2, 0], [1, 0]].map(|pair| Arc::new(pair.map(|block: usize| blocks[block].clone()).concat()));
    let store = if with_guard { server.app.store.clone() } else { unguarded(&server) };
    let run = Run {
        app: server.app.clone(),
        store,
        ada,
        document,
        numbers: Numbers(seed),
        contents: contents.into(),
        writing: Vec::new(),
        published: Vec::new(),
        lost: 0,
        done: 0,
    };
    let run = Arc::new(tokio::sync::Mutex::new(run));
    for _ in 0..12 {
        for _ in 0..2 {
            run.lock().await.act(&library).await;
        }
        let (in_watch, library) = (run.clone(), library.clone());
        let watch: Watch = Arc::new(move |_| {
            let (run, library) = (in_watch.clone(), library.clone());
            Box::pin(async move {
                let mut run = run.lock().await;
                for _ in 0..run.numbers.below(3) {
                    run.act(&library).await;
                }
            })
        });
        collect_watched(&server.app, false, watch).await.unwrap();
        run.lock().await.check().await;
        server.clock.advance(GRACE_MS / 2);
    }
    let mut run = run.lock().await;
    for (_, task) in std::mem::take(&mut run.writing) {
        let _ = task.await;
    }
    run.check().await;
    if with_guard {
        // And nothing stays for ever.
        for (document, _) in std::mem::take(&mut run.published) {
            purge(&server.app, &document).await;
        }
        purge(&server.app, &run.document).await;
        sqlx::query("delete from documents").execute(server.app.db.read()).await.unwrap();
        for _ in 0..3 {
            collect(&server).await;
            server.clock.advance(2 * GRACE_MS);
        }
        let left = [files(&server, "chunks"), files(&server, "contents")].concat();
        assert!(left.is_empty(), "seed {seed}: {left:?}");
    }
    run.lost
}

#[tokio::test]
async fn random_writers_beside_passes_lose_nothing_and_leave_nothing() {
    let rounds = std::env::var("TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    for seed in 1..=rounds {
        assert_eq!(random_run(seed, true).await, 0, "seed {seed}");
    }
}

#[tokio::test]
async fn random_writers_without_the_guard_lose_contents() {
    let mut lost = 0;
    for seed in 1..=8 {
        lost += random_run(seed, false).await;
        if lost > 0 {
            return;
        }
    }
    panic!("nothing was lost: the test above shows nothing");
}

/// A sweep dies when rows have become dying for the `th` time; then the bytes come back, and then its removals arrive. Whether
/// the content can be read afterwards.
async fn survives_a_dead_sweep(th: usize, with_guard: bool, encrypted: bool) -> bool {
    let keys = tempfile::tempdir().unwrap();
    let key_file = keys.path().join("storage.key");
    storage::KeyFile::create(&key_file).unwrap();
    let server = TestServer::start_with(|config| {
        config.gc_grace_ms = GRACE_MS;
        if encrypted {
            config.storage_key_file = key_file;
        }
    })
    .await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    server.clock.advance((now - START).max(0) + 2 * GRACE_MS);
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let content = noise(30, 5 * MIB);
    let garbage = ada.upload("garbage.bin", &library, &content).await;
    let document = ada.upload("document.bin", &library, b"first version").await;
    purge(&server.app, &garbage).await;
    assert!(collect(&server).await.condemned.objects > 2);
    server.clock.advance(GRACE_MS + 1);

    let (died, seen) = (Arc::new(tokio::sync::Notify::new()), Arc::new(Mutex::new(0)));
    let watch: Watch = {
        let died = died.clone();
        Arc::new(move |step| {
            *seen.lock().unwrap() += usize::from(step == Step::Dying);
            let dies = step == Step::Dying && *seen.lock().unwrap() == th;
            let died = died.clone();
            Box::pin(async move {
                if dies {
                    died.notify_one();
                    std::future::pending::<()>().await;
                }
            })
        })
    };
    let app = server.app.clone();
    let sweep = tokio::spawn(async move { collect_watched(&app, false, watch).await });
    died.notified().await;
    sweep.abort();
    let _ = sweep.await;

    let store = if with_guard { server.app.store.clone() } else { unguarded(&server) };
    let began = std::time::Instant::now();
    let stored = write(&store, &content).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "it waited {:?}", began.elapsed());
    publish(&server.app, &document, &ada, &stored).await;
    // Now the removals arrive that were on their way.
    let dying: Vec<String> = sqlx::query_scalar("select key from condemned_objects where state = 'dying'")
        .fetch_all(server.app.db.read())
        .await
        .unwrap();
    assert!(!dying.is_empty());
    for key in &dying {
        unguarded(&server).remove(key).await.unwrap();
    }
    if server.app.store.verify(&stored.content).await.is_err() {
        return false;
    }
    assert_eq!(verify(&server.app, Pace::new(0), |_| {}).await.unwrap().damaged_objects, 0);
    // Whoever has the same bytes in this state relies on the second name, too; chunks that are only listed as well.
    let again = ada.upload("again.bin", &library, &content).await;
    assert!(ada.get(&format!("/documents/{again}/content")).await.assert_status(200).body == content);
    server.app.store.assemble(stored.manifest.chunks()).await.unwrap();
    assert_eq!(files(&server, "spare").len(), dying.len());
    assert_eq!(collect(&server).await.freed.objects, 0, "too early");
    assert_eq!(files(&server, "spare").len(), dying.len());
    server.clock.advance(11 * 60 * 1000);
    collect(&server).await;
    assert_eq!(files(&server, "spare").len(), 0, "it is back under its first name");
    let listed: i64 =
        sqlx::query_scalar("select count(*) from condemned_objects").fetch_one(server.app.db.read()).await.unwrap();
    assert_eq!(listed, 0);
    server.app.store.verify(&stored.content).await.is_ok()
}

#[tokio::test]
async fn bytes_that_come_back_after_a_sweep_has_died_do_not_wait_and_are_not_lost() {
    // The list, and a chunk.
    for th in [1, 2] {
        for encrypted in [false, true] {
            assert!(survives_a_dead_sweep(th, true, encrypted).await, "{th}, encrypted: {encrypted}");
        }
        assert!(!survives_a_dead_sweep(th, false, false).await, "{th}: the test above shows nothing");
    }
}
