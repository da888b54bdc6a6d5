//! `/uploads`: tus 1.0.0, with everything that a network can do to it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wenshu::jobs::remove_expired_uploads::RemoveExpiredUploads;

use crate::support::{Answer, Client, START, TestServer, library::metadata_of};

const MIB: usize = 1 << 20;

impl Client {
    async fn begin(&self, metadata: &[(&str, &str)], length: Option<usize>) -> Answer {
        let request = self.tus(Method::POST, "/uploads").header("upload-metadata", metadata_of(metadata));
        self.send(match length {
            Some(length) => request.header("upload-length", length),
            None => request.header("upload-defer-length", 1),
        })
        .await
    }

    /// Begins an upload into `folder` and returns its address below `/api/v1`.
    async fn begin_in(&self, folder: &str, name: &str, length: usize) -> String {
        let begun = self.begin(&[("filename", name), ("folder_id", folder)], Some(length)).await.assert_status(201);
        begun.header("location").unwrap().to_owned()
    }

    fn part(&self, upload: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
        let request = self.tus(Method::PATCH, upload).header("upload-offset", offset);
        request.header("content-type", "application/offset+octet-stream").body(bytes.to_vec())
    }

    async fn offset(&self, upload: &str) -> usize {
        let head = self.send(self.tus(Method::HEAD, upload)).await.assert_status(200);
        assert_eq!(head.header("cache-control"), Some("no-store"));
        head.header("upload-offset").unwrap().parse().unwrap()
    }
}

fn bytes(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u8
    })
    .take(length)
    .collect()
}

/// Begins a PATCH of `all`, sends `sent` bytes of it, and leaves the connection as it is.
async fn send_some(client: &Client, upload: &str, all: &[u8], sent: usize) -> TcpStream {
    let host = client.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nhost: {host}\r\ncookie: wenshu_session={}\r\ntus-resumable: 1.0.0\r\n\
         upload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: {}\r\n\r\n",
        client.cookie,
        all.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&all[..sent]).await.unwrap();
    // Long enough for the server to take what is in the socket.
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream
}

#[tokio::test]
async fn a_file_comes_in_parts_and_the_last_answer_can_be_had_again() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let all = bytes(3 * MIB);
    let upload = ada.begin_in(&library, "卷宗.bin", all.len()).await;
    assert_eq!(ada.offset(&upload).await, 0);

    let first = ada.send(ada.part(&upload, 0, &all[..MIB])).await.assert_status(204);
    assert_eq!(first.header("upload-offset"), Some("1048576"));
    assert_eq!(first.header("tus-resumable"), Some("1.0.0"));
    assert!(first.header("upload-expires").unwrap().ends_with("GMT"));
    assert_eq!(ada.offset(&upload).await, MIB);
    let wrong = ada.send(ada.part(&upload, 0, &all[..MIB])).await.assert_error(409, "upload_offset_mismatch");
    assert_eq!(wrong["offset"], MIB);

    let last = ada.send(ada.part(&upload, MIB, &all[MIB..])).await.assert_status(204);
    let again = ada.send(ada.part(&upload, MIB, &all[MIB..])).await.assert_status(204);
    for header in ["wenshu-document-id", "wenshu-version", "upload-offset"] {
        assert!(last.header(header).is_some());
        assert_eq!(last.header(header), again.header(header));
    }
    assert_eq!(ada.offset(&upload).await, all.len());
    ada.send(ada.part(&upload, 0, &all)).await.assert_status(204);
    ada.send(ada.part(&upload, all.len(), b"")).await.assert_status(204);
    // Nobody is told that other bytes are there.
    let mut others = all[MIB..].to_vec();
    others[MIB] ^= 1;
    let late = [(MIB, &others[..]), (MIB, &all[MIB..2 * MIB]), (MIB + 1, &all[MIB..]), (all.len() + 1, b"")];
    for (offset, bytes) in late {
        ada.send(ada.part(&upload, offset, bytes)).await.assert_error(409, "upload_offset_mismatch");
    }
    let wrong = ada.part(&upload, MIB, &all[MIB..]).header("upload-checksum", "md5 AAAAAAAAAAAAAAAAAAAAAA==");
    ada.send(wrong).await.assert_error(460, "checksum_mismatch");

    let file = last.header("wenshu-document-id").unwrap();
    let view = ada.document(file).await;
    assert_eq!((view["name"].clone(), view["version"].clone()), (json!("卷宗.bin"), json!(1)));
    assert_eq!(view["processing"]["state"], "failed", "its first bytes say that nothing can be shown");
    let versions = ada.get(&format!("/documents/{file}/versions")).await.json();
    assert_eq!(versions["items"][0]["sha256"], hex::encode(Sha256::digest(&all)));
    assert!(ada.get(&format!("/documents/{file}/content")).await.body == all);
}

