//! What somebody has locked on a drive stays theirs, everywhere.

use reqwest::Method;
use serde_json::json;

use super::Drive;
use crate::support::{Answer, Client, TestServer};

const LOCK: &str = "<?xml version=\"1.0\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>\
    <D:locktype><D:write/></D:locktype><D:owner><D:href>ada@office</D:href></D:owner></D:lockinfo>";

async fn lock(drive: &Drive, path: &str) -> Answer {
    drive.send(drive.request("LOCK", path).header("timeout", "Second-3600").body(LOCK)).await
}

fn token(answer: &Answer) -> String {
    answer.header("lock-token").expect("a token").to_owned()
}

#[tokio::test]
async fn a_document_locked_on_a_drive_is_locked_for_uploads_and_in_the_browser() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "manager").await;
    let file = ada.upload("plan.docx", &library, b"one").await;
    let (drive, other) = (Drive::of(&ada), Drive::of(&bob));

    let held = lock(&drive, "/lib/plan.docx").await.assert_status(200);
    let held_token = token(&held);
    let text = String::from_utf8(held.body).unwrap();
    assert!(
        text.contains("ada@office")
            && text.contains("Second-3600")
            && text.contains("/dav/lib/plan%2Edocx") | text.contains("/dav/lib/plan.docx"),
        "{text}"
    );
    lock(&other, "/lib/plan.docx").await.assert_status(423);

    let refused = bob.try_upload(&[("filename", "plan.docx"), ("document_id", &file)], b"two").await;
    let error = refused.assert_error(423, "document_locked");
    assert_eq!(error["user_name"], "ada");
    bob.patch(&format!("/documents/{file}"), json!({ "name": "x.docx" })).await.assert_error(423, "document_locked");
    bob.delete(&format!("/documents/{file}")).await.assert_error(423, "document_locked");
    bob.post(&format!("/documents/{file}/versions/1/restore"), json!({})).await.assert_error(423, "document_locked");
    assert_eq!(bob.document(&file).await["locked_by"]["user"]["name"], "ada");
    for refused in [
        other.put("/lib/plan.docx", b"two").await,
        other.delete("/lib/plan.docx").await,
        other.rename("/lib/plan.docx", "/lib/b.docx").await,
        other.delete("/lib").await,
    ] {
        assert!([423, 403].contains(&refused.status.as_u16()), "{refused}");
    }
    // Not even its owner by mistake: another program of theirs does not know the token.
    drive.put("/lib/plan.docx", b"two").await.assert_status(423);
    let right = drive.request("PUT", "/lib/plan.docx").header("if", format!("({held_token})")).body("two");
    drive.send(right).await.assert_status(204);
    // A stolen token is worth nothing.
    let stolen = other.request("PUT", "/lib/plan.docx").header("if", format!("({held_token})")).body("evil");
    other.send(stolen).await.assert_status(423);
    let unlock = other.request("UNLOCK", "/lib/plan.docx").header("lock-token", &held_token);
    other.send(unlock).await.assert_error(403, "unlock_not_allowed");

    // It ends with its time, or when it is ended; a refresh prolongs it.
    server.clock.advance(59 * 60 * 1000);
    let refresh = drive.request("LOCK", "/lib/plan.docx").header("if", format!("({held_token})"));
    drive.send(refresh.header("timeout", "Second-600")).await.assert_status(200);
    server.clock.advance(9 * 60 * 1000);
    other.put("/lib/plan.docx", b"three").await.assert_status(423);
    server.clock.advance(2 * 60 * 1000);
    other.put("/lib/plan.docx", b"three").await.assert_status(204);
    assert!(bob.document(&file).await["locked_by"].is_null());
    let unlock = drive.request("UNLOCK", "/lib/plan.docx").header("lock-token", &held_token);
    drive.send(unlock).await.assert_status(409);
}

#[tokio::test]
async fn a_locked_folder_protects_what_is_in_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "manager").await;
    let inner = ada.folder("inner", Some(&library)).await;
    let file = ada.upload("deep.txt", &inner, b"one").await;
    let (drive, other) = (Drive::of(&ada), Drive::of(&bob));
    let on_file = token(&lock(&other, "/lib/inner/deep.txt").await.assert_status(200));
    lock(&drive, "/lib/inner").await.assert_status(423);
    let unlock = other.request("UNLOCK", "/lib/inner/deep.txt").header("lock-token", &on_file);
    other.send(unlock).await.assert_status(204);
    let held = token(&lock(&drive, "/lib/inner").await.assert_status(200));
    other.put("/lib/inner/deep.txt", b"two").await.assert_status(423);
    other.put("/lib/inner/new.txt", b"two").await.assert_status(423);
    lock(&other, "/lib/inner/deep.txt").await.assert_status(423);
    bob.try_upload(&[("filename", "deep.txt"), ("document_id", &file)], b"two")
        .await
        .assert_error(423, "document_locked");
    let tagged = format!("<{}> ({held})", drive.address("/lib/inner"));
    let write = drive.request("PUT", "/lib/inner/new.txt").header("if", tagged).body("mine");
    drive.send(write).await.assert_status(201);
}

