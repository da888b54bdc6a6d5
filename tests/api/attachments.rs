//! Pictures of a page or board: documents with its rights, which follow it and are listed nowhere.

use serde_json::{Value, json};
use wenshu::search;

use crate::support::{Client, TestServer};

/// A PNG of one pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\
    \x05\xfe\x02\xfe\xa7\x35\x81\x84\0\0\0\0IEND\xaeB`\x82";

async fn attach(client: &Client, page: &str, name: &str) -> String {
    let answer = client.try_upload(&[("filename", name), ("attached_to", page)], PNG).await.assert_status(201);
    answer.header("wenshu-document-id").expect("a document").to_owned()
}

async fn sees(client: &Client, picture: &str) -> u16 {
    client.get(&format!("/documents/{picture}/content")).await.status.as_u16()
}

async fn names(client: &Client, folder: &str) -> Vec<String> {
    let children = client.get(&format!("/folders/{folder}/children")).await.assert_status(200).json();
    let name = |document: &Value| document["name"].as_str().unwrap().to_owned();
    children["documents"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_picture_belongs_to_its_page_and_is_listed_nowhere() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let page = ada.page("通知", &library).await;
    let picture = attach(&ada, &page, "图.png").await;
    // The folder's names are not taken, neither by another picture nor for a file.
    let second = attach(&ada, &page, "图.png").await;
    ada.upload("图.png", &library, b"a file").await;
    ada.upload("第二.png", &library, b"a file").await;

    let view = ada.document(&picture).await;
    assert_eq!((view["kind"].clone(), view["attached_to"].clone()), (json!("file"), json!(page)));
    assert_eq!((view["folder_id"].clone(), view["level"].clone()), (json!(library), json!(1)));
    assert_eq!(view["abilities"], json!(["read", "download"]));
    assert_eq!(names(&ada, &library).await, ["图.png", "第二.png", "通知"]);
    let content = ada.get(&format!("/documents/{picture}/content")).await.assert_status(200);
    assert_eq!(content.header("content-type"), Some("image/png"));
    assert_eq!(content.header("x-content-type-options"), Some("nosniff"));
    assert!(content.header("content-disposition").unwrap().starts_with("inline"));
    assert_eq!(content.body, PNG);

    server.app.search().rebuild();
    search::catch_up(&server.app).await.unwrap();
    let found = ada.get("/search?q=图").await.json();
    assert_eq!(found["total"], 1, "the file alone: {found}");
    let suggested = ada.get("/suggest?q=图").await.json();
    assert!(
        suggested["documents"].as_array().unwrap().iter().all(|one| one["document_id"] != json!(second)),
        "{suggested}"
    );
    let mut damaged = Vec::new();
    let report = wenshu::actions::verify::verify(&server.app, wenshu::actions::verify::Pace::new(0), |one| {
        damaged.push(one.document_id.clone().unwrap_or_default());
    });
    assert_eq!(report.await.unwrap().versions, 4, "pictures are verified as every other content");
    assert_eq!(damaged, [""; 0]);
}

#[tokio::test]
async fn attaching_takes_an_editor_of_a_page() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("通知", &library).await;
    let file = ada.upload("a.txt", &library, b"text").await;
    ada.share("documents", &page, &bob, "commenter").await;
    let to = |page: &str| [("filename".to_owned(), "a.png".to_owned()), ("attached_to".to_owned(), page.to_owned())];
    async fn upload(client: &Client, metadata: [(String, String); 2]) -> crate::support::Answer {
        let metadata: Vec<(&str, &str)> = metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        client.try_upload(&metadata, PNG).await
    }
    upload(&bob, to(&page)).await.assert_error(403, "edit_not_allowed");
    upload(&eve, to(&page)).await.assert_error(404, "document_not_found");
    upload(&ada, to(&file)).await.assert_error(409, "document_not_page");
    upload(&ada, to("no-id")).await.assert_status(400);
    let picture = attach(&ada, &page, "a.png").await;
    upload(&ada, to(&picture)).await.assert_error(409, "document_attached");

    // An editor of the page alone, who sees nothing of the folder.
    ada.share("documents", &page, &bob, "editor").await;
    let own = attach(&bob, &page, "b.png").await;
    assert_eq!((sees(&ada, &own).await, sees(&bob, &own).await, sees(&eve, &own).await), (200, 200, 404));
}

#[tokio::test]
async fn a_picture_has_the_rights_of_its_page_and_no_others() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let (page, other) = (ada.page("通知", &library).await, ada.page("公开", &library).await);
    let picture = attach(&ada, &page, "a.png").await;
    ada.share("documents", &other, &bob, "editor").await;
    // Whoever copies the address into another page gives nobody a right.
    assert_eq!(sees(&bob, &picture).await, 404);
    ada.share("documents", &page, &bob, "previewer").await;
    assert_eq!(sees(&bob, &picture).await, 403, "previewers see pages, not originals");
    assert_eq!(bob.document(&picture).await["role"], "previewer");
    ada.share("documents", &page, &bob, "reader").await;
    assert_eq!((sees(&bob, &picture).await, sees(&eve, &picture).await), (200, 404));
    // A later change of the folder above does not reach around the page.
    ada.share("folders", &library, &eve, "reader").await;
    assert_eq!(sees(&eve, &picture).await, 200);
    ada.patch(&format!("/documents/{page}"), json!({ "inherits": false })).await.assert_status(200);
    assert_eq!((sees(&bob, &picture).await, sees(&eve, &picture).await), (200, 404));
    let late = attach(&ada, &page, "late.png").await;
    assert_eq!((sees(&bob, &late).await, sees(&eve, &late).await), (200, 404));
    ada.delete(&format!("/folders/{library}/grants/user/{}", eve.id)).await.assert_status(204);
    ada.share("folders", &library, &eve, "manager").await;
    assert_eq!(sees(&eve, &picture).await, 404, "the scopes of the folder were counted anew");
    ada.patch(&format!("/documents/{page}"), json!({ "inherits": true })).await.assert_status(200);
    assert_eq!(sees(&eve, &picture).await, 200);
    ada.delete(&format!("/documents/{page}/grants/user/{}", bob.id)).await.assert_status(204);
    assert_eq!(sees(&bob, &picture).await, 404);
}

#[tokio::test]
async fn what_is_done_to_the_page_is_done_to_the_picture_and_only_there() {
    let server = TestServer::start().await;
    let admin = server.admin("root").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (here, there) = (admin.folder("此处", None).await, admin.folder("彼处", None).await);
    admin.share("folders", &here, &ada, "manager").await;
    admin.share("folders", &there, &ada, "manager").await;
    admin.share("folders", &there, &bob, "reader").await;
    let page = ada.page("通知", &here).await;
    let picture = attach(&ada, &page, "a.png").await;
    let path = format!("/documents/{picture}");
    for change in
        [json!({ "name": "b.png" }), json!({ "folder_id": there }), json!({ "level": 0 }), json!({ "inherits": false })]
    {
        ada.patch(&path, change).await.assert_error(409, "document_attached");
    }
    ada.delete(&path).await.assert_error(409, "document_attached");
    let grant = ada.put(&format!("{path}/grants/user/{}", bob.id), json!({ "role": "reader" })).await;
    grant.assert_error(409, "document_attached");
    let version = ada.try_upload(&[("filename", "a.png"), ("document_id", &picture)], PNG).await;
    version.assert_error(409, "document_attached");
    assert_eq!(sees(&bob, &picture).await, 404);

    ada.patch(&format!("/documents/{page}"), json!({ "folder_id": there })).await.assert_status(200);
    assert_eq!(ada.document(&picture).await["folder_id"], json!(there));
    assert_eq!(sees(&bob, &picture).await, 200);
    admin.patch(&format!("/documents/{page}"), json!({ "level": 3 })).await.assert_status(200);
    assert_eq!((sees(&bob, &picture).await, sees(&admin, &picture).await), (404, 200));
    admin.patch(&format!("/documents/{page}"), json!({ "level": 1 })).await.assert_status(200);
    assert_eq!(sees(&bob, &picture).await, 200);
}

#[tokio::test]
async fn a_picture_goes_to_the_trash_with_its_page_and_comes_back_with_it() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let folder = ada.folder("夹", Some(&library)).await;
    let page = ada.page("通知", &folder).await;
    let picture = attach(&ada, &page, "a.png").await;
    let trash = || async { ada.get("/trash").await.assert_status(200).json()["items"].as_array().unwrap().len() };

    ada.delete(&format!("/documents/{page}")).await.assert_status(204);
    assert_eq!((sees(&ada, &picture).await, trash().await), (404, 1));
    ada.post(&format!("/documents/{picture}/untrash"), json!({})).await.assert_error(409, "document_attached");
    ada.post(&format!("/documents/{page}/untrash"), json!({})).await.assert_status(200);
    assert_eq!((sees(&ada, &picture).await, trash().await), (200, 0));

    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    assert_eq!((sees(&ada, &picture).await, trash().await), (404, 1));
    let trashed = ada.get("/audit").await;
    assert_eq!(trashed.status.as_u16(), 403);
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_status(200);
    assert_eq!((sees(&ada, &picture).await, names(&ada, &folder).await), (200, vec!["通知".to_owned()]));
    // The file name is still free, and the page's name is not.
    ada.upload("a.png", &folder, b"a file").await;
    let taken = json!({ "kind": "page", "folder_id": folder, "name": "通知" });
    ada.post("/documents", taken).await.assert_error(409, "name_taken");
}
