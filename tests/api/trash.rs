//! What was thrown away comes back as it went, or goes for good with everything that knew of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use wenshu::{
    db::{self, Engine},
    jobs::{self, expire_trash::ExpireTrash},
};

use crate::{
    rooms::peer::Peer,
    support::{Client, TestServer, library::metadata_of},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn trash(client: &Client) -> Vec<Value> {
    client.get("/trash").await.assert_status(200).json()["items"].as_array().unwrap().clone()
}

/// Names of what lies in a folder: folders, then documents.
async fn names(client: &Client, folder: &str) -> Vec<String> {
    let children = client.get(&format!("/folders/{folder}/children")).await.assert_status(200).json();
    let items = [&children["folders"], &children["documents"]].into_iter().flat_map(|list| list.as_array().unwrap());
    items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn assert_exact(server: &TestServer) {
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
}

/// Asks for the round of today.
async fn expire(server: &TestServer) {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &ExpireTrash {}, now, now).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
}

/// Every place in the database where `value` stands, as `table.column`.
async fn places(server: &TestServer, value: &str) -> Vec<String> {
    let db = server.app.db.read();
    let columns: Vec<(String, String)> = match server.app.db.engine() {
        Engine::Sqlite => {
            "select t.name, c.name from sqlite_master t join pragma_table_info(t.name) c
             where t.type = 'table' and lower(c.type) = 'text' and t.name not like 'sqlite%'"
        }
        Engine::Postgres => {
            "select cast(table_name as text), cast(column_name as text) from information_schema.columns
             where table_schema = 'public' and data_type = 'text'"
        }
    }
    .pipe(|text| sqlx::query_as(text).fetch_all(db))
    .await
    .unwrap();
    assert!(columns.len() > 60, "{columns:?}");
    let mut found = Vec::new();
    for (table, column) in columns {
        let text = format!("select count(*) from {table} where {column} = $1 or {column} = $1 || '.notes'");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).bind(value).fetch_one(db).await.unwrap();
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found.sort();
    found
}

trait Pipe: Sized {
    fn pipe<T>(self, f: impl FnOnce(Self) -> T) -> T {
        f(self)
    }
}
impl<T> Pipe for T {}

#[tokio::test]
async fn a_folder_comes_back_as_one_with_what_went_with_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("合同", Some(&library)).await;
    let below = ada.folder("2025", Some(&folder)).await;
    ada.upload("甲.txt", &folder, b"12345").await;
    ada.upload("乙.txt", &below, b"1234567").await;
    let before = ada.upload("丙.txt", &below, b"123").await;
    ada.share("folders", &library, &bob, "editor").await;

    // One was thrown away before: it is another entry, and stays there.
    ada.delete(&format!("/documents/{before}")).await.assert_status(204);
    server.clock.advance(1000);
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    let entries = trash(&ada).await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    let entry = &entries[0];
    assert_eq!((&entry["id"], &entry["kind"], &entry["name"]), (&json!(folder), &json!("folder"), &json!("合同")));
    assert_eq!((&entry["document_count"], &entry["size_bytes"]), (&json!(2), &json!(12)));
    assert_eq!((&entry["trashed_by"]["id"], &entry["held"]), (&json!(ada.id), &json!(false)));
    assert_eq!(entry["purge_at"], json!(server.clock.now() + 30 * DAY_MS));
    assert_eq!(entry["path"], json!([{ "id": library, "name": "库" }]));
    let path: Vec<&str> =
        entries[1]["path"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(path, ["库", "合同", "2025"]);
    assert_eq!(trash(&bob).await, Vec::<Value>::new(), "only who may delete looks into the trash");
    bob.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_error(403, "delete_not_allowed");
    bob.delete(&format!("/trash/{folder}")).await.assert_error(403, "purge_not_allowed");

    // Its name is in use again.
    ada.folder("合同", Some(&library)).await;
    let back = ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_status(200).json();
    assert_eq!((&back["name"], &back["folder_id"]), (&json!("合同 (2)"), &json!(library)));
    assert_eq!(names(&ada, &folder).await, ["2025", "甲.txt"]);
    assert_eq!(names(&ada, &below).await, ["乙.txt"]);
    assert_eq!(trash(&ada).await.len(), 1);
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_error(404, "trash_entry_not_found");
    ada.post(&format!("/trash/{before}/restore"), json!({})).await.assert_status(200);
    assert_eq!(names(&ada, &below).await, ["丙.txt", "乙.txt"]);
    assert_exact(&server).await;
}

#[tokio::test]
async fn when_its_place_is_gone_another_one_is_chosen() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let outer = ada.folder("外", Some(&library)).await;
    let inner = ada.folder("内", Some(&outer)).await;
    let document = ada.upload("a.txt", &inner, b"a").await;
    ada.delete(&format!("/documents/{document}")).await.assert_status(204);
    ada.delete(&format!("/folders/{inner}")).await.assert_status(204);
    ada.delete(&format!("/folders/{outer}")).await.assert_status(204);

    for id in [&document, &inner] {
        let gone = ada.post(&format!("/trash/{id}/restore"), json!({})).await.assert_error(409, "place_gone");
        assert_eq!(gone["folder_id"], json!(library), "the nearest that is there is offered");
    }
    // The place that is chosen takes the right to add to it.
    let foreign = eve.folder("别人的库", None).await;
    let into = |place: &str| json!({ "folder_id": place });
    ada.post(&format!("/trash/{inner}/restore"), into(&foreign)).await.assert_error(404, "folder_not_found");
    eve.share("folders", &foreign, &ada, "reader").await;
    ada.post(&format!("/trash/{inner}/restore"), into(&foreign)).await.assert_error(403, "create_folder_not_allowed");
    ada.post(&format!("/trash/{document}/restore"), into(&foreign)).await.assert_error(403, "upload_not_allowed");
    ada.post(&format!("/trash/{inner}/restore"), into(&outer)).await.assert_error(409, "place_gone");

    let other = ada.folder("另一个库", None).await;
    ada.post(&format!("/trash/{inner}/restore"), into(&other)).await.assert_status(200);
    assert_eq!(names(&ada, &other).await, ["内"]);
    // Now its old place is there again.
    let back = ada.post(&format!("/trash/{document}/restore"), json!({})).await.assert_status(200).json();
    assert_eq!(back["folder_id"], json!(inner));
    assert_eq!(ada.document(&document).await["path"][0]["name"], "另一个库");
    // A library has no place.
    ada.delete(&format!("/folders/{library}")).await.assert_status(204);
    ada.post(&format!("/trash/{library}/restore"), into(&other)).await.assert_error(409, "folder_is_library");
    ada.post(&format!("/trash/{library}/restore"), json!({})).await.assert_status(200);
    assert_exact(&server).await;
}

