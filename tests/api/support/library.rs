//! What do tests put into a library? Folders, pages, files, and roles of colleagues.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Client, TestServer};

impl Client {
    /// Makes a folder (a library without parent) and returns its id.
    pub async fn folder(&self, name: &str, parent: Option<&str>) -> String {
        let made = self.post("/folders", json!({ "name": name, "parent_id": parent })).await.assert_status(201);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Makes a page and returns its id.
    pub async fn page(&self, name: &str, folder: &str) -> String {
        let input = json!({ "kind": "page", "folder_id": folder, "name": name });
        let made = self.post("/documents", input).await.assert_status(201);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a file in one request and returns the document's id.
    pub async fn upload(&self, name: &str, folder: &str, bytes: &[u8]) -> String {
        let answer = self.try_upload(&[("filename", name), ("folder_id", folder)], bytes).await.assert_status(201);
        answer.header("wenshu-document-id").expect("a document").to_owned()
    }

    /// Uploads a new version in one request and returns its number.
    pub async fn upload_version(&self, document: &str, name: &str, bytes: &[u8]) -> i64 {
        let answer = self.try_upload(&[("filename", name), ("document_id", document)], bytes).await.assert_status(201);
        answer.header("wenshu-version").expect("a version").parse().unwrap()
    }

    /// Uploads in one request (creation-with-upload).
    pub async fn try_upload(&self, metadata: &[(&str, &str)], bytes: &[u8]) -> Answer {
        let request = self.tus(Method::POST, "/uploads");
        let request = request
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata_of(metadata))
            .header("content-type", "application/offset+octet-stream");
        self.send(request.body(bytes.to_vec())).await
    }

    /// Begins a request of the tus protocol.
    pub fn tus(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    /// Gives a colleague a role on one of `kind` (`folders` or `documents`).
    pub async fn share(&self, kind: &str, id: &str, colleague: &Client, role: &str) {
        let path = format!("/{kind}/{id}/grants/user/{}", colleague.id);
        self.put(&path, json!({ "role": role })).await.assert_status(204);
    }

    /// The view of a document.
    pub async fn document(&self, id: &str) -> Value {
        self.get(&format!("/documents/{id}")).await.assert_status(200).json()
    }

    /// The number of the last entry that search has to follow.
    pub async fn last_change(&self, server: &TestServer) -> i64 {
        wenshu::db::changes::last(server.app.db.read()).await.unwrap()
    }
}

/// `Upload-Metadata` of pairs.
pub fn metadata_of(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}
