//! `/uploads/{id}/…`: for clients that cut a file as the store does, and send only the chunks that are new.
//!
//! An upload begins as always (`POST /uploads`). Then, any number of times and in any order: ask which chunks are missing,
//! send those, and put the whole together. `/info` tells how to cut. What arrived is kept with the upload, so after a
//! broken connection the client asks again.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    middleware::from_fn,
};
use axum_extra::headers::{ContentLength, HeaderMapExt};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use storage::{ChunkHash, Gathered, MAX_CHUNK_BYTES};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        assemble_upload::{Chunk, assemble_upload as assemble, list_missing},
        receive_chunk::{chunk_too_large, is_wanted, receive_chunk},
        upload_address::{UploadAddress, find_written},
        upload_pace::Pace,
    },
    app::App,
    auth::policy::Caller,
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        refusal,
    },
    ids::DocumentId,
};

/// Longest list of chunks as JSON: more than the largest file has that is taken by default.
const LIST_MAX_BYTES: usize = 16 << 20;
/// How long one chunk may take to arrive.
const CHUNK_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_missing_chunks))
        .routes(routes!(assemble_upload))
        .layer(DefaultBodyLimit::max(LIST_MAX_BYTES))
        .merge(OpenApiRouter::new().routes(routes!(put_chunk)).layer(from_fn(refusal::let_finish)))
}

/// A piece of a file.
#[derive(Deserialize, ToSchema)]
struct ChunkInput {
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    #[schema(value_type = String)]
    hash: ChunkHash,
    size_bytes: u32,
}

/// A file as a list of chunks, in order.
#[derive(Deserialize, ToSchema)]
struct ChunksInput {
    chunks: Vec<ChunkInput>,
}

#[derive(Deserialize, ToSchema)]
struct AssembleInput {
    chunks: Vec<ChunkInput>,
    /// Add no version when the document has this content already.
    #[serde(default)]
    skip_unchanged: bool,
}

/// What has to be sent.
#[derive(Serialize, ToSchema)]
struct MissingView {
    /// Hashes, each once, in the order of the list.
    #[schema(value_type = Vec<String>)]
    missing: Vec<ChunkHash>,
}

/// What the upload became.
#[derive(Serialize, ToSchema)]
struct AssembledView {
    document_id: DocumentId,
    version: i64,
    /// The document had this content already: this is its newest version, and none was added.
    unchanged: bool,
}

fn parse(chunks: Vec<ChunkInput>) -> Vec<Chunk> {
    chunks.into_iter().map(|chunk| Chunk { hash: chunk.hash, size_bytes: chunk.size_bytes }).collect()
}

/// Tells which of these chunks the server needs. One that the caller may not read in some document needs to be sent, whoever
/// else has it.
#[utoipa::path(post, path = "/uploads/{id}/missing", tag = "uploads", params(("id" = String, Path)),
    request_body = ChunksInput, responses((status = 200, body = MissingView)))]
async fn list_missing_chunks(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UploadAddress>,
    Json(input): Json<ChunksInput>,
) -> Result<Json<MissingView>> {
    let upload = find_written(&app, &caller, &id).await?;
    let missing = list_missing(&app, &caller, &upload, &parse(input.chunks)).await?;
    Ok(Json(MissingView { missing }))
}

/// Brings one chunk: its plain bytes. It is durable when this is answered.
#[utoipa::path(put, path = "/uploads/{id}/chunks/{hash}", tag = "uploads",
    params(("id" = String, Path), ("hash" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204)))]
async fn put_chunk(
    State(app): State<App>,
    caller: Caller,
    Path((id, hash)): Path<(UploadAddress, ChunkHash)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode> {
    let upload = find_written(&app, &caller, &id).await?;
    let length = headers.typed_get::<ContentLength>().map(|length| length.0);
    if !is_wanted(&app, &upload, length)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let late = |_| Error::new(StatusCode::REQUEST_TIMEOUT, "upload_stalled", "the chunk did not arrive in time");
    let plain = tokio::time::timeout(CHUNK_PATIENCE, gather(&app, body)).await.map_err(late)??;
    receive_chunk(&app, &upload, &hash, plain).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a body into memory, as long as there is some.
async fn gather(app: &App, body: Body) -> Result<Gathered> {
    let (mut body, mut pace) = (body.into_data_stream(), Pace::begin());
    let mut plain = app.store.gather();
    app.store.room().await?;
    loop {
        let bytes = tokio::select! {
            bytes = body.next() => bytes,
            () = pace.too_slow(&app.store) => return Err(Error::busy()),
        };
        let Some(bytes) = bytes else { return Ok(plain) };
        let broken =
            |cause| Error::invalid("connection_broken", "the connection broke within the upload").because(cause);
        let bytes = bytes.map_err(broken)?;
        if plain.len() + bytes.len() > MAX_CHUNK_BYTES {
            return Err(chunk_too_large());
        }
        pace.brought(bytes.len());
        plain.add(&bytes).await?;
    }
}

/// Makes a version of the chunks, as if the file had been uploaded as a whole.
#[utoipa::path(post, path = "/uploads/{id}/assemble", tag = "uploads", params(("id" = String, Path)),
    request_body = AssembleInput, responses((status = 200, body = AssembledView)))]
async fn assemble_upload(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UploadAddress>,
    Json(input): Json<AssembleInput>,
) -> Result<Json<AssembledView>> {
    let upload = find_written(&app, &caller, &id).await?;
    let done = assemble(&app, &caller, &upload, parse(input.chunks), input.skip_unchanged).await?;
    let (document_id, version) = (done.finished.document_id, done.finished.version);
    Ok(Json(AssembledView { document_id, version, unchanged: done.unchanged }))
}
