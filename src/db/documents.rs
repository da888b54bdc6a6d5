//! Table `documents`: which files, pages and boards are there, and which version is the newest?
//!
//! A board is stored as a page with another editor; everything above this file knows it as a kind of its own.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, TrashId, UserId},
    names::DocumentName,
};

/// A document as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Document {
    pub id: DocumentId,
    pub folder_id: FolderId,
    /// `file`, `page` or `board`.
    pub kind: String,
    pub name: String,
    pub name_key: String,
    /// Number of the newest version; 0 for a page of which none was saved yet.
    pub head: i64,
    pub level: i64,
    pub scope_id: String,
    pub inherits: i64,
    pub created_by: UserId,
    pub created_at: Millis,
    pub updated_by: UserId,
    pub updated_at: Millis,
    pub trashed_at: Option<Millis>,
    /// In the trash: what it went with.
    #[sqlx(default)]
    pub trash_id: Option<TrashId>,
    /// The page or board that it belongs to, whose place and rights it has.
    pub attached_to: Option<DocumentId>,
}

impl Document {
    /// Whether people edit it together in a room.
    pub fn is_live(&self) -> bool {
        is_live(&self.kind)
    }
}

/// Whether documents of `kind` are edited together in a room.
pub fn is_live(kind: &str) -> bool {
    kind != "file"
}

/// What a view shows of a document beside [`Document`]: its newest version, its preview and people's names.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Head {
    pub media_type: Option<String>,
    pub size_bytes: Option<i64>,
    pub creator_name: String,
    pub updater_name: String,
    pub preview_state: Option<String>,
    pub preview_code: Option<String>,
    pub preview_message: Option<String>,
    pub page_count: Option<i64>,
    pub recognise_total: Option<i64>,
    pub recognise_done: Option<i64>,
    /// Whether there is a hold on the document itself.
    pub is_held: i64,
}

/// A document with its [`Head`].
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DocumentAndHead {
    #[sqlx(flatten)]
    pub document: Document,
    #[sqlx(flatten)]
    pub head: Head,
}

