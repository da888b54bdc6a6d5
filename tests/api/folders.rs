//! `/folders`: libraries, folders, what lies in them.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn whoever_makes_a_library_manages_it_and_others_do_not_see_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.post("/folders", json!({ "name": " 法务部 " })).await.assert_status(201).json();
    assert_eq!(library["name"], "法务部");
    assert_eq!(library["role"], "manager");
    assert_eq!(library["parent_id"], json!(null));
    assert!(library["abilities"].as_array().unwrap().contains(&json!("create_folder")));

    let id = library["id"].as_str().unwrap();
    assert_eq!(ada.get("/folders").await.json()["items"][0]["id"], id);
    assert_eq!(bob.get("/folders").await.json()["items"], json!([]));
    bob.get(&format!("/folders/{id}")).await.assert_error(404, "folder_not_found");
    bob.get(&format!("/folders/{id}/children")).await.assert_error(404, "folder_not_found");
    bob.post("/folders", json!({ "name": "x", "parent_id": id })).await.assert_error(404, "folder_not_found");
    server.anonymous().get("/folders").await.assert_error(401, "unauthorized");
    let root = server.admin("root").await;
    assert_eq!(root.get("/folders").await.json()["items"][0]["role"], "manager");
}

#[tokio::test]
async fn a_reader_sees_but_may_not_change() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("档案", None).await;
    ada.share("folders", &library, &bob, "reader").await;

    assert_eq!(bob.get(&format!("/folders/{library}")).await.assert_status(200).json()["role"], "reader");
    let path = format!("/folders/{library}");
    bob.patch(&path, json!({ "name": "x" })).await.assert_error(403, "rename_not_allowed");
    bob.patch(&path, json!({ "inherits": false })).await.assert_error(403, "share_not_allowed");
    bob.delete(&path).await.assert_error(403, "delete_not_allowed");
    bob.post("/folders", json!({ "name": "x", "parent_id": library }))
        .await
        .assert_error(403, "create_folder_not_allowed");
    bob.get(&format!("{path}/grants")).await.assert_error(403, "share_not_allowed");
}

#[tokio::test]
async fn names_are_checked_and_unique_within_a_folder() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let folder = ada.folder("Plan", Some(&library)).await;
    let make = |name: &str| json!({ "name": name, "parent_id": library });
    ada.post("/folders", make("plan")).await.assert_error(409, "name_taken");
    for bad in ["", "..", "a/b", "a\\b", "a\u{0}b", "a\u{202e}b"] {
        ada.post("/folders", make(bad)).await.assert_error(400, "name_invalid");
    }
    ada.post("/folders", make(&"长".repeat(100))).await.assert_error(400, "name_too_long");
    let other = ada.folder("Other", Some(&library)).await;
    ada.patch(&format!("/folders/{other}"), json!({ "name": "PLAN" })).await.assert_error(409, "name_taken");
    ada.patch(&format!("/folders/{folder}"), json!({ "name": "PLAN" })).await.assert_status(200);
}

#[tokio::test]
async fn a_folder_does_not_move_into_itself_and_takes_its_documents_along() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (library, open) = (ada.folder("库", None).await, ada.folder("公开", None).await);
    let outer = ada.folder("outer", Some(&library)).await;
    let inner = ada.folder("inner", Some(&outer)).await;
    let page = ada.page("note", &inner).await;
    let into = |id: &str| json!({ "parent_id": id });
    ada.patch(&format!("/folders/{outer}"), into(&inner)).await.assert_error(409, "folder_into_itself");
    ada.patch(&format!("/folders/{outer}"), into(&outer)).await.assert_error(409, "folder_into_itself");

    ada.share("folders", &open, &bob, "reader").await;
    bob.get(&format!("/documents/{page}")).await.assert_error(404, "document_not_found");
    let before = ada.last_change(&server).await;
    ada.patch(&format!("/folders/{outer}"), into(&open)).await.assert_status(200);
    let view = bob.get(&format!("/documents/{page}")).await.assert_status(200).json();
    let names: Vec<_> = view["path"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["公开", "outer", "inner"]);
    assert_eq!(ada.last_change(&server).await, before + 1, "the index has to learn of the new path");
}

#[tokio::test]
async fn an_editor_cannot_gain_rights_by_moving() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (library, own) = (ada.folder("库", None).await, bob.folder("mine", None).await);
    let page = ada.page("note", &library).await;
    let folder = ada.folder("inside", Some(&library)).await;
    ada.share("folders", &library, &bob, "editor").await;
    let away = bob.patch(&format!("/documents/{page}"), json!({ "folder_id": own })).await;
    away.assert_error(403, "move_not_allowed");
    bob.patch(&format!("/folders/{folder}"), json!({ "parent_id": own })).await.assert_error(403, "move_not_allowed");
    bob.patch(&format!("/documents/{page}"), json!({ "folder_id": folder })).await.assert_status(200);
    let hidden = ada.folder("hidden", None).await;
    bob.patch(&format!("/documents/{page}"), json!({ "folder_id": hidden }))
        .await
        .assert_error(404, "folder_not_found");
}

