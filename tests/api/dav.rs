//! `/dav`: the libraries as a network drive.

mod clients;
mod locks;
mod saving;
mod transfer;
mod xml;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{Answer, Client, PASSWORD, TestServer};

/// Somebody's drive.
pub struct Drive {
    pub client: Client,
    name: String,
    password: String,
}

impl Drive {
    /// The drive of a test user, who shows name and password.
    pub fn of(client: &Client) -> Self {
        Self::with(client, &client.name, PASSWORD)
    }

    pub fn with(client: &Client, name: &str, password: &str) -> Self {
        let client = Client { cookie: String::new(), token: String::new(), ..client.clone() };
        Self { client, name: name.into(), password: password.into() }
    }

    /// Begins a request; `path` is below `/dav`, plain.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, &self.address(path)).basic_auth(&self.name, Some(&self.password))
    }

    pub fn address(&self, path: &str) -> String {
        let path = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC).to_string();
        format!("{}/dav{}", self.client.base, path.replace("%2F", "/"))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.client.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn put(&self, path: &str, bytes: &[u8]) -> Answer {
        self.send(self.request("PUT", path).body(bytes.to_vec())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    pub async fn make_folder(&self, path: &str) -> Answer {
        self.send(self.request("MKCOL", path)).await
    }

    pub async fn rename(&self, from: &str, to: &str) -> Answer {
        self.send(self.request("MOVE", from).header("destination", self.address(to))).await
    }

    pub async fn copy(&self, from: &str, to: &str) -> Answer {
        self.send(self.request("COPY", from).header("destination", self.address(to))).await
    }

    /// The names in a folder, as a client reads them out of addresses.
    pub async fn names(&self, path: &str) -> Vec<String> {
        let answer = self.send(self.request("PROPFIND", path).header("depth", "1")).await.assert_status(207);
        let text = String::from_utf8(answer.body).unwrap();
        let hrefs = text.split("<D:response><D:href>").skip(2).map(|part| part.split('<').next().unwrap());
        let names = hrefs.map(|href| href.trim_end_matches('/').rsplit('/').next().unwrap());
        names.map(|name| percent_encoding::percent_decode_str(name).decode_utf8().unwrap().into_owned()).collect()
    }
}

impl Client {
    /// The documents that everybody sees in a folder, with their newest version.
    pub async fn listed(&self, folder: &str) -> Vec<(String, i64)> {
        let children = self.get(&format!("/folders/{folder}/children")).await.assert_status(200).json();
        let documents = children["documents"].as_array().unwrap().iter();
        documents.map(|one| (one["name"].as_str().unwrap().to_owned(), one["version"].as_i64().unwrap())).collect()
    }
}

#[tokio::test]
async fn a_file_written_on_the_drive_is_a_document_and_its_next_bytes_a_version() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("市政 库", None).await;
    let drive = Drive::of(&ada);

    let made = drive.put("/市政 库/报告 #1 50%.txt", "初稿".as_bytes()).await.assert_status(201);
    let tag = made.header("etag").unwrap().to_owned();
    let read = drive.get("/市政 库/报告 #1 50%.txt").await.assert_status(200);
    assert_eq!((read.body.as_slice(), read.header("etag")), ("初稿".as_bytes(), Some(tag.as_str())));
    assert_eq!(ada.listed(&library).await, [("报告 #1 50%.txt".to_owned(), 1)]);

    let stale = drive.request("PUT", "/市政 库/报告 #1 50%.txt").header("if-match", "\"other\"").body("x");
    drive.send(stale).await.assert_error(412, "precondition_failed");
    let new_only = drive.request("PUT", "/市政 库/报告 #1 50%.txt").header("if-none-match", "*").body("x");
    drive.send(new_only).await.assert_error(412, "precondition_failed");
    let right = drive.request("PUT", "/市政 库/报告 #1 50%.txt").header("if-match", &tag).body("二稿");
    drive.send(right).await.assert_status(204);
    // The same bytes once more are no version.
    drive.put("/市政 库/报告 #1 50%.txt", "二稿".as_bytes()).await.assert_status(204);
    assert_eq!(ada.listed(&library).await, [("报告 #1 50%.txt".to_owned(), 2)]);

    // The same name as macOS writes it.
    drive.put("/市政 库/cafe\u{301}.txt", b"1").await.assert_status(201);
    drive.put("/市政 库/CAF\u{c9}.TXT", b"2").await.assert_status(204);
    assert_eq!(drive.get("/市政 库/caf\u{e9}.txt").await.body, b"2");

    drive.put("/市政 库/没有/a.txt", b"x").await.assert_error(409, "folder_not_found");
    drive.put("/a.txt", b"x").await.assert_error(403, "library_protected");
    drive.make_folder("/新库").await.assert_error(403, "library_protected");
    drive.delete("/市政 库").await.assert_error(403, "library_protected");
    drive.put("/市政 库/a\u{202e}b.txt", b"x").await.assert_error(400, "name_invalid");

    drive.make_folder("/市政 库/子").await.assert_status(201);
    drive.rename("/市政 库/报告 #1 50%.txt", "/市政 库/子/报告.txt").await.assert_status(201);
    assert_eq!(drive.names("/市政 库").await, ["子", "café.txt"]);
    assert_eq!(drive.names("/").await, ["市政 库"]);
    drive.delete("/市政 库/子").await.assert_status(204);
    drive.get("/市政 库/子/报告.txt").await.assert_status(404);

    let actions = wenshu::db::audit::list(server.app.db.read(), 0, None, 1000).await.unwrap();
    let actions: Vec<_> = actions.iter().map(|event| event.action.as_str()).collect();
    for action in [
        "version_added",
        "content_downloaded",
        "document_renamed",
        "document_moved",
        "folder_created",
        "folder_trashed",
    ] {
        assert!(actions.contains(&action), "{action} is missing in {actions:?}");
    }
}