#[tokio::test]
async fn what_arrived_before_the_connection_broke_is_kept() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let all = bytes(4 * MIB);
    let upload = ada.begin_in(&library, "big.bin", all.len()).await;
    let stream = send_some(&ada, &upload, &all, 3 * MIB).await;
    drop(stream);

    let mut offset = 0;
    for _ in 0..100 {
        offset = ada.offset(&upload).await;
        if offset > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(offset, 3 * MIB);
    let last = ada.send(ada.part(&upload, offset, &all[offset..])).await.assert_status(204);
    let file = last.header("wenshu-document-id").unwrap();
    assert!(ada.get(&format!("/documents/{file}/content")).await.body == all);
}

#[tokio::test]
async fn a_second_request_at_once_is_locked_out_and_takes_over_a_silent_one() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let all = bytes(2 * MIB);
    let upload = ada.begin_in(&library, "big.bin", all.len()).await;
    let _stream = send_some(&ada, &upload, &all, MIB).await;
    ada.send(ada.part(&upload, 0, &all)).await.assert_error(423, "upload_locked");
    // Its client says nothing any more: the next request pushes it aside, and finds what it had.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let moved = ada.send(ada.part(&upload, 0, &all)).await.assert_error(409, "upload_offset_mismatch");
    assert_eq!(moved["offset"], MIB);
    ada.send(ada.part(&upload, MIB, &all[MIB..])).await.assert_status(204);
}

#[tokio::test]
async fn the_length_may_come_later() {
    let server = TestServer::start_with(|config| config.upload_max_bytes = 1000).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let metadata = [("filename", "log.txt"), ("folder_id", library.as_str())];
    let begun = ada.begin(&metadata, None).await.assert_status(201);
    let upload = begun.header("location").unwrap();
    ada.send(ada.part(upload, 0, b"0123456789")).await.assert_status(204);
    let head = ada.send(ada.tus(Method::HEAD, upload)).await;
    assert_eq!(head.header("upload-defer-length"), Some("1"));
    ada.send(ada.part(upload, 10, &[0; 991])).await.assert_error(413, "upload_too_large");
    assert_eq!(ada.offset(upload).await, 10);
    let told = ada.part(upload, 10, b"").header("upload-length", 10);
    let last = ada.send(told).await.assert_status(204);
    assert_eq!(last.header("wenshu-version"), Some("1"));
}

