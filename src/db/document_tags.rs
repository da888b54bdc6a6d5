//! Table `document_tags`: which tags do documents have?

use sqlx::{Any, Executor};

use crate::{
    db::{JOIN_MAX, Tx, joined},
    error::Result,
    ids::DocumentId,
};

/// A tag as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TagRow {
    pub document_id: DocumentId,
    pub tag_key: String,
    pub tag: String,
    pub position: i64,
}

/// Lists the tags of documents (at most [`JOIN_MAX`]), by document in the order asked for.
pub async fn list<'c>(db: impl Executor<'c, Database = Any>, documents: &[DocumentId]) -> Result<Vec<TagRow>> {
    debug_assert!(documents.len() <= JOIN_MAX);
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select t.document_id, t.tag_key, t.tag, t.position from wanted join document_tags t on t.document_id = wanted.id
         order by wanted.n, t.position, t.tag_key"
    ))
    .bind(joined(documents.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Adds a tag, or puts it where and writes it as said.
pub async fn upsert(tx: &mut Tx, row: &TagRow) -> Result<()> {
    sqlx::query(
        "insert into document_tags (document_id, tag_key, tag, position) values ($1, $2, $3, $4)
         on conflict (document_id, tag_key) do update set tag = excluded.tag, position = excluded.position",
    )
    .bind(&row.document_id)
    .bind(&row.tag_key)
    .bind(&row.tag)
    .bind(row.position)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a tag away.
pub async fn delete(tx: &mut Tx, document: &DocumentId, tag_key: &str) -> Result<()> {
    sqlx::query("delete from document_tags where document_id = $1 and tag_key = $2")
        .bind(document)
        .bind(tag_key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
