//! `/uploads/{id}/missing`, `/chunks/{hash}`, `/assemble`: only what is new is sent, and a hash opens nothing.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use storage::{ChunkHash, ChunkRef, Sizes};
use wenshu::{actions::add_user::AddUser, db, jobs::remove_expired_uploads::RemoveExpiredUploads};

use crate::support::{Answer, Client, TestServer, library::metadata_of};

const MIB: usize = 1 << 20;

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A file cut as clients cut it.
pub fn cut(bytes: &[u8]) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    while let Some(length) = Sizes::STORE.first_chunk(rest, true) {
        let (chunk, behind) = rest.split_at(length);
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

fn hash(chunk: &[u8]) -> String {
    ChunkHash::of(chunk).to_string()
}

fn list(bytes: &[u8]) -> Value {
    cut(bytes).into_iter().map(|chunk| json!({ "hash": hash(chunk), "size_bytes": chunk.len() })).collect()
}

fn hashes(bytes: &[u8]) -> Vec<String> {
    cut(bytes).into_iter().map(hash).collect()
}

/// What came of an upload of new chunks only.
struct Sent {
    document: String,
    version: i64,
    unchanged: bool,
    chunks: usize,
    bytes: usize,
}

impl Client {
    async fn begin_delta(&self, metadata: &[(&str, &str)], length: usize) -> String {
        let request = self.tus(Method::POST, "/uploads").header("upload-metadata", metadata_of(metadata));
        let begun = self.send(request.header("upload-length", length)).await.assert_status(201);
        begun.header("location").unwrap().to_owned()
    }

    async fn missing(&self, upload: &str, chunks: &Value) -> Vec<String> {
        let answer = self.post(&format!("{upload}/missing"), json!({ "chunks": chunks })).await.assert_status(200);
        serde_json::from_value(answer.json()["missing"].clone()).unwrap()
    }

    async fn put_chunk(&self, upload: &str, hash: &str, bytes: &[u8]) -> Answer {
        let request = self.request(Method::PUT, &format!("{upload}/chunks/{hash}"));
        self.send(request.body(bytes.to_vec())).await
    }

    async fn assemble(&self, upload: &str, chunks: &Value) -> Answer {
        self.post(&format!("{upload}/assemble"), json!({ "chunks": chunks })).await
    }

    /// Uploads as a client does that cuts.
    async fn send_new(&self, metadata: &[(&str, &str)], bytes: &[u8], skip_unchanged: bool) -> Sent {
        let upload = self.begin_delta(metadata, bytes.len()).await;
        let missing = self.missing(&upload, &list(bytes)).await;
        let (mut sent, mut sent_bytes) = (std::collections::HashSet::new(), 0);
        for chunk in cut(bytes) {
            let hash = hash(chunk);
            if missing.contains(&hash) && sent.insert(hash.clone()) {
                self.put_chunk(&upload, &hash, chunk).await.assert_status(204);
                sent_bytes += chunk.len();
            }
        }
        assert_eq!(sent.len(), missing.len());
        let input = json!({ "chunks": list(bytes), "skip_unchanged": skip_unchanged });
        let done = self.post(&format!("{upload}/assemble"), input).await.assert_status(200).json();
        Sent {
            document: done["document_id"].as_str().unwrap().to_owned(),
            version: done["version"].as_i64().unwrap(),
            unchanged: done["unchanged"].as_bool().unwrap(),
            chunks: sent.len(),
            bytes: sent_bytes,
        }
    }

    async fn head_version(&self, document: &str) -> Value {
        self.get(&format!("/documents/{document}/versions")).await.assert_status(200).json()["items"][0].clone()
    }

    async fn content(&self, document: &str) -> Vec<u8> {
        self.get(&format!("/documents/{document}/content")).await.assert_status(200).body
    }
}

#[tokio::test]
async fn a_file_in_chunks_becomes_the_same_version_as_one_in_a_stream() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(1, 6 * MIB);
    let sent = ada.send_new(&[("filename", "数据.bin"), ("folder_id", &library)], &file, false).await;
    assert_eq!((sent.version, sent.bytes, sent.chunks), (1, file.len(), cut(&file).len()));
    assert!(ada.content(&sent.document).await == file);
    let streamed = ada.upload("流.bin", &library, &file).await;
    let (one, other) = (ada.head_version(&sent.document).await, ada.head_version(&streamed).await);
    assert_eq!(one["sha256"], hex::encode(Sha256::digest(&file)));
    for key in ["sha256", "size_bytes", "media_type"] {
        assert_eq!(one[key], other[key], "{key}");
    }
    let etag = async |id: &str| {
        let answer = ada.get(&format!("/documents/{id}/content")).await;
        answer.header("etag").unwrap().to_owned()
    };
    assert_eq!(etag(&sent.document).await, etag(&streamed).await, "the same content is kept once");
    // What the type is comes from the bytes, whatever the name says.
    let text = "协同办公平台建设方案。".repeat(200_000);
    let page = ada.send_new(&[("filename", "方案.txt"), ("folder_id", &library)], text.as_bytes(), false).await;
    assert_eq!(ada.head_version(&page.document).await["media_type"], "text/plain");
}