#[tokio::test]
async fn a_name_can_be_locked_before_there_is_a_file() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let (drive, other) = (Drive::of(&ada), Drive::of(&bob));
    let held = token(&lock(&drive, "/lib/new.docx").await.assert_status(201));
    assert_eq!(ada.listed(&library).await, []);
    other.put("/lib/new.docx", b"theirs").await.assert_status(423);
    let write = drive.request("PUT", "/lib/new.docx").header("if", format!("({held})")).body("mine");
    drive.send(write).await.assert_status(204);
    assert_eq!(ada.listed(&library).await, [("new.docx".to_owned(), 1)]);
    // The lock went along: the document is locked now.
    other.put("/lib/new.docx", b"theirs").await.assert_status(423);
    let unlock = drive.request("UNLOCK", "/lib/new.docx").header("lock-token", &held);
    drive.send(unlock).await.assert_status(204);
    other.put("/lib/new.docx", b"theirs").await.assert_status(204);
    assert_eq!(ada.listed(&library).await, [("new.docx".to_owned(), 2)]);
}

/// Everything that would change `inner`, which lies in `library`, or take something out of it or below it.
async fn assert_tree_is_kept(bob: &Client, library: &str, inner: &str, other: &str) {
    let folder = format!("/folders/{inner}");
    for refused in [
        bob.delete(&folder).await,
        bob.delete(&format!("/folders/{library}")).await,
        bob.patch(&folder, json!({ "parent_id": other })).await,
        bob.patch(&folder, json!({ "name": "renamed" })).await,
        bob.patch(&format!("/folders/{library}"), json!({ "name": "renamed" })).await,
    ] {
        let error = refused.assert_error(423, "document_locked");
        assert_eq!(error["user_name"], "ada");
        assert!(error["locked_until"].is_i64());
    }
}

#[tokio::test]
async fn a_locked_document_keeps_the_folders_that_it_lies_in() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "manager").await;
    let inner = ada.folder("inner", Some(&library)).await;
    let deeper = ada.folder("deeper", Some(&inner)).await;
    let other = ada.folder("other", Some(&library)).await;
    let file = ada.upload("deep.txt", &deeper, b"one").await;
    let drive = Drive::of(&ada);
    let held = token(&lock(&drive, "/lib/inner/deeper/deep.txt").await.assert_status(200));
    assert_tree_is_kept(&bob, &library, &inner, &other).await;
    // What lies beside it is free, and the owner of the lock may do as ever.
    ada.patch(&format!("/folders/{inner}"), json!({ "name": "inside" })).await.assert_status(200);
    bob.try_upload(&[("filename", "new.txt"), ("folder_id", &deeper)], b"new").await.assert_status(201);
    bob.patch(&format!("/folders/{other}"), json!({ "name": "another" })).await.assert_status(200);
    // It stays theirs wherever they put it.
    ada.patch(&format!("/documents/{file}"), json!({ "folder_id": other })).await.assert_status(200);
    bob.delete(&format!("/folders/{other}")).await.assert_error(423, "document_locked");
    let unlock = drive.request("UNLOCK", "/lib/another/deep.txt").header("lock-token", &held);
    drive.send(unlock).await.assert_status(204);
    bob.delete(&format!("/folders/{other}")).await.assert_status(204);
    bob.delete(&format!("/folders/{inner}")).await.assert_status(204);
}

