//! `/saved-searches`: kept for their owner alone.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

async fn names(client: &Client) -> Vec<String> {
    let list = client.get("/saved-searches").await.assert_status(200).json();
    list["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn save(client: &Client, name: &str, query: Value) -> Value {
    client.post("/saved-searches", json!({ "name": name, "query": query })).await.assert_status(201).json()
}

#[tokio::test]
async fn a_search_is_saved_renamed_changed_and_deleted() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let query = json!({
        "q": "国发 -草案", "in": library, "after": 1_700_000_000_000_i64, "sort": "newest",
        "filters": [{ "key": "type", "values": ["pdf", "word"] }, { "key": "property:019abc", "values": ["永久"] }],
        "view": { "columns": ["name", "property:019abc"], "sort": "name" },
    });
    let saved = save(&ada, " 国发文件 ", query.clone()).await;
    assert_eq!((&saved["name"], &saved["query"]), (&json!("国发文件"), &query));
    save(&ada, "A 按名称", json!({ "q": "" })).await;
    assert_eq!(names(&ada).await, ["A 按名称", "国发文件"]);

    let path = format!("/saved-searches/{}", saved["id"].as_str().unwrap());
    server.clock.advance(5);
    let renamed = ada.patch(&path, json!({ "name": "国务院发文" })).await.assert_status(200).json();
    assert_eq!((&renamed["name"], &renamed["query"]), (&json!("国务院发文"), &query));
    let changed = ada.patch(&path, json!({ "query": { "q": "甲 OR 乙" } })).await.assert_status(200).json();
    assert_eq!((&changed["name"], &changed["query"]), (&json!("国务院发文"), &json!({ "q": "甲 OR 乙" })));
    assert!(changed["updated_at"].as_i64() > changed["created_at"].as_i64());

    ada.delete(&path).await.assert_status(204);
    ada.delete(&path).await.assert_error(404, "saved_search_not_found");
    assert_eq!(names(&ada).await, ["A 按名称"]);
}

#[tokio::test]
async fn names_are_unique_for_one_owner() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    save(&ada, "Report", json!({ "q": "a" })).await;
    let other = save(&ada, "Other", json!({ "q": "a" })).await;
    let error = ada.post("/saved-searches", json!({ "name": "REPORT", "query": { "q": "b" } })).await;
    assert_eq!(error.assert_error(409, "name_taken")["field"], "name");
    let path = format!("/saved-searches/{}", other["id"].as_str().unwrap());
    ada.patch(&path, json!({ "name": "report" })).await.assert_error(409, "name_taken");
    // Its own name in other letters is no conflict, and neither is a colleague's.
    ada.patch(&path, json!({ "name": "OTHER" })).await.assert_status(200);
    save(&bob, "Report", json!({ "q": "b" })).await;
}

#[tokio::test]
async fn saved_searches_of_others_are_not_there() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.admin("ada").await, server.admin("eve").await);
    let saved = save(&ada, "机密", json!({ "q": "重组方案" })).await;
    let path = format!("/saved-searches/{}", saved["id"].as_str().unwrap());
    assert_eq!(names(&eve).await, [""; 0]);
    eve.patch(&path, json!({ "name": "mine" })).await.assert_error(404, "saved_search_not_found");
    eve.delete(&path).await.assert_error(404, "saved_search_not_found");
    server.anonymous().get("/saved-searches").await.assert_error(401, "unauthorized");
    assert_eq!(names(&ada).await, ["机密"]);
}

#[tokio::test]
async fn what_search_would_refuse_is_not_saved() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let refused = async |name: &str, query: Value, code: &str| {
        ada.post("/saved-searches", json!({ "name": name, "query": query })).await.assert_error(400, code)
    };
    assert_eq!(refused("a", json!({ "q": "甲 OR" }), "query_syntax").await["position"], 2);
    refused("a", json!({ "q": "甲", "colour": "red" }), "input_invalid").await;
    refused("a", json!({ "q": "甲", "in": "elsewhere" }), "input_invalid").await;
    refused("a", json!({ "q": "甲", "sort": "colour" }), "saved_query_invalid").await;
    refused("a", json!({ "q": "甲", "filters": [{ "key": "shape", "values": ["x"] }] }), "saved_query_invalid").await;
    refused("a", json!({ "q": "甲", "filters": [{ "key": "tag", "values": [] }] }), "saved_query_invalid").await;
    refused("a", json!({ "q": "甲", "view": { "x": "y".repeat(20_000) } }), "saved_query_invalid").await;
    refused("a", json!({ "q": "x".repeat(1001) }), "query_too_long").await;
    refused("  ", json!({ "q": "甲" }), "name_invalid").await;
    refused(&"长".repeat(65), json!({ "q": "甲" }), "name_too_long").await;
    assert_eq!(names(&ada).await, [""; 0]);
}