#[tokio::test]
async fn of_a_changed_file_only_what_is_new_is_sent() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let mut file = noise(2, 24 * MIB);
    let id = ada.upload("big.bin", &library, &file).await;
    file.splice(12 * MIB..12 * MIB, noise(3, MIB));
    let sent = ada.send_new(&[("filename", "big.bin"), ("document_id", &id)], &file, false).await;
    assert_eq!((sent.document.as_str(), sent.version), (id.as_str(), 2));
    assert!(sent.bytes < 10 * MIB, "{} bytes were sent", sent.bytes);
    assert!(ada.content(&id).await == file);
    // A large content is not read as a whole before the answer: its hash follows.
    assert_eq!(ada.head_version(&id).await["sha256"], Value::Null);
    server.run_jobs().await;
    assert_eq!(ada.head_version(&id).await["sha256"], hex::encode(Sha256::digest(&file)));
    // An equal content is here with its hash: nothing is sent and everything is known at once.
    let again = ada.send_new(&[("filename", "copy.bin"), ("folder_id", &library)], &file, false).await;
    assert_eq!((again.bytes, again.chunks), (0, 0));
    assert_eq!(ada.head_version(&again.document).await["sha256"], hex::encode(Sha256::digest(&file)));
    // The audit log names the hash that came later.
    let log = server.admin("root").await.get("/audit?limit=200").await.json();
    let events = log["items"].as_array().unwrap();
    let hashed = events.iter().find(|event| event["action"] == "version_hashed").expect("an event");
    assert_eq!(hashed["details"]["sha256"], hex::encode(Sha256::digest(&file)));
}

#[tokio::test]
async fn a_version_restored_before_its_hash_is_known_gets_it_too() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let (old, other) = (noise(4, 20 * MIB), noise(5, MIB));
    let mut new = old.clone();
    new[10 * MIB] ^= 1;
    ada.upload("old.bin", &library, &old).await;
    let id = ada.send_new(&[("filename", "new.bin"), ("folder_id", &library)], &new, false).await.document;
    ada.upload_version(&id, "other.bin", &other).await;
    ada.post(&format!("/documents/{id}/versions/1/restore"), json!({})).await.assert_status(201);
    assert_eq!(ada.head_version(&id).await["sha256"], Value::Null);
    server.run_jobs().await;
    let versions = ada.get(&format!("/documents/{id}/versions")).await.json();
    let hashes: Vec<_> = versions["items"].as_array().unwrap().iter().map(|one| one["sha256"].clone()).collect();
    let [old, other] = [&new, &other].map(|bytes| json!(hex::encode(Sha256::digest(bytes))));
    assert_eq!(hashes, [old.clone(), other, old]);
}

