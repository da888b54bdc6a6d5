//! `/tokens`: programs that act for an account.

use serde_json::json;

use crate::support::{START, TestServer};

#[tokio::test]
async fn a_token_acts_for_its_owner_until_it_is_revoked() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let token = ada.post("/tokens", json!({ "name": "backup" })).await.assert_status(201).json();
    let secret = token["token"].as_str().unwrap();
    assert!(secret.starts_with("wst_") && secret.len() == 47, "{secret}");

    let script = ada.with_token(secret);
    assert_eq!(script.get("/session").await.assert_status(200).json()["user"]["name"], "ada");
    let listed = ada.get("/tokens").await.assert_status(200).json();
    assert_eq!(listed["items"][0]["name"], "backup");
    assert_eq!(listed["items"][0]["last_used_at"], START);
    assert!(listed["items"][0].get("token").is_none(), "a secret is shown once");

    ada.delete(&format!("/tokens/{}", token["id"].as_str().unwrap())).await.assert_status(204);
    script.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let input = json!({ "name": "short", "expires_at": START + 1000 });
    let token = ada.post("/tokens", input).await.assert_status(201).json();
    let script = ada.with_token(token["token"].as_str().unwrap());
    script.get("/session").await.assert_status(200);
    server.clock.advance(1000);
    script.get("/session").await.assert_error(401, "token_expired");
}

#[tokio::test]
async fn a_token_makes_no_tokens_and_no_passwords() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let token = ada.post("/tokens", json!({ "name": "first" })).await.assert_status(201).json();
    let script = ada.with_token(token["token"].as_str().unwrap());
    script.post("/tokens", json!({ "name": "second" })).await.assert_error(403, "session_required");
    script.delete(&format!("/tokens/{}", token["id"].as_str().unwrap())).await.assert_error(403, "session_required");
    let change = json!({ "old_password": crate::support::PASSWORD, "new_password": "new password" });
    script.put("/session/password", change).await.assert_error(403, "session_required");
    script.get("/tokens").await.assert_status(200);
}

#[tokio::test]
async fn tokens_of_others_are_not_there() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let token = ada.post("/tokens", json!({ "name": "mine" })).await.assert_status(201).json();
    let path = format!("/tokens/{}", token["id"].as_str().unwrap());
    eve.delete(&path).await.assert_error(404, "token_not_found");
    assert_eq!(eve.get("/tokens").await.json()["items"], json!([]));
    server.anonymous().get("/tokens").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn wrong_tokens_and_wrong_input_are_refused() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.post("/tokens", json!({ "name": "" })).await.assert_error(400, "name_invalid");
    let error = ada.post("/tokens", json!({ "name": "old", "expires_at": START })).await;
    assert_eq!(error.assert_error(400, "expiry_invalid")["field"], "expires_at");

    ada.with_token("wst_invented").get("/session").await.assert_error(401, "unauthorized");
    for authorization in ["Basic YTpi", "Bearer", "wst_"] {
        let request = ada.request(reqwest::Method::GET, "/session").header("authorization", authorization);
        ada.send(request).await.assert_error(401, "unauthorized");
    }
    // Only rooms take a token in the address, where logs and histories would keep it.
    let token = ada.post("/tokens", json!({ "name": "t" })).await.assert_status(201).json();
    let path = format!("/session?token={}", token["token"].as_str().unwrap());
    server.anonymous().get(&path).await.assert_error(401, "unauthorized");
}
