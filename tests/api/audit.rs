//! `/audit` and `/changes`: what happened, and that nobody can change it afterwards.

use serde_json::json;
use wenshu::audit::verify::{Verdict, verify};

use crate::support::TestServer;

async fn execute(server: &TestServer, statement: &'static str) {
    let mut tx = server.app.db.begin().await.unwrap();
    sqlx::query(statement).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn changes_are_recorded_with_their_actor() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let input = json!({ "name": "bob", "password": "a new password" });
    let bob = root.post("/users", input).await.assert_status(201).json();
    root.post("/tokens", json!({ "name": "backup" })).await.assert_status(201);
    server.anonymous().sign_in("bob", "wrong password").await.assert_error(401, "wrong_password");

    let events = root.get("/audit").await.assert_status(200).json();
    let events = events["items"].as_array().unwrap();
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user_added", "signed_in", "user_added", "token_created", "sign_in_failed"]);
    assert_eq!(events[2]["actor"], root.id);
    assert_eq!(events[2]["details"]["user_id"], bob["id"]);
    assert!(!events.iter().any(|event| event.to_string().contains("password\":\"")), "no secrets in the log");

    let page = root.get("/audit?limit=2").await.json();
    assert_eq!(page["next_cursor"], "2");
    let page = root.get("/audit?limit=2&after=4").await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), page.get("next_cursor")), (1, None));
}

#[tokio::test]
async fn only_admins_read_the_log() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    ada.get("/audit").await.assert_error(403, "admin_required");
    server.anonymous().get("/audit").await.assert_error(401, "unauthorized");
    root.get("/audit?limit=0").await.assert_error(400, "limit_invalid");
    root.get("/audit?after=x").await.assert_error(400, "query_invalid");
    root.get("/audit?document_id=x").await.assert_error(400, "query_invalid");
    let changes = root.get("/changes").await.assert_status(200).json();
    assert_eq!(changes, json!({ "items": [], "next": 0 }));
    server.anonymous().get("/changes").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn an_intact_log_is_proven_and_any_change_is_found() {
    for (statement, seq) in [
        ("update audit set details = '{}' where seq = 3", 3),
        ("update audit set actor_id = null where seq = 2", 2),
        ("delete from audit where seq = 2", 2),
        ("delete from audit where seq = 5", 5),
        ("delete from audit where seq > 3", 4),
        ("update audit set at = at + 1 where seq = 1", 1),
    ] {
        let server = TestServer::start().await;
        server.admin("root").await;
        server.user("ada").await;
        server.anonymous().sign_in("root", "wrong password").await;
        assert_eq!(verify(server.app.db.read()).await.unwrap(), Verdict::Intact { events: 5 });
        execute(&server, statement).await;
        assert_eq!(verify(server.app.db.read()).await.unwrap(), Verdict::Broken { seq }, "{statement}");
    }
}

#[tokio::test]
async fn events_at_the_same_time_make_one_chain() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let adding = (0..20).map(|index| {
        let root = root.clone();
        async move { root.post("/groups", json!({ "name": format!("group {index}") })).await.assert_status(201) }
    });
    futures::future::join_all(adding).await;
    assert_eq!(verify(server.app.db.read()).await.unwrap(), Verdict::Intact { events: 22 });
}

#[tokio::test]
async fn changes_name_only_documents_that_the_caller_sees() {
    let server = TestServer::start().await;
    let (root, ada, eve) = (server.admin("root").await, server.user("ada").await, server.user("eve").await);
    let library = ada.post("/folders", json!({ "name": "Plans" })).await.assert_status(201).json();
    let input = json!({ "kind": "page", "folder_id": library["id"], "name": "Secret plan" });
    let page = ada.post("/documents", input).await.assert_status(201).json();

    for seeing in [&root, &ada] {
        let changes = seeing.get("/changes").await.assert_status(200).json();
        assert_eq!(changes["items"][0]["document_id"], page["id"]);
    }
    let changes = eve.get("/changes").await.assert_status(200).json();
    assert_eq!(changes["items"], json!([]));
    let next = changes["next"].as_i64().unwrap();
    assert!(next > 0, "a follower gets past what it may not see");
    let after = eve.get(&format!("/changes?after={next}")).await.assert_status(200).json();
    assert_eq!(after, json!({ "items": [], "next": next }));
}