/// Who knows all hashes of a document and may not download it is told of none of them, and builds nothing with them.
#[tokio::test]
async fn a_hash_gives_access_to_nothing() {
    let server = TestServer::start().await;
    let ada = server.admin("ada").await;
    let library = ada.folder("库", None).await;
    let secret = noise(6, 5 * MIB);
    let id = ada.upload("secret.bin", &library, &secret).await;
    let eve = server.user_with(AddUser { name: "eve".into(), clearance: Some(1), ..AddUser::default() }).await;
    let own = eve.folder("eve's", None).await;
    let metadata = [("filename", "stolen.bin"), ("folder_id", own.as_str())];
    let (chunks, all) = (list(&secret), hashes(&secret));
    let sees_nothing = async |when: &str| {
        let upload = eve.begin_delta(&metadata, secret.len()).await;
        assert_eq!(eve.missing(&upload, &chunks).await, all, "{when}");
        let refused = eve.assemble(&upload, &chunks).await.assert_error(409, "chunks_missing");
        assert_eq!(refused["missing"], json!(all), "{when}");
    };
    let builds = async || {
        let upload = eve.begin_delta(&metadata, secret.len()).await;
        assert_eq!(eve.missing(&upload, &chunks).await, Vec::<String>::new());
        eve.delete(&upload).await;
    };

    sees_nothing("a stranger").await;
    ada.share("documents", &id, &eve, "previewer").await;
    sees_nothing("a previewer").await;
    ada.share("documents", &id, &eve, "reader").await;
    builds().await;
    ada.patch(&format!("/documents/{id}"), json!({ "level": 2 })).await.assert_status(200);
    sees_nothing("above the clearance").await;
    ada.patch(&format!("/documents/{id}"), json!({ "level": 1 })).await.assert_status(200);
    builds().await;
    ada.delete(&format!("/documents/{id}")).await.assert_status(204);
    sees_nothing("in the trash").await;
    ada.post(&format!("/documents/{id}/untrash"), json!({})).await.assert_status(200);
    builds().await;
    ada.delete(&format!("/documents/{id}/grants/user/{}", eve.id)).await.assert_status(204);
    sees_nothing("after the grant was taken back").await;
    ada.share("folders", &library, &eve, "reader").await;
    builds().await;
    let inherits = json!({ "inherits": false });
    ada.patch(&format!("/documents/{id}"), inherits).await.assert_status(200);
    sees_nothing("where inheritance stops").await;

    // An older version counts like the newest, and what another person has begun to send does not.
    ada.share("documents", &id, &eve, "reader").await;
    ada.upload_version(&id, "secret.bin", b"nothing").await;
    builds().await;
    let begun = noise(7, 2 * MIB);
    let hers = ada.begin_delta(&[("filename", "x"), ("folder_id", &library)], begun.len()).await;
    for chunk in cut(&begun) {
        ada.put_chunk(&hers, &hash(chunk), chunk).await.assert_status(204);
    }
    let upload = eve.begin_delta(&metadata, begun.len()).await;
    assert_eq!(eve.missing(&upload, &list(&begun)).await, hashes(&begun));
    // Her upload is nobody else's.
    for path in ["missing", "assemble"] {
        let answer = eve.post(&format!("{hers}/{path}"), json!({ "chunks": list(&begun) })).await;
        answer.assert_error(404, "upload_not_found");
    }
    eve.put_chunk(&hers, &hash(&begun[..10]), &begun[..10]).await.assert_error(404, "upload_not_found");
    assert_eq!(ada.missing(&hers, &list(&begun)).await, Vec::<String>::new());
}

