//! Table `holds`: what has to stay as it is? Few rows; what they mean for others is found by walking up from them.

use sqlx::{Any, Executor};

use crate::{
    clock::Millis,
    db::{Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// A hold as stored, with its maker's name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Hold {
    /// Folder or document.
    pub target_id: String,
    /// `folder` or `document`.
    pub kind: String,
    pub note: String,
    pub created_by: UserId,
    pub creator_name: String,
    pub created_at: Millis,
}

/// Adds a hold; `false` when there is one.
pub async fn insert(tx: &mut Tx, kind: &str, target: &str, note: &str, by: &UserId, now: Millis) -> Result<bool> {
    let inserted = sqlx::query(
        "insert into holds (target_id, kind, note, created_by, created_at) values ($1, $2, $3, $4, $5)
         on conflict (target_id) do nothing",
    )
    .bind(target)
    .bind(kind)
    .bind(note)
    .bind(by)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Lifts a hold; `false` when there is none.
pub async fn delete(tx: &mut Tx, target: &str) -> Result<bool> {
    let deleted = sqlx::query("delete from holds where target_id = $1").bind(target).execute(&mut **tx).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Lists the holds on a folder and on those above it, the nearest first.
pub async fn list_on_folder<'c>(db: impl Executor<'c, Database = Any>, folder: &FolderId) -> Result<Vec<Hold>> {
    Ok(sqlx::query_as(
        "with recursive line(id, parent_id, depth) as (
            select f.id, f.parent_id, 0 from folders f where f.id = $1
            union all select f.id, f.parent_id, line.depth + 1 from line join folders f on f.id = line.parent_id)
         select h.target_id, h.kind, h.note, h.created_by, u.display_name as creator_name, h.created_at
         from line join holds h on h.target_id = line.id join users u on u.id = h.created_by order by line.depth",
    )
    .bind(folder)
    .fetch_all(db)
    .await?)
}

/// Finds the hold on a folder or document itself.
pub async fn find<'c>(db: impl Executor<'c, Database = Any>, target: &str) -> Result<Option<Hold>> {
    Ok(sqlx::query_as(
        "select h.target_id, h.kind, h.note, h.created_by, u.display_name as creator_name, h.created_at
         from holds h join users u on u.id = h.created_by where h.target_id = $1",
    )
    .bind(target)
    .fetch_optional(db)
    .await?)
}

/// Whether a folder or anything in it is held, by a hold on itself or below.
pub async fn is_holding<'c>(db: impl Executor<'c, Database = Any>, folder: &FolderId) -> Result<bool> {
    let found: Option<FolderId> =
        sqlx::query_scalar(concat!("with recursive ", holding!(), " select id from holding where id = $1 limit 1"))
            .bind(folder)
            .fetch_optional(db)
            .await?;
    Ok(found.is_some())
}

/// Lists those of documents (at most [`crate::db::JOIN_MAX`]) that are held, by themselves or from above.
pub async fn list_held<'c>(db: impl Executor<'c, Database = Any>, ids: &[DocumentId]) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        wanted!(),
        ", ",
        holding!(),
        " select d.id from wanted join documents d on d.id = wanted.id
         where exists (select 1 from holds h where h.target_id = coalesce(d.attached_to, d.id))
            or d.folder_id in (select id from held_folders)"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}
