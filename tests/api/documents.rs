//! `/documents`: files and pages.

use serde_json::json;
use wenshu::actions::add_user::AddUser;

use crate::support::TestServer;

#[tokio::test]
async fn a_page_is_made_renamed_and_thrown_away() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let made = ada.post("/documents", json!({ "kind": "page", "folder_id": library, "name": "会议记录" })).await;
    let page = made.assert_status(201).json();
    assert_eq!(page["kind"], "page");
    assert_eq!(page["version"], 0);
    assert_eq!(page["processing"], json!({ "state": "ready" }));
    assert_eq!(page["created_by"], json!({ "id": ada.id, "name": "ada" }));
    assert_eq!(page["level"], 1);

    let path = format!("/documents/{}", page["id"].as_str().unwrap());
    let renamed = ada.patch(&path, json!({ "name": "纪要" })).await.assert_status(200).json();
    assert_eq!(renamed["name"], "纪要");
    ada.delete(&path).await.assert_status(204);
    ada.get(&path).await.assert_error(404, "document_not_found");
    ada.patch(&path, json!({ "name": "x" })).await.assert_error(404, "document_not_found");
}

#[tokio::test]
async fn input_of_documents_is_checked() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let input = |kind: &str, name: &str| json!({ "kind": kind, "folder_id": library, "name": name });
    ada.post("/documents", input("file", "a")).await.assert_error(400, "kind_invalid");
    ada.post("/documents", input("page", "a/b")).await.assert_error(400, "name_invalid");
    ada.post("/documents", input("page", "a")).await.assert_status(201);
    let taken = ada.post("/documents", input("page", "A")).await.assert_error(409, "name_taken");
    assert!(taken["document_id"].is_string());
    let b = ada.page("b", &library).await;
    ada.patch(&format!("/documents/{b}"), json!({ "name": "a" })).await.assert_error(409, "name_taken");
    ada.patch(&format!("/documents/{b}"), json!({ "level": 4 })).await.assert_error(400, "level_invalid");
    ada.get("/documents/not-an-id").await.assert_error(400, "path_invalid");
    ada.get("/documents/018f0000-0000-7000-8000-000000000000").await.assert_error(404, "document_not_found");
}

#[tokio::test]
async fn a_commenter_cannot_rename_and_an_editor_cannot_delete() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("note", &library).await;
    ada.share("documents", &page, &bob, "commenter").await;
    ada.share("documents", &page, &eve, "editor").await;
    let path = format!("/documents/{page}");
    bob.patch(&path, json!({ "name": "mine" })).await.assert_error(403, "rename_not_allowed");
    eve.patch(&path, json!({ "name": "ours" })).await.assert_status(200);
    eve.delete(&path).await.assert_error(403, "delete_not_allowed");
    eve.patch(&path, json!({ "level": 0 })).await.assert_error(403, "set_level_not_allowed");
    assert_eq!(bob.document(&page).await["abilities"], json!(["read", "download", "comment"]));
    assert_eq!(bob.document(&page).await["path"], json!([]), "the library is hidden from who has the document alone");
    bob.get(&format!("/folders/{library}")).await.assert_error(404, "folder_not_found");
}

#[tokio::test]
async fn a_level_above_the_clearance_hides_a_document_from_everyone() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("note", &library).await;
    ada.share("folders", &library, &bob, "manager").await;
    let path = format!("/documents/{page}");
    ada.patch(&path, json!({ "level": 3 })).await.assert_error(403, "set_level_not_allowed");
    assert_eq!(ada.patch(&path, json!({ "level": 2 })).await.assert_status(200).json()["level"], 2);
    bob.get(&path).await.assert_error(404, "document_not_found");
    assert_eq!(bob.get(&format!("/folders/{library}/children")).await.json()["documents"], json!([]));
    assert_eq!(ada.get(&format!("/folders/{library}/children")).await.json()["documents"][0]["id"], *page);
    ada.delete(&path).await.assert_status(204);
    assert_eq!(bob.get("/trash").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_level_that_the_installation_refuses_cannot_be_set() {
    let server = TestServer::start_with(|config| config.refused_level = Some(2)).await;
    let root = server.admin("root").await;
    let library = root.folder("库", None).await;
    let page = root.page("note", &library).await;
    root.patch(&format!("/documents/{page}"), json!({ "level": 2 })).await.assert_error(403, "level_refused");
}
