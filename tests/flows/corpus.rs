//! Does every document of the corpus end as its manifest says: pages, pictures, text, and each phrase found by search?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Library, Program, Running};

/// How long the whole corpus may take; about two minutes on four idle cores.
const PATIENCE: Duration = Duration::from_secs(1200);
/// How long a small text may take while the corpus is being prepared.
const SOON: Duration = Duration::from_secs(30);
/// Codes with which a document may end, and no other.
const CODES: [&str; 12] = [
    "archive_bomb",
    "conversion_failed",
    "document_damaged",
    "document_empty",
    "document_encrypted",
    "document_too_large",
    "image_too_large",
    "out_of_disk",
    "out_of_memory",
    "timed_out",
    "unsupported_type",
    "worker_crashed",
];

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    mime: String,
    expect: Option<String>,
    pages: Option<u64>,
    #[serde(default)]
    needs_password: bool,
    #[serde(default)]
    phrases: Vec<Phrase>,
    #[serde(default)]
    must_not: Vec<String>,
}

#[derive(Deserialize)]
struct Phrase {
    text: String,
    page: Option<u64>,
}

/// Where the corpus stands: beside the workspace.
pub fn folder() -> PathBuf {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/corpus"));
    found
        .into_iter()
        .find(|folder| folder.join("manifest.json").is_file())
        .expect("the corpus stands beside the workspace")
}

fn entries() -> Vec<Entry> {
    let json = std::fs::read(folder().join("manifest.json")).expect("the manifest can be read");
    let only = std::env::var("ONLY").unwrap_or_default();
    let files = serde_json::from_slice::<Manifest>(&json).expect("the manifest is as its README says").files;
    files.into_iter().filter(|entry| !entry.path.starts_with("text/") && entry.path.contains(&only)).collect()
}

/// A document of the corpus after it was prepared.
struct Checked<'a> {
    library: &'a Library,
    entry: &'a Entry,
    id: &'a str,
    document: &'a Value,
    wrong: Vec<String>,
}

impl Checked<'_> {
    fn complain(&mut self, what: impl std::fmt::Display) {
        self.wrong.push(format!("{}: {what}", self.entry.path));
    }

    async fn check(mut self) -> Vec<String> {
        let processing = self.document["processing"].clone();
        match processing["state"].as_str() {
            Some("failed") => self.check_failure(&processing).await,
            Some("ready") => {
                self.check_acceptance();
                self.check_pages().await;
                self.check_phrases().await;
            }
            _ => self.complain(format!("{processing}")),
        }
        for text in &self.entry.must_not {
            if self.library.hit(&quoted(text), self.id).await.is_some() {
                self.wrong.push(format!("{}: {text:?} is found", self.entry.path));
            }
        }
        self.wrong
    }

    async fn check_failure(&mut self, processing: &Value) {
        let code = processing["code"].as_str().unwrap_or_default();
        let may_fail = self.entry.expect.is_some() || (self.entry.needs_password && code == "document_encrypted");
        let is_told = processing["message"].as_str().is_some_and(|message| !message.is_empty());
        if !may_fail || !CODES.contains(&code) || !is_told {
            self.complain(format!("ended with {processing}"));
        }
        let answer = self.library.client.get(&format!("/documents/{}/pages", self.id)).await;
        if answer.status.as_u16() != 422 || answer.json()["error"]["reason"] != code {
            self.complain(format!("its pages answer {answer}"));
        }
        let name = name_of(self.entry);
        if self.library.hit(&quoted(&name), self.id).await.is_none() {
            self.complain("is not found by its name");
        }
    }

    fn check_acceptance(&mut self) {
        if self.entry.expect.as_deref() == Some("error") {
            self.complain("must be refused");
        }
        if self.entry.needs_password {
            self.complain("was opened without its password");
        }
        let count = self.document["page_count"].as_u64();
        if self.entry.pages.is_some() && count != self.entry.pages {
            self.complain(format!("{count:?} pages instead of {:?}", self.entry.pages));
        }
    }

    async fn check_pages(&mut self) {
        let count = self.document["page_count"].as_u64().unwrap_or(0);
        let (mut tried, id, client) = (BTreeSet::new(), self.id, &self.library.client);
        for page in [1, count.div_ceil(2), count] {
            if page == 0 || page > count || !tried.insert(page) {
                continue;
            }
            let began = Instant::now();
            let answer = client.get(&format!("/documents/{id}/pages/{page}.webp?width=320&version=1")).await;
            let spent = began.elapsed();
            let picture = image::load_from_memory_with_format(&answer.body, image::ImageFormat::WebP);
            match picture {
                _ if answer.status == 422 && self.entry.expect.is_some() => {}
                Ok(picture) if picture.width() <= 640 && picture.height() <= 16_383 => {}
                Ok(picture) => self.wrong.push(format!(
                    "{}: the picture of page {page} has {}x{} pixels",
                    self.entry.path,
                    picture.width(),
                    picture.height()
                )),
                Err(error) => {
                    self.wrong
                        .push(format!("{}: the picture of page {page}: {error} {}", self.entry.path, answer.status));
                }
            }
            if spent > Duration::from_secs(10) {
                self.wrong.push(format!("{}: the picture of page {page} took {spent:?}", self.entry.path));
            }
            let text = client.get(&format!("/documents/{id}/pages/{page}/text")).await;
            let is_text = text.status == 200 && text.json()["text"].is_string();
            let is_safe = self.entry.must_not.iter().all(|bad| !String::from_utf8_lossy(&text.body).contains(bad));
            if !is_text || !is_safe {
                self.wrong.push(format!("{}: the text of page {page}: {text}", self.entry.path));
            }
        }
    }

    async fn check_phrases(&mut self) {
        for phrase in &self.entry.phrases {
            let found = self.library.hit(&quoted(&phrase.text), self.id).await;
            let Some(hit) = found else {
                self.wrong.push(format!("{}: {:?} is not found", self.entry.path, phrase.text));
                continue;
            };
            let pages = hit["pages"].as_array().expect("a list");
            if let Some(page) = phrase.page
                && self.page_is_comparable()
                && !pages.contains(&page.into())
                && !(pages.is_empty() && self.is_broken_on(page, &phrase.text).await)
            {
                self.wrong.push(format!("{}: {:?} is on {pages:?}, not {page}", self.entry.path, phrase.text));
            }
        }
    }

    /// Whether the page has the text with a word broken in two, so that search finds it in the file's own text alone.
    async fn is_broken_on(&self, page: u64, text: &str) -> bool {
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        let answer = self.library.client.get(&format!("/documents/{}/pages/{page}/text", self.id)).await;
        squeezed(answer.json()["text"].as_str().unwrap_or_default()).contains(&squeezed(text))
    }

    /// The manifest's pages of HTML are those of the file as it was; ours come from its cleaned form.
    fn page_is_comparable(&self) -> bool {
        self.entry.pages.is_some() && self.entry.mime != "text/html"
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', " "))
}

