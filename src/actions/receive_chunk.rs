//! Takes one chunk of an upload into the store, for clients that cut by themselves. Chunks come in any order, several at a
//! time; what was acknowledged is kept as long as the upload.

use axum::http::StatusCode;
use storage::{ChunkHash, Gathered, MAX_CHUNK_BYTES};

use crate::{
    actions::{create_upload::expires_at, disk_room::require_room, receive_upload::expired},
    app::App,
    db::{self, uploads::Upload},
    error::{Error, Result},
};

/// Tells what can be told before the bytes of a chunk are read: `false` when they are not needed any more. `length`: how many
/// there are, as far as the client says it.
pub fn is_wanted(app: &App, upload: &Upload, length: Option<u64>) -> Result<bool> {
    if upload.finished_version.is_some() {
        // An answer was lost and the chunk is sent again: the version has it.
        return Ok(false);
    }
    if upload.expires_at <= app.clock.now() {
        return Err(expired());
    }
    let most_bytes = length_of(upload)?;
    if length.is_some_and(|length| length > MAX_CHUNK_BYTES as u64) {
        return Err(chunk_too_large());
    }
    if length.is_some_and(|length| length > most_bytes as u64) {
        return Err(too_many_bytes());
    }
    require_room(&app.config)?;
    Ok(true)
}

/// Makes `plain` durable as a chunk of an upload that wants it.
pub async fn receive_chunk(app: &App, upload: &Upload, hash: &ChunkHash, plain: Gathered) -> Result<()> {
    let (now, most_bytes) = (app.clock.now(), length_of(upload)?);
    let chunk = app.store.put_gathered(hash, plain).await.map_err(|error| match error {
        storage::Error::WrongChunk { .. } => wrong_chunk(),
        other => other.into(),
    })?;
    let mut tx = app.db.begin().await?;
    if db::upload_chunks::insert(&mut tx, &upload.id, &chunk, now).await? {
        let size_bytes = i64::from(chunk.size_bytes);
        if !db::uploads::add_received(&mut tx, &upload.id, size_bytes, most_bytes, expires_at(now)).await? {
            return Err(too_many_bytes());
        }
    }
    tx.commit().await
}

/// The length that the upload was begun with, for which there is room: whoever can cut a file knows it.
pub fn length_of(upload: &Upload) -> Result<i64> {
    let unknown = || Error::invalid("upload_length_missing", "an upload in chunks begins with its length");
    upload.size_bytes.ok_or_else(unknown)
}

/// 413: no chunk has so many bytes.
pub fn chunk_too_large() -> Error {
    Error::too_large("chunk_too_large", format!("a chunk has at most {MAX_CHUNK_BYTES} bytes"))
}

fn too_many_bytes() -> Error {
    Error::invalid("upload_length_invalid", "more bytes came than the upload has")
}

fn wrong_chunk() -> Error {
    let message = "the bytes are not those of this hash, or no chunk has so many";
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, "chunk_hash_mismatch", message)
}
