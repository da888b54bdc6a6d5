//! `/documents/{id}/content`: the original bytes.

use reqwest::Method;

use crate::support::{Answer, Client, TestServer};

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}

#[tokio::test]
async fn parts_of_two_versions_of_one_second_do_not_come_together() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = ada.upload("a.txt", &library, b"first content").await;
    let path = format!("/documents/{file}/content");
    let date = ada.get(&path).await.header("last-modified").unwrap().to_owned();
    ada.upload_version(&file, "a.txt", b"other content").await;
    assert_eq!(ada.get(&path).await.header("last-modified"), Some(&*date), "the clock stands");
    let rest = get(&ada, &path, &[("range", "bytes=5-"), ("if-range", &date)]).await.assert_status(200);
    assert_eq!(rest.body, b"other content");
    server.clock.advance(1000);
    ada.upload_version(&file, "a.txt", b"third content").await;
    let date = ada.get(&path).await.header("last-modified").unwrap().to_owned();
    let rest = get(&ada, &path, &[("range", "bytes=6-"), ("if-range", &date)]).await.assert_status(206);
    assert_eq!(rest.body, b"content");
}

#[tokio::test]
async fn content_comes_whole_in_parts_and_not_again() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7 % 251) as u8).collect();
    let file = ada.upload("data.bin", &library, &bytes).await;
    let path = format!("/documents/{file}/content");

    let whole = ada.get(&path).await.assert_status(200);
    assert!(whole.body == bytes);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-length"), Some("3000000"));
    let etag = whole.header("etag").unwrap().to_owned();

    let part = get(&ada, &path, &[("range", "bytes=1000000-1000009")]).await.assert_status(206);
    assert_eq!(part.header("content-range"), Some("bytes 1000000-1000009/3000000"));
    assert_eq!(part.body, &bytes[1_000_000..1_000_010]);
    let tail = get(&ada, &path, &[("range", "bytes=-5"), ("if-range", &etag)]).await.assert_status(206);
    assert_eq!(tail.body, &bytes[2_999_995..]);
    // Parts of two contents must not come together, however a client writes what it has.
    for other in ["\"other\"", "other", "", "W/", "yesterday"] {
        let whole = get(&ada, &path, &[("range", "bytes=0-9"), ("if-range", other)]).await.assert_status(200);
        assert_eq!(whole.body.len(), bytes.len(), "{other}");
    }
    // A date names the content when it is exactly its own, and nothing else was there in that second.
    let date = whole.header("last-modified").unwrap().to_owned();
    let by_date = async |date: &str| get(&ada, &path, &[("range", "bytes=0-9"), ("if-range", date)]).await;
    by_date(&date).await.assert_status(206);
    for other in ["Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 2015 00:00:00 GMT"] {
        by_date(other).await.assert_status(200);
    }
    let outside = get(&ada, &path, &[("range", "bytes=3000000-")]).await;
    assert_eq!(outside.header("content-range"), Some("bytes */3000000"));
    outside.assert_error(416, "range_not_satisfiable");

    get(&ada, &path, &[("if-none-match", &etag)]).await.assert_status(304);
    get(&ada, &path, &[("if-none-match", "\"other\"")]).await.assert_status(200);
    let since = whole.header("last-modified").unwrap();
    get(&ada, &path, &[("if-modified-since", since)]).await.assert_status(304);

    let head = ada.send(ada.request(Method::HEAD, &path)).await.assert_status(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("3000000"), 0));
    let head = ada.send(ada.request(Method::HEAD, &path).header("if-none-match", &etag)).await.assert_status(304);
    assert_ne!(head.header("content-length"), Some("0"));

    let empty = ada.upload("empty.bin", &library, b"").await;
    for range in ["bytes=0-", "bytes=-1", "bytes=0-0,5-6"] {
        let answer = get(&ada, &format!("/documents/{empty}/content"), &[("range", range)]).await.assert_status(200);
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn nothing_that_a_browser_would_run_is_shown_inline() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let html = b"<!doctype html><html><body><script>alert(1)</script></body></html>";
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for (name, bytes) in [("a.html", &html[..]), ("a.txt", html), ("b.svg", svg), ("b.png", svg)] {
        let file = ada.upload(name, &library, bytes).await;
        let answer = ada.get(&format!("/documents/{file}/content")).await.assert_status(200);
        let disposition = answer.header("content-disposition").unwrap();
        let media_type = answer.header("content-type").unwrap();
        assert!(
            disposition.starts_with("attachment") || media_type == "text/plain",
            "{name}: {media_type} {disposition}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"));
    }
    let text = ada.upload("报告 “终稿”.txt", &library, "正文".as_bytes()).await;
    let answer = ada.get(&format!("/documents/{text}/content")).await;
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.starts_with("inline") && disposition.contains("filename*=UTF-8''%E6%8A%A5"), "{disposition}");
    let saved = ada.get(&format!("/documents/{text}/content?download=1")).await;
    assert!(saved.header("content-disposition").unwrap().starts_with("attachment"));
}

