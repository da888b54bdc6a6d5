//! Table `changes`: in which order did documents change? The search index and clients follow it.

use sqlx::AnyPool;

use crate::{clock::Millis, error::Result, ids::DocumentId};

/// One entry: something that is shown or searched of `document_id` changed.
#[derive(sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Change {
    pub seq: i64,
    pub document_id: DocumentId,
    pub at: Millis,
}

/// Appends an entry. Holds the counter's row lock until the transaction ends: call it last.
pub async fn append(tx: &mut crate::db::Tx, document: &DocumentId, now: Millis) -> Result<i64> {
    let seq: i64 = sqlx::query_scalar("update counters set value = value + 1 where name = 'changes' returning value")
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query("insert into changes (seq, document_id, at) values ($1, $2, $3)")
        .bind(seq)
        .bind(document)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(seq)
}

/// Lists entries after `after`, oldest first.
pub async fn list(db: &AnyPool, after: i64, limit: i64) -> Result<Vec<Change>> {
    Ok(sqlx::query_as("select seq, document_id, at from changes where seq > $1 order by seq limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// The newest sequence number.
pub async fn last(db: &AnyPool) -> Result<i64> {
    Ok(sqlx::query_scalar("select value from counters where name = 'changes'").fetch_one(db).await?)
}
