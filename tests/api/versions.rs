//! `/documents/{id}/versions`: what a document was.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn versions_are_listed_newest_first_and_restored_as_a_new_one() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"draft").await;
    ada.share("folders", &library, &bob, "editor").await;
    assert_eq!(bob.upload_version(&file, "plan.txt", b"second draft").await, 2);

    let versions = ada.get(&format!("/documents/{file}/versions")).await.assert_status(200).json();
    let numbers: Vec<_> =
        versions["items"].as_array().unwrap().iter().map(|version| version["number"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(versions["items"][0]["author"]["name"], "bob");
    assert_eq!(versions["items"][0]["is_head"], true);
    assert_eq!(versions["items"][1]["size_bytes"], 5);
    assert_eq!(versions["items"][1]["processing"]["state"], "waiting");

    let restored =
        ada.post(&format!("/documents/{file}/versions/1/restore"), json!({})).await.assert_status(201).json();
    assert_eq!((restored["number"].clone(), restored["is_head"].clone()), (json!(3), json!(true)));
    assert_eq!(restored["sha256"], versions["items"][1]["sha256"]);
    assert_eq!(ada.get(&format!("/documents/{file}/content")).await.body, b"draft");
    assert_eq!(ada.document(&file).await["version"], 3);
}

#[tokio::test]
async fn restoring_takes_an_editor_and_a_version() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"draft").await;
    ada.share("folders", &library, &bob, "commenter").await;
    let restore = format!("/documents/{file}/versions/1/restore");
    bob.post(&restore, json!({})).await.assert_error(403, "restore_version_not_allowed");
    eve.post(&restore, json!({})).await.assert_error(404, "document_not_found");
    eve.get(&format!("/documents/{file}/versions")).await.assert_error(404, "document_not_found");
    let missing = ada.post(&format!("/documents/{file}/versions/7/restore"), json!({})).await;
    missing.assert_error(404, "version_not_found");
    ada.get(&format!("/documents/{file}/versions?cursor=x")).await.assert_error(400, "cursor_invalid");
}

#[tokio::test]
async fn versions_added_at_once_are_all_kept_without_holes() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"0").await;
    let uploads = (1..=8).map(|n| {
        let (ada, file) = (ada.clone(), file.clone());
        async move { ada.upload_version(&file, "plan.txt", format!("{n}").as_bytes()).await }
    });
    let mut numbers = futures::future::join_all(uploads).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn equal_contents_are_prepared_once() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    for name in ["a.txt", "b.txt"] {
        ada.upload(name, &library, b"the same text").await;
    }
    let jobs = wenshu::db::jobs::count(server.app.db.read()).await.unwrap();
    let waiting = jobs.iter().find(|(state, _)| state == "waiting").map_or(0, |(_, count)| *count);
    assert_eq!(waiting, 3, "one to read the text, one to make the pages, one to remove expired uploads");
}
