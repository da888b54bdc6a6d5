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

/// Appends an entry for each of `documents`. Like [`append`]: call it last.
pub async fn append_all(tx: &mut crate::db::Tx, documents: &[DocumentId], now: Millis) -> Result<()> {
    for documents in documents.chunks(crate::db::JOIN_MAX) {
        let last: i64 =
            sqlx::query_scalar("update counters set value = value + $1 where name = 'changes' returning value")
                .bind(documents.len() as i64)
                .fetch_one(&mut **tx)
                .await?;
        sqlx::query(concat!(
            "with recursive ",
            wanted!(),
            " insert into changes (seq, document_id, at) select $2 + wanted.n, wanted.id, $3 from wanted"
        ))
        .bind(crate::db::joined(documents.iter().map(DocumentId::as_str)))
        .bind(last - documents.len() as i64)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
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
