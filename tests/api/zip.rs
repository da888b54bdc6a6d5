//! `/folders/{id}/zip` and `/zip`: many files as one.

use std::{collections::BTreeMap, fs, process::Command};

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Client, TestServer};

/// The entries as Python reads them, after `unzip` and 7-Zip have tested the file.
fn entries(answer: &Answer) -> BTreeMap<String, Vec<u8>> {
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    fs::write(&path, &answer.body).unwrap();
    for (program, arguments) in [("unzip", ["-t", "-q"]), ("7zz", ["t", "-bd"])] {
        let output = Command::new(program).args(arguments).arg(&path).output().expect("`make setup-test` installs it");
        assert!(output.status.success(), "{program}: {output:?}");
    }
    let script = "import sys, zipfile, json\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  z.extractall(sys.argv[2])\nprint(json.dumps([i.filename for i in z.infolist()]))";
    let into = folder.path().join("out");
    let output = Command::new("python3").args(["-c", script]).arg(&path).arg(&into).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let names: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    let read = |name: &String| if name.ends_with('/') { Vec::new() } else { fs::read(into.join(name)).unwrap() };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}

#[tokio::test]
async fn a_folder_comes_as_one_file_that_every_program_unpacks() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.admin("ada").await, server.user("bob").await);
    let library = ada.folder("市政 库", None).await;
    let inner = ada.folder("合同: 2025?", Some(&library)).await;
    ada.folder("空", Some(&library)).await;
    let secret = ada.folder("内部", Some(&library)).await;
    ada.patch(&format!("/folders/{secret}"), json!({ "inherits": false })).await.assert_status(200);
    ada.upload("hidden.txt", &secret, b"hidden").await;
    // Larger than what is read ahead as a whole.
    let large: Vec<u8> = (0..9_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    ada.upload("大.bin", &inner, &large).await;
    ada.upload("报告 “终稿”.txt", &library, "正文".as_bytes()).await;
    ada.upload("CON.txt", &library, b"device").await;
    ada.upload("a:b.txt", &inner, b"1").await;
    ada.upload("a?b.txt", &inner, b"2").await;
    ada.upload("empty.txt", &inner, b"").await;
    let gone = ada.upload("gone.txt", &library, b"gone").await;
    ada.delete(&format!("/documents/{gone}")).await.assert_status(204);
    let page = ada.page("周会", &library).await;
    let level = ada.upload("secret.txt", &library, b"secret").await;
    ada.patch(&format!("/documents/{level}"), json!({ "level": 3 })).await.assert_status(200);
    ada.share("folders", &library, &bob, "reader").await;

    let path = format!("/folders/{library}/zip");
    let answer = bob.get(&path).await.assert_status(200);
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert!(
        answer.header("content-disposition").unwrap().contains("filename*=UTF-8''%E5%B8%82%E6%94%BF%20%E5%BA%93.zip")
    );
    let found = entries(&answer);
    let link = format!("[InternetShortcut]\r\nURL={}/documents/{page}\r\n", ada.base).into_bytes();
    let expected = BTreeMap::from([
        ("市政 库/".to_owned(), vec![]),
        ("市政 库/空/".to_owned(), vec![]),
        ("市政 库/合同_ 2025_/".to_owned(), vec![]),
        ("市政 库/合同_ 2025_/a_b.txt".to_owned(), b"1".to_vec()),
        ("市政 库/合同_ 2025_/a_b (2).txt".to_owned(), b"2".to_vec()),
        ("市政 库/合同_ 2025_/empty.txt".to_owned(), vec![]),
        ("市政 库/合同_ 2025_/大.bin".to_owned(), large),
        ("市政 库/报告 “终稿”.txt".to_owned(), "正文".as_bytes().to_vec()),
        ("市政 库/_CON.txt".to_owned(), b"device".to_vec()),
        ("市政 库/周会.url".to_owned(), link),
    ]);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(found == expected);
    assert!(bob.get(&path).await.body == answer.body, "the same folder is the same file");
    // Also where a proxy or a browser asks for compression: the length is told.
    let zipped = bob.send(bob.request(Method::GET, &path).header("accept-encoding", "gzip, br")).await;
    assert_eq!((zipped.header("content-encoding"), zipped.body.len()), (None, answer.body.len()));
    let head = bob.send(bob.request(Method::HEAD, &path)).await.assert_status(200);
    assert_eq!(head.header("content-length"), answer.header("content-length"));
    assert!(head.body.is_empty());

    let events = wenshu::db::audit::list(server.app.db.read(), 0, None, 1000).await.unwrap();
    let read = events.iter().filter(|event| event.action == "content_downloaded");
    assert_eq!(read.count(), 6 * 3, "each file, each time; not for HEAD");
}

