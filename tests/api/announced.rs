//! Uploads whose bytes follow at once need no row of their own. Nobody notices, whatever happens to them in between.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use wenshu::{
    db::{self, Db, Engine, uploads::Upload},
    ids::UploadId,
};

use crate::support::{Answer, Client, TestServer, library::metadata_of};

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

async fn row(db: &Db, client: &Client, upload: &str) -> Option<Upload> {
    let id: UploadId = upload.rsplit('/').next().unwrap().parse().unwrap();
    db::uploads::find(db.read(), &id, &client.id.parse().unwrap()).await.unwrap()
}

async fn transactions(server: &TestServer) -> i64 {
    let found = sqlx::query_scalar("select value from counters where name = 'tree'").fetch_one(server.app.db.read());
    found.await.unwrap()
}

async fn assert_sound(server: &TestServer) {
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_in_two_requests_takes_one_transaction() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let expected = if server.app.db.engine() == Engine::Sqlite { 1 } else { 2 };
    let mut seen = Vec::new();
    // A machine may be busy for a second in between; not every time.
    for round in 0..10 {
        let before = transactions(&server).await;
        let upload = begin(&ada, &library, &format!("{round}.txt"), 6).await;
        send(&ada, &upload, 0, b"wenshu").await.assert_status(204);
        seen.push(transactions(&server).await - before);
        // The last request again, as after a lost answer.
        let again = send(&ada, &upload, 0, b"wenshu").await.assert_status(204);
        assert_eq!(again.header("upload-offset"), Some("6"));
    }
    assert!(seen.contains(&expected), "{seen:?}");
    assert_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_rests_is_written_and_so_is_everything_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let resting = begin(&ada, &library, "resting.bin", 10).await;
    assert_eq!(head(&ada, &resting).await.assert_status(200).header("upload-offset"), Some("0"));
    tokio::time::timeout(Duration::from_secs(60), async {
        while row(&server.app.db, &ada, &resting).await.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("what rests is written");
    assert_eq!(row(&server.app.db, &ada, &resting).await.unwrap().reserved_bytes, 10);
    assert_sound(&server).await;
    // The name is taken by now: the address holds all the same, and its file gets a number.
    ada.upload("resting.bin", &library, b"quick").await;
    let done = send(&ada, &resting, 0, b"0123456789").await.assert_status(204);
    assert_eq!(ada.document(done.header("wenshu-document-id").unwrap()).await["name"], "resting (2).bin");

    let last: Vec<String> =
        join_all((0..20).map(async |number| begin(&ada, &library, &format!("{number}.bin"), 100).await)).await;
    server.stop().await;
    let database = Db::connect(&server.app.config.database_url()).await.unwrap();
    for upload in &last {
        assert_eq!(row(&database, &ada, upload).await.unwrap().reserved_bytes, 100);
    }
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_an_upload_is_kept_and_a_cancelled_one_is_gone() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let half = begin(&ada, &library, "half.txt", 6).await;
    head(&bob, &half).await.assert_status(404);
    send(&bob, &half, 0, b"wenshu").await.assert_error(404, "upload_not_found");
    bob.send(bob.tus(Method::DELETE, &half)).await.assert_error(404, "upload_not_found");
    send(&ada, &half, 3, b"shu").await.assert_error(409, "upload_offset_mismatch");
    send(&ada, &half, 0, b"wen").await.assert_status(204);
    assert_eq!(row(&server.app.db, &ada, &half).await.unwrap().offset_bytes, 3);
    send(&ada, &half, 3, b"shu").await.assert_status(204);

    let cancelled = begin(&ada, &library, "cancelled.txt", 6).await;
    ada.send(ada.tus(Method::DELETE, &cancelled)).await.assert_status(204);
    head(&ada, &cancelled).await.assert_status(404);
    send(&ada, &cancelled, 0, b"wenshu").await.assert_error(404, "upload_not_found");
    // Nobody writes it later either.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(row(&server.app.db, &ada, &cancelled).await.is_none());
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
        let missing = serde_json::json!({ "chunks": [{ "hash": "ab".repeat(32), "size_bytes": 6 }] });
        let path = format!("{}/missing", upload.strip_prefix("/api/v1").unwrap());
        let ask = async {
            if number.is_multiple_of(3) {
                let status = ada.post(&path, missing).await.status.as_u16();
                assert!([200, 423].contains(&status), "{status}");
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
                if answer.status != 423 {
                    return answer.assert_status(204);
                }
            }
        };
        let (answer, offsets, ()) = tokio::join!(finish, look, ask);
        assert!(offsets.is_sorted() && offsets.iter().all(|at| at == "0" || at == "6"), "{offsets:?}");
        ada.document(answer.header("wenshu-document-id").unwrap()).await;
        assert_eq!(head(&ada, &upload).await.assert_status(200).header("upload-offset"), Some("6"));
    };
    join_all((0..40).map(one)).await;
    assert_sound(&server).await;
}
