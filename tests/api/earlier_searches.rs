//! `/earlier-searches` and what `/suggest` makes of them.

use serde_json::json;
use wenshu::search;

use crate::support::{Client, TestServer};

async fn remember(client: &Client, q: &str) {
    client.post("/earlier-searches", json!({ "q": q })).await.assert_status(204);
}

async fn earlier(client: &Client) -> Vec<String> {
    let list = client.get("/earlier-searches").await.assert_status(200).json();
    list["items"].as_array().unwrap().iter().map(|one| one["q"].as_str().unwrap().to_owned()).collect()
}

async fn suggested(client: &Client, q: &str) -> Vec<String> {
    let list = client.get(&format!("/suggest?q={q}")).await.assert_status(200).json();
    list["searches"].as_array().unwrap().iter().map(|one| one["q"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn searches_are_remembered_newest_first_and_offered_by_part_and_sound() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    for q in ["协同办公", "档案 移交", "type:pdf 合同", " 协同办公 "] {
        remember(&ada, q).await;
        server.clock.advance(1);
    }
    assert_eq!(earlier(&ada).await, ["协同办公", "type:pdf 合同", "档案 移交"]);
    assert_eq!(suggested(&ada, "").await, ["协同办公", "type:pdf 合同", "档案 移交"]);
    assert_eq!(suggested(&ada, "移交").await, ["档案 移交"]);
    assert_eq!(suggested(&ada, "檔案").await, ["档案 移交"]);
    assert_eq!(suggested(&ada, "xtbg").await, ["协同办公"]);
    // What stands in the box already helps nobody.
    assert_eq!(suggested(&ada, "协同办公").await, [""; 0]);
}

#[tokio::test]
async fn nobody_else_sees_them_and_their_owner_forgets_them() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.admin("eve").await);
    for q in ["裁员名单", "重组方案"] {
        remember(&ada, q).await;
        server.clock.advance(1);
    }
    assert_eq!((earlier(&eve).await, suggested(&eve, "").await), (vec![], vec![]));
    assert_eq!(suggested(&eve, "裁员").await, [""; 0]);
    server.anonymous().get("/earlier-searches").await.assert_error(401, "unauthorized");

    let first = ada.get("/earlier-searches").await.json()["items"][0].clone();
    let path = format!("/earlier-searches/{}", first["id"].as_str().unwrap());
    eve.delete(&path).await.assert_error(404, "earlier_search_not_found");
    eve.delete("/earlier-searches").await.assert_status(204);
    ada.delete(&path).await.assert_status(204);
    assert_eq!(earlier(&ada).await, ["裁员名单"]);
    ada.delete("/earlier-searches").await.assert_status(204);
    assert_eq!(earlier(&ada).await, [""; 0]);
}

#[tokio::test]
async fn the_oldest_make_room() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    for number in 0..203 {
        remember(&ada, &format!("第{number}号")).await;
        server.clock.advance(1);
    }
    let kept = earlier(&ada).await;
    assert_eq!((kept.len(), kept[0].as_str(), kept[199].as_str()), (200, "第202号", "第3号"));
}

#[tokio::test]
async fn what_is_no_search_is_not_remembered() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    for (q, code) in [("  ", "query_empty"), ("a\u{0}b", "query_empty"), ("\"甲", "query_syntax")] {
        ada.post("/earlier-searches", json!({ "q": q })).await.assert_error(400, code);
    }
    ada.post("/earlier-searches", json!({ "q": "长".repeat(201) })).await.assert_error(400, "query_too_long");
    assert_eq!(earlier(&ada).await, [""; 0]);
}

#[tokio::test]
async fn people_are_offered_to_those_who_may_read_something_of_theirs() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("艾达").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    ada.page("通知", &library).await;
    ada.share("folders", &library, &bob, "previewer").await;
    search::catch_up(&server.app).await.unwrap();
    let people = async |client: &Client, q: &str| client.get(&format!("/suggest?q={q}")).await.json()["people"].clone();
    assert_eq!(people(&bob, "艾").await, json!([{ "name": "艾达" }]));
    assert_eq!(people(&bob, "aida").await, json!([{ "name": "艾达" }]));
    assert_eq!(people(&eve, "艾").await, json!([]));
    ada.delete(&format!("/folders/{library}/grants/user/{}", bob.id)).await.assert_status(204);
    assert_eq!(people(&bob, "艾").await, json!([]));
}
