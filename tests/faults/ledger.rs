//! What did the service say is saved? Somebody works in a library and writes every acknowledgement down; afterwards all of it
//! must be there, byte for byte, and nothing that was half done may stand in the way.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use storage::{ChunkHash, Sizes};

use crate::{
    support::{Answer, Library, Metadata, Program, Running, document_of, noise, sha256},
    table::Tally,
};

const MIB: usize = 1 << 20;

/// Everything that was acknowledged.
#[derive(Clone, Default)]
pub struct Ledger {
    /// Document, number of the version, SHA-256 of its bytes.
    pub versions: Vec<(String, i64, String)>,
    pub trashed: Vec<String>,
    upload: Option<Begun>,
    delta: Option<Delta>,
    first: String,
    unwanted: String,
    pub seed: u64,
}

/// An upload on its way.
#[derive(Clone)]
struct Begun {
    path: String,
    bytes: Vec<u8>,
    acknowledged: usize,
    sent: usize,
}

/// An upload of new chunks on its way.
#[derive(Clone)]
struct Delta {
    path: String,
    bytes: Vec<u8>,
    /// Hashes of the chunks that were acknowledged.
    acknowledged: Vec<String>,
}

/// An answer, if there was one: a killed service gives none.
pub async fn ask(request: RequestBuilder) -> Option<Answer> {
    let response = request.timeout(Duration::from_secs(60)).send().await.ok()?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.ok()?.to_vec();
    Some(Answer { status, headers, body })
}

