//! Table `changes`: in which order did documents change? The search index and clients follow it.

use std::sync::LazyLock;

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, rows::Statements},
    error::Result,
    ids::DocumentId,
};

static INSERT: LazyLock<Statements> =
    LazyLock::new(|| Statements::new("insert into changes (seq, document_id, at)", 3, ""));

/// One entry: something that is shown or searched of `document_id` changed.
#[derive(sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Change {
    pub seq: i64,
    pub document_id: DocumentId,
    pub at: Millis,
}

/// Appends an entry, when the transaction ends: numbers hold a lock that everybody needs.
pub fn append(tx: &mut Tx, document: &DocumentId, now: Millis) {
    append_all(tx, std::slice::from_ref(document), now);
}

/// Appends an entry for each of `documents`, like [`append`].
pub fn append_all(tx: &mut Tx, documents: &[DocumentId], now: Millis) {
    let end = tx.end();
    end.changed.extend_from_slice(documents);
    end.changed_at = end.changed_at.max(now);
}

pub(super) async fn insert_all(tx: &mut Tx, documents: &[DocumentId], now: Millis) -> Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let last: i64 = sqlx::query_scalar("update counters set value = value + $1 where name = 'changes' returning value")
        .bind(documents.len() as i64)
        .fetch_one(&mut **tx)
        .await?;
    let mut seqs = last - documents.len() as i64 + 1..;
    for (statement, documents) in INSERT.pieces(documents) {
        let mut query = sqlx::query(statement);
        for (document, seq) in documents.iter().zip(&mut seqs) {
            query = query.bind(seq).bind(document).bind(now);
        }
        query.execute(&mut **tx).await?;
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
