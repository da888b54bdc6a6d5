//! Takes one chunk of an upload into the store, for clients that cut by themselves. Chunks come in any order, several at a
//! time; what was acknowledged is kept as long as the upload.

use axum::http::StatusCode;
use bytes::Bytes;
use storage::ChunkHash;

use crate::{
    actions::{
        create_upload::{expires_at, too_large},
        disk_room::require_room,
        receive_upload::expired,
    },
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
    require_room(&app.config)?;
    let chunk = app.store.put_chunk(hash, plain).await.map_err(|error| match error {
        storage::Error::WrongChunk { .. } => wrong_chunk(),
        other => other.into(),
    })?;
    let most_bytes = upload.size_bytes.unwrap_or(app.config.upload_max_bytes as i64);
    let mut tx = app.db.begin().await?;
    if db::upload_chunks::insert(&mut tx, &upload.id, &chunk, now).await? {
        let size_bytes = i64::from(chunk.size_bytes);
        if !db::uploads::add_received(&mut tx, &upload.id, size_bytes, most_bytes, expires_at(now)).await? {
            return Err(match upload.size_bytes {
                Some(_) => Error::invalid("upload_length_invalid", "more bytes came than the upload has"),
                None => too_large(app.config.upload_max_bytes),
            });
        }
    }
    tx.commit().await
}

fn wrong_chunk() -> Error {
    let message = "the bytes are not those of this hash, or no chunk has so many";
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, "chunk_hash_mismatch", message)
}