/// A file cut as clients cut it.
pub fn cut(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut chunks) = (bytes, Vec::new());
    while let Some(length) = Sizes::STORE.first_chunk(rest, true) {
        let (chunk, behind) = rest.split_at(length);
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

fn list(bytes: &[u8]) -> Value {
    let chunk = |chunk: &[u8]| json!({ "hash": ChunkHash::of(chunk).to_string(), "size_bytes": chunk.len() });
    json!({ "chunks": cut(bytes).into_iter().map(chunk).collect::<Vec<_>>() })
}

impl Delta {
    /// Begins one of a new document.
    async fn begin(library: &Library, name: &str, bytes: Vec<u8>) -> Option<Self> {
        let begun = ask(library.begin_request(&library.new_document(name), bytes.len())).await?;
        let path = (begun.status == 201).then(|| begun.header("location").expect("a place").to_owned())?;
        Some(Self { path, bytes, acknowledged: Vec::new() })
    }

    async fn missing(&self, library: &Library) -> Option<Vec<String>> {
        let path = format!("{}/missing", self.path);
        let answer = ask(library.client.request(Method::POST, &path).json(&list(&self.bytes))).await?;
        (answer.status == 200).then(|| serde_json::from_value(answer.json()["missing"].clone()).expect("a list"))
    }

    /// Sends what is missing, as far as it goes.
    async fn send(&mut self, library: &Library) -> Option<()> {
        let missing = self.missing(library).await?;
        for chunk in cut(&self.bytes.clone()) {
            let hash = ChunkHash::of(chunk).to_string();
            if !missing.contains(&hash) || self.acknowledged.contains(&hash) {
                continue;
            }
            let path = format!("{}/chunks/{hash}", self.path);
            let answer = ask(library.client.request(Method::PUT, &path).body(chunk.to_vec())).await?;
            (answer.status == 204).then_some(())?;
            self.acknowledged.push(hash);
        }
        Some(())
    }

    async fn assemble(&self, library: &Library) -> Option<(String, i64, String)> {
        let path = format!("{}/assemble", self.path);
        let answer = ask(library.client.request(Method::POST, &path).json(&list(&self.bytes))).await?;
        (answer.status == 200).then_some(())?;
        let done = answer.json();
        let document = done["document_id"].as_str().expect("an id").to_owned();
        Some((document, done["version"].as_i64().expect("a number"), sha256(&self.bytes)))
    }
}

impl Ledger {
    /// What is there before anything fails.
    pub async fn prepare(library: &Library, seed: u64) -> Self {
        let mut ledger = Self { seed, ..Self::default() };
        let bytes = noise(seed * 100, 30_000);
        ledger.first = library.upload("first.bin", &bytes).await;
        ledger.versions.push((ledger.first.clone(), 1, sha256(&bytes)));
        ledger.unwanted = library.upload("unwanted.bin", &noise(seed * 100 + 1, 20_000)).await;
        ledger
    }

    /// Uploads in one request, in parts and in chunks, a new version, an old one restored, something thrown away; stops at
    /// the first failure. True when all of it was done.
    pub async fn work(&mut self, library: &Library) -> bool {
        self.try_work(library).await.is_some()
    }

    async fn try_work(&mut self, library: &Library) -> Option<()> {
        // New bytes in several chunks, in parts.
        let bytes = noise(self.seed * 100 + 2, 9 * MIB);
        let begun = ask(library.begin_request(&library.new_document("parts.bin"), bytes.len())).await?;
        let path = (begun.status == 201).then(|| begun.header("location").expect("a place").to_owned())?;
        self.upload = Some(Begun { path: path.clone(), bytes: bytes.clone(), acknowledged: 0, sent: 0 });
        for end in [5 * MIB, bytes.len()] {
            let upload = self.upload.as_mut().expect("it was just begun");
            let from = upload.acknowledged;
            upload.sent = end;
            let answer = ask(library.part(&path, from, bytes[from..end].to_vec())).await?;
            (answer.status == 204).then_some(())?;
            upload.acknowledged = end;
            if end == bytes.len() {
                self.versions.push((document_of(&answer), 1, sha256(&bytes)));
                self.upload = None;
            }
        }
        self.change_documents(library).await?;
        // The same bytes once more: all chunks are there already.
        let answer = ask(library.upload_request(&library.new_document("again.bin"), &bytes)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((document_of(&answer), 1, sha256(&bytes)));
        // Most of them, with others in the middle, as chunks.
        let changed = [&bytes[..4 * MIB], &noise(self.seed * 100 + 4, 100_000), &bytes[4 * MIB..]].concat();
        let delta = Delta::begin(library, "delta.bin", changed).await?;
        self.delta.insert(delta).send(library).await?;
        self.versions.push(self.delta.as_ref().expect("it was just begun").assemble(library).await?);
        self.delta = None;
        Some(())
    }

    /// A new version, and the first one again; something is thrown away.
    async fn change_documents(&mut self, library: &Library) -> Option<()> {
        let newer = noise(self.seed * 100 + 3, 40_000);
        let metadata = Metadata(vec![("filename", "newer.bin".into()), ("document_id", self.first.clone())]);
        let answer = ask(library.upload_request(&metadata, &newer)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((self.first.clone(), 2, sha256(&newer)));
        let restore = format!("/documents/{}/versions/1/restore", self.first);
        let answer = ask(library.client.request(Method::POST, &restore)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((self.first.clone(), 3, sha256(&noise(self.seed * 100, 30_000))));
        let answer = ask(library.client.request(Method::DELETE, &format!("/documents/{}", self.unwanted))).await?;
        (answer.status.is_success()).then_some(())?;
        self.trashed.push(self.unwanted.clone());
        Some(())
    }

    /// A new document in one request, and a new version.
    pub async fn add_more(&mut self, library: &Library, seed: u64) -> bool {
        for name in ["more.bin", "still more.bin"] {
            let bytes = noise(seed * 100 + name.len() as u64, 3 * MIB);
            let answer = ask(library.upload_request(&library.new_document(name), &bytes)).await;
            let Some(answer) = answer.filter(|answer| answer.status == 201) else { return false };
            self.versions.push((document_of(&answer), 1, sha256(&bytes)));
        }
        true
    }

    /// Begins an upload in chunks; none is sent yet.
    pub async fn begin_delta(&mut self, library: &Library, bytes: Vec<u8>) -> bool {
        self.delta = Delta::begin(library, "in chunks.bin", bytes).await;
        self.delta.is_some()
    }

    /// Sends what is missing of it and puts it together; false when that did not go through.
    pub async fn go_on_with_delta(&mut self, library: &Library) -> bool {
        let Some(delta) = &mut self.delta else { return true };
        if delta.send(library).await.is_none() {
            return false;
        }
        let Some(version) = delta.assemble(library).await else { return false };
        self.versions.push(version);
        self.delta = None;
        true
    }

    /// Whether the chunks are there that were acknowledged.
    pub async fn look_at_delta(&self, library: &Library) -> Tally {
        let Some(delta) = &self.delta else { return Tally::default() };
        let missing = delta.missing(library).await;
        let lost = |missing: Vec<String>| delta.acknowledged.iter().filter(|hash| missing.contains(hash)).count();
        let lost = missing.map_or(delta.acknowledged.len(), lost);
        Tally { acknowledged: delta.acknowledged.len(), lost, ..Tally::default() }
    }

    /// Looks after every acknowledgement, and goes on with the uploads that were cut.
    pub async fn check(&mut self, library: &Library) -> Tally {
        let mut tally = self.look(library).await;
        if let Some(upload) = self.upload.take() {
            tally.acknowledged += 1;
            tally.add(self.finish(library, upload).await);
        }
        if let Some(delta) = self.delta.take() {
            tally.acknowledged += 1 + delta.acknowledged.len();
            tally.add(self.finish_delta(library, delta).await);
        }
        tally
    }

    /// Looks after documents only.
    pub async fn look(&self, library: &Library) -> Tally {
        let mut tally = Tally { acknowledged: self.versions.len() + self.trashed.len(), ..Tally::default() };
        for (document, number, hash) in &self.versions {
            let request =
                library.client.request(Method::GET, &format!("/documents/{document}/versions/{number}/content"));
            match ask(request).await {
                Some(answer) if answer.status == 200 => tally.wrong += usize::from(&sha256(&answer.body) != hash),
                _ => tally.lost += 1,
            }
        }
        for document in &self.trashed {
            let answer = ask(library.client.request(Method::GET, &format!("/documents/{document}"))).await;
            // It may be seen as something in the trash, never as a document like others.
            let there = answer.is_some_and(|answer| answer.status == 200 && answer.json()["trashed_at"].is_null());
            tally.lost += usize::from(there);
        }
        tally
    }

    async fn finish(&mut self, library: &Library, upload: Begun) -> Tally {
        let mut tally = Tally::default();
        let head = ask(library.tus(Method::HEAD, &upload.path)).await;
        let offset = head.filter(|answer| answer.status == 200);
        let offset = offset.and_then(|answer| answer.header("upload-offset")?.parse::<usize>().ok());
        let Some(offset) = offset else {
            tally.lost += 1;
            return tally;
        };
        // Bytes that were acknowledged are there, and none that nobody sent.
        if offset < upload.acknowledged || offset > upload.sent {
            tally.lost += 1;
        }
        let from = offset.min(upload.bytes.len());
        match ask(library.part(&upload.path, from, upload.bytes[from..].to_vec())).await {
            Some(answer) if answer.status == 204 => {
                let document = document_of(&answer);
                let content = library.download(&document).await;
                tally.wrong += usize::from(content.status != 200 || content.body != upload.bytes);
                self.versions.push((document, 1, sha256(&upload.bytes)));
            }
            _ => tally.lost += 1,
        }
        tally
    }

    async fn finish_delta(&mut self, library: &Library, mut delta: Delta) -> Tally {
        let mut tally = Tally::default();
        let missing = delta.missing(library).await;
        // Finished without an answer: the same answer again.
        let finished = delta.assemble(library).await;
        let (Some(missing), None) = (missing, &finished) else {
            match finished {
                Some(version) => self.versions.push(version),
                None => tally.lost += 1,
            }
            return tally;
        };
        tally.lost += delta.acknowledged.iter().filter(|hash| missing.contains(hash)).count();
        delta.acknowledged.clear();
        let _ = delta.send(library).await;
        match delta.assemble(library).await {
            Some((document, number, hash)) => {
                let content = library.download(&document).await;
                tally.wrong += usize::from(content.status != 200 || sha256(&content.body) != hash);
                self.versions.push((document, number, hash));
            }
            None => tally.lost += 1,
        }
        tally
    }
}

/// Starts the service again, looks after everything, and asks `verify` and the audit log.
pub async fn check_all(program: &Program, library: &Library, ledger: &mut Ledger) -> Tally {
    let service = match program.try_serve() {
        Ok(service) => service,
        Err(said) => {
            println!("the service does not start any more: {said}");
            let acknowledged = ledger.versions.len();
            return Tally { cuts: 1, lost: 1 + acknowledged, acknowledged, ..Tally::default() };
        }
    };
    service.wait_until_ready().await;
    let mut tally = ledger.check(&library.at(&service.anonymous())).await;
    tally.cuts = 1;
    assert!(service.stop().0.success());
    for check in [&["verify"][..], &["audit", "verify"]] {
        let output = program.run(check);
        if !output.status.success() {
            println!("{check:?}: {}", String::from_utf8_lossy(&output.stderr));
            tally.false_alarms += 1;
        }
    }
    if tally.is_bad() {
        println!("seed {}: {tally:?}", ledger.seed);
    }
    tally
}

/// A running service with a library and what was in it before.
pub async fn begin_on(service: &Running, seed: u64) -> (Library, Ledger) {
    service.wait_until_ready().await;
    let library = Library::create(&service.admin().await, "library").await;
    let ledger = Ledger::prepare(&library, seed).await;
    (library, ledger)
}

/// The same with the service's start.
pub async fn begin(program: &Program, seed: u64) -> (Running, Library, Ledger) {
    let service = program.serve();
    let (library, ledger) = begin_on(&service, seed).await;
    (service, library, ledger)
}
