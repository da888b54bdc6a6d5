//! Table `trash`: what was thrown away as one thing? Folders and documents in the trash point to the entry that they went with.

use sqlx::{Any, AnyPool, Executor};

use crate::{
    clock::Millis,
    db::{Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, TrashId, UserId},
};

/// An entry as stored. Its id is that of the folder or document that was thrown away.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    pub id: TrashId,
    /// `folder` or `document`.
    pub kind: String,
    pub trashed_by: Option<UserId>,
    pub trashed_at: Millis,
    pub document_count: i64,
    pub size_bytes: i64,
    /// Being deleted for good since.
    pub purging_at: Option<Millis>,
    pub purging_by: Option<UserId>,
    pub purged_count: i64,
}

/// An entry with what a list shows beside it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedEntry {
    #[sqlx(flatten)]
    pub entry: Entry,
    pub name: String,
    /// `folder`, `file`, `page` or `board`.
    pub target_kind: String,
    pub media_type: Option<String>,
    /// The folder that it was in; `None`: it is a library.
    pub place_id: Option<FolderId>,
    pub trasher_name: Option<String>,
    pub is_held: i64,
}

/// Who looks into the trash.
pub struct Looker<'a> {
    pub user: &'a UserId,
    pub sees_all: bool,
    pub least_role: i64,
    pub clearance: i64,
}

/// Adds an entry for what points to it already.
pub async fn insert(tx: &mut Tx, id: &TrashId, kind: &str, by: &UserId, now: Millis) -> Result<Entry> {
    Ok(sqlx::query_as(
        "insert into trash (id, kind, trashed_by, trashed_at, document_count, size_bytes)
         values ($1, $2, $3, $4,
            (select count(*) from documents d where d.trash_id = $1 and d.attached_to is null),
            (select cast(coalesce(sum(v.size_bytes + v.unlocked_bytes), 0) as bigint)
             from documents d join versions v on v.document_id = d.id where d.trash_id = $1))
         returning id, kind, trashed_by, trashed_at, document_count, size_bytes, purging_at, purging_by, purged_count",
    )
    .bind(id)
    .bind(kind)
    .bind(by)
    .bind(now)
    .fetch_one(&mut **tx)
    .await?)
}

/// Finds an entry.
pub async fn find<'c>(db: impl Executor<'c, Database = Any>, id: &TrashId) -> Result<Option<Entry>> {
    Ok(sqlx::query_as(
        "select id, kind, trashed_by, trashed_at, document_count, size_bytes, purging_at, purging_by, purged_count
         from trash where id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Lists the entries that somebody may take out, the last thrown away first, before `(trashed_at, id)`.
pub async fn list(db: &AnyPool, looker: &Looker<'_>, before: (Millis, &str), limit: i64) -> Result<Vec<ListedEntry>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        ", ",
        reached!(),
        ", ",
        holding!(),
        " select t.id, t.kind, t.trashed_by, t.trashed_at, t.document_count, t.size_bytes, t.purging_at, t.purging_by,
                t.purged_count, coalesce(f.name, d.name) as name,
                case when t.kind = 'folder' then 'folder' when d.editor = 'board' then 'board' else d.kind end as target_kind,
                v.media_type, coalesce(f.parent_id, d.folder_id) as place_id, u.display_name as trasher_name,
                cast(case when f.id in (select id from holding)
                          or exists (select 1 from holds h where h.target_id = d.id)
                          or coalesce(f.id, d.folder_id) in (select id from held_folders) then 1 else 0 end as bigint) as is_held
         from trash t
         left join folders f on t.kind = 'folder' and f.id = t.id
         left join documents d on t.kind = 'document' and d.id = t.id
         left join versions v on v.document_id = d.id and v.number = d.head
         left join users u on u.id = t.trashed_by
         where ($3 = 1 or coalesce(f.scope_id, d.scope_id) in (select scope_id from reached))
           and coalesce(d.level, 0) <= $4 and (t.trashed_at, t.id) < ($5, $6)
         order by t.trashed_at desc, t.id desc limit $7"
    ))
    .bind(looker.least_role)
    .bind(looker.user)
    .bind(i64::from(looker.sees_all))
    .bind(looker.clearance)
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists entries that were thrown away before `before` and are not being deleted yet, oldest first, after `(trashed_at, id)`.
pub async fn list_older(db: &AnyPool, before: Millis, after: (Millis, &str), limit: i64) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as(
        "select id, kind, trashed_by, trashed_at, document_count, size_bytes, purging_at, purging_by, purged_count
         from trash where purging_at is null and trashed_at < $1 and (trashed_at, id) > ($2, $3)
         order by trashed_at, id limit $4",
    )
    .bind(before)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the documents that went with an entry, without what is attached to them.
pub async fn list_documents(tx: &mut Tx, id: &TrashId) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar("select id from documents where trash_id = $1 and attached_to is null")
        .bind(id)
        .fetch_all(&mut **tx)
        .await?)
}

/// Takes everything out of the trash that went with an entry, and removes the entry.
pub async fn take_out(tx: &mut Tx, id: &TrashId) -> Result<()> {
    for statement in [
        "update documents set trashed_at = null, trash_id = null where trash_id = $1",
        "update folders set trashed_at = null, trash_id = null where trash_id = $1",
        "delete from trash where id = $1",
    ] {
        sqlx::query(statement).bind(id).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Counts one document less: it was taken out by itself.
pub async fn shrink(tx: &mut Tx, id: &TrashId, size_bytes: i64) -> Result<()> {
    sqlx::query("update trash set document_count = document_count - 1, size_bytes = size_bytes - $2 where id = $1")
        .bind(id)
        .bind(size_bytes)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// From now on an entry is being deleted for good; `false` when it is already, or gone.
pub async fn update_purging(tx: &mut Tx, id: &TrashId, by: Option<&UserId>, now: Millis) -> Result<bool> {
    let updated = sqlx::query("update trash set purging_at = $2, purging_by = $3 where id = $1 and purging_at is null")
        .bind(id)
        .bind(now)
        .bind(by)
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected() == 1)
}

/// An entry is not being deleted any more: something of it is held.
pub async fn stop_purging(tx: &mut Tx, id: &TrashId) -> Result<()> {
    sqlx::query("update trash set purging_at = null, purging_by = null where id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that more documents of an entry are gone.
pub async fn add_purged(tx: &mut Tx, id: &TrashId, documents: i64) -> Result<()> {
    sqlx::query("update trash set purged_count = purged_count + $2 where id = $1")
        .bind(id)
        .bind(documents)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes an entry.
pub async fn delete(tx: &mut Tx, id: &TrashId) -> Result<()> {
    sqlx::query("delete from trash where id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Removes the entries of documents that are gone.
pub async fn delete_of_documents(tx: &mut Tx, ids: &[DocumentId]) -> Result<()> {
    sqlx::query(concat!("with recursive ", wanted!(), " delete from trash where id in (select id from wanted)"))
        .bind(joined(ids.iter().map(DocumentId::as_str)))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether a folder, or one above it, is being deleted for good.
pub async fn is_purging(tx: &mut Tx, folder: &FolderId) -> Result<bool> {
    let found: Option<TrashId> = sqlx::query_scalar(
        "with recursive line(id, parent_id) as (
            select f.id, f.parent_id from folders f where f.id = $1
            union select f.id, f.parent_id from line join folders f on f.id = line.parent_id)
         select t.id from trash t join line on line.id = t.id where t.purging_at is not null limit 1",
    )
    .bind(folder)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}