/// The time of an answer must not tell whether somebody else has a chunk.
#[tokio::test]
async fn the_answer_takes_as_long_for_hidden_chunks_as_for_chunks_that_nobody_has() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let id = ada.upload("secret.bin", &library, &noise(8, 2 * MIB)).await;
    let version = db::versions::find(server.app.db.read(), &id.parse().unwrap(), 1).await.unwrap().unwrap();
    let made_up = |from: u32| (from..from + 1000).map(|number| ChunkHash::of(&number.to_le_bytes()));
    let refs: Vec<ChunkRef> =
        made_up(0).map(|hash| ChunkRef { id: server.app.store.chunk_id(&hash), size_bytes: MIB as u32 }).collect();
    let mut tx = server.app.db.begin().await.unwrap();
    db::content_chunks::insert(&mut tx, &version.content_id, &refs).await.unwrap();
    tx.commit().await.unwrap();
    let list = |from| -> Value { made_up(from).map(|hash| json!({ "hash": hash, "size_bytes": MIB })).collect() };
    let [hidden, unknown] = [list(0), list(5000)];
    let own = eve.folder("eve's", None).await;
    let upload = eve.begin_delta(&[("filename", "x"), ("folder_id", &own)], 1000 * MIB).await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (chunks, times) in [&hidden, &unknown].into_iter().zip(&mut times) {
            let began = Instant::now();
            assert_eq!(eve.missing(&upload, chunks).await.len(), 1000);
            times.push(began.elapsed());
        }
    }
    // The quickest of each: a busy machine makes the others longer than the time that every answer takes.
    let [hidden, unknown] = times.map(|times| times.into_iter().min().expect("fifteen of each"));
    println!("hidden {hidden:?}, unknown {unknown:?}");
    let noise = Duration::from_millis(4).max(unknown / 5);
    assert!(hidden.abs_diff(unknown) < noise, "hidden {hidden:?}, unknown {unknown:?}");
    // Who may read them gets as many answered as quickly.
    let upload = ada.begin_delta(&[("filename", "x"), ("folder_id", &library)], 1000 * MIB).await;
    let mut answered = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        assert!(ada.missing(&upload, &list(0)).await.is_empty());
        answered.push(began.elapsed());
    }
    let answered = answered.into_iter().min().expect("five of them");
    assert!(answered < 4 * unknown, "{answered:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn what_came_is_kept_for_the_next_attempt_and_goes_with_the_upload() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(9, 5 * MIB);
    let upload = ada.begin_delta(&[("filename", "x.bin"), ("folder_id", &library)], file.len()).await;
    let chunks = cut(&file);
    for chunk in &chunks[1..] {
        ada.put_chunk(&upload, &hash(chunk), chunk).await.assert_status(204);
        // An answer was lost: once more.
        ada.put_chunk(&upload, &hash(chunk), chunk).await.assert_status(204);
    }
    assert_eq!(ada.missing(&upload, &list(&file)).await, [hash(chunks[0])]);
    ada.assemble(&upload, &list(&file)).await.assert_error(409, "chunks_missing");
    ada.put_chunk(&upload, &hash(chunks[0]), chunks[0]).await.assert_status(204);
    let first = ada.assemble(&upload, &list(&file)).await.assert_status(200).json();
    let again = ada.assemble(&upload, &list(&file)).await.assert_status(200).json();
    assert_eq!(first, again);
    assert!(ada.content(first["document_id"].as_str().unwrap()).await == file);
    let left = async || -> i64 {
        sqlx::query_scalar("select count(*) from upload_chunks").fetch_one(server.app.db.read()).await.unwrap()
    };
    assert_eq!(left().await, 0, "the version holds the chunks now");

    let other = noise(10, 2 * MIB);
    let rests = ada.begin_delta(&[("filename", "y.bin"), ("folder_id", &library)], other.len()).await;
    ada.put_chunk(&rests, &hash(cut(&other)[0]), cut(&other)[0]).await.assert_status(204);
    assert_eq!(left().await, 1);
    server.ask_for(&RemoveExpiredUploads {}).await;
    server.clock.advance(8 * 24 * 60 * 60 * 1000);
    let ada = {
        let mut ada = ada;
        ada.sign_in("ada", crate::support::PASSWORD).await;
        ada
    };
    let input = json!({ "chunks": list(&other) });
    ada.post(&format!("{rests}/missing"), input.clone()).await.assert_error(410, "upload_expired");
    ada.put_chunk(&rests, &hash(cut(&other)[0]), cut(&other)[0]).await.assert_error(410, "upload_expired");
    ada.post(&format!("{rests}/assemble"), input).await.assert_error(410, "upload_expired");
    server.run_jobs().await;
    assert_eq!(left().await, 0);
}

