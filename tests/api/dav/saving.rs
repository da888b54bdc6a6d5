//! However a program saves, the document goes on.

use futures::StreamExt;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Drive;
use crate::support::{Client, PASSWORD, TestServer};

async fn begun() -> (TestServer, Client, String, Drive, String) {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("lib", None).await;
    let document = ada.upload("报告.docx", &library, b"one").await;
    let drive = Drive::of(&ada);
    (server, ada, library, drive, document)
}

/// The document has `versions` versions, is alone in the library, and its newest content is `content`.
async fn assert_went_on((ada, library, drive): (&Client, &str, &Drive), document: &str, versions: i64, content: &[u8]) {
    let view = ada.document(document).await;
    assert_eq!((view["name"].as_str(), view["version"].as_i64()), (Some("报告.docx"), Some(versions)));
    assert_eq!(ada.listed(library).await, [("报告.docx".to_owned(), versions)]);
    assert_eq!(drive.get("/lib/报告.docx").await.assert_status(200).body, content);
}

#[tokio::test]
async fn word_renames_the_original_away_and_the_new_file_to_it() {
    let (server, ada, library, drive, document) = begun().await;
    drive.put("/lib/~$报告.docx", b"owner").await.assert_status(201);
    drive.put("/lib/~WRD0001.tmp", b"two").await.assert_status(201);
    drive.rename("/lib/报告.docx", "/lib/~WRL0002.tmp").await.assert_status(201);
    // Word looks: the name is free, the old bytes are under the other.
    drive.get("/lib/报告.docx").await.assert_status(404);
    assert_eq!(drive.get("/lib/~WRL0002.tmp").await.body, b"one");
    assert_eq!(drive.names("/lib").await, ["~$报告.docx", "~WRD0001.tmp", "~WRL0002.tmp"]);
    // Nobody else sees any of it.
    assert_eq!(ada.listed(&library).await, [("报告.docx".to_owned(), 1)]);
    drive.rename("/lib/~WRD0001.tmp", "/lib/报告.docx").await.assert_status(201);
    drive.delete("/lib/~WRL0002.tmp").await.assert_status(204);
    drive.delete("/lib/~$报告.docx").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 2, b"two").await;
    server.clock.advance(48 * 3600 * 1000);
    server.run_jobs().await;
    assert_went_on((&ada, &library, &drive), &document, 2, b"two").await;
    assert!(ada.get("/trash").await.json()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn excel_libreoffice_and_the_mac_save_in_their_own_ways() {
    let (_server, ada, library, drive, document) = begun().await;
    // Excel: eight digits without an ending.
    drive.put("/lib/5A3B1C00", b"two").await.assert_status(201);
    drive.rename("/lib/报告.docx", "/lib/8C7D0011.tmp").await.assert_status(201);
    drive.rename("/lib/5A3B1C00", "/lib/报告.docx").await.assert_status(201);
    drive.delete("/lib/8C7D0011.tmp").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 2, b"two").await;
    // LibreOffice on a mounted drive: renamed over the original.
    drive.put("/lib/.~lock.报告.docx#", b"ada").await.assert_status(201);
    drive.put("/lib/lu2417p0d4.tmp", b"three").await.assert_status(201);
    drive.rename("/lib/lu2417p0d4.tmp", "/lib/报告.docx").await.assert_status(204);
    drive.delete("/lib/.~lock.报告.docx#").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 3, b"three").await;
    // macOS: both names are exchanged.
    drive.put("/lib/报告.docx.sb-1a2b3c4d-AbCdEf", b"four").await.assert_status(201);
    drive.put("/lib/._报告.docx.sb-1a2b3c4d-AbCdEf", b"fork").await.assert_status(201);
    drive.rename("/lib/报告.docx", "/lib/报告.docx.sb-1a2b3c4d-ZzZzZz").await.assert_status(201);
    drive.rename("/lib/报告.docx.sb-1a2b3c4d-AbCdEf", "/lib/报告.docx").await.assert_status(201);
    drive.delete("/lib/报告.docx.sb-1a2b3c4d-ZzZzZz").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 4, b"four").await;
    // Editors that keep a backup and write the name anew.
    drive.rename("/lib/报告.docx", "/lib/报告.docx~").await.assert_status(201);
    drive.put("/lib/报告.docx", b"five").await.assert_status(201);
    drive.delete("/lib/报告.docx~").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 5, b"five").await;
    // Windows: an empty file first, then the bytes under a lock.
    drive.put("/lib/报告.docx", b"six").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 6, b"six").await;
}

