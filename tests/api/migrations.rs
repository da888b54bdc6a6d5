//! Does a database of an earlier release come along, with everything that is in it? The schema of before storage had trash
//! entries, quotas and lists of chunks is filled with rows as that release left them, and brought up to date.

use std::{collections::BTreeMap, path::Path};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use storage::{Backend, ChunkHash, Store};
use wenshu::{
    actions::{
        collect_garbage::collect_garbage,
        verify::{Pace, verify},
    },
    db::{self, Db},
    jobs::{self, list_chunks::ListChunks},
};

use crate::{
    delta::{cut, noise},
    support::{START, TestServer, database::TestDatabase},
};

const MIB: usize = 1 << 20;
/// The last migration of the earlier release.
const LAST: &str = "0007";

/// The earlier release's database and store, being filled.
struct Earlier {
    db: Db,
    store: Store,
    ids: BTreeMap<&'static str, String>,
    contents: BTreeMap<u64, (String, Vec<u8>)>,
}

impl Earlier {
    async fn new(url: &str, objects: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).unwrap().flatten() {
            if entry.file_name().to_str().unwrap()[..4] <= *LAST {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        let db = Db::connect(url).await.unwrap();
        Migrator::new(folder.path()).await.unwrap().run(db.read()).await.unwrap();
        let store = Store::open(&Backend::Local { root: objects.to_owned() }).unwrap();
        Self { db, store, ids: BTreeMap::new(), contents: BTreeMap::new() }
    }

    fn id(&mut self, name: &'static str) -> String {
        self.ids.entry(name).or_insert_with(|| uuid::Uuid::now_v7().to_string()).clone()
    }

    async fn run(&self, statement: &'static str, texts: &[Option<&str>], numbers: &[Option<i64>]) {
        let mut query = sqlx::query(statement);
        for text in texts {
            query = query.bind(text.map(str::to_owned));
        }
        for number in numbers {
            query = query.bind(*number);
        }
        let mut tx = self.db.begin().await.unwrap();
        query.execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn user(&mut self, name: &'static str) {
        let id = self.id(name);
        let sql = "insert into users (id, name, name_key, display_name, created_at) values ($1, $2, $2, $2, $3)";
        self.run(sql, &[Some(&id), Some(name)], &[Some(START)]).await;
    }

    async fn folder(&mut self, name: &'static str, parent: Option<&'static str>, trashed_at: Option<i64>) {
        let (id, by) = (self.id(name), self.id("ada"));
        let parent = parent.map(|parent| self.id(parent));
        // The scope is that of the library.
        let scope = self.id(if name.starts_with('b') { "b" } else { "a" });
        let sql = "insert into folders (id, parent_id, name, name_key, scope_id, created_by, created_at, updated_at, trashed_at)
                   values ($1, $2, $3, $3, $4, $5, $6, $6, $7)";
        let texts = [Some(&*id), parent.as_deref(), Some(name), Some(&*scope), Some(&*by)];
        self.run(sql, &texts, &[Some(START), trashed_at]).await;
    }

    async fn document(
        &mut self,
        name: &'static str,
        folder: &'static str,
        trashed_at: Option<i64>,
        page: Option<&'static str>,
        versions: &[(u64, usize, &'static str)],
    ) {
        let (id, folder_id, by) = (self.id(name), self.id(folder), self.id("ada"));
        let scope = self.id(if folder.starts_with('b') { "b" } else { "a" });
        let page = page.map(|page| self.id(page));
        let sql =
            "insert into documents (id, folder_id, kind, name, name_key, scope_id, created_by, updated_by, attached_to,
                                          head, created_at, updated_at, trashed_at)
                   values ($1, $2, 'file', $3, $3, $4, $5, $5, $6, $7, $8, $8, $9)";
        let texts = [Some(&*id), Some(&*folder_id), Some(name), Some(&*scope), Some(&*by), page.as_deref()];
        self.run(sql, &texts, &[Some(versions.len() as i64), Some(START), trashed_at]).await;
        for (number, (seed, size, author)) in versions.iter().enumerate() {
            let (content, bytes) = self.content(*seed, *size).await;
            let author = self.id(author);
            use sha2::Digest;
            let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
            let sql = "insert into versions (document_id, content_id, sha256, media_type, author_id, number, size_bytes, created_at)
                       values ($1, $2, $3, 'application/octet-stream', $4, $5, $6, $7)";
            let texts = [Some(&*id), Some(&*content), Some(&*sha256), Some(&*author)];
            self.run(sql, &texts, &[Some(number as i64 + 1), Some(bytes.len() as i64), Some(START)]).await;
        }
    }

    async fn content(&mut self, seed: u64, size: usize) -> (String, Vec<u8>) {
        if !self.contents.contains_key(&seed) {
            let bytes = noise(seed, size);
            let stored = self.store.put(bytes.clone().into()).await.unwrap();
            self.contents.insert(seed, (stored.content.to_string(), bytes));
        }
        self.contents[&seed].clone()
    }

    /// Two libraries, something of everything in the trash, and an upload that has begun.
    async fn fill(&mut self) {
        self.user("ada").await;
        self.user("bob").await;
        self.folder("a", None, None).await;
        self.folder("a-kept", Some("a"), None).await;
        self.folder("b", None, None).await;
        // Thrown away in this order: a document, a folder inside, then the folder with the rest.
        self.folder("a-gone", Some("a"), Some(300)).await;
        self.folder("a-gone-below", Some("a-gone"), Some(300)).await;
        self.folder("a-gone-earlier", Some("a-gone"), Some(200)).await;
        self.document("alone", "a-gone", Some(100), None, &[(5, 700, "bob")]).await;
        self.document("earlier", "a-gone-earlier", Some(200), None, &[(6, 800, "ada"), (7, 900, "bob")]).await;
        self.document("with-it", "a-gone", Some(300), None, &[(8, 1000, "ada")]).await;
        self.document("below", "a-gone-below", Some(300), None, &[(9, 1100, "bob")]).await;
        self.document("of-below", "a-gone-below", None, Some("below"), &[(10, 1200, "bob")]).await;
        self.folder("b-gone", Some("b"), Some(300)).await;
        self.folder("c-library", None, Some(400)).await;
        self.document("in-library", "c-library", Some(400), None, &[(11, 1300, "ada")]).await;
        // Kept: several versions, one of them the same bytes as elsewhere, some in several chunks.
        self.document("report", "a-kept", None, None, &[(1, 4 * MIB, "ada"), (2, 3 * MIB, "bob"), (1, 0, "ada")]).await;
        self.document("twin", "b", None, None, &[(1, 0, "bob")]).await;
        self.document("small", "b", None, None, &[(3, 10_000, "ada")]).await;
        self.document("picture", "a-kept", None, Some("report"), &[(4, 20_000, "ada")]).await;
        self.document("emptied", "b", Some(500), None, &[]).await;
        let (upload, ada, folder) = (self.id("upload"), self.id("ada"), self.id("b"));
        let sql = "insert into uploads (id, user_id, folder_id, name, size_bytes, created_at, expires_at)
                   values ($1, $2, $3, 'late.bin', $4, $5, $6)";
        let texts = [Some(&*upload), Some(&*ada), Some(&*folder)];
        self.run(sql, &texts, &[Some(5000), Some(START), Some(START + 1_000_000)]).await;
    }
}

async fn trash_of(db: &Db) -> Vec<(String, String, i64, i64, i64)> {
    let sql = "select id, kind, trashed_at, document_count, size_bytes from trash";
    let mut rows: Vec<(String, String, i64, i64, i64)> = sqlx::query_as(sql).fetch_all(db.read()).await.unwrap();
    rows.sort();
    rows
}

/// Which entry of the trash everything went with.
async fn went_with(db: &Db) -> BTreeMap<String, Option<String>> {
    let sql = "select id, trash_id from folders union all select id, trash_id from documents";
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(sql).fetch_all(db.read()).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_database_of_an_earlier_release_comes_along_with_its_content() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create().await);
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let url = match database.url.as_str() {
        "" => format!("sqlite://{}", data.join("wenshu.db").display()),
        url => url.to_owned(),
    };
    let mut earlier = Earlier::new(&url, &data.join("objects")).await;
    earlier.fill().await;
    earlier.db.migrate().await.unwrap();
    // Again, as every start does.
    earlier.db.migrate().await.unwrap();
    let Earlier { db, ids, contents, .. } = earlier;
    let id = |name: &str| ids[name].clone();

    let mut expected = vec![
        (id("alone"), "document".into(), 100, 1, 700),
        (id("a-gone-earlier"), "folder".into(), 200, 1, 1700),
        // Its attachments are not counted, and their bytes are.
        (id("a-gone"), "folder".into(), 300, 2, 1000 + 1100 + 1200),
        (id("b-gone"), "folder".into(), 300, 0, 0),
        (id("c-library"), "folder".into(), 400, 1, 1300),
        (id("emptied"), "document".into(), 500, 1, 0),
    ];
    expected.sort();
    assert_eq!(trash_of(&db).await, expected);
    let went = went_with(&db).await;
    for (name, entry) in [
        ("a", None),
        ("a-kept", None),
        ("report", None),
        ("picture", None),
        ("a-gone", Some("a-gone")),
        ("a-gone-below", Some("a-gone")),
        ("with-it", Some("a-gone")),
        ("below", Some("a-gone")),
        ("of-below", Some("a-gone")),
        ("a-gone-earlier", Some("a-gone-earlier")),
        ("earlier", Some("a-gone-earlier")),
        ("alone", Some("alone")),
        ("b-gone", Some("b-gone")),
        ("c-library", Some("c-library")),
        ("in-library", Some("c-library")),
        ("emptied", Some("emptied")),
    ] {
        assert_eq!(went[&id(name)], entry.map(id), "{name}");
    }
    let usage: Vec<(String, String, i64, i64)> =
        sqlx::query_as("select owner_kind, owner_id, used_bytes, reserved_bytes from usage")
            .fetch_all(db.read())
            .await
            .unwrap();
    let used =
        |kind: &str, name: &str| usage.iter().find(|row| row.0 == kind && row.1 == id(name)).map(|row| (row.2, row.3));
    let mib = MIB as i64;
    let in_trash_of_a = 700 + 800 + 900 + 1000 + 1100 + 1200;
    assert_eq!(used("library", "a"), Some((4 * mib + 3 * mib + 4 * mib + 20_000 + in_trash_of_a, 0)));
    assert_eq!(used("library", "b"), Some((4 * mib + 10_000, 0)));
    assert_eq!(used("library", "c-library"), Some((1300, 0)));
    assert_eq!(used("user", "ada"), Some((8 * mib + 10_000 + 20_000 + 800 + 1000 + 1300, 0)));
    assert_eq!(used("user", "bob"), Some((3 * mib + 4 * mib + 700 + 900 + 1100 + 1200, 0)));
    assert_eq!(usage.len(), 5);
    assert_eq!(db::usage::list_differences(db.read()).await.unwrap(), [], "and that is what is counted later");
    db.close().await;

    let server = TestServer::start_with(|config| {
        config.data = data.clone();
        config.database = database.url.clone();
    })
    .await;
    let root = server.admin("root").await;
    for (name, seed) in [("report", 1), ("twin", 1), ("small", 3), ("picture", 4)] {
        let answer = root.get(&format!("/documents/{}/content", id(name))).await.assert_status(200);
        assert!(answer.body == contents[&seed].1, "{name}");
    }
    chunks_are_listed(&server, &contents).await;
    // What a client cuts is known now.
    let missing = missing_of(&server, &id("b"), &contents[&1].1).await;
    assert_eq!(missing, json!([]), "the chunks of a document that may be read are there");

    // Out of the trash, with what went along and without what had gone before; and the counters stay right.
    root.post(&format!("/trash/{}/restore", id("a-gone")), json!({})).await.assert_status(200);
    let shown = |name: &str| {
        let (root, path) = (root.clone(), format!("/documents/{}", id(name)));
        async move {
            let answer = root.get(&path).await;
            answer.status == 200 && answer.json()["trashed_at"].is_null()
        }
    };
    assert!(shown("with-it").await && shown("below").await && shown("of-below").await);
    assert!(!shown("alone").await && !shown("earlier").await);
    root.delete(&format!("/trash/{}", id("c-library"))).await.assert_status(202);
    server.run_jobs().await;
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
    let report = verify(&server.app, Pace::new(0), |_| {}).await.unwrap();
    assert_eq!((report.damaged_objects, report.versions), (0, 12));
    let garbage = collect_garbage(&server.app, true).await.unwrap();
    assert!(garbage.unreadable.is_empty(), "{garbage}");
}

/// The chunks of every content are listed, by the job that does that once a day.
async fn chunks_are_listed(server: &TestServer, contents: &BTreeMap<u64, (String, Vec<u8>)>) {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &ListChunks { content_id: None }, now, now).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
    for (content, bytes) in contents.values() {
        let sql = "select chunk_id, size_bytes from content_chunks where content_id = $1";
        let rows: Vec<(Vec<u8>, i64)> =
            sqlx::query_as(sql).bind(content).fetch_all(server.app.db.read()).await.unwrap();
        let mut listed: Vec<_> = rows;
        let mut cut: Vec<_> = cut(bytes)
            .into_iter()
            .map(|chunk| (ChunkHash::of(chunk).as_bytes().to_vec(), chunk.len() as i64))
            .collect();
        listed.sort();
        cut.sort();
        assert_eq!(listed, cut);
    }
}

async fn missing_of(server: &TestServer, folder: &str, bytes: &[u8]) -> Value {
    let root = server.admin("second").await;
    let metadata = crate::support::library::metadata_of(&[("filename", "again.bin"), ("folder_id", folder)]);
    let request = root.tus(Method::POST, "/uploads").header("upload-metadata", metadata);
    let begun = root.send(request.header("upload-length", bytes.len())).await.assert_status(201);
    let chunk = |chunk: &[u8]| json!({ "hash": ChunkHash::of(chunk).to_string(), "size_bytes": chunk.len() });
    let chunks: Vec<_> = cut(bytes).into_iter().map(chunk).collect();
    let path = format!("{}/missing", begun.header("location").unwrap());
    root.post(&path, json!({ "chunks": chunks })).await.assert_status(200).json()["missing"].clone()
}
