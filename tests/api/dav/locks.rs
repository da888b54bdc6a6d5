//! What somebody has locked on a drive stays theirs, everywhere.

use serde_json::json;

use super::Drive;
use crate::support::{Answer, TestServer};

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
