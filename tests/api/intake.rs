//! Many uploads at once share transactions: each ends as if it were alone.

use std::collections::HashSet;

use futures::future::join_all;
use reqwest::Method;
use wenshu::{audit, db};

use crate::support::{Answer, Client, TestServer, library::metadata_of};

const KIB: usize = 1 << 10;

/// Uploads in one request, or in two.
async fn upload(client: &Client, folder: &str, name: &str, bytes: &[u8], in_one: bool) -> Answer {
    let metadata = metadata_of(&[("filename", name), ("folder_id", folder)]);
    let creation = client.tus(Method::POST, "/uploads").header("upload-length", bytes.len());
    let creation = creation.header("upload-metadata", metadata);
    let with_bytes = |request: reqwest::RequestBuilder| {
        request.header("content-type", "application/offset+octet-stream").body(bytes.to_vec())
    };
    if in_one {
        return client.send(with_bytes(creation)).await;
    }
    let begun = client.send(creation).await;
    match begun.header("location") {
        Some(location) => {
            let part = client.tus(Method::PATCH, location).header("upload-offset", 0);
            client.send(with_bytes(part)).await
        }
        None => begun,
    }
}

async fn tree(server: &TestServer) -> i64 {
    let found = sqlx::query_scalar("select value from counters where name = 'tree'").fetch_one(server.app.db.read());
    found.await.unwrap()
}

