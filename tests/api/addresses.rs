//! A small upload has no row of its own before its bytes: its address says what it is. Nobody notices, whatever happens in
//! between.

use std::{net::SocketAddr, process::Command};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use wenshu::{
    app::App,
    config::Config,
    db::{self, Db, Engine, uploads::Upload},
    ids::UploadId,
    jobs::remove_expired_uploads::RemoveExpiredUploads,
    server,
};

use crate::support::{Answer, Client, TestServer, library::metadata_of};

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn begin(client: &Client, folder: &str, name: &str, length: usize) -> String {
    let request = client.tus(Method::POST, "/uploads").header("upload-length", length);
    let metadata = metadata_of(&[("filename", name), ("folder_id", folder)]);
    let begun = client.send(request.header("upload-metadata", metadata)).await.assert_status(201);
    begun.header("location").unwrap().to_owned()
}

async fn send(client: &Client, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
    let request = client.tus(Method::PATCH, upload).header("upload-offset", offset);
    client.send(request.header("content-type", "application/offset+octet-stream").body(bytes.to_vec())).await
}

async fn head(client: &Client, upload: &str) -> Answer {
    client.send(client.tus(Method::HEAD, upload)).await
}

async fn cancel(client: &Client, upload: &str) -> Answer {
    client.send(client.tus(Method::DELETE, upload)).await
}

/// The path of what belongs to an upload.
fn below(upload: &str, rest: &str) -> String {
    format!("{}/{rest}", upload.strip_prefix("/api/v1").unwrap())
}

fn id(upload: &str) -> UploadId {
    upload.rsplit('/').next().unwrap().split('.').next().unwrap().parse().unwrap()
}

async fn row(db: &Db, client: &Client, upload: &str) -> Option<Upload> {
    db::uploads::find(db.read(), &id(upload), &client.id.parse().unwrap()).await.unwrap()
}

async fn rows(server: &TestServer) -> i64 {
    sqlx::query_scalar("select count(*) from uploads").fetch_one(server.app.db.read()).await.unwrap()
}

async fn transactions(server: &TestServer) -> i64 {
    let found = sqlx::query_scalar("select value from counters where name = 'tree'").fetch_one(server.app.db.read());
    found.await.unwrap()
}

async fn documents(client: &Client, folder: &str) -> usize {
    let found = client.get(&format!("/folders/{folder}/children?limit=200")).await.assert_status(200).json();
    found["documents"].as_array().unwrap().len()
}

async fn assert_sound(server: &TestServer) {
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
}

/// Serves what another process left, or another node has.
async fn serve(config: Config, clock: wenshu::clock::Clock) -> (App, SocketAddr) {
    let app = server::build_app(config, clock).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(app.clone(), listener));
    (app, address)
}

