//! What does somebody do with a library? Upload over tus, wait until documents are prepared, search, download.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Client};

const PART: &str = "application/offset+octet-stream";

/// A library and somebody who may do everything in it.
#[derive(Clone)]
pub struct Library {
    pub client: Client,
    pub id: String,
}

/// `Upload-Metadata` of a new upload.
pub struct Metadata(pub Vec<(&'static str, String)>);

impl Metadata {
    fn header(&self) -> String {
        let pair = |(key, value): &(&str, String)| format!("{key} {}", STANDARD.encode(value));
        self.0.iter().map(pair).collect::<Vec<_>>().join(",")
    }
}

/// Asks `check` until it has an answer.
pub async fn until<T>(what: &str, patience: Duration, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Library {
    /// Makes a library.
    pub async fn create(client: &Client, name: &str) -> Self {
        let answer = client.post("/folders", json!({ "name": name })).await.assert_status(201);
        Self { client: client.clone(), id: answer.json()["id"].as_str().expect("an id").to_owned() }
    }

    /// The same library after the service was started again: accounts and sessions are in the database.
    pub fn at(&self, client: &Client) -> Self {
        Self { client: Client { cookie: self.client.cookie.clone(), ..client.clone() }, id: self.id.clone() }
    }

    /// Metadata of a new document here.
    pub fn new_document(&self, name: &str) -> Metadata {
        Metadata(vec![("filename", name.to_owned()), ("folder_id", self.id.clone())])
    }

    /// A tus request.
    pub fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path).header("Tus-Resumable", "1.0.0")
    }

    /// Begins an upload without a body; the answer names its place.
    pub async fn begin(&self, metadata: &Metadata, length: usize) -> Answer {
        self.client.send(self.begin_request(metadata, length)).await
    }

    /// A request that begins an upload.
    pub fn begin_request(&self, metadata: &Metadata, length: usize) -> RequestBuilder {
        let request = self.tus(Method::POST, "/uploads");
        request.header("Upload-Length", length).header("Upload-Metadata", metadata.header())
    }

    /// Begins an upload and returns its path.
    pub async fn begin_document(&self, name: &str, length: usize) -> String {
        let answer = self.begin(&self.new_document(name), length).await.assert_status(201);
        answer.header("location").expect("a place").to_owned()
    }

    /// A request that sends bytes.
    pub fn part(&self, upload: &str, offset: usize, body: impl Into<Body>) -> RequestBuilder {
        let request = self.tus(Method::PATCH, upload).header("Upload-Offset", offset);
        request.header("Content-Type", PART).body(body)
    }

    /// Sends bytes.
    pub async fn send_part(&self, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
        self.client.send(self.part(upload, offset, bytes.to_vec())).await
    }

    /// Asks how much is there for good.
    pub async fn offset(&self, upload: &str) -> usize {
        let answer = self.client.send(self.tus(Method::HEAD, upload)).await.assert_status(200);
        answer.header("upload-offset").expect("an offset").parse().expect("a number")
    }

    /// Uploads a whole file in one request.
    pub async fn try_upload(&self, metadata: &Metadata, bytes: &[u8]) -> Answer {
        self.client.send(self.upload_request(metadata, bytes)).await
    }

    /// A request that uploads a whole file.
    pub fn upload_request(&self, metadata: &Metadata, bytes: &[u8]) -> RequestBuilder {
        self.begin_request(metadata, bytes.len()).header("Content-Type", PART).body(bytes.to_vec())
    }

    /// Uploads a whole file as a new document and returns its id.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let answer = self.try_upload(&self.new_document(name), bytes).await.assert_status(201);
        document_of(&answer)
    }

    pub async fn document(&self, id: &str) -> Value {
        self.client.get(&format!("/documents/{id}")).await.assert_status(200).json()
    }

    pub async fn download(&self, id: &str) -> Answer {
        self.client.get(&format!("/documents/{id}/content")).await
    }

    /// All documents of the library by id.
    pub async fn documents(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/folders/{}/children?limit=200{cursor}", self.id);
            let page = self.client.get(&path).await.assert_status(200).json();
            for document in page["documents"].as_array().expect("a list") {
                found.insert(document["id"].as_str().expect("an id").to_owned(), document.clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// Waits until a document is prepared or failed.
    pub async fn wait_for(&self, id: &str, patience: Duration) -> Value {
        until("the document is prepared", patience, async || {
            let document = self.document(id).await;
            (document["processing"]["state"] != "waiting").then_some(document)
        })
        .await
    }

    pub async fn search(&self, query: &str) -> Value {
        let query = percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC);
        self.client.get(&format!("/search?limit=100&q={query}")).await.assert_status(200).json()
    }

    /// The hit of one document among the first hundred.
    pub async fn hit(&self, query: &str, id: &str) -> Option<Value> {
        let found = self.search(query).await;
        let hits = found["items"].as_array().expect("a list");
        hits.iter().find(|hit| hit["document"]["id"] == id).cloned()
    }

    /// Waits until search finds a document.
    pub async fn wait_until_found(&self, query: &str, id: &str, patience: Duration) -> Value {
        until(&format!("{query} is found"), patience, async || self.hit(query, id).await).await
    }
}

/// The document that an upload became.
pub fn document_of(answer: &Answer) -> String {
    answer.header("wenshu-document-id").unwrap_or_else(|| panic!("no document: {answer}")).to_owned()
}