#[tokio::test]
async fn one_document_is_taken_out_of_a_folder_in_the_trash() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let folder = ada.folder("夹", Some(&library)).await;
    let document = ada.upload("a.txt", &folder, b"abc").await;
    ada.upload("b.txt", &folder, b"b").await;
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    ada.post(&format!("/documents/{document}/untrash"), json!({})).await.assert_error(409, "place_gone");
    let place = json!({ "folder_id": library });
    ada.post(&format!("/documents/{document}/untrash"), place).await.assert_status(200);
    let entries = trash(&ada).await;
    assert_eq!((&entries[0]["document_count"], &entries[0]["size_bytes"]), (&json!(1), &json!(1)));
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_status(200);
    assert_eq!(names(&ada, &library).await, ["夹", "a.txt"]);
    assert_eq!(names(&ada, &folder).await, ["b.txt"]);
}

#[tokio::test]
async fn what_is_deleted_for_good_leaves_no_trace_but_the_log() {
    let server = TestServer::start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("夹", Some(&library)).await;
    let below = ada.folder("下", Some(&folder)).await;
    let file = ada.upload("销毁.txt", &below, b"only here").await;
    ada.upload_version(&file, "销毁.txt", b"and here").await;
    let twin = ada.upload("保留.txt", &library, b"and here").await;
    let page = ada.page("通知", &folder).await;
    // Everything that can know of a document.
    let mut peer = Peer::join(&ada, &page).await;
    peer.write("正文").await;
    peer.leave().await;
    let metadata = [("filename", "p.png"), ("attached_to", page.as_str())];
    let picture = ada.try_upload(&metadata, b"\x89PNG\r\n\x1a\nx").await.assert_status(201);
    let picture = picture.header("wenshu-document-id").unwrap().to_owned();
    let bob = server.user("bob").await;
    ada.share("documents", &file, &bob, "reader").await;
    ada.share("folders", &below, &bob, "reader").await;
    let fields = json!({ "name": "档号", "kind": "text" });
    let field = ada.post(&format!("/folders/{library}/properties"), fields).await.assert_status(201).json();
    let record = json!({ "tags": ["旧"], "properties": { field["id"].as_str().unwrap(): ["W-1"] } });
    ada.patch(&format!("/documents/{file}"), record).await.assert_status(200);
    let begun = ada.tus(Method::POST, "/uploads").header("upload-length", 1000);
    let begun = begun.header("upload-metadata", metadata_of(&[("filename", "x"), ("document_id", &file)]));
    ada.send(begun).await.assert_status(201);
    server.run_jobs().await;
    let contents: Vec<String> =
        sqlx::query_scalar("select content_id from versions where document_id = $1 order by number")
            .bind(&file)
            .fetch_all(server.app.db.read())
            .await
            .unwrap();
    assert!(places(&server, &file).await.len() > 6, "{:?}", places(&server, &file).await);
    assert!(places(&server, &page).await.contains(&"rooms.room".to_owned()));

    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    ada.delete(&format!("/trash/{folder}")).await.assert_status(202);
    let going = trash(&ada).await;
    assert_eq!(going[0]["purged_count"], json!(2), "{going:?}");
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_error(409, "trash_entry_purging");
    server.run_jobs().await;
    assert_eq!(trash(&ada).await, Vec::<Value>::new());
    for id in [&file, &page, &picture] {
        assert_eq!(places(&server, id).await, ["audit.document_id", "changes.document_id"]);
    }
    for id in [&folder, &below] {
        assert_eq!(places(&server, id).await, ["audit.folder_id"]);
    }
    assert_eq!(places(&server, &contents[0]).await, Vec::<String>::new(), "nobody else is shown from it");
    let shared = ["content_chunks.content_id", "previews.content_id", "versions.content_id"];
    assert_eq!(places(&server, &contents[1]).await, shared, "another document has it");
    assert_eq!(ada.document(&twin).await["processing"]["state"], "ready");
    let hits = ada.get("/search?q=only%20here").await.assert_status(200).json();
    assert_eq!(hits["total"], 0);
    assert_exact(&server).await;

    let log = root.get("/audit?limit=1000").await.json();
    let events: Vec<&Value> =
        log["items"].as_array().unwrap().iter().filter(|it| it["action"] == "document_purged").collect();
    assert_eq!(events.len(), 3);
    let event = events.iter().find(|event| event["document_id"] == json!(file)).unwrap();
    assert_eq!((&event["details"]["name"], &event["details"]["versions"]), (&json!("销毁.txt"), &json!(2)));
    assert_eq!((&event["actor"], &event["details"]["size_bytes"]), (&json!(ada.id), &json!(17)));
}

