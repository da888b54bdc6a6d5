//! `/colleagues`: people to be mentioned.

use serde_json::{Value, json};

use crate::support::TestServer;

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn anybody_signed_in_finds_people_by_a_part_of_their_name() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    for (name, display) in [("lina", "李娜"), ("wangli", "王李"), ("lisi", "李四")] {
        root.post("/users", json!({ "name": name, "display_name": display, "password": "a new password" }))
            .await
            .assert_status(201);
    }
    // Those whose name begins so come first.
    let found = ada.get("/colleagues?q=李").await.assert_status(200).json();
    assert_eq!(names(&found), ["lina", "lisi", "wangli"]);
    assert_eq!(names(&ada.get("/colleagues?q=LI").await.json()), ["lina", "lisi", "wangli"]);
    assert_eq!(names(&ada.get("/colleagues?q=李&limit=1").await.json()), ["lina"]);
    // Nothing but the names is told.
    let person = found["items"][0].as_object().unwrap();
    let mut keys: Vec<&str> = person.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["display_name", "id", "name"]);
    assert_eq!(person["display_name"], "李娜");
}

#[tokio::test]
async fn who_has_left_is_not_found() {
    let server = TestServer::start().await;
    let (root, ada, bob) = (server.admin("root").await, server.user("ada").await, server.user("bob").await);
    assert_eq!(names(&ada.get("/colleagues?q=bob").await.json()), ["bob"]);
    root.patch(&format!("/users/{}", bob.id), json!({ "disabled": true })).await.assert_status(200);
    assert!(names(&ada.get("/colleagues?q=bob").await.json()).is_empty());
    bob.get("/colleagues").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn strangers_find_nobody_and_nobody_gets_the_whole_list() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    for number in 0..25 {
        server.user(&format!("person{number}")).await;
    }
    server.anonymous().get("/colleagues").await.assert_error(401, "unauthorized");
    assert_eq!(names(&ada.get("/colleagues").await.json()).len(), 10);
    assert_eq!(names(&ada.get("/colleagues?limit=20").await.json()).len(), 20);
    for limit in ["0", "21", "-1"] {
        ada.get(&format!("/colleagues?limit={limit}")).await.assert_status(400);
    }
}
