//! Bulk edits.

use serde_json::{Value, json};
use wenshu::actions::add_user::AddUser;

use crate::{properties::NOBODY, support::TestServer};

fn outcomes(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_document_changes_as_a_whole_or_not_at_all() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let (library, elsewhere) = (ada.folder("库", None).await, ada.folder("外", None).await);
    let year = ada.property(&library, json!({ "name": "年度", "kind": "number" })).await;
    let mine = ada.page("一", &library).await;
    let outside = ada.page("二", &elsewhere).await;
    let secret = ada.page("三", &library).await;
    ada.patch(&format!("/documents/{secret}"), json!({ "level": 2 })).await.assert_status(200);
    ada.patch(&format!("/documents/{mine}"), json!({ "tags": ["旧", "留"] })).await.assert_status(200);
    ada.share("folders", &library, &bob, "editor").await;
    ada.share("documents", &outside, &bob, "reader").await;

    let ids = json!([mine, outside, secret, NOBODY]);
    let input = json!({ "document_ids": ids, "add_tags": ["新", "舊"], "remove_tags": ["旧"], "properties": { &year: ["2023"] } });
    let answer = bob.post("/records/edit", input.clone()).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["ok", "edit_record_not_allowed", "document_not_found", "document_not_found"]);
    assert_eq!(answer["items"][2]["message"], answer["items"][3]["message"], "hidden is the same as not there");
    let view = ada.document(&mine).await;
    assert_eq!(view["tags"], json!(["留", "新", "旧"]), "{view}");
    assert_eq!(ada.values(&mine).await, ["年度=2023"]);

    let answer = ada.post("/records/edit", input).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["ok", "property_unknown", "ok", "document_not_found"]);
    assert_eq!((&answer["items"][0]["changed"], &answer["items"][2]["changed"]), (&json!(false), &json!(true)));
    assert_eq!(ada.document(&outside).await["tags"], json!([]), "an unknown field keeps the tags from changing");

    for input in
        [json!({ "document_ids": [mine, mine], "add_tags": ["x"] }), json!({ "document_ids": vec![NOBODY; 1001] })]
    {
        ada.post("/records/edit", input).await.assert_error(400, "document_ids_invalid");
    }
    ada.post("/records/edit", json!({ "document_ids": [mine], "add_tags": ["a,b"] }))
        .await
        .assert_error(400, "tag_invalid");
    ada.post("/records/edit", json!({ "document_ids": [mine], "level": 4 })).await.assert_error(400, "level_invalid");
}

#[tokio::test]
async fn levels_are_set_together_by_who_may() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let (one, other) = (ada.page("一", &library).await, ada.page("二", &library).await);
    let input = |level: i64| json!({ "document_ids": [one, other], "level": level });
    let answer = bob.post("/records/edit", input(0)).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["set_level_not_allowed"; 2]);
    let answer = ada.post("/records/edit", input(3)).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["set_level_not_allowed"; 2], "not above one's own clearance");
    let answer = ada.post("/records/edit", input(2)).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["ok"; 2]);
    bob.get(&format!("/documents/{one}")).await.assert_error(404, "document_not_found");
}

#[tokio::test]
async fn a_unique_value_goes_to_the_first_of_many() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "unique": true })).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(ada.page(&format!("文件{number}"), &library).await);
    }
    let input = json!({ "document_ids": ids, "properties": { &code: ["A-1"] }, "add_tags": ["批量"] });
    let answer = ada.post("/records/edit", input).await.assert_status(200).json();
    assert_eq!(outcomes(&answer), ["ok", "property_value_taken", "property_value_taken"]);
    assert_eq!(answer["items"][1]["taken_by"], *ids[0]);
    assert_eq!(ada.document(&ids[1]).await["tags"], json!([]));
    assert_eq!(ada.values(&ids[0]).await, ["档号=A-1"]);
}

#[tokio::test]
async fn what_is_filled_in_reaches_the_index() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let page = ada.page("文件", &library).await;
    let (by, term) = (
        ada.property(&library, json!({ "name": "责任者", "kind": "text", "facet": true })).await,
        ada.property(&library, json!({ "name": "主题", "kind": "choices", "options": ["甲", "乙"] })).await,
    );
    let patch = json!({ "tags": ["重要"], "properties": { &by: ["办公室"], &term: ["乙", "甲"] } });
    ada.patch(&format!("/documents/{page}"), patch).await.assert_status(200);
    server.run_jobs().await;
    let found = ada.get("/search?q=tag:重要").await.assert_status(200).json();
    assert_eq!(found["items"][0]["document"]["id"], *page, "{found}");
    assert_eq!(crate::properties::shown(&found["items"][0]["document"]), ["责任者=办公室", "主题=甲|乙"]);
}