#[tokio::test]
async fn checksums_decide_whether_bytes_are_kept() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let upload = ada.begin_in(&library, "a.txt", 10).await;
    let sha256 = STANDARD.encode(Sha256::digest(b"01234"));
    let wrong = ada.part(&upload, 0, b"abcde").header("upload-checksum", format!("sha256 {sha256}"));
    ada.send(wrong).await.assert_error(460, "checksum_mismatch");
    assert_eq!(ada.offset(&upload).await, 0);
    let right = ada.part(&upload, 0, b"01234").header("upload-checksum", format!("sha256 {sha256}"));
    ada.send(right).await.assert_status(204);
    let wrong = ada.part(&upload, 5, b"56789").header("upload-checksum", "md5 AAAAAAAAAAAAAAAAAAAAAA==");
    ada.send(wrong).await.assert_error(460, "checksum_mismatch");
    let unknown = ada.part(&upload, 5, b"56789").header("upload-checksum", "crc32 AAAA");
    ada.send(unknown).await.assert_error(400, "checksum_invalid");
    let sha1 = STANDARD.encode(sha1::Sha1::digest(b"56789"));
    let right = ada.part(&upload, 5, b"56789").header("upload-checksum", format!("sha1 {sha1}"));
    ada.send(right).await.assert_status(204);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code() {
    let server = TestServer::start_with(|config| config.upload_max_bytes = 100).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let folder = ("folder_id", library.as_str());
    let too_large = ada.begin(&[("filename", "a"), folder], Some(101)).await.assert_error(413, "upload_too_large");
    assert_eq!(too_large["max_bytes"], 100);
    ada.begin(&[("filename", "a/b"), folder], Some(1)).await.assert_error(400, "name_invalid");
    ada.begin(&[("filename", &"长".repeat(86)), folder], Some(1)).await.assert_error(400, "name_too_long");
    ada.begin(&[("filename", "a")], Some(1)).await.assert_error(400, "folder_id_missing");
    let old = ada.request(Method::POST, "/uploads").header("tus-resumable", "0.2.2");
    let answer = ada.send(old).await;
    assert_eq!(answer.header("tus-version"), Some("1.0.0"));
    answer.assert_error(412, "tus_version_unsupported");
    let bad = ada.tus(Method::POST, "/uploads").header("upload-length", "ten");
    ada.send(bad).await.assert_error(400, "header_invalid");
    ada.send(ada.tus(Method::POST, "/uploads")).await.assert_error(400, "upload_length_invalid");

    let upload = ada.begin_in(&library, "a.txt", 5).await;
    let typed = ada.tus(Method::PATCH, &upload).header("upload-offset", 0).header("content-type", "text/plain");
    ada.send(typed.body("01234")).await.assert_error(415, "content_type_not_offset");
    ada.send(ada.part(&upload, 0, b"012345")).await.assert_error(400, "upload_length_invalid");
    let options = ada.send(ada.request(Method::OPTIONS, "/uploads")).await.assert_status(204);
    assert_eq!(options.header("tus-max-size"), Some("100"));
    assert!(options.header("tus-extension").unwrap().contains("creation-defer-length"));
    server.anonymous().begin(&[("filename", "a"), folder], Some(1)).await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn only_the_owner_sees_an_upload_and_may_cancel_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let upload = ada.begin_in(&library, "a.txt", 5).await;
    ada.send(ada.part(&upload, 0, b"012")).await.assert_status(204);
    bob.send(bob.part(&upload, 3, b"34")).await.assert_error(404, "upload_not_found");
    bob.send(bob.tus(Method::HEAD, &upload)).await.assert_status(404);
    bob.send(bob.tus(Method::DELETE, &upload)).await.assert_error(404, "upload_not_found");
    ada.send(ada.tus(Method::DELETE, &upload)).await.assert_status(204);
    ada.send(ada.part(&upload, 3, b"34")).await.assert_error(404, "upload_not_found");
}

#[tokio::test]
async fn uploading_takes_an_editor_at_the_beginning_and_at_the_end() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let metadata = [("filename", "a.txt"), ("folder_id", library.as_str())];
    bob.begin(&metadata, Some(5)).await.assert_error(404, "folder_not_found");
    ada.share("folders", &library, &bob, "commenter").await;
    bob.begin(&metadata, Some(5)).await.assert_error(403, "upload_not_allowed");
    ada.share("folders", &library, &bob, "editor").await;
    let upload = bob.begin_in(&library, "a.txt", 5).await;
    ada.share("folders", &library, &bob, "reader").await;
    bob.send(bob.part(&upload, 0, b"01234")).await.assert_error(403, "upload_not_allowed");
    assert_eq!(bob.offset(&upload).await, 0, "a client that finds everything there would not come back");
    ada.share("folders", &library, &bob, "editor").await;
    bob.send(bob.part(&upload, 0, b"01234")).await.assert_status(204);
    let page = ada.page("page", &library).await;
    let to_page = [("filename", "a.txt"), ("document_id", page.as_str())];
    bob.begin(&to_page, Some(5)).await.assert_error(409, "document_is_page");
}

#[tokio::test]
async fn a_taken_name_is_told_at_the_beginning_and_numbered_at_the_end() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let slow = ada.begin_in(&library, "Plan.txt", 4).await;
    let quick = ada.upload("plan.txt", &library, b"quick").await;
    let taken = ada.begin(&[("filename", "PLAN.txt"), ("folder_id", &library)], Some(1)).await;
    assert_eq!(taken.assert_error(409, "name_taken")["document_id"], *quick);
    let last = ada.send(ada.part(&slow, 0, b"slow")).await.assert_status(204);
    let file = last.header("wenshu-document-id").unwrap();
    assert_ne!(file, quick);
    assert_eq!(ada.document(file).await["name"], "Plan (2).txt");
    assert_eq!(ada.upload_version(&quick, "whatever.txt", b"newer").await, 2);
    assert_eq!(ada.document(&quick).await["name"], "plan.txt");
}