#[tokio::test]
async fn everybody_sees_on_the_drive_what_their_role_allows() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.admin("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    ada.upload("open.txt", &library, b"open").await;
    let secret = ada.upload("secret.txt", &library, b"secret").await;
    ada.patch(&format!("/documents/{secret}"), json!({ "level": 3 })).await.assert_status(200);
    let page = ada.page("周会", &library).await;
    let hidden = ada.folder("inner", Some(&library)).await;
    ada.patch(&format!("/folders/{hidden}"), json!({ "inherits": false })).await.assert_status(200);

    let (drive, other) = (Drive::of(&bob), Drive::of(&eve));
    ada.share("folders", &library, &bob, "previewer").await;
    assert_eq!(drive.names("/库").await, ["周会.url"]);
    drive.get("/库/open.txt").await.assert_status(404);
    assert_eq!(other.names("/").await, Vec::<String>::new());
    other.get("/库/open.txt").await.assert_status(404);

    ada.share("folders", &library, &bob, "reader").await;
    assert_eq!(drive.names("/库").await, ["open.txt", "周会.url"]);
    drive.get("/库/secret.txt").await.assert_status(404);
    drive.get("/库/inner/").await.assert_status(404);
    let link = drive.get("/库/周会.url").await.assert_status(200);
    let text = String::from_utf8(link.body).unwrap();
    assert_eq!(text, format!("[InternetShortcut]\r\nURL={}/documents/{page}\r\n", ada.base));
    drive.put("/库/new.txt", b"x").await.assert_error(403, "upload_not_allowed");
    drive.put("/库/open.txt", b"x").await.assert_error(403, "upload_not_allowed");
    drive.put("/库/.DS_Store", b"x").await.assert_error(403, "upload_not_allowed");
    drive.delete("/库/open.txt").await.assert_error(403, "delete_not_allowed");
    drive.make_folder("/库/x").await.assert_error(403, "create_folder_not_allowed");
    drive.rename("/库/open.txt", "/库/y.txt").await.assert_error(403, "rename_not_allowed");

    ada.share("folders", &library, &bob, "editor").await;
    // Somebody else has the name, and bob may not know what it is.
    drive.put("/库/secret.txt", b"x").await.assert_error(409, "name_taken");
    drive.put("/库/周会.url", b"x").await.assert_error(403, "document_is_page");
    // The page goes by its own name.
    drive.rename("/库/周会.url", "/库/例会.url").await.assert_status(201);
    assert_eq!(ada.document(&page).await["name"], "例会");
    // A copy of something secret is as secret.
    Drive::of(&ada).copy("/库/secret.txt", "/库/copy.txt").await.assert_status(201);
    assert_eq!(drive.names("/库").await, ["open.txt", "例会.url"]);
    Drive::of(&ada).copy("/库/secret.txt", "/库/open.txt").await.assert_error(409, "level_lower");
}

