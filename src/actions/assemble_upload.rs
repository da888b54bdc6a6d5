//! Which chunks has a client still to send, and how do all of them become a version?
//!
//! A chunk counts as present when it came with this upload, or when it is part of something that the caller could download
//! now ([`policy::readable_chunks`]). Whether anybody else has it makes no difference, neither to the answer nor to the
//! time that it takes.

use std::collections::{HashMap, HashSet};

use storage::{ChunkHash, ChunkId, ChunkRef, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, Manifest};
use tokio::time::{Duration, Instant};

use crate::{
    actions::{
        finish_upload::{Finished, finish_with, mark},
        quota,
        receive_chunk::length_of,
        receive_upload::{expired, forget},
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, uploads::Upload},
    error::{Error, Result},
    ids::DocumentId,
};

/// A content up to this size is hashed before the answer, a larger one by a job.
const HASHED_AT_ONCE_BYTES: u64 = 16 << 20;
/// The answer on missing chunks comes after this time, however long the search took …
const ANSWER_AFTER: Duration = Duration::from_millis(4);
/// … and so much more for each chunk: more than a search takes that finds every chunk in somebody else's documents.
const ANSWER_AFTER_EACH: Duration = Duration::from_micros(30);

/// A chunk as a client names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    pub hash: ChunkHash,
    pub size_bytes: u32,
}

/// What came of putting an upload together.
#[derive(Clone, Debug)]
pub struct Assembled {
    pub finished: Finished,
    /// The document had this content already, and got no new version.
    pub unchanged: bool,
}

/// Lists which of `chunks` the caller has to send. The time that this takes tells nothing of what the caller may not see.
pub async fn list_missing(app: &App, by: &Caller, upload: &Upload, chunks: &[Chunk]) -> Result<Vec<ChunkHash>> {
    let answer_at = Instant::now() + ANSWER_AFTER + ANSWER_AFTER_EACH * chunks.len() as u32;
    if upload.expires_at <= app.clock.now() {
        return Err(expired());
    }
    let missing = missing(app, by, upload, chunks).await?;
    tokio::time::sleep_until(answer_at).await;
    Ok(missing)
}

/// Makes a version of the chunks. 409 `chunks_missing` names those that have to be sent before.
/// Repeating it for a finished upload gives the same answer again.
pub async fn assemble_upload(
    app: &App,
    by: &Caller,
    upload: &Upload,
    chunks: Vec<Chunk>,
    skip_unchanged: bool,
) -> Result<Assembled> {
    let lock = app.uploads.lock(&upload.id).await?;
    app.uploads.recall(&upload.id, &by.id).await;
    let upload = db::uploads::find(app.db.read(), &upload.id, &by.id).await?;
    let upload = upload.ok_or_else(|| Error::not_found("upload"))?;
    if let Some(finished) = Finished::of(&upload) {
        return Ok(Assembled { finished, unchanged: false });
    }
    if upload.expires_at <= app.clock.now() {
        return Err(expired());
    }
    check_sizes(&upload, &chunks)?;
    let (app, by) = (app.clone(), by.clone());
    let request_id = crate::error::REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
    // It goes on when the connection breaks: whoever asks again finds the version.
    let tasks = app.tasks.clone();
    let work = async move {
        let _lock = lock;
        assemble(&app, &by, &upload, &chunks, skip_unchanged).await
    };
    tasks.spawn(crate::error::REQUEST_ID.scope(request_id, work)).await.map_err(Error::internal)?
}