#[tokio::test]
async fn wps_deletes_the_original_first_or_keeps_a_backup() {
    let (_server, ada, library, drive, document) = begun().await;
    drive.put("/lib/wps8f2a.tmp", b"two").await.assert_status(201);
    drive.delete("/lib/报告.docx").await.assert_status(204);
    drive.rename("/lib/wps8f2a.tmp", "/lib/报告.docx").await.assert_status(201);
    assert_went_on((&ada, &library, &drive), &document, 2, b"two").await;
    assert!(ada.get("/trash").await.json()["items"].as_array().unwrap().is_empty());

    // A backup that the person wants: it is a document of its own, with the old bytes.
    drive.put("/lib/~wrd0003.tmp", b"three").await.assert_status(201);
    drive.rename("/lib/报告.docx", "/lib/报告 的备份.wbk").await.assert_status(201);
    drive.rename("/lib/~wrd0003.tmp", "/lib/报告.docx").await.assert_status(201);
    assert_eq!(ada.listed(&library).await, [("报告 的备份.wbk".to_owned(), 1), ("报告.docx".to_owned(), 3)]);
    assert_eq!(ada.document(&document).await["name"], "报告.docx");
    assert_eq!(drive.get("/lib/报告 的备份.wbk").await.body, b"two");
    assert_eq!(drive.get("/lib/报告.docx").await.body, b"three");
}

#[tokio::test]
async fn what_is_not_finished_is_not_lost() {
    let (server, ada, library, drive, document) = begun().await;
    // The program dies after it renamed the original: the document comes back under the name that it was given last.
    drive.rename("/lib/报告.docx", "/lib/~WRL0002.tmp").await.assert_status(201);
    drive.put("/lib/~WRD0001.tmp", b"two").await.assert_status(201);
    drive.put("/lib/._x", b"fork").await.assert_status(201);
    server.clock.advance(11 * 60 * 1000);
    server.run_jobs().await;
    assert_eq!(ada.document(&document).await["name"], "~WRL0002.tmp");
    assert_eq!(ada.listed(&library).await, [("~WRL0002.tmp".to_owned(), 1)]);
    // And what it had written becomes a document.
    server.clock.advance(60 * 60 * 1000);
    server.run_jobs().await;
    assert_eq!(ada.listed(&library).await, [("~WRD0001.tmp".to_owned(), 1), ("~WRL0002.tmp".to_owned(), 1)]);
    assert_eq!(drive.get("/lib/._x").await.body, b"fork");
    server.clock.advance(24 * 60 * 60 * 1000);
    server.run_jobs().await;
    drive.get("/lib/._x").await.assert_status(404);
    assert_eq!(ada.listed(&library).await.len(), 2);
}

#[tokio::test]
async fn an_empty_file_waits_for_its_content() {
    let (server, ada, library, drive, _) = begun().await;
    drive.put("/lib/新.xlsx", b"").await.assert_status(201);
    assert!(drive.names("/lib").await.contains(&"新.xlsx".to_owned()));
    assert_eq!(ada.listed(&library).await.len(), 1);
    drive.put("/lib/新.xlsx", b"cells").await.assert_status(204);
    assert!(ada.listed(&library).await.contains(&("新.xlsx".to_owned(), 1)));
    drive.put("/lib/空.txt", b"").await.assert_status(201);
    server.clock.advance(61 * 1000);
    server.run_jobs().await;
    assert!(ada.listed(&library).await.contains(&("空.txt".to_owned(), 1)));
    assert_eq!(drive.get("/lib/空.txt").await.assert_status(200).body, b"");
}

