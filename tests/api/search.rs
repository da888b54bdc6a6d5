//! Search over HTTP: who finds what, and how wrong queries are answered. Names alone are enough here; texts are searched
//! in `tests/flows`.

use serde_json::{Value, json};
use wenshu::{ids::DocumentId, search};

use crate::support::{Client, TestServer};

/// Ids of the documents that are found, and how many there are said to be.
async fn found(client: &Client, query: &str) -> (Vec<String>, i64) {
    let answer = client.get(&format!("/search?{query}")).await.assert_status(200).json();
    let id = |hit: &Value| hit["document"]["id"].as_str().unwrap().to_owned();
    (answer["items"].as_array().unwrap().iter().map(id).collect(), answer["total"].as_i64().unwrap())
}

#[tokio::test]
async fn hidden_documents_are_neither_found_nor_counted_nor_suggested() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (open, closed) = (ada.folder("开放", None).await, ada.folder("内部", None).await);
    let shown = ada.page("采购计划甲", &open).await;
    ada.page("采购计划乙", &closed).await;
    ada.share("folders", &open, &bob, "previewer").await;
    search::catch_up(&server.app).await.unwrap();

    assert_eq!(found(&ada, "q=采购计划").await.1, 2);
    assert_eq!(found(&bob, "q=采购计划").await, (vec![shown.clone()], 1));
    assert_eq!(found(&bob, &format!("q=采购计划&in={closed}")).await, (vec![], 0));
    let suggested = bob.get("/suggest?q=cgjh").await.assert_status(200).json();
    assert_eq!(suggested["documents"].as_array().unwrap().len(), 1, "{suggested}");
    server.anonymous().get("/search?q=采购").await.assert_error(401, "unauthorized");

    // The index has not changed: a right that was taken away is gone with the next query.
    ada.delete(&format!("/folders/{open}/grants/user/{}", bob.id)).await.assert_status(204);
    assert_eq!(found(&bob, "q=采购计划").await, (vec![], 0));
    assert_eq!(bob.get("/suggest?q=cgjh").await.json()["documents"], json!([]));
}

#[tokio::test]
async fn what_went_to_the_trash_is_not_shown_even_before_the_index_follows() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let page = ada.page("过期通知", &library).await;
    search::catch_up(&server.app).await.unwrap();
    assert_eq!(found(&ada, "q=过期通知").await, (vec![page.clone()], 1));

    ada.delete(&format!("/documents/{page}")).await.assert_status(204);
    assert_eq!(found(&ada, "q=过期通知").await.0, [""; 0]);
    search::catch_up(&server.app).await.unwrap();
    assert_eq!(found(&ada, "q=过期通知").await.1, 0);
}

#[tokio::test]
async fn wrong_queries_are_refused_with_their_place() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let error = ada.get("/search?q=甲 OR").await.assert_error(400, "query_syntax");
    assert!(error["position"].is_number(), "{error}");
    ada.get("/search?q=甲&cursor=x").await.assert_error(400, "cursor_invalid");
    ada.get("/search?q=甲&sort=colour").await.assert_error(400, "sort_unknown");
    ada.get(&format!("/search?q={}", "x".repeat(1001))).await.assert_error(400, "query_too_long");
    ada.post("/search/rebuild", json!({})).await.assert_error(403, "admin_required");
}

#[tokio::test]
async fn an_index_that_knows_more_than_the_database_is_built_anew() {
    let server = TestServer::start_with(|config| {
        // As a data folder whose database was brought back from an earlier day.
        let (index, _) = indexer::index::Index::open(&config.data.join("index")).unwrap();
        let gone = DocumentId::new().to_string();
        let stale = indexer::index::IndexDocument { id: gone, name: "旧索引".into(), ..Default::default() };
        index.put(&stale).unwrap();
        index.commit(1_000_000).unwrap();
    })
    .await;
    let ada = server.admin("ada").await;
    let library = ada.folder("库", None).await;
    let page = ada.page("新索引", &library).await;
    search::catch_up(&server.app).await.unwrap();
    assert_eq!(found(&ada, "q=索引").await, (vec![page], 1));
}
