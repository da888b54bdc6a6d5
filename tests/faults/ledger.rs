//! What did the service say is saved? Somebody works in a library and writes every acknowledgement down; afterwards all of it
//! must be there, byte for byte, and nothing that was half done may stand in the way.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};

use crate::support::{Answer, Library, Program, Running, document_of, noise, sha256};

const MIB: usize = 1 << 20;

/// Everything that was acknowledged.
#[derive(Clone, Default)]
pub struct Ledger {
    /// Document, number of the version, SHA-256 of its bytes.
    pub versions: Vec<(String, i64, String)>,
    pub trashed: Vec<String>,
    upload: Option<Begun>,
    first: String,
    unwanted: String,
    seed: u64,
}

/// An upload on its way.
#[derive(Clone)]
struct Begun {
    path: String,
    bytes: Vec<u8>,
    acknowledged: usize,
    sent: usize,
}

/// What was found afterwards.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub runs: usize,
    /// Acknowledgements that were looked after.
    pub acknowledged: usize,
    pub lost: usize,
    /// Contents that were given out and were not what was stored.
    pub wrong: usize,
    /// Damage that `verify` told of and that nobody had done.
    pub false_alarms: usize,
    /// Objects and bytes that the power cut took.
    pub cut_names: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.wrong += other.wrong;
        self.false_alarms += other.false_alarms;
        self.cut_names += other.cut_names;
    }

    /// Prints the counts and holds them to the bars.
    pub fn assert_nothing_lost(&self, what: &str) {
        let Self { runs, acknowledged, lost, wrong, false_alarms, cut_names } = self;
        println!(
            "faults | {what} | runs {runs} | acknowledged {acknowledged} | lost {lost} | wrong bytes {wrong} | \
             false alarms {false_alarms} | unsynced names taken away {cut_names}"
        );
        assert_eq!((*lost, *wrong, *false_alarms), (0, 0, 0), "{what}");
        assert!(*acknowledged > 0, "{what}: nothing was acknowledged, so nothing was tested");
    }
}

/// An answer, if there was one: a killed service gives none.
async fn ask(request: RequestBuilder) -> Option<Answer> {
    let response = request.timeout(Duration::from_secs(60)).send().await.ok()?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.ok()?.to_vec();
    Some(Answer { status, headers, body })
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

    /// Uploads in one request and in parts, a new version, an old one restored, something thrown away; stops at the first
    /// failure. True when all of it was done.
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
        // A new version, and the first one again.
        let newer = noise(self.seed * 100 + 3, 40_000);
        let metadata =
            crate::support::Metadata(vec![("filename", "newer.bin".into()), ("document_id", self.first.clone())]);
        let answer = ask(library.upload_request(&metadata, &newer)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((self.first.clone(), 2, sha256(&newer)));
        let restore = format!("/documents/{}/versions/1/restore", self.first);
        let answer = ask(library.client.request(Method::POST, &restore)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((self.first.clone(), 3, sha256(&noise(self.seed * 100, 30_000))));
        // Something is thrown away.
        let answer = ask(library.client.request(Method::DELETE, &format!("/documents/{}", self.unwanted))).await?;
        (answer.status.is_success()).then_some(())?;
        self.trashed.push(self.unwanted.clone());
        // The same bytes once more: all chunks are there already.
        let answer = ask(library.upload_request(&library.new_document("again.bin"), &bytes)).await?;
        (answer.status == 201).then_some(())?;
        self.versions.push((document_of(&answer), 1, sha256(&bytes)));
        Some(())
    }

    /// Looks after every acknowledgement, and goes on with the upload that was cut.
    pub async fn check(&mut self, library: &Library) -> Tally {
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
        if let Some(upload) = self.upload.take() {
            tally.acknowledged += 1;
            tally.add(self.finish(library, upload).await);
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
}

/// Starts the service again, looks after everything, and asks `verify` and the audit log.
pub async fn check_all(program: &Program, library: &Library, ledger: &mut Ledger) -> Tally {
    let service = match program.try_serve() {
        Ok(service) => service,
        Err(said) => {
            println!("the service does not start any more: {said}");
            return Tally {
                runs: 1,
                lost: 1 + ledger.versions.len(),
                acknowledged: ledger.versions.len(),
                ..Tally::default()
            };
        }
    };
    service.wait_until_ready().await;
    let mut tally = ledger.check(&library.at(&service.anonymous())).await;
    tally.runs = 1;
    assert!(service.stop().0.success());
    for check in [&["verify"][..], &["audit", "verify"]] {
        let output = program.run(check);
        if !output.status.success() {
            println!("{check:?}: {}", String::from_utf8_lossy(&output.stderr));
            tally.false_alarms += 1;
        }
    }
    tally
}

/// A running service with a library and what was in it before.
pub async fn begin(program: &Program, seed: u64) -> (Running, Library, Ledger) {
    let service = program.serve();
    service.wait_until_ready().await;
    let library = Library::create(&service.admin().await, "library").await;
    let ledger = Ledger::prepare(&library, seed).await;
    (service, library, ledger)
}