#[tokio::test]
async fn a_file_moved_over_another_is_its_next_version() {
    let (server, ada, library, drive, document) = begun().await;
    drive.put("/lib/other.docx", b"two").await.assert_status(201);
    let keep = drive.request("MOVE", "/lib/other.docx");
    let keep = keep.header("destination", drive.address("/lib/报告.docx")).header("overwrite", "F");
    drive.send(keep).await.assert_error(412, "precondition_failed");
    drive.rename("/lib/other.docx", "/lib/报告.docx").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 2, b"two").await;
    drive.put("/lib/third.docx", b"three").await.assert_status(201);
    drive.copy("/lib/third.docx", "/lib/报告.docx").await.assert_status(204);
    drive.delete("/lib/third.docx").await.assert_status(204);
    assert_went_on((&ada, &library, &drive), &document, 3, b"three").await;

    // An editor may save so, but not make a colleague's document disappear.
    let bob = server.user("bob").await;
    ada.share("folders", &library, &bob, "editor").await;
    let theirs = Drive::of(&bob);
    ada.upload("fourth.docx", &library, b"four").await;
    theirs.rename("/lib/fourth.docx", "/lib/报告.docx").await.assert_error(403, "delete_not_allowed");
    theirs.put("/lib/fifth.docx", b"five").await.assert_status(201);
    theirs.rename("/lib/fifth.docx", "/lib/报告.docx").await.assert_status(204);
    assert_eq!(drive.get("/lib/报告.docx").await.body, b"five");
    assert_eq!(ada.document(&document).await["version"], 4);
    // Only the letters' case changes: the same document.
    drive.rename("/lib/报告.docx", "/lib/报告.DOCX").await.assert_status(204);
    assert_eq!(ada.document(&document).await["name"], "报告.DOCX");
}

#[tokio::test]
async fn a_name_that_is_taken_where_it_comes_from_is_free_where_it_goes() {
    let (server, ada, library, drive, document) = begun().await;
    let other = ada.folder("另一个库", None).await;
    ada.upload("新名.docx", &library, b"another").await;
    ada.folder("新夹", Some(&library)).await;
    let folder = ada.folder("夹", Some(&library)).await;
    drive.rename("/lib/报告.docx", "/另一个库/新名.docx").await.assert_status(201);
    assert_eq!(ada.document(&document).await["folder_id"], other.as_str());
    assert_eq!(ada.document(&document).await["name"], "新名.docx");
    drive.rename("/lib/夹", "/另一个库/新夹").await.assert_status(201);
    let moved = ada.get(&format!("/folders/{folder}")).await.assert_status(200).json();
    assert_eq!((&moved["name"], &moved["parent_id"]), (&json!("新夹"), &json!(other)));
    server.run_jobs().await;
}

#[tokio::test]
async fn what_is_kept_aside_fits_into_what_is_left() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 10_000).await;
    let ada = server.user("ada").await;
    ada.folder("库", None).await;
    ada.folder("另一个库", None).await;
    let drive = Drive::of(&ada);
    drive.put("/库/报告.docx", &[1; 4000]).await.assert_status(201);
    // Copies to the names of steps have to fit, too, and all of them together.
    drive.copy("/库/报告.docx", "/库/~WRD0001.tmp").await.assert_status(201);
    drive.copy("/库/报告.docx", "/库/~WRD0002.tmp").await.assert_error(507, "quota_library_exceeded");
    drive.put("/库/~WRD0003.tmp", &[3; 2001]).await.assert_error(507, "quota_library_exceeded");
    drive.put("/库/~WRD0001.tmp", &[2; 6000]).await.assert_status(204);
    // Several at once see each other.
    let puts = (0..6).map(|number| {
        let drive = &drive;
        async move { drive.put(&format!("/另一个库/~WRL000{number}.tmp"), &[number; 4000]).await.status }
    });
    let taken = futures::future::join_all(puts).await.into_iter().filter(|status| *status == 201).count();
    assert_eq!(taken, 2);
    // Moving them on is no way around it.
    drive.rename("/库/~WRD0001.tmp", "/另一个库/~WRD0009.tmp").await.assert_error(507, "quota_library_exceeded");
    // The step becomes the document's next version, which has to fit by itself.
    drive.rename("/库/~WRD0001.tmp", "/库/报告.docx").await.assert_status(204);
    assert_eq!(drive.get("/库/报告.docx").await.body, [2; 6000]);
    drive.put("/库/报告.docx", &[4; 1]).await.assert_error(507, "quota_library_exceeded");
    server.clock.advance(2 * 60 * 60 * 1000);
    server.run_jobs().await;
}

#[tokio::test]
async fn a_body_without_a_length_ends_where_there_is_no_room() {
    let server = TestServer::start_with(|config| config.quota_user_bytes = 1 << 20).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = sent.clone();
    // It would go on for ever.
    let pieces = futures::stream::iter(std::iter::repeat_with(move || {
        counted.fetch_add(64 << 10, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![7u8; 64 << 10])
    }));
    let request = drive.request("PUT", "/库/没有长度.bin").body(reqwest::Body::wrap_stream(pieces.take(1 << 14)));
    drive.send(request).await.assert_error(507, "quota_user_exceeded");
    assert_eq!(ada.listed(&library).await, []);
    let stored: usize = walk(&server.app.config.data.join("objects"));
    assert!(stored < 32 << 20, "{stored} bytes were stored");
    // The drive as a whole shows what the person may still keep.
    let body = "<propfind xmlns=\"DAV:\"><prop><quota-available-bytes/></prop></propfind>";
    let root = drive.send(drive.request("PROPFIND", "/").header("depth", "0").body(body)).await.assert_status(207);
    let text = String::from_utf8(root.body).unwrap();
    assert!(text.contains("<D:quota-available-bytes>1048576</D:quota-available-bytes>"), "{text}");
}

