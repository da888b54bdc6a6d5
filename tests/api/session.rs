//! `/session`: signing in and out.

use serde_json::json;

use crate::support::{PASSWORD, TestServer};

#[tokio::test]
async fn signing_in_and_out() {
    let server = TestServer::start().await;
    let ada = server.user("Ada").await;

    let session = ada.get("/session").await.assert_status(200).json();
    assert_eq!(session["user"]["name"], "Ada");
    assert_eq!(session["user"]["id"], ada.id);

    ada.delete("/session").await.assert_status(204);
    ada.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let nobody = server.anonymous();
    for (name, password) in [("ada", "wrong password"), ("eve", PASSWORD)] {
        let error = nobody.post("/session", json!({ "name": name, "password": password })).await;
        let error = error.assert_error(401, "wrong_password");
        assert_eq!(error["message"], "name or password is wrong");
    }
}
