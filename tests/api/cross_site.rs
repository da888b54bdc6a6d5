//! What other sites make a browser do is refused.

use reqwest::Method;
use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn another_site_cannot_change_state_with_the_cookie() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let create = |headers: &[(&'static str, String)]| {
        let mut request = ada.request(Method::POST, "/tokens").json(&json!({ "name": "mine" }));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        ada.send(request)
    };

    create(&[("sec-fetch-site", "cross-site".into())]).await.assert_error(403, "cross_site_request");
    create(&[("sec-fetch-site", "same-site".into())]).await.assert_error(403, "cross_site_request");
    create(&[("origin", "http://evil.example".into())]).await.assert_error(403, "cross_site_request");
    create(&[("origin", "null".into())]).await.assert_error(403, "cross_site_request");

    create(&[("sec-fetch-site", "same-origin".into())]).await.assert_status(201);
    create(&[("origin", server.anonymous().base)]).await.assert_status(201);
    create(&[]).await.assert_status(201);
}

#[tokio::test]
async fn reading_and_tokens_are_not_cross_site() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let read = ada.request(Method::GET, "/session").header("sec-fetch-site", "cross-site");
    ada.send(read).await.assert_status(200);

    let token = ada.post("/tokens", json!({ "name": "script" })).await.assert_status(201).json();
    let script = ada.with_token(token["token"].as_str().unwrap());
    let write = script.request(Method::DELETE, "/session").header("origin", "http://elsewhere.example");
    script.send(write).await.assert_status(204);
}

#[tokio::test]
async fn another_site_cannot_open_a_web_socket() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let upgrade = ada
        .request(Method::GET, "/rooms/01890000-0000-7000-8000-000000000000")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("origin", "http://evil.example");
    ada.send(upgrade).await.assert_error(403, "cross_site_request");
}