#[tokio::test]
async fn an_empty_file_is_kept_and_says_so() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    // A client with nothing to send does not send a PATCH.
    let begun = ada.begin(&[("filename", "empty.pdf"), ("folder_id", &library)], Some(0)).await.assert_status(201);
    let file = begun.header("wenshu-document-id").unwrap();
    let view = ada.document(file).await;
    assert_eq!(view["size_bytes"], 0);
    assert_eq!(
        (&view["processing"]["state"], &view["processing"]["code"]),
        (&json!("failed"), &json!("document_empty"))
    );
    assert_eq!(ada.get(&format!("/documents/{file}/content")).await.assert_status(200).body, b"");
}

#[tokio::test]
async fn the_type_comes_from_the_content() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = ada.upload("letter.docx", &library, b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n").await;
    assert_eq!(ada.document(&file).await["media_type"], "application/pdf");
}

#[tokio::test]
async fn an_upload_that_is_being_written_does_not_expire() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    server.ask_for(&RemoveExpiredUploads {}).await;
    server.run_jobs().await;
    let all = bytes(3 * MIB);
    let upload = ada.begin_in(&library, "slow.bin", all.len()).await;
    server.clock.advance(7 * 24 * 3600 * 1000 - 1);
    let mut stream = send_some(&ada, &upload, &all, MIB).await;
    server.clock.advance(3600 * 1000);
    server.run_jobs().await;
    stream.write_all(&all[MIB..]).await.unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(ada.offset(&upload).await, all.len());
}

#[tokio::test]
async fn what_came_with_the_creation_is_gone_on_with() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let metadata =
        format!("filename {} ,folder_id {},relativePath YS9i,is_secret", "YS50eHQ=", STANDARD.encode(&library));
    let request = ada.tus(Method::POST, "/uploads").header("upload-defer-length", 1);
    let request =
        request.header("upload-metadata", &metadata).header("content-type", "application/offset+octet-stream");
    let begun = ada.send(request.body("01234")).await.assert_status(201);
    assert_eq!(begun.header("upload-offset"), Some("5"));
    let upload = begun.header("location").unwrap().to_owned();
    let head = ada.send(ada.tus(Method::HEAD, &upload)).await.assert_status(200);
    assert_eq!(head.header("upload-metadata"), Some(&*metadata), "as it was sent");
    let rest = ada.part(&upload, 5, b"56789").header("upload-length", 10);
    let done = ada.send(rest).await.assert_status(204);
    let file = done.header("wenshu-document-id").unwrap();
    assert_eq!(ada.get(&format!("/documents/{file}/content")).await.body, b"0123456789");
    assert_eq!(ada.document(file).await["name"], "a.txt");
    let long = format!("{metadata},more {}", STANDARD.encode([b'x'; 20_000]));
    let request = ada.tus(Method::POST, "/uploads").header("upload-length", 1).header("upload-metadata", long);
    ada.send(request).await.assert_error(400, "metadata_too_long");
}

#[tokio::test]
async fn who_may_only_post_goes_on_and_cancels() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let upload = ada.begin_in(&library, "a.txt", 5).await;
    let post = |method: &str| ada.tus(Method::POST, &upload).header("x-http-method-override", method);
    let part = post("PATCH").header("upload-offset", 0).header("content-type", "application/offset+octet-stream");
    ada.send(part.body("012")).await.assert_status(204);
    ada.send(post("PUT")).await.assert_error(405, "method_not_allowed");
    ada.send(post("DELETE")).await.assert_status(204);
    ada.send(ada.part(&upload, 3, b"34")).await.assert_error(404, "upload_not_found");
}

