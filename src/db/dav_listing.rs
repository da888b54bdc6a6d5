//! What lies in a folder, as a drive or an archive of it shows it? Names, sizes and contents in one statement.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// A document with its newest version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedDocument {
    pub id: DocumentId,
    pub folder_id: FolderId,
    /// `file`, `page` or `board`.
    pub kind: String,
    pub name: String,
    pub name_key: String,
    pub head: i64,
    pub level: i64,
    pub inherits: i64,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// Highest role granted to the person on the document itself.
    pub own_role: Option<i64>,
    pub content_id: Option<String>,
    pub size_bytes: Option<i64>,
    pub media_type: Option<String>,
    /// When the newest version was added.
    pub added_at: Option<Millis>,
}

/// A folder directly in another.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedFolder {
    pub id: FolderId,
    pub name: String,
    pub name_key: String,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// A folder somewhere below another, with what decides about rights.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FolderBelow {
    pub id: FolderId,
    pub parent_id: Option<FolderId>,
    pub name: String,
    pub name_key: String,
    pub inherits: i64,
    /// Highest role granted to the person on the folder itself.
    pub own_role: Option<i64>,
    pub updated_at: Millis,
}

/// Lists the folders in `parent` that `user` sees, who is known to see `parent`, by name.
pub async fn list_folders(db: &AnyPool, parent: &FolderId, user: &UserId, sees_all: bool) -> Result<Vec<ListedFolder>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        " select f.id, f.name, f.name_key, f.created_at, f.updated_at from folders f
         where f.parent_id = $1 and f.trashed_at is null
           and ($3 = 1 or f.inherits = 1 or ",
        own_role!("f.id"),
        " is not null) order by f.name_key, f.id"
    ))
    .bind(parent)
    .bind(user)
    .bind(i64::from(sees_all))
    .fetch_all(db)
    .await?)
}

/// Lists the documents in `folder` that are not in the trash and not above `clearance`, by name. Whether `user` may see
/// each is for the caller to decide.
pub async fn list_documents(
    db: &AnyPool,
    folder: &FolderId,
    user: &UserId,
    clearance: i64,
) -> Result<Vec<ListedDocument>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        " select d.id, d.folder_id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.name_key,
                d.head, d.level, d.inherits, d.created_at, d.updated_at, case when d.scope_id = d.id then ",
        own_role!("d.id"),
        " end as own_role,
                v.content_id, v.size_bytes, v.media_type, v.created_at as added_at
         from documents d left join versions v on v.document_id = d.id and v.number = d.head
         where d.folder_id = $1 and d.trashed_at is null and d.attached_to is null and d.level <= $3
         order by d.name_key, d.id"
    ))
    .bind(folder)
    .bind(user)
    .bind(clearance)
    .fetch_all(db)
    .await?)
}

/// Lists `top` and all folders below it that are not in the trash, each after the one that it lies in.
pub async fn list_folders_below(db: &AnyPool, top: &FolderId, user: &UserId, limit: i64) -> Result<Vec<FolderBelow>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        ", tree(id, parent_id, name, name_key, inherits, updated_at, depth) as (
            select f.id, f.parent_id, f.name, f.name_key, f.inherits, f.updated_at, 0 from folders f where f.id = $1
            union all
            select f.id, f.parent_id, f.name, f.name_key, f.inherits, f.updated_at, tree.depth + 1
            from tree join folders f on f.parent_id = tree.id where f.trashed_at is null)
         select id, parent_id, name, name_key, inherits, updated_at, ",
        own_role!("tree.id"),
        " as own_role from tree order by depth, name_key, id limit $3"
    ))
    .bind(top)
    .bind(user)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the documents in `top` and below it, like [`list_documents`], by folder and name.
pub async fn list_documents_below(
    db: &AnyPool,
    top: &FolderId,
    user: &UserId,
    clearance: i64,
    limit: i64,
) -> Result<Vec<ListedDocument>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        ", ",
        below!(),
        " select d.id, d.folder_id, case when d.editor = 'board' then 'board' else d.kind end as kind, d.name, d.name_key,
                d.head, d.level, d.inherits, d.created_at, d.updated_at, case when d.scope_id = d.id then ",
        own_role!("d.id"),
        " end as own_role,
                v.content_id, v.size_bytes, v.media_type, v.created_at as added_at
         from below join documents d on d.folder_id = below.id
         left join versions v on v.document_id = d.id and v.number = d.head
         where d.trashed_at is null and d.attached_to is null and d.level <= $3
         order by d.folder_id, d.name_key, d.id limit $4"
    ))
    .bind(top)
    .bind(user)
    .bind(clearance)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Finds the folder of that name in `parent`, which is not in the trash.
pub async fn find_folder(db: &AnyPool, parent: &FolderId, name_key: &str) -> Result<Option<FolderId>> {
    Ok(sqlx::query_scalar("select id from folders where parent_id = $1 and name_key = $2 and trashed_at is null")
        .bind(parent)
        .bind(name_key)
        .fetch_optional(db)
        .await?)
}