#[tokio::test]
async fn nothing_comes_into_a_locked_folder_or_leaves_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "manager").await;
    let inner = ada.folder("inner", Some(&library)).await;
    let deeper = ada.folder("deeper", Some(&inner)).await;
    let other = ada.folder("other", Some(&library)).await;
    let gone = ada.upload("gone.txt", &deeper, b"gone").await;
    let lost = ada.folder("lost", Some(&deeper)).await;
    bob.delete(&format!("/documents/{gone}")).await.assert_status(204);
    bob.delete(&format!("/folders/{lost}")).await.assert_status(204);
    let loose = ada.upload("loose.txt", &other, b"loose").await;
    let below = ada.upload("below.txt", &deeper, b"below").await;
    let page = ada.page("page", &deeper).await;
    let metadata = [("filename", "late.txt"), ("folder_id", deeper.as_str())];
    let begin = |metadata: &[(&str, &str)]| {
        let request = bob.tus(Method::POST, "/uploads").header("upload-length", 4);
        request.header("upload-metadata", crate::support::library::metadata_of(metadata))
    };
    let begun = bob.send(begin(&metadata)).await.assert_status(201);
    let begun = begun.header("location").unwrap().to_owned();
    let finish = || {
        let request = bob.tus(Method::PATCH, &begun).header("upload-offset", 0);
        request.header("content-type", "application/offset+octet-stream").body("late")
    };

    let (drive, theirs) = (Drive::of(&ada), Drive::of(&bob));
    let held = token(&lock(&drive, "/lib/inner").await.assert_status(200));
    assert_tree_is_kept(&bob, &library, &inner, &other).await;
    theirs.put("/lib/inner/deeper/new.txt", b"new").await.assert_status(423);
    for refused in [
        bob.send(finish()).await,
        bob.send(begin(&[("filename", "new.txt"), ("folder_id", &deeper)])).await,
        bob.try_upload(&[("filename", "new.txt"), ("folder_id", &deeper)], b"new").await,
        bob.post("/documents", json!({ "kind": "page", "name": "new", "folder_id": deeper })).await,
        bob.post("/folders", json!({ "name": "new", "parent_id": deeper })).await,
        bob.patch(&format!("/documents/{loose}"), json!({ "folder_id": deeper })).await,
        bob.patch(&format!("/folders/{other}"), json!({ "parent_id": deeper })).await,
        bob.patch(&format!("/documents/{below}"), json!({ "folder_id": other })).await,
        bob.patch(&format!("/documents/{below}"), json!({ "name": "new.txt" })).await,
        bob.delete(&format!("/documents/{page}")).await,
        bob.patch(&format!("/folders/{deeper}"), json!({ "name": "new" })).await,
        bob.post(&format!("/trash/{gone}/restore"), json!({})).await,
        bob.post(&format!("/trash/{lost}/restore"), json!({})).await,
    ] {
        assert_eq!(refused.assert_error(423, "document_locked")["user_name"], "ada");
    }
    // Its owner goes on; beside it everybody does; and afterwards everything is possible, also what had begun before.
    ada.upload("mine.txt", &deeper, b"mine").await;
    bob.upload("free.txt", &other, b"free").await;
    let unlock = drive.request("UNLOCK", "/lib/inner").header("lock-token", &held);
    drive.send(unlock).await.assert_status(204);
    bob.send(finish()).await.assert_status(204);
    bob.post(&format!("/trash/{lost}/restore"), json!({})).await.assert_status(200);
    bob.delete(&format!("/folders/{inner}")).await.assert_status(204);
}

#[tokio::test]
async fn a_lock_of_depth_0_keeps_the_list_of_a_folder_and_a_locked_name_is_kept() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "manager").await;
    let inner = ada.folder("inner", Some(&library)).await;
    let deeper = ada.folder("deeper", Some(&inner)).await;
    let file = ada.upload("a.txt", &inner, b"one").await;
    let drive = Drive::of(&ada);
    let flat = drive.request("LOCK", "/lib/inner").header("depth", "0").body(LOCK);
    let held = token(&drive.send(flat).await.assert_status(200));
    bob.try_upload(&[("filename", "new.txt"), ("folder_id", &inner)], b"new")
        .await
        .assert_error(423, "document_locked");
    bob.delete(&format!("/documents/{file}")).await.assert_error(423, "document_locked");
    bob.delete(&format!("/folders/{deeper}")).await.assert_error(423, "document_locked");
    bob.upload_version(&file, "a.txt", b"two").await;
    bob.upload("new.txt", &deeper, b"new").await;
    let unlock = drive.request("UNLOCK", "/lib/inner").header("lock-token", &held);
    drive.send(unlock).await.assert_status(204);

    lock(&drive, "/lib/inner/名.docx").await.assert_status(201);
    let refused = bob.try_upload(&[("filename", "名.DOCX"), ("folder_id", &inner)], b"new").await;
    refused.assert_error(423, "document_locked");
    bob.patch(&format!("/documents/{file}"), json!({ "name": "名.docx" })).await.assert_error(423, "document_locked");
    bob.post("/folders", json!({ "name": "名.docx", "parent_id": inner })).await.assert_error(423, "document_locked");
    bob.upload("other.docx", &inner, b"other").await;
    drive.put("/lib/inner/名.docx", b"x").await.assert_status(423);
    // The lock ends, and the empty file becomes a document.
    server.clock.advance(61 * 60 * 1000);
    server.run_jobs().await;
    assert!(ada.listed(&inner).await.contains(&("名.docx".to_owned(), 1)));
}

#[tokio::test]
async fn a_step_of_saving_waits_for_a_lock_instead_of_being_lost() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let inner = ada.folder("inner", Some(&library)).await;
    let (drive, theirs) = (Drive::of(&ada), Drive::of(&bob));
    theirs.put("/lib/inner/~WRD0001.tmp", b"bytes").await.assert_status(201);
    server.clock.advance(59 * 60 * 1000);
    let held = token(&lock(&drive, "/lib/inner").await.assert_status(200));
    server.clock.advance(2 * 60 * 1000);
    server.run_jobs().await;
    assert_eq!(ada.listed(&inner).await, []);
    assert_eq!(theirs.get("/lib/inner/~WRD0001.tmp").await.assert_status(200).body, b"bytes");
    let unlock = drive.request("UNLOCK", "/lib/inner").header("lock-token", &held);
    drive.send(unlock).await.assert_status(204);
    server.clock.advance(61 * 60 * 1000);
    server.run_jobs().await;
    assert_eq!(ada.listed(&inner).await, [("~WRD0001.tmp".to_owned(), 1)]);
}
