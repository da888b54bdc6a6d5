//! Table `audit`: who did what, when? Append-only; each row's hash covers the row before it.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, rows::Statements},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// One event as stored.
#[derive(sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    pub seq: i64,
    pub at: Millis,
    pub actor_id: Option<UserId>,
    pub action: String,
    pub document_id: Option<DocumentId>,
    pub folder_id: Option<FolderId>,
    /// JSON object.
    pub details: String,
    /// Hex SHA-256 over the previous row's hash and this row.
    pub hash: String,
}

/// An event that has no place in the chain yet.
pub struct NewEvent {
    pub at: Millis,
    pub actor_id: Option<UserId>,
    pub action: &'static str,
    pub document_id: Option<DocumentId>,
    pub folder_id: Option<FolderId>,
    pub details: String,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let before = "insert into audit (seq, at, actor_id, action, document_id, folder_id, details, hash)";
    Statements::new(before, 8, "")
});

/// Appends `events` to the chain, when the transaction ends: numbers and hashes hold a lock that everybody needs.
pub fn note(tx: &mut Tx, events: impl IntoIterator<Item = NewEvent>) {
    tx.end().events.extend(events);
}

pub(super) async fn insert_all(tx: &mut Tx, events: Vec<NewEvent>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let count = events.len() as i64;
    let (last, mut hash): (i64, String) =
        sqlx::query_as("update counters set value = value + $1 where name = 'audit' returning value, hash")
            .bind(count)
            .fetch_one(&mut **tx)
            .await?;
    let mut rows = Vec::with_capacity(events.len());
    for (seq, event) in (last - count + 1..).zip(events) {
        let NewEvent { at, actor_id, action, document_id, folder_id, details } = event;
        let row = AuditRow {
            seq,
            at,
            actor_id,
            action: action.to_owned(),
            document_id,
            folder_id,
            details,
            hash: String::new(),
        };
        hash = chain(&hash, &row);
        rows.push(AuditRow { hash: hash.clone(), ..row });
    }
    for (statement, rows) in INSERT.pieces(&rows) {
        let mut query = sqlx::query(statement);
        for row in rows {
            query = query
                .bind(row.seq)
                .bind(row.at)
                .bind(&row.actor_id)
                .bind(&row.action)
                .bind(&row.document_id)
                .bind(&row.folder_id)
                .bind(&row.details)
                .bind(&row.hash);
        }
        query.execute(&mut **tx).await?;
    }
    sqlx::query("update counters set hash = $1 where name = 'audit'").bind(&hash).execute(&mut **tx).await?;
    Ok(())
}

/// Lists events after `after`, oldest first, of one document or of all.
pub async fn list(db: &AnyPool, after: i64, document: Option<&DocumentId>, limit: i64) -> Result<Vec<AuditRow>> {
    Ok(sqlx::query_as(
        "select seq, at, actor_id, action, document_id, folder_id, details, hash from audit
         where seq > $1 and ($2 is null or document_id = $2) order by seq limit $3",
    )
    .bind(after)
    .bind(document)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// The number and hash of the newest event: where the chain ends.
pub async fn head(db: &AnyPool) -> Result<(i64, String)> {
    Ok(sqlx::query_as("select value, hash from counters where name = 'audit'").fetch_one(db).await?)
}

/// The hash of `row` when the row before it has the hash `previous`. Fields are separated by their lengths.
pub fn chain(previous: &str, row: &AuditRow) -> String {
    let mut hash = Sha256::new();
    let optional = |id: Option<&str>| id.unwrap_or_default().to_owned();
    for part in [
        previous.to_owned(),
        row.seq.to_string(),
        row.at.to_string(),
        optional(row.actor_id.as_ref().map(UserId::as_str)),
        row.action.clone(),
        optional(row.document_id.as_ref().map(DocumentId::as_str)),
        optional(row.folder_id.as_ref().map(FolderId::as_str)),
        row.details.clone(),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
