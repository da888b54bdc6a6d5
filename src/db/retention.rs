//! Table `retention`: which versions does a library keep? One without a row keeps all.

use sqlx::{Any, AnyPool, Executor};

use crate::{
    clock::Millis,
    db::{Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// A rule as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RetentionRow {
    pub library_id: FolderId,
    pub keep_all_days: i64,
    pub daily_days: i64,
    pub max_versions: Option<i64>,
    pub updated_by: UserId,
    pub updated_at: Millis,
}

/// A version that is not the newest of its document.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OlderVersion {
    pub document_id: DocumentId,
    pub number: i64,
    pub created_at: Millis,
    pub author_id: UserId,
    /// When the next version came.
    pub until: Millis,
    pub content_id: String,
    pub unlocked_id: Option<String>,
    pub media_type: String,
    /// With what was unlocked of it.
    pub size_bytes: i64,
    pub note: String,
    /// Somebody annotated the document or answered there while this was its newest version, by their own clock or by the server's.
    pub is_annotated: i64,
}

/// Sets the rule of a library.
pub async fn put(tx: &mut Tx, row: &RetentionRow) -> Result<()> {
    let max_text = row.max_versions.map(|max| max.to_string()).unwrap_or_default();
    sqlx::query(
        "insert into retention (library_id, keep_all_days, daily_days, max_versions, updated_by, updated_at)
         values ($1, $2, $3, cast(nullif($4, '') as bigint), $5, $6)
         on conflict (library_id) do update set keep_all_days = excluded.keep_all_days, daily_days = excluded.daily_days,
            max_versions = excluded.max_versions, updated_by = excluded.updated_by, updated_at = excluded.updated_at",
    )
    .bind(&row.library_id)
    .bind(row.keep_all_days)
    .bind(row.daily_days)
    .bind(max_text)
    .bind(&row.updated_by)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the rule of a library: it keeps all versions; `false` when it had none.
pub async fn delete(tx: &mut Tx, library: &FolderId) -> Result<bool> {
    let deleted = sqlx::query("delete from retention where library_id = $1").bind(library).execute(&mut **tx).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Finds the rule of a library.
pub async fn find<'c>(db: impl Executor<'c, Database = Any>, library: &FolderId) -> Result<Option<RetentionRow>> {
    Ok(sqlx::query_as(
        "select library_id, keep_all_days, daily_days, max_versions, updated_by, updated_at
         from retention where library_id = $1",
    )
    .bind(library)
    .fetch_optional(db)
    .await?)
}

/// Lists all rules.
pub async fn list(db: &AnyPool) -> Result<Vec<RetentionRow>> {
    Ok(sqlx::query_as(
        "select library_id, keep_all_days, daily_days, max_versions, updated_by, updated_at
         from retention order by library_id",
    )
    .fetch_all(db)
    .await?)
}

/// Lists documents of a library with several versions that are neither in the trash nor held, by id after `after`.
pub async fn list_candidates(db: &AnyPool, library: &FolderId, after: &str, limit: i64) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        ", ",
        holding!(),
        " select d.id from documents d join below on below.id = d.folder_id
         where d.head > 1 and d.trashed_at is null and d.id > $2
           and not exists (select 1 from holds h where h.target_id = coalesce(d.attached_to, d.id))
           and d.folder_id not in (select id from held_folders)
         order by d.id limit $3"
    ))
    .bind(library)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the versions of documents (at most [`crate::db::JOIN_MAX`]) that are older than the newest, oldest first, by document.
pub async fn list_older<'c>(
    db: impl Executor<'c, Database = Any>,
    documents: &[DocumentId],
) -> Result<Vec<OlderVersion>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        ", aged(document_id, number, created_at, author_id, size_bytes, note, content_id, unlocked_id, media_type, until) as (
            select v.document_id, v.number, v.created_at, v.author_id, v.size_bytes + v.unlocked_bytes, v.note,
                   v.content_id, v.unlocked_id, v.media_type,
                   lead(v.created_at) over (partition by v.document_id order by v.number)
            from wanted join versions v on v.document_id = wanted.id)
         select a.document_id, a.number, a.created_at, a.until, a.author_id, a.size_bytes, a.note, a.content_id, a.unlocked_id,
                a.media_type,
                cast(case when exists (select 1 from annotations n where n.document_id = a.document_id
                            and (n.created_at >= a.created_at and n.created_at < a.until
                                 or n.seen_at >= a.created_at and n.seen_at < a.until))
                        or exists (select 1 from annotation_messages m where m.document_id = a.document_id
                            and (m.at >= a.created_at and m.at < a.until
                                 or m.seen_at >= a.created_at and m.seen_at < a.until))
                    then 1 else 0 end as bigint) as is_annotated
         from aged a join documents d on d.id = a.document_id
         where a.number <> d.head order by a.document_id, a.number"
    ))
    .bind(joined(documents.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}
