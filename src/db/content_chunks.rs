//! Table `content_chunks`: which contents have a chunk, and so, who may build on it?

use std::sync::LazyLock;

use sqlx::AnyPool;
use storage::ChunkRef;

use crate::{
    auth::policy::Caller,
    db::{Tx, joined_chunks, rows::Statements},
    error::Result,
};

/// Rows of one statement: taking the sizes apart costs the square of their number.
const ROWS: usize = 1000;
/// Digits of a size in a list of sizes.
const SIZE_DIGITS: usize = 8;

/// Adds the chunks of a content.
pub async fn insert(tx: &mut Tx, content_id: &str, chunks: &[ChunkRef]) -> Result<()> {
    for some in chunks.chunks(ROWS) {
        let sizes: String = some.iter().map(|chunk| format!("{:0SIZE_DIGITS$}", chunk.size_bytes)).collect();
        sqlx::query(concat!(
            "with recursive ",
            asked!("$1"),
            " insert into content_chunks (chunk_id, content_id, size_bytes)
             select asked.id, $2, cast(substr($3, (asked.n - 1) * 8 + 1, 8) as bigint) from asked where asked.n > 0
             on conflict (chunk_id, content_id) do nothing"
        ))
        .bind(joined_chunks(some.iter().map(|chunk| &chunk.id)))
        .bind(content_id)
        .bind(sizes)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let before = "insert into content_chunks (chunk_id, content_id, size_bytes)";
    Statements::new(before, 3, "on conflict (chunk_id, content_id) do nothing")
});

/// Adds contents of one chunk each.
pub async fn insert_small(tx: &mut Tx, contents: &[(&str, ChunkRef)]) -> Result<()> {
    for (statement, contents) in INSERT.pieces(contents) {
        let mut query = sqlx::query(statement);
        for (content_id, chunk) in contents {
            query = query.bind(chunk.id.as_bytes().as_slice()).bind(*content_id).bind(i64::from(chunk.size_bytes));
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Whether the chunks of a content are listed.
pub async fn exists(tx: &mut Tx, content_id: &str) -> Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("select size_bytes from content_chunks where content_id = $1 limit 1")
        .bind(content_id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.is_some())
}

/// Which of `chunks` (counted from 1) belong to a version that the caller may read with at least `least_role`: with the
/// plain size of each. The contents that have any of them are found first, so that a chunk which thousands of versions
/// share costs little.
pub async fn list_readable(
    db: &AnyPool,
    caller: &Caller,
    least_role: i64,
    chunks: &[ChunkRef],
) -> Result<Vec<(i64, i64)>> {
    if chunks.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        ", ",
        reached!(),
        ", ",
        asked!("$3"),
        ", holding(content_id) as materialized (
            select distinct c.content_id from asked join content_chunks c on c.chunk_id = asked.id),
        readable(content_id) as materialized (
            select holding.content_id from holding where exists (
                select 1 from versions v join documents d on d.id = v.document_id
                where v.content_id = holding.content_id and d.trashed_at is null and d.level <= $4
                  and ($5 = 1 or d.scope_id in (select scope_id from reached))))
        select cast(asked.n as bigint), max(c.size_bytes)
        from asked join content_chunks c on c.chunk_id = asked.id join readable on readable.content_id = c.content_id
        group by asked.n"
    ))
    .bind(least_role)
    .bind(&caller.id)
    .bind(joined_chunks(chunks.iter().map(|chunk| &chunk.id)))
    .bind(caller.clearance)
    .bind(i64::from(caller.is_admin))
    .fetch_all(db)
    .await?)
}

/// Lists contents of files after `after` whose chunks are not listed.
pub async fn list_unlisted(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select distinct v.content_id from versions v join documents d on d.id = v.document_id
         where v.content_id > $1 and v.size_bytes > 0 and d.kind = 'file'
           and not exists (select 1 from content_chunks c where c.content_id = v.content_id)
         order by v.content_id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists contents whose chunks are listed although no version has them any more.
pub async fn list_unused(db: &AnyPool, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select distinct c.content_id from content_chunks c
         where not exists (select 1 from versions v where v.content_id = c.content_id) limit $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Forgets the chunks of a content, unless a version has it.
pub async fn delete_unused(tx: &mut Tx, content_id: &str) -> Result<()> {
    sqlx::query(
        "delete from content_chunks where content_id = $1
         and not exists (select 1 from versions v where v.content_id = $1)",
    )
    .bind(content_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The chunks of a content, when they are listed: known even where its list in the store is damaged.
pub async fn list_ids(db: &AnyPool, content_id: &str) -> Result<Vec<Vec<u8>>> {
    Ok(sqlx::query_scalar("select chunk_id from content_chunks where content_id = $1")
        .bind(content_id)
        .fetch_all(db)
        .await?)
}
