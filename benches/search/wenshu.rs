//! Wenshu as people use it: the server's own process, SQLite and a local folder, asked over HTTP with rights applied.
//!
//! Its data folder is filled through the server's own library, as if all records had been uploaded and read long ago; then the
//! server starts without an index and builds it, which is what `rebuild` measures.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use indexer::text::{Extracted, PageText};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::TempDir;
use wenshu::{
    actions::{
        add_group::add_group,
        add_user::{AddUser, add_user},
        create_folder::create_folder,
    },
    app::App,
    auth::policy::{Caller, Role},
    clock::Clock,
    config::Config,
    db::{
        self,
        documents::Document,
        folders::Folder,
        grants::Subject,
        previews::{NewPreview, Prepared},
        versions::Version,
    },
    ids::{DocumentId, UserId},
    names::{self, FolderName},
    preview::text,
    server,
};

use crate::{
    corpus::{Corpus, LIBRARIES, Question, Record, Who},
    index::{access, mean_alone},
    measure::{Built, Contestant, Table, Top, millis},
    ours::{self, PASSWORD},
    process::{Process, folder_bytes, free_port, memory_of},
};

const MEDIA_TYPE: &str = "text/markdown";
/// Documents of one transaction.
const BATCH: usize = 2000;
/// Texts that are written at once.
const WRITERS: usize = 32;
/// When a rebuild has failed.
const REBUILD: Duration = Duration::from_secs(1200);
/// Merges have come to rest when the index has not changed for so long.
const REST: Duration = Duration::from_secs(4);

/// Fills a data folder, measures the rebuild, and asks as both people.
pub async fn run(corpus: &Corpus, table: &mut Table) -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let folder = tempfile::Builder::new().prefix("wenshu-search-").tempdir()?;
    let data = folder.path().join("data");
    let began = Instant::now();
    let scopes = fill(&data, corpus).await.context("filling the data folder")?;
    println!("{} records put into database and store in {:.0} s", corpus.records.len(), began.elapsed().as_secs_f64());
    let mut server = Server::start(folder, data)?;
    let built = server.rebuild(corpus, table).await?;
    let floor = server.floor().await?;
    let mut means = Vec::new();
    for who in [Who::Admin, Who::Clerk] {
        server.sign_in(who).await?;
        let built = (who == Who::Admin).then_some(built);
        server.took_ms.clear();
        table.measure(&format!("Wenshu over HTTP, {who}"), built, &mut server, corpus, who).await?;
        let last = table.last_mean();
        // Whole milliseconds, rounded down.
        let took = server.took_ms.iter().sum::<u64>() as f64 / server.took_ms.len() as f64 + 0.5;
        means.push((who, last, took));
    }
    server.process.stop()?;
    for (who, mean, took) in means {
        let access = access(who, |library| scopes[library].clone());
        let alone = mean_alone(&server.data.join("index"), corpus, &access)?;
        table.note(format!(
            "Wenshu, {who}: of {mean:.2} ms in the mean, the index takes {alone:.2} (asked in process, warm); the handler says {took:.1} in all, so \
             rights, views and their SQL are about {:.2}; a request that only looks up the session takes {floor:.2}.",
            (took - alone).max(0.0)
        ));
    }
    Ok(())
}

/// Documents are known by number.
fn id_of(number: u32) -> DocumentId {
    format!("01900000-0000-7000-8000-{number:012x}").parse().expect("an id")
}

fn number_of(id: &str) -> Option<u32> {
    u32::from_str_radix(id.get(24..)?, 16).ok()
}

/// Writes people, libraries, documents and their texts; returns the scope of each library.
async fn fill(data: &Path, corpus: &Corpus) -> Result<Vec<String>> {
    let app = server::open_app(Config { data: data.to_owned(), ..Config::default() }, Clock::default()).await?;
    let person = |name: &str, is_admin: bool, clearance: i64| AddUser {
        name: name.into(),
        password: PASSWORD.into(),
        is_admin,
        clearance: Some(clearance),
        ..AddUser::default()
    };
    let admin = add_user(&app, None, person("admin", true, 3)).await?;
    let clerk = add_user(&app, None, person("clerk", false, Who::CLEARANCE)).await?;
    let mut authors = Vec::new();
    for number in 0..12 {
        authors.push(add_user(&app, None, person(&format!("author{number}"), false, 1)).await?.id);
    }
    let libraries = add_libraries(&app, &Caller::from(&admin), &clerk.id).await?;
    for records in corpus.records.chunks(BATCH) {
        let texts = stream::iter(records).map(|record| save_text(&app, record)).buffer_unordered(WRITERS);
        texts.try_collect::<()>().await?;
        add_documents(&app, records, &libraries, &authors).await?;
    }
    app.db.close().await;
    Ok(libraries.into_iter().map(|library| library.scope_id).collect())
}

