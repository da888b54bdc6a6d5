//! What does the search index need to know of a document? One row over documents, versions, previews and folders.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
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

/// Finds what is to be indexed of a document; `None` when it is gone, in the trash, or a picture of a page.
pub async fn find(db: &AnyPool, id: &DocumentId) -> Result<Option<Searchable>> {
    Ok(sqlx::query_as(
        "select d.id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.folder_id, d.level, d.scope_id, d.created_at, d.updated_at,
                u.display_name as author, v.media_type, v.size_bytes, p.text_key
         from documents d
         join users u on u.id = d.updated_by
         left join versions v on v.document_id = d.id and v.number = d.head
         left join previews p on p.content_id = coalesce(v.unlocked_id, v.content_id) and p.media_type = v.media_type
         where d.id = $1 and d.trashed_at is null and d.attached_to is null",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Lists the folders above a document, library first: id, name, and when it went to the trash.
pub async fn list_above(db: &AnyPool, folder: &FolderId) -> Result<Vec<(FolderId, String, Option<Millis>)>> {
    Ok(sqlx::query_as(
        "with recursive above (id, parent_id, name, trashed_at, depth) as (
            select id, parent_id, name, trashed_at, 0 from folders where id = $1
            union all
            select f.id, f.parent_id, f.name, f.trashed_at, above.depth + 1
            from folders f join above on f.id = above.parent_id)
         select id, name, trashed_at from above order by depth desc",
    )
    .bind(folder)
    .fetch_all(db)
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
