//! Takes one chunk of an upload into the store, for clients that cut by themselves. Chunks come in any order, several at a
//! time; what was acknowledged is kept as long as the upload.

use axum::http::StatusCode;
use bytes::Bytes;
use storage::ChunkHash;

use crate::{
    actions::{create_upload::expires_at, disk_room::require_room, receive_upload::expired},
    app::App,
    db::{self, uploads::Upload},
    error::{Error, Result},
};

/// Makes `plain` durable as a chunk of the upload.
pub async fn receive_chunk(app: &App, upload: &Upload, hash: &ChunkHash, plain: Bytes) -> Result<()> {
    if upload.finished_version.is_some() {
        // An answer was lost and the chunk is sent again: the version has it.
        return Ok(());
    }
    let now = app.clock.now();
    if upload.expires_at <= now {
        return Err(expired());
    }
    let most_bytes = length_of(upload)?;
    require_room(&app.config)?;
    let chunk = app.store.put_chunk(hash, plain).await.map_err(|error| match error {
        storage::Error::WrongChunk { .. } => wrong_chunk(),
        other => other.into(),
    })?;
    let mut tx = app.db.begin().await?;
    if db::upload_chunks::insert(&mut tx, &upload.id, &chunk, now).await? {
        let size_bytes = i64::from(chunk.size_bytes);
        if !db::uploads::add_received(&mut tx, &upload.id, size_bytes, most_bytes, expires_at(now)).await? {
            return Err(Error::invalid("upload_length_invalid", "more bytes came than the upload has"));
        }
    }
    tx.commit().await
}

/// The length that the upload was begun with, for which there is room: whoever can cut a file knows it.
pub fn length_of(upload: &Upload) -> Result<i64> {
    let unknown = || Error::invalid("upload_length_missing", "an upload in chunks begins with its length");
    upload.size_bytes.ok_or_else(unknown)
}

fn wrong_chunk() -> Error {
    let message = "the bytes are not those of this hash, or no chunk has so many";
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, "chunk_hash_mismatch", message)
}
