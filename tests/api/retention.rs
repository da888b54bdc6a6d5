//! Libraries keep the versions that they want to keep; the others go, and never one that somebody may need.

use serde_json::{Value, json};
use wenshu::{
    db,
    jobs::{self, thin_versions::ThinVersions},
};

use crate::support::{Client, START, TestServer};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Nobody has to sign in again while years pass.
async fn start() -> TestServer {
    TestServer::start_with(|config| config.session_idle_ms = 1000 * DAY_MS).await
}

async fn numbers(client: &Client, document: &str) -> Vec<i64> {
    let list = client.get(&format!("/documents/{document}/versions")).await.assert_status(200).json();
    list["items"].as_array().unwrap().iter().map(|version| version["number"].as_i64().unwrap()).collect()
}

async fn thin(server: &TestServer) {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &ThinVersions {}, now, now).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
}

#[tokio::test]
async fn a_library_thins_its_versions_and_shows_before_what_would_go() {
    let server = start().await;
    let (ada, bob, root) = (server.user("ada").await, server.user("bob").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let other = ada.folder("别的库", None).await;
    // 16:00 in China: twelve versions, six hours apart, over three days.
    let document = ada.upload("a.txt", &library, b"0").await;
    let untouched = ada.upload("a.txt", &other, b"0").await;
    let held = ada.upload("h.txt", &library, b"0").await;
    for number in 1..12 {
        server.clock.advance(6 * HOUR_MS);
        for id in [&document, &untouched, &held] {
            ada.upload_version(id, "a.txt", format!("{number:02}").as_bytes()).await;
        }
    }
    ada.patch(&format!("/documents/{document}/versions/4"), json!({ "note": "送审稿" })).await.assert_status(200);
    ada.put(&format!("/documents/{held}/hold"), json!({})).await.assert_status(204);
    server.run_jobs().await;
    server.clock.advance(10 * DAY_MS);

    let path = format!("/folders/{library}/retention");
    let rule = json!({ "keep_all_days": 7, "daily_days": 30 });
    assert_eq!(bob.get(&path).await.assert_status(200).json(), json!({ "rule": null }));
    bob.put(&path, rule.clone()).await.assert_error(403, "set_retention_not_allowed");
    bob.post(&format!("{path}/preview"), rule.clone()).await.assert_error(403, "set_retention_not_allowed");
    ada.put(&path, json!({ "keep_all_days": 0, "daily_days": 30 })).await.assert_error(400, "retention_invalid");
    let below = ada.folder("夹", Some(&library)).await;
    ada.put(&format!("/folders/{below}/retention"), rule.clone()).await.assert_error(409, "folder_not_library");

    let would = ada.post(&format!("{path}/preview"), rule.clone()).await.assert_status(200).json();
    // 16 22 | 4 10 16 22 | 4 10 16 22 | 4 10: the last of each day stays, the named one, and the newest.
    assert_eq!(would, json!({ "documents": 1, "versions": 7, "size_bytes": 1 + 6 * 2 }));
    thin(&server).await;
    assert_eq!(numbers(&ada, &document).await.len(), 12, "there is no rule yet");
    ada.put(&path, rule.clone()).await.assert_status(204);
    assert_eq!(ada.get(&path).await.json(), json!({ "rule": rule }));
    thin(&server).await;
    assert_eq!(numbers(&ada, &document).await, [12, 10, 6, 4, 2]);
    assert_eq!(numbers(&ada, &held).await.len(), 12);
    assert_eq!(numbers(&ada, &untouched).await.len(), 12);
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
    // A second round finds nothing more.
    thin(&server).await;
    assert_eq!(numbers(&ada, &document).await, [12, 10, 6, 4, 2]);
    let log = root.get(&format!("/audit?document_id={document}&limit=1000")).await.json();
    let events: Vec<&Value> =
        log["items"].as_array().unwrap().iter().filter(|event| event["action"] == "versions_thinned").collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["details"]["numbers"], json!([1, 3, 5, 7, 8, 9, 11]));

    // Holes in the numbers disturb nobody.
    ada.get(&format!("/documents/{document}/versions/5/content")).await.assert_error(404, "version_not_found");
    ada.post(&format!("/documents/{document}/versions/5/restore"), json!({}))
        .await
        .assert_error(404, "version_not_found");
    let content = ada.get(&format!("/documents/{document}/versions/6/content")).await.assert_status(200);
    assert_eq!(content.body, b"05");
    let restored = ada.post(&format!("/documents/{document}/versions/6/restore"), json!({})).await.assert_status(201);
    assert_eq!(restored.json()["number"], 13);
    assert_eq!(ada.upload_version(&document, "a.txt", b"14").await, 14);
    server.run_jobs().await;
    assert_eq!(ada.document(&document).await["processing"]["state"], "ready");

    // At most so many: the oldest go first, a name stays.
    server.clock.advance(20 * DAY_MS);
    let rule = json!({ "keep_all_days": 7, "daily_days": 30, "max_versions": 3 });
    ada.put(&path, rule).await.assert_status(204);
    thin(&server).await;
    // The restored one is called #6.
    assert_eq!(numbers(&ada, &document).await, [14, 13, 4]);
    ada.delete(&path).await.assert_status(204);
    assert_eq!(ada.get(&path).await.json(), json!({ "rule": null }));
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
}

#[tokio::test]
async fn a_version_that_was_annotated_stays() {
    let server = start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let document = ada.upload("a.txt", &library, b"1").await;
    server.clock.advance(HOUR_MS);
    ada.upload_version(&document, "a.txt", b"2").await;
    // Somebody notes something beside the second version.
    let thread = format!(
        "insert into annotations (document_id, id, quote, created_at, message_count) values ('{document}', 'a', '', {}, 1)",
        server.clock.now() + 1
    );
    server.execute(&thread).await;
    for text in ["3", "4", "5", "6", "7", "8"] {
        server.clock.advance(HOUR_MS);
        ada.upload_version(&document, "a.txt", text.as_bytes()).await;
        let (now, long_ago) = (server.clock.now(), START - HOUR_MS);
        match text {
            // Somebody's clock is slow: the server has seen when it came.
            "4" => {
                let thread = "insert into annotations (document_id, id, quote, created_at, message_count, seen_at)";
                server.execute(&format!("{thread} values ('{document}', 'b', '', {long_ago}, 1, {now})")).await;
            }
            // An answer is a note, too.
            "6" => {
                let message = "insert into annotation_messages
                    (document_id, thread_id, position, id, is_forged, text, at, seen_at)";
                server
                    .execute(&format!("{message} values ('{document}', 'a', 1, 'c', 0, '', {long_ago}, {now})"))
                    .await;
            }
            _ => {}
        }
    }
    server.clock.advance(60 * DAY_MS);
    let rule = json!({ "keep_all_days": 1, "daily_days": 0, "max_versions": 1 });
    ada.put(&format!("/folders/{library}/retention"), rule).await.assert_status(204);
    thin(&server).await;
    assert_eq!(numbers(&ada, &document).await, [8, 6, 4, 2]);
}