/// Departments are groups; the clerk is in a group below every second one.
async fn add_libraries(app: &App, admin: &Caller, clerk: &UserId) -> Result<Vec<Folder>> {
    let mut libraries = Vec::new();
    for number in 0..LIBRARIES {
        let name = FolderName::parse(&format!("第{number}司"))?;
        let library = create_folder(app, admin, None, &name).await?;
        let group = add_group(app, &admin.id, None, &format!("第{number}司")).await?;
        let office = add_group(app, &admin.id, Some(&group.id), "办公室").await?;
        let mut tx = app.db.begin().await?;
        let subject = Subject { kind: "group", id: group.id.as_str() };
        let role = Role::Reader.number();
        db::grants::put(&mut tx, "folder", library.id.as_str(), subject, role, &admin.id, app.clock.now()).await?;
        if Who::may_enter(number) {
            db::groups::insert_member(&mut tx, &office.id, clerk).await?;
        }
        tx.commit().await?;
        libraries.push(library);
    }
    Ok(libraries)
}

fn text_key(record: &Record) -> String {
    format!("text/{:02x}/{}", record.number % 256, record.number)
}

async fn save_text(app: &App, record: &Record) -> Result<()> {
    let pages =
        record.pages().into_iter().map(|text| PageText { text, width: 595.0, height: 842.0, ..PageText::default() });
    text::save(&app.store, &text_key(record), Extracted { pages: pages.collect(), ..Extracted::default() }).await
}

async fn add_documents(app: &App, records: &[Record], libraries: &[Folder], authors: &[UserId]) -> Result<()> {
    let mut tx = app.db.begin().await?;
    for record in records {
        let (library, author, at) = (&libraries[record.library], &authors[record.author], record.updated_at());
        // Two laws may be called alike.
        let name = format!("{} {}", record.name, record.number);
        let document = Document {
            id: id_of(record.number),
            folder_id: library.id.clone(),
            kind: "file".into(),
            name_key: names::key(&name),
            name: record.name.clone(),
            head: 1,
            level: record.level,
            scope_id: library.scope_id.clone(),
            inherits: 1,
            created_by: author.clone(),
            created_at: at,
            updated_by: author.clone(),
            updated_at: at,
            trashed_at: None,
            trash_id: None,
            attached_to: None,
        };
        let content_id = format!("{:064x}", record.number);
        let version = Version {
            document_id: document.id.clone(),
            number: 1,
            sha256: content_id.clone(),
            content_id: content_id.clone(),
            size_bytes: record.text.len() as i64,
            media_type: MEDIA_TYPE.into(),
            author_id: author.clone(),
            note: String::new(),
            created_at: at,
            room_seq: None,
            unlocked_id: None,
        };
        let prepared = Prepared { text_key: Some(text_key(record)), ..Prepared::default() };
        db::documents::insert(&mut tx, &document).await?;
        db::versions::insert(&mut tx, &version).await?;
        let preview = NewPreview { content_id: content_id.clone(), media_type: MEDIA_TYPE.into(), fault: None };
        db::previews::insert_all(&mut tx, &[preview], at).await?;
        db::previews::update_ready(&mut tx, &content_id, MEDIA_TYPE, &prepared, at).await?;
    }
    let ids: Vec<DocumentId> = records.iter().map(|record| id_of(record.number)).collect();
    db::changes::append_all(&mut tx, &ids, app.clock.now());
    tx.commit().await?;
    Ok(())
}

struct Server {
    process: Process,
    base: String,
    http: reqwest::Client,
    cookie: String,
    data: PathBuf,
    began: Instant,
    /// What answers say they took.
    took_ms: Vec<u64>,
    _folder: TempDir,
}

impl Server {
    fn start(folder: TempDir, data: PathBuf) -> Result<Self> {
        let port = free_port()?;
        let command = ours::serve(port, &data);
        let began = Instant::now();
        Ok(Self {
            process: Process::start(command, port, &folder.path().join("log"))?,
            base: format!("http://127.0.0.1:{port}/api/v1"),
            // Connections are kept, as browsers keep them.
            http: reqwest::Client::builder().no_proxy().build()?,
            cookie: String::new(),
            data,
            began,
            took_ms: Vec::new(),
            _folder: folder,
        })
    }