/// The counters say what is there, and the log is whole.
async fn assert_sound(server: &TestServer) {
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
    let verdict = audit::verify::verify(server.app.db.read()).await.unwrap();
    assert!(matches!(verdict, audit::verify::Verdict::Intact { .. }), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_files_at_once_are_all_there_in_few_transactions() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let bytes = |number: usize| format!("第{}件 ", number % 50).repeat(number % 7 * 500).into_bytes();
    let before = tree(&server).await;
    // Every fourth has the name of another; half of them have the bytes of another.
    let files: Vec<(usize, String)> =
        (0..100).map(|n| (n, format!("{}.txt", if n % 4 == 3 { n - 1 } else { n }))).collect();
    let uploads = files.iter().map(|(number, name)| {
        let bytes = bytes(*number);
        let (ada, library) = (&ada, &library);
        async move { (upload(ada, library, name, &bytes, number % 3 == 0).await, bytes) }
    });
    let answers = join_all(uploads).await;
    let transactions = tree(&server).await - before;
    let (mut names, mut contents, mut made) = (HashSet::new(), HashSet::new(), 0);
    for ((number, name), (answer, bytes)) in files.iter().zip(answers) {
        if answer.status == 409 {
            // Of two with one name, the second is told so unless it was checked before the first was there.
            answer.assert_error(409, "name_taken");
            continue;
        }
        assert!([201, 204].contains(&answer.status.as_u16()), "{number} {}", answer.status);
        let id = answer.header("wenshu-document-id").unwrap();
        let document = ada.document(id).await;
        let named = document["name"].as_str().unwrap().to_owned();
        assert!(named == *name || number % 4 > 1, "{named} instead of {name}");
        assert!(names.insert(named));
        assert!(ada.get(&format!("/documents/{id}/content")).await.body == bytes, "{name}");
        contents.insert(bytes);
        made += 1;
    }
    assert!(made >= 75, "{made}");
    assert_sound(&server).await;
    let orders = 100 + 66;
    assert!(transactions < orders / 3, "{transactions} transactions for {orders} orders");
    // What is to be made of them was asked for, once for equal contents.
    let asked_for = async |sql| sqlx::query_scalar(sql).fetch_one(server.app.db.read()).await;
    let waiting: i64 = asked_for("select count(*) from previews where state = 'waiting'").await.unwrap();
    let jobs: i64 = asked_for("select count(*) from jobs where kind = 'prepare_content'").await.unwrap();
    // Nothing is made of what is empty.
    let expected = contents.iter().filter(|bytes| !bytes.is_empty()).count() as i64;
    assert_eq!((waiting, jobs), (expected, expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_refused_takes_nobody_along() {
    let server = TestServer::start_with(|config| config.quota_user_bytes = 100 * KIB as u64).await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let gone = ada.folder("旧库", None).await;
    for colleague in [&bob, &eve] {
        ada.share("folders", &library, colleague, "editor").await;
        ada.share("folders", &gone, colleague, "editor").await;
    }
    ada.delete(&format!("/folders/{gone}")).await.assert_status(204);
    // Bob has room for ten of his forty; Ada and Eve have room for all.
    let noise =
        |number: usize, length: usize| -> Vec<u8> { (0..length).map(|at| ((at * number) >> 3) as u8).collect() };
    let uploads = (0..40).flat_map(|number| {
        let of_bob = (&bob, &library, format!("b{number}.bin"), noise(number, 10 * KIB), number % 2 == 0);
        let of_ada = (&ada, &library, format!("a{number}.bin"), noise(number, KIB), number % 2 == 1);
        let of_eve = (&eve, &gone, format!("e{number}.bin"), noise(number, KIB), number % 2 == 1);
        [of_bob, of_ada, of_eve]
    });
    let answers = join_all(uploads.map(|(client, folder, name, bytes, in_one)| async move {
        (client.name.clone(), upload(client, folder, &name, &bytes, in_one).await)
    }))
    .await;
    let count = |who: &str, statuses: &[u16]| {
        let of = answers.iter().filter(|(name, answer)| name == who && statuses.contains(&answer.status.as_u16()));
        of.count()
    };
    assert_eq!(count("ada", &[201, 204]), 40);
    assert_eq!(count("eve", &[404]), 40);
    assert_eq!(count("bob", &[201, 204]), 10);
    assert_eq!(count("bob", &[507]), 30);
    assert_sound(&server).await;
    // Those of Bob that were refused at their end reserve nothing any more once they are cancelled or expire.
    let used: i64 = sqlx::query_scalar("select used_bytes from usage where owner_kind = 'user' and owner_id = $1")
        .bind(&bob.id)
        .fetch_one(server.app.db.read())
        .await
        .unwrap();
    assert_eq!(used, 100 * KIB as i64);
}

#[tokio::test]
async fn rights_that_are_taken_away_end_uploads_at_once_and_within_moments_when_another_node_takes_them() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let grant = format!("/folders/{library}/grants/user/{}", bob.id);
    let begin = async |name: &str| {
        let creation = bob.tus(Method::POST, "/uploads").header("upload-length", 3);
        let metadata = metadata_of(&[("filename", name), ("folder_id", &library)]);
        bob.send(creation.header("upload-metadata", metadata)).await
    };
    let finish = async |begun: &Answer| {
        let part = bob.tus(Method::PATCH, begun.header("location").unwrap()).header("upload-offset", 0);
        bob.send(part.header("content-type", "application/offset+octet-stream").body("abc")).await
    };
    begin("a.txt").await.assert_error(404, "folder_not_found");
    ada.share("folders", &library, &bob, "editor").await;
    // Given is given at once, and what was asked for before is kept.
    let begun = begin("a.txt").await.assert_status(201);
    upload(&bob, &library, "b.txt", b"abc", true).await.assert_status(201);
    ada.delete(&grant).await.assert_status(204);
    finish(&begun).await.assert_error(404, "folder_not_found");
    begin("c.txt").await.assert_error(404, "folder_not_found");

    ada.share("folders", &library, &bob, "editor").await;
    let begun = begin("d.txt").await.assert_status(201);
    server.do_elsewhere("update users set disabled_at = 1 where name = 'bob'", "user_changed").await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    finish(&begun).await.assert_error(401, "unauthorized");
    begin("e.txt").await.assert_error(401, "unauthorized");
    let names: Vec<String> =
        sqlx::query_scalar("select name from documents").fetch_all(server.app.db.read()).await.unwrap();
    assert_eq!(names, ["b.txt"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_file_that_comes_with_its_creation_leaves_nothing_behind_when_it_does_not_come_whole() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let rows = async || -> i64 {
        sqlx::query_scalar("select count(*) from uploads").fetch_one(server.app.db.read()).await.unwrap()
    };
    let metadata = metadata_of(&[("filename", "a.txt"), ("folder_id", &library)]);
    let creation = |length: usize| {
        let creation = ada.tus(Method::POST, "/uploads").header("upload-length", length);
        let creation = creation.header("upload-metadata", &metadata);
        creation.header("content-type", "application/offset+octet-stream")
    };
    // The wrong checksum, and more than was announced.
    let wrong = creation(5).header("upload-checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=").body("12345");
    ada.send(wrong).await.assert_error(460, "checksum_mismatch");
    ada.send(creation(5).body("123456")).await.assert_error(400, "upload_length_invalid");
    assert_eq!(rows().await, 0);
    // Only a part: the rest may come later.
    let begun = ada.send(creation(5).body("123")).await.assert_status(201);
    assert_eq!(begun.header("upload-offset"), Some("3"));
    assert_eq!(rows().await, 1);
    let location = begun.header("location").unwrap();
    let rest = ada.tus(Method::PATCH, location).header("upload-offset", 3);
    let rest = rest.header("content-type", "application/offset+octet-stream").body("45");
    let last = ada.send(rest).await.assert_status(204);
    let id = last.header("wenshu-document-id").unwrap();
    assert_eq!(ada.get(&format!("/documents/{id}/content")).await.body, b"12345");
    // Whole: the address tells what it became, and repeating the end gives the same answer.
    let whole = upload(&ada, &library, "b.txt", b"whole", true).await.assert_status(201);
    let head = ada.send(ada.tus(Method::HEAD, whole.header("location").unwrap())).await.assert_status(200);
    assert_eq!((head.header("upload-offset"), head.header("upload-length")), (Some("5"), Some("5")));
    assert_eq!(head.header("wenshu-document-id"), whole.header("wenshu-document-id"));
    assert_sound(&server).await;
}