#[tokio::test]
async fn names_that_meet_on_a_drive_get_numbers() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    ada.folder("库", None).await;
    ada.folder("a.txt", Some(&library)).await;
    ada.upload("a.txt", &library, b"file").await;
    ada.page("b", &library).await;
    ada.upload("b.url", &library, b"real").await;
    let drive = Drive::of(&ada);
    assert_eq!(drive.names("/").await, ["库", "库 (2)"]);
    assert_eq!(drive.names("/库").await, ["a.txt", "a (2).txt", "b (2).url", "b.url"]);
    assert_eq!(drive.get("/库/a (2).txt").await.assert_status(200).body, b"file");
    assert_eq!(drive.get("/库/b.url").await.assert_status(200).body, b"real");
    assert!(drive.get("/库/b (2).url").await.assert_status(200).body.starts_with(b"[InternetShortcut]"));
    drive.put("/库/a (2).txt", b"next").await.assert_status(204);
    assert_eq!(ada.listed(&library).await[0], ("a.txt".to_owned(), 2));
    assert_eq!(drive.names("/库 (2)").await, Vec::<String>::new());
}

#[tokio::test]
async fn programs_sign_in_with_each_request_and_cookies_count_for_nothing() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    let bare = ada.send(ada.request(Method::GET, &drive.address("/库/"))).await;
    assert_eq!(bare.header("www-authenticate"), Some("Basic realm=\"Wenshu\", charset=\"UTF-8\""));
    bare.assert_error(401, "unauthorized");
    let foreign = drive.request("DELETE", "/库/").header("sec-fetch-site", "cross-site");
    drive.send(foreign).await.assert_error(403, "cross_site_request");

    let made = ada.post("/tokens", json!({ "name": "drive" })).await.assert_status(201).json();
    let token = made["token"].as_str().unwrap();
    Drive::with(&ada, "ada", token).get("/库/").await.assert_status(200);
    Drive::with(&ada, "bob", token).get("/库/").await.assert_error(401, "unauthorized");
    ada.send(ada.with_token(token).request(Method::GET, &drive.address("/库/"))).await.assert_status(200);
    ada.delete(&format!("/tokens/{}", made["id"].as_str().unwrap())).await.assert_status(204);
    Drive::with(&ada, "ada", token).get("/库/").await.assert_error(401, "unauthorized");

    // Checked once, also for many at once; forgotten with the old password.
    let many = (0..20).map(|_| drive.get("/库/"));
    assert!(futures::future::join_all(many).await.iter().all(|answer| answer.status == 200));
    let events = wenshu::db::audit::list(server.app.db.read(), 0, None, 1000).await.unwrap();
    let signed_in = events.iter().filter(|event| event.action == "signed_in" && event.details.contains("webdav"));
    assert_eq!(signed_in.count(), 1);
    let change = json!({ "old_password": PASSWORD, "new_password": "another horse" });
    ada.put("/session/password", change).await.assert_status(204);
    drive.get("/库/").await.assert_error(401, "wrong_password");
    Drive::with(&ada, "ada", "another horse").get("/库/").await.assert_status(200);

    // Guessing is slowed down as it is in the browser.
    let wrong = Drive::with(&ada, "ada", "a wrong horse");
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(wrong.get("/库/").await.status.as_u16());
    }
    assert_eq!(codes.iter().filter(|code| **code == 429).count(), 3, "{codes:?}");
    // Whoever is in stays in.
    Drive::with(&ada, "ada", "another horse").get("/库/").await.assert_status(200);
}