#[tokio::test]
async fn the_trash_is_emptied_by_hand_or_after_its_time() {
    let server = TestServer::start_with(|config| config.trash_days = 10).await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let (one, two) = (ada.upload("1.txt", &library, b"1").await, ada.upload("2.txt", &library, b"2").await);
    let foreign = eve.folder("别人的库", None).await;
    let hers = eve.upload("3.txt", &foreign, b"3").await;
    eve.delete(&format!("/documents/{hers}")).await.assert_status(204);
    ada.delete(&format!("/documents/{one}")).await.assert_status(204);
    server.clock.advance(5 * DAY_MS);
    ada.delete(&format!("/documents/{two}")).await.assert_status(204);
    expire(&server).await;
    assert_eq!(trash(&ada).await.len(), 2);
    server.clock.advance(5 * DAY_MS + 1);
    expire(&server).await;
    assert_eq!(trash(&ada).await.len(), 1, "its time was over");
    assert_eq!(trash(&eve).await.len(), 0);
    let emptied = ada.delete("/trash").await.assert_status(202).json();
    assert_eq!(emptied, json!({ "purged": 1, "held": 0 }));
    server.run_jobs().await;
    assert_eq!(trash(&ada).await.len(), 0);
    ada.delete(&format!("/trash/{two}")).await.assert_error(404, "trash_entry_not_found");
    // One document goes at once.
    let three = ada.upload("3.txt", &library, b"3").await;
    ada.delete(&format!("/documents/{three}")).await.assert_status(204);
    ada.delete(&format!("/trash/{three}")).await.assert_status(204);
    server.run_jobs().await;
    assert_exact(&server).await;
}