/// The size of all files below a folder.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata().unwrap() {
            metadata if metadata.is_dir() => walk(&entry.path()),
            metadata => metadata.len() as usize,
        })
        .sum()
}

#[tokio::test]
async fn what_was_written_under_a_name_with_blanks_is_found_under_it() {
    let (_server, ada, library, drive, _) = begun().await;
    for name in [" 附件.docx", "附件二.docx ", "\u{3000}附件三.docx", "附件\t四.docx"] {
        let path = format!("/lib/{name}");
        drive.put(&path, name.as_bytes()).await.assert_status(201);
        assert_eq!(drive.get(&path).await.assert_status(200).body, name.as_bytes());
        drive.put(&path, b"again").await.assert_status(204);
    }
    assert_eq!(ada.listed(&library).await.len(), 5);
    drive.make_folder("/lib/ 夹 ").await.assert_status(201);
    drive.put("/lib/ 夹 /a.txt", b"a").await.assert_status(201);
    drive.rename("/lib/ 附件.docx", "/lib/ 夹 / b.docx").await.assert_status(201);
    assert_eq!(drive.get("/lib/夹/b.docx").await.assert_status(200).body, b"again");
}

/// Begins a PUT of `ada` that sends its bytes only when the server has looked at everything and asks for them.
async fn begin_put(server: &TestServer, path: &str, condition: &str, length: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ada:{PASSWORD}"));
    let head = format!(
        "PUT /dav{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic {basic}\r\n{condition}\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    socket.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

/// Sends the bytes; returns the answer.
async fn finish_put(mut socket: TcpStream, bytes: &[u8]) -> String {
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_must_not_be_there_is_looked_for_when_it_is_written() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let (drive, theirs) = (Drive::of(&ada), Drive::of(&bob));
    let slow = begin_put(&server, "/lib/n.txt", "If-None-Match: *", 4).await;
    theirs.put("/lib/n.txt", b"bob's").await.assert_status(201);
    let answer = finish_put(slow, b"late").await;
    assert!(answer.starts_with("HTTP/1.1 412 ") && answer.contains("precondition_failed"), "{answer}");
    assert_eq!(ada.listed(&library).await, [("n.txt".to_owned(), 1)]);
    assert_eq!(drive.get("/lib/n.txt").await.body, b"bob's");

    // Who sets no condition adds a version, as ever; and a name that stays free is taken.
    let slow = begin_put(&server, "/lib/m.txt", "X-None: -", 4).await;
    theirs.put("/lib/m.txt", b"bob's").await.assert_status(201);
    assert!(finish_put(slow, b"late").await.starts_with("HTTP/1.1 201 "));
    let slow = begin_put(&server, "/lib/o.txt", "If-None-Match: *", 4).await;
    assert!(finish_put(slow, b"mine").await.starts_with("HTTP/1.1 201 "));
    let expected = [("m.txt", 2), ("n.txt", 1), ("o.txt", 1)].map(|(name, version)| (name.to_owned(), version));
    assert_eq!(ada.listed(&library).await, expected);
}

#[tokio::test]
async fn of_many_who_want_to_make_a_file_one_does() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("lib", None).await;
    let drive = Drive::of(&ada);
    for number in 0..8 {
        drive.put(&format!("/lib/{number}.txt"), format!("{number}").as_bytes()).await.assert_status(201);
    }
    let copies = (0..8).map(|number| {
        let from = drive.request("COPY", &format!("/lib/{number}.txt"));
        drive.send(from.header("destination", drive.address("/lib/one.txt")).header("overwrite", "F"))
    });
    let mut answers: Vec<_> = futures::future::join_all(copies).await.iter().map(|one| one.status.as_u16()).collect();
    answers.sort_unstable();
    assert_eq!(answers, [201, 412, 412, 412, 412, 412, 412, 412]);
    assert!(ada.listed(&library).await.contains(&("one.txt".to_owned(), 1)));
}