async fn post_form(client: &Client, body: &str) -> Answer {
    let request = client.request(Method::POST, "/zip").header("content-type", "application/x-www-form-urlencoded");
    client.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn what_somebody_chose_comes_as_one_file() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let inner = ada.folder("a.txt", Some(&library)).await;
    let one = ada.upload("a.txt", &library, b"one").await;
    let two = ada.upload("a.txt", &inner, b"two").await;
    let form = format!("document={one}&folder={inner}&document={two}&name=%E9%80%89+1");
    let answer = post_form(&ada, &form).await.assert_status(200);
    assert!(answer.header("content-disposition").unwrap().contains("filename*=UTF-8''%E9%80%89%201.zip"));
    let names: Vec<String> = entries(&answer).into_keys().collect();
    assert_eq!(names, ["a (2).txt", "a (3).txt", "a.txt/", "a.txt/a.txt"]);
    let same = ada.get(&format!("/zip?document={one}&folder={inner}&document={two}")).await.assert_status(200);
    assert_eq!(same.body, answer.body);

    post_form(&eve, &form).await.assert_error(404, "folder_not_found");
    eve.get(&format!("/zip?document={one}")).await.assert_error(404, "document_not_found");
    ada.share("folders", &library, &bob, "previewer").await;
    bob.get(&format!("/zip?document={one}")).await.assert_error(403, "download_not_allowed");
    let empty = bob.get(&format!("/folders/{inner}/zip")).await.assert_status(200);
    assert_eq!(entries(&empty).into_keys().collect::<Vec<_>>(), ["a.txt/"]);
    ada.get("/zip").await.assert_error(400, "nothing_chosen");
    ada.get("/zip?document=x").await.assert_error(400, "query_invalid");
    let foreign = ada.request(Method::POST, "/zip").header("origin", "http://evil.example").body(form);
    ada.send(foreign).await.assert_error(403, "cross_site_request");
}

#[tokio::test]
async fn damage_ends_an_archive_instead_of_making_a_wrong_one() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let large: Vec<u8> = (0..30_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let file = ada.upload("large.bin", &library, &large).await;
    let version = wenshu::db::versions::find(server.app.db.read(), &file.parse().unwrap(), 1).await.unwrap().unwrap();
    let content: storage::ContentId = version.content_id.parse().unwrap();
    let chunk = server.app.store.manifest(&content).await.unwrap().chunks().last().unwrap().id.to_string();
    let path = server.folder.path().join("data/objects/chunks").join(&chunk[..2]).join(&chunk);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();

    let response = ada.request(Method::GET, &format!("/folders/{library}/zip")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 30_000_000);
    assert!(response.bytes().await.is_err(), "the connection ends before the archive does");
}

#[tokio::test]
async fn a_path_that_no_archive_can_hold_is_refused() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    // 256 bytes with the slash: 255 of them just fit, with a file of a short name.
    let name = "长".repeat(85);
    let mut line = vec![library.clone()];
    for _ in 0..256 {
        line.push(ada.folder(&name, line.last().map(String::as_str)).await);
    }
    ada.get(&format!("/folders/{library}/zip")).await.assert_error(413, "archive_path_too_long");
    let inner = ada.get(&format!("/folders/{}/zip", line[2])).await.assert_status(200);
    assert_eq!(inner.header("content-length"), Some(inner.body.len().to_string().as_str()));
    ada.upload("a.txt", &line[256], b"a").await;
    ada.get(&format!("/folders/{}/zip", line[1])).await.assert_error(413, "archive_path_too_long");
    ada.get(&format!("/folders/{}/zip", line[2])).await.assert_status(200);
}
