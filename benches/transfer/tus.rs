//! The client: tus 1.0.0 as `tus-js-client` speaks it, over connections that are kept.

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client as Http, RequestBuilder, Response, Url};

const PART_TYPE: &str = "application/offset+octet-stream";

/// A server that takes uploads.
#[derive(Clone)]
pub struct Target {
    pub url: String,
    pub token: Option<String>,
    /// Of Wenshu.
    pub folder: Option<String>,
    /// Most bytes of one request.
    pub part_bytes: usize,
    pub http: Http,
}

impl Target {
    /// Uploads everything, so many files at a time; returns the documents that Wenshu made of them.
    pub async fn upload_all(&self, prefix: &str, files: &[Bytes], at_once: usize, in_one: bool) -> Result<Vec<String>> {
        let uploads = files.iter().enumerate().map(|(number, bytes)| {
            let name = format!("{prefix}-{number}.bin");
            async move { self.upload(&name, bytes.clone(), in_one).await.with_context(|| name) }
        });
        // Collected first: the compiler loses the lifetimes of a lazy chain here.
        let uploads: Vec<_> = uploads.collect();
        stream::iter(uploads).buffer_unordered(at_once).try_collect().await
    }

    /// Uploads a file; `in_one` request, or creation first and then the bytes.
    pub async fn upload(&self, name: &str, bytes: Bytes, in_one: bool) -> Result<String> {
        let mut metadata = format!("filename {}", STANDARD.encode(name));
        if let Some(folder) = &self.folder {
            metadata += &format!(",folder_id {}", STANDARD.encode(folder));
        }
        let length = bytes.len();
        let creation =
            self.speak(self.http.post(&self.url)).header("Upload-Length", length).header("Upload-Metadata", metadata);
        let creation = match in_one {
            true => creation.header("Content-Type", PART_TYPE).body(bytes.clone()),
            false => creation,
        };
        let created = succeed(creation).await?;
        let mut document = document(&created);
        let mut offset = if in_one { offset_after(&created)? } else { 0 };
        let location = created.headers().get("location").context("no Location")?.to_str()?;
        let url = Url::parse(&self.url)?.join(location)?;
        finish(created).await?;
        while offset < length {
            let part = bytes.slice(offset..length.min(offset.saturating_add(self.part_bytes)));
            let end = offset + part.len();
            let request = self.speak(self.http.patch(url.clone())).header("Upload-Offset", offset);
            let received = succeed(request.header("Content-Type", PART_TYPE).body(part)).await?;
            offset = offset_after(&received)?;
            ensure!(offset == end, "{offset} bytes arrived of {end}");
            document = self::document(&received);
            finish(received).await?;
        }
        ensure!(self.folder.is_none() || !document.is_empty(), "the last bytes made no document");
        Ok(document)
    }

    fn speak(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("Tus-Resumable", "1.0.0");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

async fn succeed(request: RequestBuilder) -> Result<Response> {
    let response = request.send().await?;
    let status = response.status();
    match status.is_success() {
        true => Ok(response),
        false => anyhow::bail!("{status} {}", response.text().await?),
    }
}

/// A connection can only be used again when its answer was read.
async fn finish(response: Response) -> Result<()> {
    response.bytes().await?;
    Ok(())
}

fn offset_after(response: &Response) -> Result<usize> {
    Ok(response.headers().get("upload-offset").context("no Upload-Offset")?.to_str()?.parse()?)
}

fn document(response: &Response) -> String {
    let header = response.headers().get("wenshu-document-id").and_then(|value| value.to_str().ok());
    header.unwrap_or_default().to_owned()
}