#[tokio::test]
async fn a_large_folder_costs_a_few_statements_and_says_everything() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    drive.put("/库/0.txt", b"x").await.assert_status(201);
    let set = "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:Z=\"urn:z\"><D:set><D:prop><Z:色>红 &amp; 白</Z:色></D:prop></D:set></D:propertyupdate>";
    drive.send(drive.request("PROPPATCH", "/库/0.txt").body(set)).await.assert_status(207);
    let children = ada.get(&format!("/folders/{library}/children")).await.json();
    let first: wenshu::ids::DocumentId = children["documents"][0]["id"].as_str().unwrap().parse().unwrap();
    let template = wenshu::db::documents::find(server.app.db.read(), &first).await.unwrap().unwrap();
    let mut tx = server.app.db.begin().await.unwrap();
    let version = wenshu::db::versions::find(server.app.db.read(), &template.id, 1).await.unwrap().unwrap();
    for number in 1..5000 {
        let id = wenshu::ids::DocumentId::new();
        let name = format!("文件 {number:04}.txt");
        let document = wenshu::db::documents::Document {
            id: id.clone(),
            name_key: wenshu::names::key(&name),
            name,
            ..template.clone()
        };
        wenshu::db::documents::insert(&mut tx, &document).await.unwrap();
        let version = wenshu::db::versions::Version { document_id: id, ..version.clone() };
        wenshu::db::versions::insert(&mut tx, &version).await.unwrap();
    }
    tx.commit().await.unwrap();
    let began = std::time::Instant::now();
    let answer = drive.send(drive.request("PROPFIND", "/库").header("depth", "1")).await.assert_status(207);
    let took = began.elapsed();
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(text.matches("<D:response>").count(), 5001);
    assert!(text.contains("红 &amp; 白") && text.contains("<D:getcontentlength>1</D:getcontentlength>"));
    eprintln!("PROPFIND of 5,000 files: {took:?}, {} bytes", text.len());
    // One statement for each file would take longer than that even in a debug build.
    assert!(took.as_secs() < 5, "{took:?}");
    drive.send(drive.request("PROPFIND", "/库")).await.assert_status(403);
}

#[tokio::test]
async fn an_upload_that_breaks_off_or_is_refused_changes_nothing() {
    let server = TestServer::start_with(|config| config.upload_max_bytes = 1_000_000).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    drive.put("/库/a.bin", b"first").await.assert_status(201);
    drive.put("/库/a.bin", &vec![7; 1_000_001]).await.assert_error(413, "upload_too_large");
    let pieces = futures::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![7u8; 100_000])));
    let chunked = drive.request("PUT", "/库/a.bin").body(reqwest::Body::wrap_stream(pieces));
    drive.send(chunked).await.assert_error(413, "upload_too_large");

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ada:{PASSWORD}"));
    let head = format!(
        "PUT /dav/%E5%BA%93/a.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nContent-Length: 1000\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&[9; 500]).await.unwrap();
    socket.shutdown().await.unwrap();
    let _ = socket.read_to_end(&mut Vec::new()).await;
    assert_eq!(drive.get("/库/a.bin").await.body, b"first");
    assert_eq!(ada.listed(&library).await, [("a.bin".to_owned(), 1)]);

    let ranged = drive.request("PUT", "/库/a.bin").header("content-range", "bytes 0-1/5").body("xx");
    drive.send(ranged).await.assert_error(400, "range_not_possible");
}