/// The same person at another process.
fn at(client: &Client, address: SocketAddr) -> Client {
    Client { cookie: client.cookie.clone(), id: client.id.clone(), ..Client::new(address) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_in_two_requests_takes_one_transaction() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    for round in 0..3 {
        let before = transactions(&server).await;
        let upload = begin(&ada, &library, &format!("{round}.txt"), 6).await;
        assert_eq!(transactions(&server).await, before);
        send(&ada, &upload, 0, b"wenshu").await.assert_status(204);
        assert_eq!(transactions(&server).await, before + 1);
        // The last request again, as after a lost answer.
        let again = send(&ada, &upload, 0, b"wenshu").await.assert_status(204);
        assert_eq!(again.header("upload-offset"), Some("6"));
        assert_eq!(head(&ada, &upload).await.assert_status(200).header("upload-offset"), Some("6"));
    }
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_outlives_the_server_that_gave_it() {
    let mut server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let kept = begin(&ada, &library, "会议纪要.txt", 6).await;
    let expires = head(&ada, &kept).await.assert_status(200).header("upload-expires").unwrap().to_owned();
    let cancelled = begin(&ada, &library, "cancelled.txt", 6).await;
    cancel(&ada, &cancelled).await.assert_status(204);
    let finished = begin(&ada, &library, "finished.txt", 6).await;
    let finished_as = send(&ada, &finished, 0, b"wenshu").await.assert_status(204);
    assert_eq!(rows(&server).await, 2, "nothing is written of what only has an address");
    server.stop().await;

    let beside = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(&server.app.config.data).arg(beside.path()).status().unwrap();
    assert!(copied.success());
    let config = Config { data: beside.path().join("data"), ..server.app.config.clone() };
    let (app, address) = serve(config, server.clock.clone()).await;
    let ada = at(&ada, address);
    let found = head(&ada, &kept).await.assert_status(200);
    assert_eq!(found.header("upload-offset"), Some("0"));
    assert_eq!(found.header("upload-length"), Some("6"));
    assert_eq!(found.header("upload-expires"), Some(&*expires));
    let said = metadata_of(&[("filename", "会议纪要.txt"), ("folder_id", &library)]);
    assert_eq!(found.header("upload-metadata"), Some(&*said));
    let document = send(&ada, &kept, 0, b"wenshu").await.assert_status(204);
    assert_eq!(ada.document(document.header("wenshu-document-id").unwrap()).await["name"], "会议纪要.txt");
    head(&ada, &cancelled).await.assert_status(404);
    send(&ada, &cancelled, 0, b"wenshu").await.assert_error(404, "upload_not_found");
    let again = send(&ada, &finished, 0, b"wenshu").await.assert_status(204);
    assert_eq!(again.header("wenshu-document-id"), finished_as.header("wenshu-document-id"));
    app.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_an_upload_is_kept_and_a_cancelled_one_is_gone_for_good() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    server.ask_for(&RemoveExpiredUploads {}).await;
    server.run_jobs().await;
    let half = begin(&ada, &library, "half.txt", 6).await;
    // The name is taken by now: the address holds all the same, and its file gets a number.
    ada.upload("half.txt", &library, b"quick").await;
    send(&ada, &half, 3, b"shu").await.assert_error(409, "upload_offset_mismatch");
    send(&ada, &half, 0, b"wen").await.assert_status(204);
    let written = row(&server.app.db, &ada, &half).await.unwrap();
    assert_eq!((written.offset_bytes, written.reserved_bytes), (3, 6));
    assert_sound(&server).await;
    let done = send(&ada, &half, 3, b"shu").await.assert_status(204);
    assert_eq!(ada.document(done.header("wenshu-document-id").unwrap()).await["name"], "half (2).txt");

    // Before its bytes, with some of them, with all of them.
    let cancelled = [(0, "a.txt"), (3, "b.txt"), (6, "c.txt")].map(async |(sent, name)| {
        let upload = begin(&ada, &library, name, 6).await;
        if sent > 0 {
            send(&ada, &upload, 0, &b"wenshu"[..sent]).await.assert_status(204);
        }
        cancel(&ada, &upload).await.assert_status(204);
        upload
    });
    let cancelled = join_all(cancelled).await;
    assert_sound(&server).await;
    let are_gone = async || {
        for upload in &cancelled {
            head(&ada, upload).await.assert_status(404);
            send(&ada, upload, 0, b"wenshu").await.assert_error(404, "upload_not_found");
            ada.post(&below(upload, "missing"), json!({ "chunks": [] })).await.assert_status(404);
            cancel(&ada, upload).await.assert_error(404, "upload_not_found");
        }
    };
    are_gone().await;
    server.clock.advance(7 * DAY_MS - 1);
    server.run_jobs().await;
    are_gone().await;
    // As if they had never been: now their address is too old.
    server.clock.advance(DAY_MS);
    server.run_jobs().await;
    assert_eq!(rows(&server).await, 0);
    for upload in &cancelled {
        send(&ada, upload, 0, b"wenshu").await.assert_error(410, "upload_expired");
    }
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_is_good_for_its_owner_as_it_was_given() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let (one, two) = (begin(&ada, &library, "one.txt", 6).await, begin(&ada, &library, "two.txt", 6).await);
    let is_none = async |client: &Client, upload: &str| {
        head(client, upload).await.assert_status(404);
        send(client, upload, 0, b"wenshu").await.assert_error(404, "upload_not_found");
        cancel(client, upload).await.assert_error(404, "upload_not_found");
        let none = json!({ "chunks": [] });
        client.post(&below(upload, "missing"), none).await.assert_error(404, "upload_not_found");
    };
    is_none(&bob, &one).await;
    // What this process remembers for a while needs no seal.
    for upload in [&one, &two] {
        server.app.uploads.recall(&id(upload), &ada.id.parse().unwrap()).await.unwrap();
    }
    is_none(&ada, one.split_once('.').unwrap().0).await;
    let (of_one, of_two) = (one.split_once('.').unwrap(), two.split_once('.').unwrap());
    assert!(!one.contains(&library), "what it says is nobody's to read");
    // One address with what belongs to the other, or with any bit changed.
    is_none(&ada, &format!("{}.{}", of_one.0, of_two.1)).await;
    for at in [0, 15, 16, 40, of_one.1.len() - 2] {
        let mut sealed = of_one.1.as_bytes().to_vec();
        sealed[at] = if sealed[at] == b'A' { b'B' } else { b'A' };
        is_none(&ada, &format!("{}.{}", of_one.0, str::from_utf8(&sealed).unwrap())).await;
    }
    for wrong in ["", "A", "not base64!", &of_one.1[..20]] {
        is_none(&ada, &format!("{}.{}", of_one.0, wrong.replace(' ', "%20"))).await;
    }
    for upload in [&one, &two] {
        send(&ada, upload, 0, b"wenshu").await.assert_status(204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_does_not_bring_in_more_than_there_is_room_for() {
    let server = TestServer::start().await;
    let (root, ada) = (server.admin("root").await, server.user("ada").await);
    let library = ada.folder("库", None).await;
    let early = begin(&ada, &library, "early.bin", 1000).await;
    assert!(row(&server.app.db, &ada, &early).await.is_none());
    // Somebody allows less meanwhile, and the server that gave the address is not the one that takes the bytes.
    let limit = json!({ "kind": "limited", "bytes": 600 });
    root.put(&format!("/usage/users/{}/quota", ada.id), limit).await.assert_status(204);
    server.app.uploads.recall(&id(&early), &ada.id.parse().unwrap()).await;
    send(&ada, &early, 0, &[7; 1000]).await.assert_error(507, "quota_user_exceeded");
    // With little room, it is kept for whoever has an address.
    let reserved = begin(&ada, &library, "reserved.bin", 500).await;
    assert_eq!(row(&server.app.db, &ada, &reserved).await.unwrap().reserved_bytes, 500);
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_removed_for_good_does_not_come_back_by_its_address() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (library, other) = (ada.folder("库", None).await, ada.folder("别的库", None).await);
    let finished = begin(&ada, &library, "销毁.txt", 6).await;
    let document = send(&ada, &finished, 0, b"wenshu").await.assert_status(204);
    let document = document.header("wenshu-document-id").unwrap().to_owned();
    let waiting = [begin(&ada, &other, "a.txt", 6).await, begin(&ada, &other, "b.txt", 6).await];
    for (path, entry) in [(format!("/documents/{document}"), &document), (format!("/folders/{other}"), &other)] {
        ada.delete(&path).await.assert_status(204);
        assert!(ada.delete(&format!("/trash/{entry}")).await.status.is_success());
    }
    server.run_jobs().await;
    head(&ada, &finished).await.assert_status(404);
    send(&ada, &finished, 0, b"wenshu").await.assert_error(404, "upload_not_found");
    // One is remembered by the process that gave the address, the other is not.
    server.app.uploads.recall(&id(&waiting[1]), &ada.id.parse().unwrap()).await.unwrap();
    for upload in &waiting {
        send(&ada, upload, 0, b"wen").await.assert_error(404, "folder_not_found");
        ada.post(&below(upload, "missing"), json!({ "chunks": [] })).await.assert_error(404, "folder_not_found");
    }
    assert_eq!(documents(&ada, &library).await, 0);
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_that_is_too_old_or_allowed_no_more_reserves_nothing() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let nothing = json!({ "chunks": [] });
    let upload = begin(&bob, &library, "a.txt", 6).await;
    server.app.uploads.recall(&id(&upload), &bob.id.parse().unwrap()).await.unwrap();
    ada.delete(&format!("/folders/{library}/grants/user/{}", bob.id)).await.assert_status(204);
    bob.post(&below(&upload, "missing"), nothing.clone()).await.assert_error(404, "folder_not_found");
    send(&bob, &upload, 0, b"wen").await.assert_error(404, "folder_not_found");
    assert_eq!(rows(&server).await, 0);

    ada.share("folders", &library, &bob, "editor").await;
    server.clock.advance(7 * DAY_MS);
    head(&bob, &upload).await.assert_status(410);
    bob.post(&below(&upload, "missing"), nothing).await.assert_error(410, "upload_expired");
    send(&bob, &upload, 0, b"wen").await.assert_error(410, "upload_expired");
    cancel(&bob, &upload).await.assert_error(410, "upload_expired");
    assert_eq!(rows(&server).await, 0);
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_was_written_late_is_swept_in_time() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let upload = begin(&ada, &library, "a.txt", 6).await;
    server.clock.advance(6 * DAY_MS);
    server.ask_for(&RemoveExpiredUploads {}).await;
    server.run_jobs().await;
    ada.post(&below(&upload, "missing"), json!({ "chunks": [] })).await.assert_status(200);
    assert_eq!(row(&server.app.db, &ada, &upload).await.unwrap().reserved_bytes, 6);
    server.clock.advance(DAY_MS + 3600 * 1000);
    server.run_jobs().await;
    assert_eq!(rows(&server).await, 0);
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_asks_while_it_is_written_is_never_told_that_it_is_gone() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let one = async |number: usize| {
        let upload = begin(&ada, &library, &format!("{number}.txt"), 6).await;
        // Some are written because somebody needs their row, while their bytes come.
        let missing = json!({ "chunks": [{ "hash": "ab".repeat(32), "size_bytes": 6 }] });
        let ask = async {
            if number.is_multiple_of(3) {
                ada.post(&below(&upload, "missing"), missing).await.assert_status(200);
            }
        };
        let look = async {
            let mut offsets = Vec::new();
            for _ in 0..8 {
                offsets.push(head(&ada, &upload).await.assert_status(200).header("upload-offset").unwrap().to_owned());
            }
            offsets
        };
        let finish = async {
            loop {
                let answer = send(&ada, &upload, 0, b"wenshu").await;
                // Whoever wrote its row came between: once more.
                if ![409, 423].contains(&answer.status.as_u16()) {
                    return answer.assert_status(204);
                }
                assert!(number.is_multiple_of(3), "{answer}");
            }
        };
        let (answer, offsets, ()) = tokio::join!(finish, look, ask);
        assert!(offsets.is_sorted() && offsets.iter().all(|at| at == "0" || at == "6"), "{offsets:?}");
        ada.document(answer.header("wenshu-document-id").unwrap()).await;
        assert_eq!(head(&ada, &upload).await.assert_status(200).header("upload-offset"), Some("6"));
    };
    join_all((0..40).map(one)).await;
    assert_sound(&server).await;
    assert_eq!(documents(&ada, &library).await, 40);
}

/// Two nodes have one database (PostgreSQL) and one store.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_is_good_at_every_node_and_becomes_one_document() {
    let server = TestServer::start().await;
    if server.app.db.engine() == Engine::Sqlite {
        return;
    }
    let here = server.user("ada").await;
    let library = here.folder("库", None).await;
    let beside = tempfile::tempdir().unwrap();
    let config = Config {
        storage: server.app.config.data.join("objects").to_str().unwrap().to_owned(),
        data: beside.path().join("data"),
        ..server.app.config.clone()
    };
    let (app, address) = serve(config, server.clock.clone()).await;
    let there = at(&here, address);
    let (mut won, mut told) = (0, 0);
    for round in 0..20 {
        let upload = begin(&here, &library, &format!("{round}.txt"), 6).await;
        assert_eq!(head(&there, &upload).await.assert_status(200).header("upload-offset"), Some("0"));
        let (first, second) = tokio::join!(send(&here, &upload, 0, b"wenshu"), send(&there, &upload, 0, b"WENSHU"));
        for answer in [&first, &second] {
            match answer.status.as_u16() {
                204 => won += 1,
                409 => told += 1,
                _ => panic!("{answer}"),
            }
        }
    }
    assert_eq!((won, told), (20, 20));
    assert_eq!(documents(&here, &library).await, 20);
    // Cancelled at one node, it is none at the other, which gave the address.
    let upload = begin(&here, &library, "cancelled.txt", 6).await;
    cancel(&there, &upload).await.assert_status(204);
    send(&here, &upload, 0, b"wenshu").await.assert_error(409, "upload_offset_mismatch");
    head(&here, &upload).await.assert_status(404);
    assert_sound(&server).await;
    app.shutdown.cancel();
}