    async fn sign_in(&mut self, who: Who) -> Result<()> {
        let name = if who == Who::Admin { "admin" } else { "clerk" };
        let input = json!({ "name": name, "password": PASSWORD });
        let answer = self.http.post(format!("{}/session", self.base)).json(&input).send().await?.error_for_status()?;
        let cookie = answer.headers().get("set-cookie").context("a cookie")?.to_str()?;
        self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let response = request.send().await?;
        let (status, body) = (response.status(), response.bytes().await?);
        ensure!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    /// Watches the server build its index, until everything is found and merges have come to rest.
    async fn rebuild(&mut self, corpus: &Corpus, table: &mut Table) -> Result<Built> {
        self.sign_in(Who::Admin).await?;
        let (mut most, mut most_anon, mut progress, mut slowest) = (0.0f64, 0.0f64, Vec::new(), Duration::ZERO);
        let time = loop {
            let asked = Instant::now();
            let answer = self.get("/search?q=&limit=1").await?;
            slowest = slowest.max(asked.elapsed());
            let (rss, anon) = memory_of(self.process.id());
            (most, most_anon) = (most.max(rss), most_anon.max(anon));
            let is_rebuilding = answer["rebuilding"] != Value::Bool(false) && !answer["rebuilding"].is_null();
            if is_rebuilding && progress.last() != Some(&answer["rebuilding"]) {
                progress.push(answer["rebuilding"].clone());
            }
            if !is_rebuilding && answer["total"] == corpus.records.len() {
                break self.began.elapsed();
            }
            ensure!(self.began.elapsed() < REBUILD, "the index is not built: {answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let index = self.data.join("index");
        let (mut bytes, mut since) = (folder_bytes(&index, &|_| true)?, Instant::now());
        while since.elapsed() < REST {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let (rss, anon) = memory_of(self.process.id());
            (most, most_anon) = (most.max(rss), most_anon.max(anon));
            let now = folder_bytes(&index, &|_| true)?;
            if now != bytes {
                (bytes, since) = (now, Instant::now());
            }
        }
        let is_store = |path: &Path| path.extension().is_some_and(|extension| extension == "store");
        let stored = folder_bytes(&index, &is_store)?;
        let per_text = |bytes: u64| bytes as f64 / corpus.text_bytes as f64;
        table.note(format!(
            "Rebuilding {} records ({:.1} MB of text) over the running server: {:.1} s, {:.1} MB/s from the start of the process; most memory {most:.0} MiB, \
             {most_anon:.0} of it not pages of files; index {:.2} bytes per byte of text, {:.2} without stored text; progress was shown {} times, at the end {}; \
             the slowest search meanwhile took {:.0} ms.",
            corpus.records.len(),
            corpus.text_bytes as f64 / 1e6,
            time.as_secs_f64(),
            corpus.text_bytes as f64 / 1e6 / time.as_secs_f64(),
            per_text(bytes),
            per_text(bytes - stored),
            progress.len(),
            progress.last().unwrap_or(&Value::Null),
            millis(slowest),
        ));
        Ok(Built { time, bytes })
    }

    /// What a request costs that only looks up who asks: median in milliseconds.
    async fn floor(&self) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..200 {
            let began = Instant::now();
            self.get("/session").await?;
            times.push(millis(began.elapsed()));
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }

    fn path(question: &Question) -> String {
        format!("/search?q={}", utf8_percent_encode(&question.query(), NON_ALPHANUMERIC))
    }
}

impl Contestant for Server {
    async fn top(&mut self, question: &Question, _: Who) -> Result<Option<Top>> {
        let answer = self.get(&Self::path(question)).await?;
        let items = answer["items"].as_array().context("hits")?;
        self.took_ms.extend(answer["took_ms"].as_u64());
        let has_snippet = |hit: &&Value| hit["snippets"].as_array().is_some_and(|snippets| !snippets.is_empty());
        Ok(Some(Top {
            total: answer["total"].as_u64().context("a total")?,
            shown: items.len(),
            snippets: items.iter().filter(has_snippet).count(),
        }))
    }

    async fn all(&mut self, question: &Question, _: Who) -> Result<Option<Vec<u32>>> {
        let path = format!("{}&sort=newest&limit=100", Self::path(question));
        let (mut numbers, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{path}{cursor}")).await?;
            let ids = answer["items"].as_array().context("hits")?.iter().map(|hit| &hit["document"]["id"]);
            numbers.extend(ids.filter_map(|id| number_of(id.as_str()?)));
            match answer["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(Some(numbers)),
            }
        }
    }
}
