//! How does the command talk to the service? Requests of the API, repeated while the service is away or busy.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use storage::{ChunkHash, Sizes};

use super::{cut::Piece, scan::File};
use crate::http::info::CHUNKING;

/// How long a service that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_millis(300);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long one request may take: a chunk over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Names asked about at once.
const NAMES: usize = 1000;
/// Chunks asked about at once.
const ASKED: usize = 5000;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{message} ({code})")]
    Refused { status: StatusCode, code: String, message: String, missing: Vec<ChunkHash> },
    #[error("the service does not answer: {}", text(.0))]
    Unreachable(#[source] reqwest::Error),
    #[error("the service answered what cannot be understood: {0}")]
    Strange(String),
    #[error("{0}")]
    Local(#[from] std::io::Error),
    #[error("it changes while it is read")]
    Changing,
}

impl Failure {
    /// Whether going on with other files makes no sense.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => *status == StatusCode::UNAUTHORIZED || code == "disk_full",
            Self::Unreachable(_) => true,
            _ => false,
        }
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }
}

/// The innermost cause says what happened.
fn text(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The service, as the account of the token.
#[derive(Clone)]
pub struct Remote {
    http: reqwest::Client,
    base: String,
    token: String,
    pub sizes: Sizes,
    pub upload_max_bytes: u64,
}

/// A folder as the service shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct FolderView {
    pub id: String,
    pub name: String,
}

/// What an upload became.
#[derive(Clone, Debug, Deserialize)]
pub struct Finished {
    pub document_id: String,
    #[serde(default)]
    pub unchanged: bool,
}

/// Where a file goes.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    Folder(&'a str),
    Document(&'a str),
}