/// The path makes names unique.
fn name_of(entry: &Entry) -> String {
    entry.path.replace('/', " ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_document_ends_as_the_manifest_says() {
    let folder = tempfile::tempdir().unwrap();
    let cores = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    let program = Program::new(folder.path()).variable("WENSHU_CONVERTERS", cores);
    let service = program.serve();
    let library = Library::create(&service.admin().await, "corpus").await;
    let entries = entries();

    let began = Instant::now();
    let mut ids = BTreeMap::new();
    for entry in &entries {
        let bytes = std::fs::read(self::folder().join(&entry.path)).unwrap();
        ids.insert(library.upload(&name_of(entry), &bytes).await, entry);
    }
    let uploaded = began.elapsed();
    let small = library.upload("small.txt", "夹在中间的一份小文件".as_bytes()).await;
    let small_began = Instant::now();
    library.wait_until_found("\"夹在中间的一份小文件\"", &small, SOON).await;
    println!("a small text was found after {:?}", small_began.elapsed());
    let documents = wait_for_all(&service, &library, began).await;
    println!("{} files: uploaded in {uploaded:?}, prepared in {:?}", entries.len(), began.elapsed());
    // What was prepared last is in the index when it has caught up with the newest change.
    let last = library.upload("last.txt", "最后一份小文件".as_bytes()).await;
    library.wait_until_found("\"最后一份小文件\"", &last, SOON).await;

    let mut wrong = Vec::new();
    for (id, entry) in &ids {
        let document = &documents[id];
        let checked = Checked { library: &library, entry, id, document, wrong: Vec::new() };
        wrong.extend(checked.check().await);
    }
    for text in entries.iter().flat_map(|entry| &entry.must_not) {
        let found = library.search(&quoted(text)).await;
        let is_wanted = |hit: &Value| {
            ids.get(hit["document"]["id"].as_str().unwrap()).is_none_or(|entry| entry.must_not.contains(text))
        };
        let hits: Vec<&Value> = found["items"].as_array().unwrap().iter().filter(|hit| is_wanted(hit)).collect();
        assert!(hits.is_empty(), "{text:?} is found: {hits:?}");
    }
    assert_eq!(service.readiness().await.0, 200);
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
    let (status, _) = service.stop();
    assert!(status.success(), "{status}");
}

/// Looks until nothing waits. The service says that it is ready all along.
async fn wait_for_all(service: &Running, library: &Library, began: Instant) -> BTreeMap<String, Value> {
    let mut slowest = Duration::ZERO;
    loop {
        let asked = Instant::now();
        let (status, report) = service.readiness().await;
        slowest = slowest.max(asked.elapsed());
        assert_eq!(status, 200, "{report}");
        let documents = library.documents().await;
        let waiting: Vec<&str> = documents
            .values()
            .filter(|document| {
                let processing = &document["processing"];
                processing["state"] == "waiting" || processing["recognising"].is_object()
            })
            .filter_map(|document| document["name"].as_str())
            .collect();
        if waiting.is_empty() {
            println!("the slowest answer of /readyz took {slowest:?}");
            return documents;
        }
        assert!(began.elapsed() < PATIENCE, "still waiting after {PATIENCE:?}: {waiting:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