#[tokio::test]
async fn a_name_tells_of_a_document_only_who_sees_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let (open, hidden) = (ada.upload("open.txt", &library, b"1").await, ada.upload("hidden.txt", &library, b"2").await);
    ada.patch(&format!("/documents/{hidden}"), json!({ "inherits": false })).await.assert_status(200);
    ada.share("folders", &library, &bob, "editor").await;
    let names = json!({ "names": ["open.txt", "hidden.txt", "new.txt"] });
    let asked = bob.post(&format!("/folders/{library}/conflicts"), names.clone()).await.json();
    assert_eq!(asked["items"], json!([{ "name": "open.txt", "document_id": open }]));
    assert_eq!(
        ada.post(&format!("/folders/{library}/conflicts"), names).await.json()["items"][1]["document_id"],
        hidden
    );
    let begin = async |name: &str| bob.begin(&[("filename", name), ("folder_id", &library)], Some(3)).await;
    assert_eq!(begin("open.txt").await.assert_error(409, "name_taken")["document_id"], open);
    let refused = begin("hidden.txt").await.assert_error(409, "name_taken");
    assert!(refused.get("document_id").is_none(), "{refused}");
    let page = json!({ "folder_id": library, "kind": "page", "name": "hidden.txt" });
    let refused = bob.post("/documents", page).await.assert_error(409, "name_taken");
    assert!(refused.get("document_id").is_none(), "{refused}");
    let other = bob.upload("other.txt", &library, b"3").await;
    let renamed = bob.patch(&format!("/documents/{other}"), json!({ "name": "hidden.txt" })).await;
    let refused = renamed.assert_error(409, "name_taken");
    assert!(refused.get("document_id").is_none(), "{refused}");
}

#[tokio::test]
async fn an_upload_that_rests_expires_and_is_removed() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    server.ask_for(&RemoveExpiredUploads {}).await;
    assert_eq!(server.run_jobs().await, 1);
    let upload = ada.begin_in(&library, "a.txt", 5).await;
    server.clock.advance(3 * 24 * 3600 * 1000);
    ada.send(ada.part(&upload, 0, b"012")).await.assert_status(204);
    server.clock.advance(6 * 24 * 3600 * 1000);
    server.run_jobs().await;
    assert_eq!(ada.offset(&upload).await, 3, "it was gone on with six days ago");
    server.clock.advance(2 * 24 * 3600 * 1000);
    ada.send(ada.part(&upload, 3, b"34")).await.assert_error(410, "upload_expired");
    server.run_jobs().await;
    ada.send(ada.part(&upload, 3, b"34")).await.assert_error(410, "upload_expired");
    let rows: i64 = sqlx::query_scalar("select count(*) from uploads").fetch_one(server.app.db.read()).await.unwrap();
    assert_eq!(rows, 0);
    assert!(server.clock.now() > START);
}

#[tokio::test]
async fn post_stands_in_for_patch_where_proxies_forbid_it() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let upload = ada.begin_in(&library, "a.txt", 3).await;
    let post = ada.tus(Method::POST, &upload).header("upload-offset", 0).body("abc");
    let post = post.header("content-type", "application/offset+octet-stream");
    ada.send(post.try_clone().unwrap()).await.assert_error(405, "method_not_allowed");
    ada.send(post.header("x-http-method-override", "PATCH")).await.assert_status(204);
}

#[tokio::test]
async fn a_restart_in_the_middle_keeps_the_upload() {
    let mut server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let all = bytes(2 * MIB);
    let upload = ada.begin_in(&library, "big.bin", all.len()).await;
    let _stream = send_some(&ada, &upload, &all, MIB).await;
    server.stop().await;
    let database = wenshu::db::Db::connect(&server.app.config.database_url()).await.unwrap();
    let id = upload.rsplit('/').next().unwrap().split('.').next().unwrap().parse().unwrap();
    let row = wenshu::db::uploads::find(database.read(), &id, &ada.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(row.offset_bytes as usize, MIB);
    database.close().await;
}

#[tokio::test]
async fn parts_of_a_concatenation_do_not_become_documents() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let metadata = metadata_of(&[("filename", "a.bin"), ("folder_id", &library)]);
    for concat in ["partial", "final;/api/v1/uploads/a /api/v1/uploads/b"] {
        let request = ada.tus(Method::POST, "/uploads").header("upload-concat", concat).header("upload-length", 4);
        let request = request.header("upload-metadata", &metadata);
        ada.send(request).await.assert_error(400, "concatenation_unsupported");
    }
    // Numbers are digits alone.
    let request = ada.tus(Method::POST, "/uploads").header("upload-length", "+4").header("upload-metadata", &metadata);
    ada.send(request).await.assert_error(400, "header_invalid");
}