#[tokio::test]
async fn whoever_leaves_the_first_byte_out_is_remembered_too() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"a secret draft").await;
    ada.share("folders", &library, &bob, "reader").await;
    let path = format!("/documents/{file}/content");
    let id = file.parse().unwrap();
    let count = async || {
        let events = wenshu::db::audit::list(server.app.db.read(), 0, Some(&id), 100).await.unwrap();
        events.iter().filter(|event| event.action == "content_downloaded").count()
    };
    // What gives nothing out is no reading.
    bob.send(bob.request(Method::HEAD, &path).header("range", "bytes=1-")).await.assert_status(200);
    get(&bob, &path, &[("range", "bytes=99-")]).await.assert_error(416, "range_not_satisfiable");
    assert_eq!(count().await, 0);
    get(&bob, &path, &[("range", "bytes=1-")]).await.assert_status(206);
    assert_eq!(count().await, 1);
    // Further parts belong to the same reading, for an hour.
    get(&bob, &path, &[("range", "bytes=5-6")]).await.assert_status(206);
    get(&bob, &path, &[("range", "bytes=-3")]).await.assert_status(206);
    assert_eq!(count().await, 1);
    get(&ada, &path, &[("range", "bytes=2-")]).await.assert_status(206);
    server.clock.advance(60 * 60 * 1000);
    get(&bob, &path, &[("range", "bytes=2-")]).await.assert_status(206);
    assert_eq!(count().await, 3);
}

#[tokio::test]
async fn a_previewer_gets_no_original_and_each_download_is_remembered() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"draft").await;
    ada.share("folders", &library, &bob, "previewer").await;
    for path in [format!("/documents/{file}/content"), format!("/documents/{file}/versions/1/content")] {
        bob.get(&path).await.assert_error(403, "download_not_allowed");
        eve.get(&path).await.assert_error(404, "document_not_found");
        ada.get(&path).await.assert_status(200);
    }
    ada.get(&format!("/documents/{file}/versions/2/content")).await.assert_error(404, "version_not_found");
    let id = file.parse().unwrap();
    let events = wenshu::db::audit::list(server.app.db.read(), 0, Some(&id), 100).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.action == "content_downloaded").count(), 2);
}

#[tokio::test]
async fn damage_is_reported_by_version_and_never_hidden() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, &b"draft ".repeat(1000)).await;
    ada.upload("other.txt", &library, b"intact").await;
    let found =
        wenshu::actions::verify::verify(&server.app, wenshu::actions::verify::Pace::new(0), |_| {}).await.unwrap();
    assert_eq!((found.versions, found.damage.len()), (2, 0));

    let version = wenshu::db::versions::find(server.app.db.read(), &file.parse().unwrap(), 1).await.unwrap().unwrap();
    let content: storage::ContentId = version.content_id.parse().unwrap();
    let chunk = server.app.store.manifest(&content).await.unwrap().chunks()[0].id.to_string();
    let objects = server.folder.path().join("data/objects");
    let path = objects.join("chunks").join(&chunk[..2]).join(&chunk);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let found =
        wenshu::actions::verify::verify(&server.app, wenshu::actions::verify::Pace::new(0), |_| {}).await.unwrap();
    assert_eq!(found.damage.len(), 1);
    assert!(found.damage[0].to_string().contains(&format!("document {file} (\"plan.txt\") version 1")));
    ada.get(&format!("/documents/{file}/content")).await.assert_error(500, "content_damaged");
}

#[tokio::test]
async fn several_ranges_come_in_one_answer() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7 % 251) as u8).collect();
    let file = ada.upload("data.bin", &library, &bytes).await;
    let path = format!("/documents/{file}/content");
    let etag = ada.get(&path).await.header("etag").unwrap().to_owned();

    let answer =
        get(&ada, &path, &[("range", "bytes=2999990-, 10-19,15-24, 1500000-1500004")]).await.assert_status(206);
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    let boundary = answer.header("content-type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut expected = Vec::new();
    for (index, range) in [10..25usize, 1_500_000..1_500_005, 2_999_990..3_000_000].into_iter().enumerate() {
        let line = if index == 0 { "" } else { "\r\n" };
        let head = format!(
            "{line}--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {}-{}/3000000\r\n\r\n",
            range.start,
            range.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&bytes[range]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(answer.body == expected, "{}", String::from_utf8_lossy(&answer.body));

    let head = ada.request(Method::HEAD, &path).header("range", "bytes=0-1,1000-1001");
    let head = ada.send(head).await.assert_status(200);
    assert!(head.body.is_empty() && head.header("content-range").is_none(), "ranges are for GET alone");
    get(&ada, &path, &[("range", "bytes=0-1,9-10"), ("if-range", "\"other\"")]).await.assert_status(200);
    get(&ada, &path, &[("if-match", "\"other\"")]).await.assert_error(412, "precondition_failed");
    get(&ada, &path, &[("if-match", &etag)]).await.assert_status(200);
    get(&ada, &path, &[("if-unmodified-since", "Thu, 01 Jan 2015 00:00:00 GMT")])
        .await
        .assert_error(412, "precondition_failed");
    let empty = ada.upload("empty.txt", &library, b"").await;
    let answer = ada.get(&format!("/documents/{empty}/content")).await.assert_status(200);
    assert_eq!((answer.header("content-length"), answer.body.len()), (Some("0"), 0));
}
