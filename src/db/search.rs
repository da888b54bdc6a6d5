//! What does the search index need to know of a document? One row over documents, versions, previews and folders.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::joined,
    error::Result,
    ids::{DocumentId, FolderId},
};

/// A document that can be found: it and all folders above it are out of the trash, and it belongs to no page.
#[derive(Debug, sqlx::FromRow)]
pub struct Searchable {
    pub id: DocumentId,
    pub kind: String,
    pub name: String,
    pub folder_id: FolderId,
    pub level: i64,
    pub scope_id: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub author: String,
    pub media_type: Option<String>,
    pub size_bytes: Option<i64>,
    pub text_key: Option<String>,
}

/// Lists what is to be indexed of documents; those are left out that are gone, in the trash, or pictures of a page.
pub async fn list(db: &AnyPool, ids: &[DocumentId]) -> Result<Vec<Searchable>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select d.id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.folder_id, d.level,
                d.scope_id, d.created_at, d.updated_at, u.display_name as author, v.media_type, v.size_bytes, p.text_key
         from wanted
         join documents d on d.id = wanted.id
         join users u on u.id = d.updated_by
         left join versions v on v.document_id = d.id and v.number = d.head
         left join previews p on p.content_id = coalesce(v.unlocked_id, v.content_id) and p.media_type = v.media_type
         where d.trashed_at is null and d.attached_to is null"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// A folder above another, or that one itself.
#[derive(Debug, sqlx::FromRow)]
pub struct Above {
    /// The folder that was asked for.
    pub start_id: FolderId,
    pub id: FolderId,
    pub trashed_at: Option<Millis>,
}

/// Lists folders with those above them, library first.
pub async fn list_above(db: &AnyPool, folders: &[FolderId]) -> Result<Vec<Above>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        ", above (start_id, id, parent_id, trashed_at, depth) as (
            select f.id, f.id, f.parent_id, f.trashed_at, 0 from wanted join folders f on f.id = wanted.id
            union all
            select above.start_id, f.id, f.parent_id, f.trashed_at, above.depth + 1
            from above join folders f on f.id = above.parent_id)
         select start_id, id, trashed_at from above order by start_id, depth desc"
    ))
    .bind(joined(folders.iter().map(FolderId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Lists the folders that are out of the trash by themselves: id, parent and name.
pub async fn list_folder_names(db: &AnyPool) -> Result<Vec<(FolderId, Option<FolderId>, String)>> {
    Ok(sqlx::query_as("select id, parent_id, name from folders where trashed_at is null").fetch_all(db).await?)
}

/// Counts the documents out of the trash.
pub async fn count(db: &AnyPool) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from documents where trashed_at is null and attached_to is null")
        .fetch_one(db)
        .await?)
}

/// Lists document ids after `after`, for building the index anew.
pub async fn list_ids(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(
        "select id from documents where id > $1 and trashed_at is null and attached_to is null order by id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}
