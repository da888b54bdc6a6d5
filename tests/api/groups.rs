//! `/groups`: departments.

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

async fn add(root: &Client, name: &str, parent: Option<&str>) -> String {
    let group = root.post("/groups", json!({ "name": name, "parent_id": parent })).await.assert_status(201).json();
    group["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn groups_form_a_tree_that_everybody_sees() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    let school = add(&root, "学校", None).await;
    let office = add(&root, "办公室", Some(&school)).await;
    root.put(&format!("/groups/{office}/members/{}", ada.id), Value::Null).await.assert_status(204);
    root.put(&format!("/groups/{office}/members/{}", ada.id), Value::Null).await.assert_status(204);

    let groups = ada.get("/groups").await.assert_status(200).json();
    let of = |id: &str| groups["items"].as_array().unwrap().iter().find(|group| group["id"] == id).unwrap().clone();
    assert_eq!(of(&office), json!({ "id": office, "parent_id": school, "name": "办公室", "member_count": 1 }));
    assert_eq!(of(&school)["parent_id"], Value::Null);
    let members = ada.get(&format!("/groups/{office}/members")).await.assert_status(200).json();
    assert_eq!(members["items"][0]["name"], "ada");

    root.delete(&format!("/groups/{office}/members/{}", ada.id)).await.assert_status(204);
    let members = ada.get(&format!("/groups/{office}/members")).await.json();
    assert_eq!(members["items"], json!([]));
}

#[tokio::test]
async fn only_admins_change_groups() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    let group = add(&root, "staff", None).await;
    let (path, member) = (format!("/groups/{group}"), format!("/groups/{group}/members/{}", ada.id));
    ada.post("/groups", json!({ "name": "mine" })).await.assert_error(403, "admin_required");
    ada.patch(&path, json!({ "name": "mine" })).await.assert_error(403, "admin_required");
    ada.delete(&path).await.assert_error(403, "admin_required");
    ada.put(&member, Value::Null).await.assert_error(403, "admin_required");
    ada.delete(&member).await.assert_error(403, "admin_required");
    server.anonymous().get("/groups").await.assert_error(401, "unauthorized");
    server.anonymous().get(&format!("{path}/members")).await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn a_name_is_taken_once_per_parent() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let (a, b) = (add(&root, "A", None).await, add(&root, "B", None).await);
    root.post("/groups", json!({ "name": "a" })).await.assert_error(409, "name_taken");
    let inner = add(&root, "A", Some(&b)).await;
    root.patch(&format!("/groups/{b}"), json!({ "name": "a" })).await.assert_error(409, "name_taken");
    root.patch(&format!("/groups/{inner}"), json!({ "parent_id": null })).await.assert_error(409, "name_taken");
    root.patch(&format!("/groups/{a}"), json!({ "name": "a" })).await.assert_status(200);
    root.post("/groups", json!({ "name": "" })).await.assert_error(400, "name_invalid");
}

#[tokio::test]
async fn groups_move_but_never_into_themselves() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let a = add(&root, "a", None).await;
    let b = add(&root, "b", Some(&a)).await;
    let c = add(&root, "c", Some(&b)).await;
    for parent in [&a, &b, &c] {
        let answer = root.patch(&format!("/groups/{a}"), json!({ "parent_id": parent })).await;
        answer.assert_error(409, "group_in_itself");
    }
    let moved = root.patch(&format!("/groups/{c}"), json!({ "parent_id": a })).await.assert_status(200).json();
    assert_eq!((&moved["parent_id"], &moved["name"]), (&json!(a), &json!("c")));
    let renamed = root.patch(&format!("/groups/{c}"), json!({ "name": "d" })).await.assert_status(200).json();
    assert_eq!((&renamed["parent_id"], &renamed["name"]), (&json!(a), &json!("d")));
    let top = root.patch(&format!("/groups/{c}"), json!({ "parent_id": null })).await.assert_status(200).json();
    assert_eq!(top["parent_id"], Value::Null);
}

#[tokio::test]
async fn a_group_with_groups_below_cannot_be_removed() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let a = add(&root, "a", None).await;
    let b = add(&root, "b", Some(&a)).await;
    root.delete(&format!("/groups/{a}")).await.assert_error(409, "group_not_empty");
    root.delete(&format!("/groups/{b}")).await.assert_status(204);
    root.delete(&format!("/groups/{a}")).await.assert_status(204);
    root.delete(&format!("/groups/{a}")).await.assert_error(404, "group_not_found");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let nothing = "01890000-0000-7000-8000-000000000000";
    let group = add(&root, "a", None).await;
    root.patch(&format!("/groups/{nothing}"), json!({ "name": "x" })).await.assert_error(404, "group_not_found");
    root.post("/groups", json!({ "name": "x", "parent_id": nothing })).await.assert_error(404, "group_not_found");
    root.get(&format!("/groups/{nothing}/members")).await.assert_error(404, "group_not_found");
    root.put(&format!("/groups/{group}/members/{nothing}"), Value::Null).await.assert_error(404, "user_not_found");
    root.put(&format!("/groups/{nothing}/members/{}", root.id), Value::Null).await.assert_error(404, "group_not_found");
    root.post("/groups", json!({ "name": "x", "parent_id": "y" })).await.assert_error(400, "input_invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_moves_in_the_same_moment_make_no_circle() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let (a, b) = (add(&root, "A", None).await, add(&root, "B", None).await);
    let (path_a, path_b) = (format!("/groups/{a}"), format!("/groups/{b}"));
    for round in 0..20 {
        let into_each_other = tokio::join!(
            root.patch(&path_a, json!({ "parent_id": b })),
            root.patch(&path_b, json!({ "parent_id": a })),
        );
        let statuses = [into_each_other.0.status.as_u16(), into_each_other.1.status.as_u16()];
        assert!(statuses == [200, 409] || statuses == [409, 200], "round {round}: {statuses:?}");
        for path in [&path_a, &path_b] {
            root.patch(path, json!({ "parent_id": null })).await.assert_status(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_added_below_a_group_that_goes_in_the_same_moment() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    for round in 0..20 {
        let above = add(&root, &format!("above {round}"), None).await;
        let below = json!({ "name": "below", "parent_id": above });
        let path = format!("/groups/{above}");
        let (added, gone) = tokio::join!(root.post("/groups", below), root.delete(&path));
        let statuses = [added.status.as_u16(), gone.status.as_u16()];
        assert!(statuses == [201, 409] || statuses == [404, 204], "round {round}: {statuses:?}");
    }
}
