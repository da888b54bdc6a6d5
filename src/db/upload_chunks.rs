//! Table `upload_chunks`: which chunks came with an upload that is not finished?

use sqlx::AnyPool;
use storage::ChunkRef;

use crate::{
    clock::Millis,
    db::{Tx, joined_chunks},
    error::Result,
    ids::UploadId,
};

/// Notes a chunk that is durable; `false` when it came before.
pub async fn insert(tx: &mut Tx, upload: &UploadId, chunk: &ChunkRef, now: Millis) -> Result<bool> {
    let inserted = sqlx::query(
        "insert into upload_chunks (upload_id, chunk_id, size_bytes, received_at) values ($1, $2, $3, $4)
         on conflict (upload_id, chunk_id) do nothing",
    )
    .bind(upload)
    .bind(&chunk.id.as_bytes()[..])
    .bind(i64::from(chunk.size_bytes))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Which of `chunks` (counted from 1) came with the upload, with the plain size of each.
pub async fn list_received(db: &AnyPool, upload: &UploadId, chunks: &[ChunkRef]) -> Result<Vec<(i64, i64)>> {
    if chunks.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        asked!("$1"),
        " select cast(asked.n as bigint), u.size_bytes
         from asked join upload_chunks u on u.upload_id = $2 and u.chunk_id = asked.id"
    ))
    .bind(joined_chunks(chunks.iter().map(|chunk| &chunk.id)))
    .bind(upload)
    .fetch_all(db)
    .await?)
}

/// Forgets the chunks of an upload: a version has them now.
pub async fn delete(tx: &mut Tx, upload: &UploadId) -> Result<()> {
    sqlx::query("delete from upload_chunks where upload_id = $1").bind(upload).execute(&mut **tx).await?;
    Ok(())
}

/// Lists received chunks after one of `(upload, chunk)`: garbage is none of them.
pub async fn list_all(db: &AnyPool, after: &(String, Vec<u8>), limit: i64) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(sqlx::query_as(
        "select upload_id, chunk_id from upload_chunks where (upload_id, chunk_id) > ($1, $2)
         order by upload_id, chunk_id limit $3",
    )
    .bind(&after.0)
    .bind(&after.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}