#[tokio::test]
async fn children_come_folders_first_by_name_in_pages() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    for name in ["b", "A", "c"] {
        ada.folder(name, Some(&library)).await;
        ada.page(&format!("{name}.page"), &library).await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ada.get(&format!("/folders/{library}/children?limit=2{cursor}")).await.assert_status(200).json();
        for entry in page["folders"].as_array().unwrap().iter().chain(page["documents"].as_array().unwrap()) {
            seen.push(entry["name"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["A", "b", "c", "A.page", "b.page", "c.page"]);
    let wrong = ada.get(&format!("/folders/{library}/children?cursor=nonsense")).await;
    wrong.assert_error(400, "cursor_invalid");
}

#[tokio::test]
async fn a_shared_folder_in_a_hidden_library_is_a_root_with_a_short_path() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("秘密项目", None).await;
    let shared = ada.folder("shared", Some(&library)).await;
    ada.share("folders", &shared, &bob, "commenter").await;
    let roots = bob.get("/folders").await.json();
    assert_eq!(roots["items"][0]["id"], *shared);
    assert_eq!(roots["items"][0]["parent_id"], json!(null));
    assert_eq!(roots["items"][0]["path"].as_array().unwrap().len(), 1);
    assert!(!roots.to_string().contains("秘密项目"));
}

#[tokio::test]
async fn conflicts_are_found_before_uploading() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let page = ada.page("Café", &library).await;
    let asked = json!({ "names": ["cafe\u{301}", "new.txt"] });
    let found = ada.post(&format!("/folders/{library}/conflicts"), asked).await.assert_status(200).json();
    assert_eq!(found["items"], json!([{ "name": "cafe\u{301}", "document_id": page }]));
}

#[tokio::test]
async fn a_trashed_folder_takes_its_content_along_and_documents_come_back() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("alt", Some(&library)).await;
    let page = ada.page("note", &folder).await;
    ada.share("folders", &library, &bob, "editor").await;

    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    ada.get(&format!("/folders/{folder}")).await.assert_error(404, "folder_not_found");
    ada.get(&format!("/documents/{page}")).await.assert_error(404, "document_not_found");
    assert_eq!(ada.get("/trash").await.json()["items"][0]["id"], *folder);
    assert_eq!(bob.get("/trash").await.json()["items"], json!([]), "only who may delete looks into the trash");
    bob.post(&format!("/documents/{page}/untrash"), json!({})).await.assert_error(403, "delete_not_allowed");

    // Both names are in use again meanwhile.
    let again = ada.folder("alt", Some(&library)).await;
    assert_ne!(again, folder);
    ada.post(&format!("/documents/{page}/untrash"), json!({})).await.assert_error(409, "place_gone");
    ada.post(&format!("/trash/{folder}/restore"), json!({})).await.assert_status(200);
    assert_eq!(ada.document(&page).await["path"][1]["name"], "alt (2)");
    assert_eq!(ada.get("/trash").await.json()["items"], json!([]));

    ada.delete(&format!("/documents/{page}")).await.assert_status(204);
    ada.page("note", &folder).await;
    let back = ada.post(&format!("/documents/{page}/untrash"), json!({})).await.assert_status(200).json();
    assert_eq!(back["name"], "note (2)");
}

#[tokio::test]
async fn who_stops_inheritance_stays_manager() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("personal", Some(&library)).await;
    ada.share("folders", &library, &bob, "manager").await;
    ada.share("folders", &library, &eve, "reader").await;
    let view = bob.patch(&format!("/folders/{folder}"), json!({ "inherits": false })).await.assert_status(200).json();
    assert_eq!((view["inherits"].clone(), view["role"].clone()), (json!(false), json!("manager")));
    assert_eq!(view["parent_id"], *library);
    eve.get(&format!("/folders/{folder}")).await.assert_error(404, "folder_not_found");
    let children = eve.get(&format!("/folders/{library}/children")).await.json();
    assert_eq!(children["folders"], json!([]));
    bob.patch(&format!("/folders/{folder}"), json!({ "inherits": true })).await.assert_status(200);
    eve.get(&format!("/folders/{folder}")).await.assert_status(200);
}

#[tokio::test]
async fn another_place_and_another_name_come_together_or_not_at_all() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (here, there) = (ada.folder("这里", None).await, ada.folder("那里", None).await);
    let document = ada.upload("a.txt", &here, b"a").await;
    let folder = ada.folder("夹", Some(&here)).await;
    // The old names are taken there, and the new ones here: that is in nobody's way.
    for (library, name) in [(&there, "a.txt"), (&here, "b.txt")] {
        ada.upload(name, library, b"other").await;
    }
    for (library, name) in [(&there, "夹"), (&here, "新夹")] {
        ada.folder(name, Some(library)).await;
    }
    let path = format!("/documents/{document}");
    ada.patch(&path, json!({ "folder_id": there, "name": "a.txt" })).await.assert_error(409, "name_taken");
    assert_eq!(ada.document(&document).await["folder_id"], here.as_str());
    let moved = ada.patch(&path, json!({ "folder_id": there, "name": "b.txt" })).await.assert_status(200).json();
    assert_eq!((&moved["folder_id"], &moved["name"]), (&json!(there), &json!("b.txt")));
    let path = format!("/folders/{folder}");
    ada.patch(&path, json!({ "parent_id": there, "name": "夹" })).await.assert_error(409, "name_taken");
    let moved = ada.patch(&path, json!({ "parent_id": there, "name": "新夹" })).await.assert_status(200).json();
    assert_eq!((&moved["parent_id"], &moved["name"]), (&json!(there), &json!("新夹")));
}
