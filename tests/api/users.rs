//! `/users`: accounts.

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestServer};

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everybody_signed_in_can_look_up_people() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    server.user("王小明").await;
    assert_eq!(names(&ada.get("/users").await.assert_status(200).json()), ["ada", "王小明"]);
    assert_eq!(names(&ada.get("/users?q=小").await.json()), ["王小明"]);
    assert_eq!(names(&ada.get("/users?q=AD").await.json()), ["ada"]);
    server.anonymous().get("/users").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn an_admin_adds_an_account_that_can_sign_in() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let input = json!({ "name": "bob", "display_name": "Bob B.", "password": "a new password", "clearance": 2 });
    let bob = root.post("/users", input.clone()).await.assert_status(201).json();
    assert_eq!(
        (&bob["display_name"], &bob["clearance"], &bob["is_admin"]),
        (&json!("Bob B."), &json!(2), &json!(false))
    );
    server.anonymous().sign_in("Bob", "a new password").await.assert_status(200);

    root.post("/users", json!({ "name": "BOB", "password": PASSWORD })).await.assert_error(409, "user_name_taken");
    let ada = server.user("ada").await;
    ada.post("/users", json!({ "name": "eve", "password": PASSWORD })).await.assert_error(403, "admin_required");
}

#[tokio::test]
async fn an_account_needs_a_name_and_a_real_password() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let refuse = async |input: Value, code: &str, field: &str| {
        let error = root.post("/users", input).await.assert_error(400, code);
        assert_eq!(error["field"], field);
    };
    refuse(json!({ "name": "  ", "password": PASSWORD }), "name_invalid", "name").await;
    refuse(json!({ "name": "a\u{0}b", "password": PASSWORD }), "name_invalid", "name").await;
    refuse(json!({ "name": "字".repeat(65), "password": PASSWORD }), "name_too_long", "name").await;
    refuse(json!({ "name": "bob", "password": "1234567" }), "password_too_short", "password").await;
    refuse(json!({ "name": "bob", "password": "x".repeat(1025) }), "password_too_long", "password").await;
    refuse(json!({ "name": "bob", "password": PASSWORD, "clearance": 4 }), "level_invalid", "clearance").await;
    root.post("/users", json!({ "name": "bob" })).await.assert_error(400, "input_invalid");
}

#[tokio::test]
async fn an_admin_changes_an_account() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    let path = format!("/users/{}", ada.id);

    let changed =
        root.patch(&path, json!({ "display_name": "Ada L.", "clearance": 3 })).await.assert_status(200).json();
    assert_eq!((&changed["display_name"], &changed["clearance"]), (&json!("Ada L."), &json!(3)));
    ada.get("/session").await.assert_status(200);

    ada.patch(&path, json!({ "is_admin": true })).await.assert_error(403, "admin_required");
    root.patch(&path, json!({ "clearance": 9 })).await.assert_error(400, "level_invalid");
    root.patch("/users/01890000-0000-7000-8000-000000000000", json!({})).await.assert_error(404, "user_not_found");
    root.patch("/users/nobody", json!({})).await.assert_error(400, "path_invalid");

    root.patch(&path, json!({ "password": "given by root" })).await.assert_status(200);
    ada.get("/session").await.assert_error(401, "unauthorized");
    server.anonymous().sign_in("ada", "given by root").await.assert_status(200);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    let token = ada.post("/tokens", json!({ "name": "script" })).await.assert_status(201).json();
    let script = ada.with_token(token["token"].as_str().unwrap());
    script.get("/session").await.assert_status(200);

    let path = format!("/users/{}", ada.id);
    let disabled = root.patch(&path, json!({ "disabled": true })).await.assert_status(200).json();
    assert_eq!(disabled["disabled"], true);
    ada.get("/session").await.assert_error(401, "unauthorized");
    script.get("/session").await.assert_error(401, "unauthorized");
    server.anonymous().sign_in("ada", PASSWORD).await.assert_error(401, "wrong_password");

    root.patch(&path, json!({ "disabled": false })).await.assert_status(200);
    ada.get("/session").await.assert_error(401, "unauthorized");
    server.anonymous().sign_in("ada", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn the_last_admin_remains() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let path = format!("/users/{}", root.id);
    root.patch(&path, json!({ "is_admin": false })).await.assert_error(409, "last_admin");
    root.patch(&path, json!({ "disabled": true })).await.assert_error(409, "last_admin");
    root.get("/audit").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_administrators_who_remove_each_other_in_the_same_moment_one_stays() {
    let server = TestServer::start().await;
    let (root, other) = (server.admin("root").await, server.admin("other").await);
    let (path, other_path) = (format!("/users/{}", root.id), format!("/users/{}", other.id));
    let remove = json!({ "is_admin": false });
    for round in 0..20 {
        let (a, b) = tokio::join!(root.patch(&other_path, remove.clone()), other.patch(&path, remove.clone()));
        let statuses = [a.status.as_u16(), b.status.as_u16()];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "round {round}: {statuses:?}");
        let (stays, gone) = if a.status == 200 { (&root, &other_path) } else { (&other, &path) };
        stays.patch(gone, json!({ "is_admin": true })).await.assert_status(200);
    }
}