async fn assemble(
    app: &App,
    by: &Caller,
    upload: &Upload,
    chunks: &[Chunk],
    skip_unchanged: bool,
) -> Result<Assembled> {
    let answer_at = Instant::now() + ANSWER_AFTER + ANSWER_AFTER_EACH * chunks.len() as u32;
    let missing = missing(app, by, upload, chunks).await?;
    if !missing.is_empty() {
        tokio::time::sleep_until(answer_at).await;
        return Err(chunks_missing(&missing));
    }
    let refs: Vec<ChunkRef> = chunks.iter().map(|chunk| chunk_ref(app, chunk)).collect();
    let manifest = match app.store.assemble(&refs).await {
        Ok(manifest) => manifest,
        // The database knows them and the store has lost them: sent again, they heal that.
        Err(storage::Error::ChunksMissing { chunks: lost }) => {
            let lost: HashSet<ChunkId> = lost.into_iter().collect();
            let lost = chunks.iter().zip(&refs).filter(|(_, chunk)| lost.contains(&chunk.id));
            return Err(chunks_missing(&distinct(lost.map(|(chunk, _)| chunk.hash))));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(document) = upload.document_id.as_ref().filter(|_| skip_unchanged)
        && let Some(finished) = unchanged(app, by, upload, document, &manifest).await?
    {
        return Ok(Assembled { finished, unchanged: true });
    }
    let sha256 = match manifest.size_bytes() <= HASHED_AT_ONCE_BYTES {
        true => hash(app, &manifest).await?,
        false => String::new(),
    };
    let finished = finish_with(app, by, upload, &manifest, sha256).await?;
    forget(app, upload, upload.point()).await;
    Ok(Assembled { finished, unchanged: false })
}

/// SHA-256 of a content, as hex; every chunk is checked on the way.
pub async fn hash(app: &App, manifest: &Manifest) -> Result<String> {
    use futures::TryStreamExt;
    use sha2::{Digest, Sha256};
    let mut sha256 = Sha256::new();
    let mut parts = app.store.read(manifest, 0..u64::MAX);
    while let Some(part) = parts.try_next().await? {
        let hashed = tokio::task::spawn_blocking(move || {
            sha256.update(&part);
            sha256
        });
        sha256 = hashed.await.map_err(Error::internal)?;
    }
    Ok(hex::encode(sha256.finalize()))
}

/// The newest version of `document`, when it has this content; the upload is finished then.
async fn unchanged(
    app: &App,
    by: &Caller,
    upload: &Upload,
    document: &DocumentId,
    manifest: &Manifest,
) -> Result<Option<Finished>> {
    let document = db::documents::find(app.db.read(), document).await?.ok_or_else(|| Error::not_found("document"))?;
    policy::allow(&app.db, by, Action::Upload, &document).await?;
    let head = db::versions::find(app.db.read(), &document.id, document.head).await?;
    if head.is_none_or(|head| head.content_id != manifest.content().to_string()) {
        return Ok(None);
    }
    let finished = Finished { document_id: document.id, version: document.head };
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    if let Some(reserved) = mark(&mut tx, upload, &finished, manifest.size_bytes() as i64).await? {
        quota::release(&mut tx, &reserved).await?;
    }
    tx.commit().await?;
    Ok(Some(finished))
}

/// Only the last chunk of a content may be small, and all together are what was announced.
fn check_sizes(upload: &Upload, chunks: &[Chunk]) -> Result<()> {
    let others = chunks.split_last().map_or(chunks, |(_, others)| others);
    let fits = |chunk: &Chunk| (1..=MAX_CHUNK_BYTES).contains(&(chunk.size_bytes as usize));
    if !chunks.iter().all(fits) || others.iter().any(|chunk| (chunk.size_bytes as usize) < MIN_CHUNK_BYTES) {
        return Err(Error::invalid("chunk_size_invalid", "chunks of these sizes do not come from cutting a file")
            .field("chunks"));
    }
    let total: u64 = chunks.iter().map(|chunk| u64::from(chunk.size_bytes)).sum();
    match length_of(upload)? as u64 == total {
        true => Ok(()),
        false => Err(Error::invalid("upload_length_invalid", "the chunks have not the length of this upload")),
    }
}

/// The hashes of the chunks that are not present for the caller, each once, in order.
async fn missing(app: &App, by: &Caller, upload: &Upload, chunks: &[Chunk]) -> Result<Vec<ChunkHash>> {
    let mut asked: Vec<Chunk> = Vec::with_capacity(chunks.len());
    let mut seen = HashSet::with_capacity(chunks.len());
    asked.extend(chunks.iter().filter(|chunk| seen.insert(**chunk)));
    let refs: Vec<ChunkRef> = asked.iter().map(|chunk| chunk_ref(app, chunk)).collect();
    let (readable, received) = tokio::try_join!(
        policy::readable_chunks(&app.db, by, &refs),
        db::upload_chunks::list_received(app.db.read(), &upload.id, &refs),
    )?;
    let sizes: HashMap<i64, i64> = readable.into_iter().chain(received).collect();
    // A chunk of another size is another chunk: the client is wrong about it.
    let is_missing = |(at, chunk): &(usize, &Chunk)| sizes.get(&(*at as i64 + 1)) != Some(&i64::from(chunk.size_bytes));
    Ok(distinct(asked.iter().enumerate().filter(is_missing).map(|(_, chunk)| chunk.hash)))
}

fn chunk_ref(app: &App, chunk: &Chunk) -> ChunkRef {
    ChunkRef { id: app.store.chunk_id(&chunk.hash), size_bytes: chunk.size_bytes }
}

fn distinct(hashes: impl Iterator<Item = ChunkHash>) -> Vec<ChunkHash> {
    let mut seen = HashSet::new();
    hashes.filter(|hash| seen.insert(*hash)).collect()
}

fn chunks_missing(missing: &[ChunkHash]) -> Error {
    let missing: Vec<String> = missing.iter().map(ChunkHash::to_string).collect();
    Error::conflict("chunks_missing", "some chunks have to be sent first").with("missing", missing)
}