#[tokio::test]
async fn wrong_bytes_and_wrong_lists_are_refused() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(11, 3 * MIB);
    let chunks = cut(&file);
    let metadata = [("filename", "x.bin"), ("folder_id", library.as_str())];
    let upload = ada.begin_delta(&metadata, file.len()).await;
    ada.put_chunk(&upload, &hash(chunks[0]), chunks[1]).await.assert_error(422, "chunk_hash_mismatch");
    ada.put_chunk(&upload, &hash(b""), b"").await.assert_error(422, "chunk_hash_mismatch");
    ada.put_chunk(&upload, "xyz", chunks[0]).await.assert_error(400, "path_invalid");
    let long = noise(12, storage::MAX_CHUNK_BYTES + 1);
    ada.put_chunk(&upload, &hash(&long), &long).await.assert_error(413, "chunk_too_large");
    let foreign = noise(13, 3 * MIB + 1);
    ada.put_chunk(&upload, &hash(&foreign), &foreign).await.assert_error(400, "upload_length_invalid");
    assert_eq!(ada.missing(&upload, &list(&file)).await, hashes(&file), "nothing of it was kept");
    for chunk in &chunks {
        ada.put_chunk(&upload, &hash(chunk), chunk).await.assert_status(204);
    }
    // A chunk under a wrong size would make a content that cannot be read.
    let mut lie = list(&file);
    lie[0]["size_bytes"] = json!(chunks[0].len() - 1);
    assert_eq!(ada.missing(&upload, &lie).await, [hash(chunks[0])]);
    ada.assemble(&upload, &lie).await.assert_error(400, "upload_length_invalid");
    let last = chunks.len() - 1;
    lie[last]["size_bytes"] = json!(chunks[last].len() + 1);
    ada.assemble(&upload, &lie).await.assert_error(409, "chunks_missing");
    let tiny: Value = (0..file.len() / MIB).map(|_| json!({ "hash": hash(b"x"), "size_bytes": 1 })).collect();
    ada.assemble(&upload, &tiny).await.assert_error(400, "chunk_size_invalid");
    ada.assemble(&upload, &json!([{ "hash": "abc", "size_bytes": 1 }])).await.assert_error(400, "input_invalid");
    ada.assemble(&upload, &list(&file)).await.assert_status(200);

    let metadata = [("filename", "later.bin"), ("folder_id", library.as_str())];
    let request = ada.tus(Method::POST, "/uploads").header("upload-metadata", metadata_of(&metadata));
    let begun = ada.send(request.header("upload-defer-length", 1)).await.assert_status(201);
    let upload = begun.header("location").unwrap();
    ada.put_chunk(upload, &hash(chunks[0]), chunks[0]).await.assert_error(400, "upload_length_missing");
    ada.assemble(upload, &list(&file)).await.assert_error(400, "upload_length_missing");

    let nobody = server.anonymous();
    nobody.post(&format!("{upload}/missing"), json!({ "chunks": [] })).await.assert_error(401, "unauthorized");
    // Whoever lost the right to upload meanwhile adds nothing.
    let bob = server.user("bob").await;
    ada.share("folders", &library, &bob, "editor").await;
    let upload = bob.begin_delta(&[("filename", "bob.bin"), ("folder_id", &library)], file.len()).await;
    ada.share("folders", &library, &bob, "reader").await;
    bob.assemble(&upload, &list(&file)).await.assert_error(403, "upload_not_allowed");
}

#[tokio::test]
async fn a_chunk_that_is_not_wanted_is_refused_before_it_is_sent() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(14, 2 * MIB);
    let metadata = [("filename", "x.bin"), ("folder_id", library.as_str())];
    // A body of which nothing comes.
    let put = async |upload: &str, length: Option<usize>| {
        let body = reqwest::Body::wrap_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = ada.request(Method::PUT, &format!("{upload}/chunks/{}", hash(&file))).body(body);
        let request = match length {
            Some(length) => request.header("content-length", length),
            None => request,
        };
        tokio::time::timeout(Duration::from_secs(20), ada.send(request)).await.expect("it is answered at once")
    };
    let upload = ada.begin_delta(&metadata, file.len()).await;
    put(&upload, Some(file.len() + 1)).await.assert_error(400, "upload_length_invalid");
    put(&upload, Some(storage::MAX_CHUNK_BYTES + 1)).await.assert_error(413, "chunk_too_large");
    let finished = ada.begin_delta(&metadata, file.len()).await;
    for chunk in cut(&file) {
        ada.put_chunk(&finished, &hash(chunk), chunk).await.assert_status(204);
    }
    ada.assemble(&finished, &list(&file)).await.assert_status(200);
    put(&finished, None).await.assert_status(204);
    server.clock.advance(8 * 24 * 60 * 60 * 1000);
    put(&upload, None).await.assert_error(410, "upload_expired");
}