/// Adds a document without versions.
pub async fn insert(tx: &mut Tx, document: &Document) -> Result<()> {
    sqlx::query(
        "insert into documents (id, folder_id, kind, name, name_key, head, level, scope_id, inherits,
                                created_by, created_at, updated_by, updated_at, attached_to, editor)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(&document.id)
    .bind(&document.folder_id)
    .bind(if document.is_live() { "page" } else { "file" })
    .bind(&document.name)
    .bind(&document.name_key)
    .bind(document.head)
    .bind(document.level)
    .bind(&document.scope_id)
    .bind(document.inherits)
    .bind(&document.created_by)
    .bind(document.created_at)
    .bind(&document.updated_by)
    .bind(document.updated_at)
    .bind(&document.attached_to)
    .bind(if document.kind == "board" { "board" } else { "text" })
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a document that is not in the trash.
pub async fn find(db: &AnyPool, id: &DocumentId) -> Result<Option<Document>> {
    Ok(find_any(db, id).await?.filter(|document| document.trashed_at.is_none()))
}

/// Finds a document, also in the trash.
pub async fn find_any<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    id: &DocumentId,
) -> Result<Option<Document>> {
    Ok(sqlx::query_as(
        "select id, folder_id, case when editor = 'board' then 'board' else kind end as kind, name, name_key, head, level,
                scope_id, inherits, created_by, created_at, updated_by, updated_at, trashed_at, trash_id,
                attached_to
         from documents where id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Lists documents by id, in the order asked for, also from the trash.
pub async fn list<'c>(db: impl sqlx::Executor<'c, Database = sqlx::Any>, ids: &[DocumentId]) -> Result<Vec<Document>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select d.id, d.folder_id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.name_key,
                d.head, d.level, d.scope_id, d.inherits, d.created_by, d.created_at, d.updated_by, d.updated_at,
                d.trashed_at, d.attached_to
         from wanted join documents d on d.id = wanted.id order by wanted.n"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Lists documents by id with what views show beside them, in the order asked for, also from the trash.
pub async fn list_with_heads(db: &AnyPool, ids: &[DocumentId]) -> Result<Vec<DocumentAndHead>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select d.id, d.folder_id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.name_key,
                d.head, d.level, d.scope_id, d.inherits, d.created_by, d.created_at, d.updated_by, d.updated_at,
                d.trashed_at, d.attached_to, v.media_type, v.size_bytes,
                creator.display_name as creator_name, updater.display_name as updater_name,
                p.state as preview_state, p.code as preview_code, p.message as preview_message, p.page_count,
                p.recognise_total, p.recognise_done,
                cast(case when exists (select 1 from holds h where h.target_id = coalesce(d.attached_to, d.id))
                          then 1 else 0 end as bigint) as is_held
         from wanted
         join documents d on d.id = wanted.id
         join users creator on creator.id = d.created_by
         join users updater on updater.id = d.updated_by
         left join versions v on v.document_id = d.id and v.number = d.head
         left join previews p on p.content_id = coalesce(v.unlocked_id, v.content_id) and p.media_type = v.media_type
         order by wanted.n"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Lists the documents in `folder` that `user` sees, who is known to see `folder`, by name after `(name_key, id)`.
#[allow(clippy::too_many_arguments)] // One statement with that many parameters.
pub async fn list_children(
    db: &AnyPool,
    folder: &FolderId,
    user: &UserId,
    sees_all: bool,
    clearance: i64,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(DocumentId, String)>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        " select d.id, d.name_key from documents d
         where d.folder_id = $1 and d.trashed_at is null and d.attached_to is null
           and (d.name_key, d.id) > ($5, $6) and d.level <= $4
           and ($3 = 1 or d.inherits = 1 or ",
        own_role!("d.id"),
        " is not null) order by d.name_key, d.id limit $7"
    ))
    .bind(folder)
    .bind(user)
    .bind(i64::from(sees_all))
    .bind(clearance)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Finds the document of that name in `folder`, which is not in the trash.
pub async fn find_by_name<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    folder: &FolderId,
    name_key: &str,
) -> Result<Option<DocumentId>> {
    Ok(sqlx::query_scalar(
        "select id from documents
         where folder_id = $1 and name_key = $2 and trashed_at is null and attached_to is null",
    )
    .bind(folder)
    .bind(name_key)
    .fetch_optional(db)
    .await?)
}

/// Lists the documents below `folder` and out of the trash that are called `name_key`, or that and an ending that files
/// often have; at most `limit`.
pub async fn list_named_below(
    db: &AnyPool,
    folder: &FolderId,
    name_key: &str,
    limit: i64,
) -> Result<Vec<(DocumentId, String)>> {
    Ok(sqlx::query_as(
        "with recursive found(document_id, folder_id, name_key) as (
            select d.id, d.folder_id, d.name_key from documents d
            where d.trashed_at is null and d.attached_to is null and d.name_key in (
                $2, $2 || '.pdf', $2 || '.ofd', $2 || '.doc', $2 || '.docx', $2 || '.wps', $2 || '.xls', $2 || '.xlsx',
                $2 || '.et', $2 || '.ppt', $2 || '.pptx', $2 || '.txt', $2 || '.jpg', $2 || '.jpeg', $2 || '.png',
                $2 || '.tif', $2 || '.tiff')),
         line(document_id, folder_id, name_key) as (
            select document_id, folder_id, name_key from found
            union select line.document_id, f.parent_id, line.name_key from line join folders f on f.id = line.folder_id
            where line.folder_id <> $1 and f.parent_id is not null)
         select document_id, name_key from line where folder_id = $1 order by document_id limit $3",
    )
    .bind(folder)
    .bind(name_key)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists those of `ids` (at most `JOIN_MAX`) that lie below `folder`.
pub async fn list_below(db: &AnyPool, folder: &FolderId, ids: &[DocumentId]) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(
        "with recursive wanted(n, id) as (
            select 1, substr($2, 1, 36)
            union all select n + 1, substr($2, n * 36 + 1, 36) from wanted where n * 36 < length($2)),
         line(document_id, folder_id) as (
            select d.id, d.folder_id from wanted join documents d on d.id = wanted.id
            union select line.document_id, f.parent_id from line join folders f on f.id = line.folder_id
            where line.folder_id <> $1 and f.parent_id is not null)
         select document_id from line where folder_id = $1",
    )
    .bind(folder)
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Makes `head + 1` the newest version; `false` when `head` is not the newest any more.
pub async fn update_head(tx: &mut Tx, id: &DocumentId, head: i64, by: &UserId, now: Millis) -> Result<bool> {
    let updated = sqlx::query(
        "update documents set head = head + 1, updated_by = $3, updated_at = $4
         where id = $1 and head = $2 and trashed_at is null",
    )
    .bind(id)
    .bind(head)
    .bind(by)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Renames a document.
pub async fn update_name(tx: &mut Tx, id: &DocumentId, name: &DocumentName, by: &UserId, now: Millis) -> Result<()> {
    sqlx::query("update documents set name = $2, name_key = $3, updated_by = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(name.as_str())
        .bind(name.key())
        .bind(by)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Puts a document into another folder under a name: at once, since in neither folder may be both.
pub async fn update_place(
    tx: &mut Tx,
    id: &DocumentId,
    folder: &FolderId,
    name: &DocumentName,
    by: &UserId,
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "update documents set folder_id = $2, name = $3, name_key = $4, updated_by = $5, updated_at = $6 where id = $1",
    )
    .bind(id)
    .bind(folder)
    .bind(name.as_str())
    .bind(name.key())
    .bind(by)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets who may know of a document at all.
pub async fn update_level(tx: &mut Tx, id: &DocumentId, level: i64, by: &UserId, now: Millis) -> Result<()> {
    sqlx::query("update documents set level = $2, updated_by = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(level)
        .bind(by)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lets grants from above reach the document, or stops them.
pub async fn update_inherits(tx: &mut Tx, id: &DocumentId, inherits: bool) -> Result<()> {
    sqlx::query("update documents set inherits = $2 where id = $1")
        .bind(id)
        .bind(i64::from(inherits))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Gives the document the scope it ought to have; `true` when that is another than before.
pub async fn update_scope(tx: &mut Tx, id: &DocumentId) -> Result<bool> {
    let scope: String = sqlx::query_scalar(
        "select case when d.inherits = 0 or exists (select 1 from grants g where g.scope_id = d.id)
                     then d.id else f.scope_id end
         from documents d join folders f on f.id = d.folder_id where d.id = $1",
    )
    .bind(id)
    .fetch_one(&mut **tx)
    .await?;
    let updated = sqlx::query("update documents set scope_id = $2 where id = $1 and scope_id <> $2")
        .bind(id)
        .bind(scope)
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected() == 1)
}

/// Moves a document into the trash, as an entry of its own.
pub async fn trash(tx: &mut Tx, id: &DocumentId, now: Millis) -> Result<()> {
    sqlx::query("update documents set trashed_at = $2, trash_id = id where id = $1")
        .bind(id)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a document out of the trash that did not go there by itself.
pub async fn untrash(tx: &mut Tx, id: &DocumentId) -> Result<()> {
    sqlx::query("update documents set trashed_at = null, trash_id = null where id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lets what is attached to `page` follow it: into its folder, under its rights and level, into the trash and out of it.
pub async fn update_attached(tx: &mut Tx, page: &DocumentId) -> Result<()> {
    sqlx::query(
        "update documents set folder_id = page.folder_id, scope_id = page.scope_id, inherits = page.inherits,
                level = page.level, trashed_at = page.trashed_at, trash_id = page.trash_id
         from documents page where page.id = $1 and documents.attached_to = page.id",
    )
    .bind(page)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists documents after `after` that are edited live, in the trash or not.
pub async fn list_live(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar("select id from documents where id > $1 and kind = 'page' order by id limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?)
}
