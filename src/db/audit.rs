//! Table `audit`: who did what, when? Append-only; each row's hash covers the row before it.

use sha2::{Digest, Sha256};
use sqlx::AnyPool;

use crate::{
    clock::Millis,
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
pub struct NewEvent<'a> {
    pub at: Millis,
    pub actor_id: Option<&'a UserId>,
    pub action: &'a str,
    pub document_id: Option<&'a DocumentId>,
    pub folder_id: Option<&'a FolderId>,
    pub details: String,
}

/// Appends events to the chain. Holds the chain's row lock until the transaction ends: call it late.
pub async fn insert_all(tx: &mut crate::db::Tx, events: &[NewEvent<'_>]) -> Result<()> {
    let count = events.len() as i64;
    let (last, mut hash): (i64, String) =
        sqlx::query_as("update counters set value = value + $1 where name = 'audit' returning value, hash")
            .bind(count)
            .fetch_one(&mut **tx)
            .await?;
    for (seq, event) in (last - count + 1..).zip(events) {
        let row = AuditRow {
            seq,
            at: event.at,
            actor_id: event.actor_id.cloned(),
            action: event.action.to_owned(),
            document_id: event.document_id.cloned(),
            folder_id: event.folder_id.cloned(),
            details: event.details.clone(),
            hash: String::new(),
        };
        hash = chain(&hash, &row);
        insert(tx, AuditRow { hash: hash.clone(), ..row }).await?;
    }
    sqlx::query("update counters set hash = $1 where name = 'audit'").bind(&hash).execute(&mut **tx).await?;
    Ok(())
}

async fn insert(tx: &mut crate::db::Tx, row: AuditRow) -> Result<()> {
    sqlx::query(
        "insert into audit (seq, at, actor_id, action, document_id, folder_id, details, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.seq)
    .bind(row.at)
    .bind(row.actor_id)
    .bind(row.action)
    .bind(row.document_id)
    .bind(row.folder_id)
    .bind(row.details)
    .bind(row.hash)
    .execute(&mut **tx)
    .await?;
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