#[tokio::test]
async fn an_unchanged_file_gets_no_version_when_asked_so() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(14, 3 * MIB);
    let id = ada.upload("x.bin", &library, &file).await;
    let metadata = [("filename", "x.bin"), ("document_id", id.as_str())];
    let same = ada.send_new(&metadata, &file, true).await;
    assert_eq!((same.document.as_str(), same.version, same.unchanged, same.bytes), (id.as_str(), 1, true, 0));
    let told = ada.send_new(&metadata, &file, false).await;
    assert_eq!((told.version, told.unchanged), (2, false));
    let empty = ada.send_new(&[("filename", "leer.txt"), ("folder_id", &library)], b"", false).await;
    assert!(ada.content(&empty.document).await.is_empty());
}

#[tokio::test]
async fn an_upload_in_chunks_can_go_on_as_a_stream() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(15, 3 * MIB);
    let upload = ada.begin_delta(&[("filename", "x.bin"), ("folder_id", &library)], file.len()).await;
    ada.put_chunk(&upload, &hash(cut(&file)[0]), cut(&file)[0]).await.assert_status(204);
    let part = ada.tus(Method::PATCH, &upload).header("upload-offset", 0);
    let part = part.header("content-type", "application/offset+octet-stream").body(file.clone());
    let last = ada.send(part).await.assert_status(204);
    assert!(ada.content(last.header("wenshu-document-id").unwrap()).await == file);
}

#[tokio::test]
async fn contents_of_earlier_releases_are_listed_by_a_job_and_lost_chunks_are_sent_again() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let file = noise(16, 6 * MIB);
    ada.upload("x.bin", &library, &file).await;
    sqlx::query("delete from content_chunks").execute(server.app.db.read()).await.unwrap();
    let upload = ada.begin_delta(&[("filename", "y.bin"), ("folder_id", &library)], file.len()).await;
    assert_eq!(ada.missing(&upload, &list(&file)).await, hashes(&file));
    let mut tx = server.app.db.begin().await.unwrap();
    let all = wenshu::jobs::list_chunks::ListChunks { content_id: None };
    let now = server.app.clock.now();
    wenshu::jobs::enqueue(&mut tx, &all, now, now).await.unwrap();
    tx.commit().await.unwrap();
    server.run_jobs().await;
    assert_eq!(ada.missing(&upload, &list(&file)).await, Vec::<String>::new());

    // The store has lost a chunk that the database knows of: sent once more, it heals the other document, too.
    let lost = hash(cut(&file)[1]);
    let path = server.folder.path().join("data/objects/chunks").join(&lost[..2]).join(&lost);
    std::fs::remove_file(path).unwrap();
    let refused = ada.assemble(&upload, &list(&file)).await.assert_error(409, "chunks_missing");
    assert_eq!(refused["missing"], json!([lost]));
    ada.put_chunk(&upload, &lost, cut(&file)[1]).await.assert_status(204);
    ada.assemble(&upload, &list(&file)).await.assert_status(200);
}

#[tokio::test]
async fn the_way_of_cutting_is_told_to_everybody() {
    let server = TestServer::start().await;
    let info = server.anonymous().get("/info").await.assert_status(200).json();
    let Sizes { min, average, max } = Sizes::STORE;
    let expected = json!({
        "algorithm": "fastcdc-2020-0", "min_bytes": min, "average_bytes": average, "max_bytes": max
    });
    assert_eq!(info["chunks"], expected);
}