#[tokio::test]
async fn what_is_on_hold_stays() {
    let server = TestServer::start_with(|config| config.session_idle_ms = 1000 * DAY_MS).await;
    let (ada, bob, root) = (server.user("ada").await, server.user("bob").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("案卷", Some(&library)).await;
    let document = ada.upload("证据.txt", &folder, b"1").await;
    let elsewhere = ada.folder("别处", Some(&library)).await;
    ada.share("folders", &library, &bob, "editor").await;
    let hold = json!({ "note": "仲裁 2026-3" });
    bob.put(&format!("/documents/{document}/hold"), hold.clone()).await.assert_error(403, "hold_not_allowed");
    ada.put(&format!("/documents/{document}/hold"), hold.clone()).await.assert_status(204);
    ada.put(&format!("/documents/{document}/hold"), hold.clone()).await.assert_error(409, "hold_exists");
    assert_eq!(bob.document(&document).await["held"], json!(true));
    let holds = bob.get(&format!("/documents/{document}/hold")).await.assert_status(200).json();
    assert_eq!((&holds["items"][0]["note"], &holds["items"][0]["own"]), (&json!("仲裁 2026-3"), &json!(true)));
    ada.delete(&format!("/documents/{document}")).await.assert_error(409, "document_held");
    ada.delete(&format!("/folders/{folder}")).await.assert_error(409, "folder_held");
    ada.delete(&format!("/folders/{library}")).await.assert_error(409, "folder_held");
    // It goes on being edited, and moves with its hold.
    bob.upload_version(&document, "证据.txt", b"2").await;
    ada.delete(&format!("/documents/{document}/hold")).await.assert_status(204);
    ada.delete(&format!("/documents/{document}/hold")).await.assert_error(404, "hold_not_found");

    // A folder holds everything in it: nothing goes out of it either.
    ada.put(&format!("/folders/{folder}/hold"), hold.clone()).await.assert_status(204);
    assert_eq!(ada.document(&document).await["held"], json!(true));
    assert_eq!(ada.get(&format!("/folders/{folder}")).await.json()["held"], json!(true));
    assert_eq!(ada.get(&format!("/folders/{library}")).await.json()["held"], json!(false));
    let holds = ada.get(&format!("/documents/{document}/hold")).await.json();
    assert_eq!((&holds["items"][0]["from"]["name"], &holds["items"][0]["own"]), (&json!("案卷"), &json!(false)));
    ada.delete(&format!("/documents/{document}")).await.assert_error(409, "document_held");
    let out = json!({ "folder_id": elsewhere });
    ada.patch(&format!("/documents/{document}"), out).await.assert_error(409, "leaves_hold");
    let within = ada.folder("里", Some(&folder)).await;
    ada.patch(&format!("/documents/{document}"), json!({ "folder_id": within })).await.assert_status(200);
    let out = json!({ "parent_id": elsewhere });
    ada.patch(&format!("/folders/{within}"), out).await.assert_error(409, "leaves_hold");
    ada.delete(&format!("/folders/{folder}/hold")).await.assert_status(204);

    // Also in the trash: until an administrator lifts it.
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    root.put(&format!("/documents/{document}/hold"), hold).await.assert_status(204);
    assert_eq!(trash(&ada).await[0]["held"], json!(true));
    ada.delete(&format!("/trash/{folder}")).await.assert_error(409, "folder_held");
    assert_eq!(ada.delete("/trash").await.json(), json!({ "purged": 0, "held": 1 }));
    server.clock.advance(40 * DAY_MS);
    expire(&server).await;
    assert_eq!(trash(&ada).await.len(), 1);
    root.delete(&format!("/documents/{document}/hold")).await.assert_status(204);
    server.clock.advance(DAY_MS);
    server.run_jobs().await;
    assert_eq!(trash(&ada).await.len(), 0);
    let log = root.get("/audit?limit=1000").await.json();
    let count = |action: &str| log["items"].as_array().unwrap().iter().filter(|it| it["action"] == action).count();
    assert_eq!((count("hold_put"), count("hold_lifted")), (3, 3));
}

#[tokio::test]
async fn nothing_leaves_a_held_folder_by_way_of_the_trash() {
    let server = TestServer::start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("案卷", Some(&library)).await;
    let within = ada.folder("里", Some(&folder)).await;
    let elsewhere = ada.folder("别处", Some(&library)).await;
    let document = ada.upload("证据.txt", &folder, b"1").await;
    ada.upload("里面.txt", &within, b"2").await;
    ada.delete(&format!("/documents/{document}")).await.assert_status(204);
    ada.delete(&format!("/folders/{within}")).await.assert_status(204);
    root.put(&format!("/folders/{folder}/hold"), json!({})).await.assert_status(204);
    for entry in [&document, &within] {
        let out = json!({ "folder_id": elsewhere });
        ada.post(&format!("/trash/{entry}/restore"), out).await.assert_error(409, "leaves_hold");
        ada.post(&format!("/trash/{entry}/restore"), json!({})).await.assert_status(200);
    }
    assert_eq!(names(&ada, &elsewhere).await, [""; 0]);
    assert_exact(&server).await;
}

/// `cargo test --test api -- --ignored --nocapture twenty_thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes a minute"]
async fn twenty_thousand_documents_go_while_others_write() {
    const DOCUMENTS: usize = 20_000;
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("旧案卷", Some(&library)).await;
    let mut tx = server.app.db.begin().await.unwrap();
    for number in 0..DOCUMENTS {
        let id = wenshu::ids::DocumentId::new().to_string();
        sqlx::query(
            "insert into documents (id, folder_id, kind, name, name_key, head, level, scope_id, inherits, created_by,
                                    created_at, updated_by, updated_at)
             values ($1, $2, 'file', $3, $3, 2, 1, $5, 1, $4, 0, $4, 0)",
        )
        .bind(&id)
        .bind(&folder)
        .bind(format!("扫描件{number:06}.pdf"))
        .bind(&ada.id)
        .bind(&library)
        .execute(&mut *tx)
        .await
        .unwrap();
        for version in 1..=2 {
            let content = format!("{number:060x}{version:04x}");
            sqlx::query(
                "insert into versions (document_id, number, content_id, size_bytes, sha256, media_type, author_id, created_at)
                 values ($1, $2, $3, 1000, $3, 'application/pdf', $4, 0)",
            )
            .bind(&id)
            .bind(version)
            .bind(&content)
            .bind(&ada.id)
            .execute(&mut *tx)
            .await
            .unwrap();
            sqlx::query("insert into previews (content_id, media_type, state, updated_at) values ($1, 'application/pdf', 'ready', 0)")
                .bind(&content)
                .execute(&mut *tx)
                .await
                .unwrap();
        }
    }
    tx.commit().await.unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    for difference in db::usage::list_differences(server.app.db.read()).await.unwrap() {
        db::usage::correct(&mut tx, &difference).await.unwrap();
    }
    tx.commit().await.unwrap();

    let started = Instant::now();
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    println!("{DOCUMENTS} documents into the trash: {:.2?}", started.elapsed());
    let started = Instant::now();
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_status(200);
    println!("and back: {:.2?}", started.elapsed());
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);

    // Somebody else makes folders all the time: that takes the same lock.
    let done = Arc::new(AtomicBool::new(false));
    let elsewhere = bob.folder("别处", None).await;
    let other = tokio::spawn({
        let done = done.clone();
        async move {
            let mut waits = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                bob.folder(&format!("夹{}", waits.len()), Some(&elsewhere)).await;
                waits.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            waits.sort();
            waits
        }
    });
    let started = Instant::now();
    ada.delete(&format!("/trash/{folder}")).await.assert_status(202);
    println!("asked for: {:.2?}", started.elapsed());
    jobs::runner::run_due(&server.app, &jobs::all()).await.unwrap();
    let took = started.elapsed();
    done.store(true, Ordering::Relaxed);
    let waits = other.await.unwrap();
    println!(
        "{DOCUMENTS} documents with 2 versions gone for good in {took:.1?}; {} writes of somebody else meanwhile: median {:.0?}, longest {:.0?}",
        waits.len(),
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
    assert_eq!(trash(&ada).await.len(), 0);
    assert!(waits[waits.len() - 1] < Duration::from_secs(2));
    assert_exact(&server).await;
}