impl Remote {
    /// Asks the service how it cuts files.
    pub async fn connect(url: &str, token: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Info {
            upload_max_bytes: u64,
            chunks: Chunks,
        }
        #[derive(Deserialize)]
        struct Chunks {
            algorithm: String,
            min_bytes: usize,
            average_bytes: usize,
            max_bytes: usize,
        }
        let http = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT).build()?;
        let base = format!("{}/api/v1", url.trim_end_matches('/'));
        let mut remote = Self { http, base, token: token.to_owned(), sizes: Sizes::STORE, upload_max_bytes: 0 };
        // Asked once only: a wrong address should be told at once.
        let request = remote.request(Method::GET, "/info");
        let answer = remote.once(request).await.map_err(|failure| anyhow::anyhow!("{url}: {failure}"))?;
        let info: Info = read(answer).await.map_err(|_| anyhow::anyhow!("{url} is no Wenshu of this age"))?;
        let Chunks { algorithm, min_bytes: min, average_bytes: average, max_bytes: max } = info.chunks;
        let even = [min, average, max].iter().all(|size| size % 2 == 0);
        let spread = average.checked_sub(min).is_some_and(|spread| (256..=16 << 20).contains(&spread));
        if algorithm != CHUNKING || !even || min == 0 || !spread || average > max || max > 64 << 20 {
            anyhow::bail!("{url} cuts files in a way ({algorithm}) that this program does not know: update it");
        }
        remote.sizes = Sizes { min, average, max };
        remote.upload_max_bytes = info.upload_max_bytes;
        Ok(remote)
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// All folders in a folder, or all libraries.
    pub async fn folders(&self, parent: Option<&str>) -> Result<Vec<FolderView>, Failure> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(alias = "items")]
            folders: Vec<FolderView>,
            next_cursor: Option<String>,
        }
        let path = parent.map_or("/folders".to_owned(), |id| format!("/folders/{id}/children"));
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let after =
                cursor.iter().map(|cursor| format!("?cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC)));
            let path = format!("{path}{}", after.collect::<String>());
            let page: Page = self.json(|| self.request(Method::GET, &path)).await?;
            let ended = page.folders.is_empty();
            found.extend(page.folders);
            // Documents follow the folders; of those nothing is wanted here.
            match page.next_cursor.filter(|_| !ended) {
                Some(next) => cursor = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// One folder.
    pub async fn folder(&self, id: &str) -> Result<FolderView, Failure> {
        self.json(|| self.request(Method::GET, &format!("/folders/{id}"))).await
    }

    pub async fn make_folder(&self, parent: &str, name: &str) -> Result<FolderView, Failure> {
        let input = json!({ "name": name, "parent_id": parent });
        self.json(|| self.request(Method::POST, "/folders").json(&input)).await
    }

    /// Which of the files are documents in the folder already: ids by name.
    pub async fn documents(&self, folder: &str, files: &[File]) -> Result<HashMap<String, String>, Failure> {
        #[derive(Deserialize)]
        struct Conflicts {
            items: Vec<Conflict>,
        }
        #[derive(Deserialize)]
        struct Conflict {
            name: String,
            document_id: String,
        }
        let mut found = HashMap::new();
        for some in files.chunks(NAMES) {
            let names: Vec<&str> = some.iter().map(|file| file.name.as_str()).collect();
            let path = format!("/folders/{folder}/conflicts");
            let input = json!({ "names": names });
            let conflicts: Conflicts = self.json(|| self.request(Method::POST, &path).json(&input)).await?;
            found.extend(conflicts.items.into_iter().map(|one| (one.name, one.document_id)));
        }
        Ok(found)
    }

    /// The size of a document's newest version.
    pub async fn size_of(&self, document: &str) -> Result<Option<u64>, Failure> {
        let view: Value = self.json(|| self.request(Method::GET, &format!("/documents/{document}"))).await?;
        Ok(view["size_bytes"].as_u64())
    }

    /// Begins an upload and returns its id.
    pub async fn begin(&self, name: &str, target: Target<'_>, size_bytes: u64) -> Result<String, Failure> {
        let answer = self.send(|| self.creation(name, target, size_bytes)).await?;
        let place = answer.headers().get("location").and_then(|value| value.to_str().ok());
        let id = place.and_then(|place| place.rsplit('/').next()).map(str::to_owned);
        id.ok_or_else(|| Failure::Strange("an upload without a place".into()))
    }

    /// Uploads a small file in one request.
    pub async fn upload(&self, name: &str, target: Target<'_>, bytes: Bytes) -> Result<Finished, Failure> {
        let make = || {
            let request = self.creation(name, target, bytes.len() as u64);
            request.header("content-type", "application/offset+octet-stream").body(bytes.clone())
        };
        let answer = self.send(make).await?;
        let document = answer.headers().get("wenshu-document-id").and_then(|value| value.to_str().ok());
        let strange = || Failure::Strange("an upload that became nothing".into());
        Ok(Finished { document_id: document.ok_or_else(strange)?.to_owned(), unchanged: false })
    }

    fn creation(&self, name: &str, target: Target<'_>, size_bytes: u64) -> RequestBuilder {
        let (key, id) = match target {
            Target::Folder(id) => ("folder_id", id),
            Target::Document(id) => ("document_id", id),
        };
        let metadata = format!("filename {},{key} {}", STANDARD.encode(name), STANDARD.encode(id));
        let request = self.request(Method::POST, "/uploads").header("tus-resumable", "1.0.0");
        request.header("upload-length", size_bytes).header("upload-metadata", metadata)
    }

    /// Which chunks the service needs.
    pub async fn missing(&self, upload: &str, pieces: &[Piece]) -> Result<Vec<ChunkHash>, Failure> {
        #[derive(Deserialize)]
        struct Missing {
            missing: Vec<ChunkHash>,
        }
        let mut all = Vec::new();
        for some in pieces.chunks(ASKED) {
            let input = json!({ "chunks": some });
            let path = format!("/uploads/{upload}/missing");
            let answer: Missing = self.json(|| self.request(Method::POST, &path).json(&input)).await?;
            all.extend(answer.missing);
        }
        Ok(all)
    }

    pub async fn put_chunk(&self, upload: &str, hash: &ChunkHash, bytes: Bytes) -> Result<(), Failure> {
        let path = format!("/uploads/{upload}/chunks/{hash}");
        self.send(|| self.request(Method::PUT, &path).body(bytes.clone())).await.map(drop)
    }

    pub async fn assemble(&self, upload: &str, pieces: &[Piece], skip_unchanged: bool) -> Result<Finished, Failure> {
        let input = json!({ "chunks": pieces, "skip_unchanged": skip_unchanged });
        self.json(|| self.request(Method::POST, &format!("/uploads/{upload}/assemble")).json(&input)).await
    }

    /// Cancels an upload; when that fails, it expires.
    pub async fn cancel(&self, upload: &str) {
        let request = self.request(Method::DELETE, &format!("/uploads/{upload}")).header("tus-resumable", "1.0.0");
        let _ = self.once(request).await;
    }

    async fn json<T: DeserializeOwned>(&self, make: impl Fn() -> RequestBuilder) -> Result<T, Failure> {
        read(self.send(make).await?).await
    }

    /// Sends a request until it is answered.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, Failure> {
        let began = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            match self.once(make()).await {
                Err(failure) if passes(&failure) && began.elapsed() < PATIENCE => tokio::time::sleep(wait).await,
                answered => return answered,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn once(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(Failure::Unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body: Value = response.json().await.unwrap_or_default();
        let error = &body["error"];
        let text = |key: &str| error[key].as_str().map(str::to_owned);
        Err(Failure::Refused {
            status,
            code: text("code").unwrap_or_else(|| format!("http_{}", status.as_u16())),
            message: text("message").unwrap_or_else(|| status.to_string()),
            missing: serde_json::from_value(error["missing"].clone()).unwrap_or_default(),
        })
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let bytes = response.bytes().await.map_err(Failure::Unreachable)?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::Strange(error.to_string()))
}

/// Whether the same request may succeed a moment later.
fn passes(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable(error) => !error.is_builder(),
        Failure::Refused { status, .. } => {
            matches!(status.as_u16(), 408 | 423 | 429 | 500 | 502 | 503 | 504)
        }
        _ => false,
    }
}
