//! Table `folders`: where does what lie? A tree; a folder without parent is a library.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{JOIN_MAX, Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
    names::FolderName,
};

/// A folder as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Folder {
    pub id: FolderId,
    pub parent_id: Option<FolderId>,
    pub name: String,
    pub name_key: String,
    pub scope_id: String,
    pub inherits: i64,
    pub created_by: UserId,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub trashed_at: Option<Millis>,
}

/// A folder on the way from the top of the tree down to `start_id`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Ancestor {
    pub start_id: FolderId,
    pub id: FolderId,
    pub name: String,
    pub inherits: i64,
    /// Highest role granted on this folder itself to the user asked for.
    pub own_role: Option<i64>,
    /// Whether there is a hold on this folder itself.
    pub is_held: i64,
}

/// Locks the shape of the tree, all scopes, and the accounts and groups that have rights in it, until the transaction ends:
/// call it first. Whoever adds to the tree, moves in it or changes who may see what does so alone.
pub async fn lock_tree(tx: &mut Tx) -> Result<()> {
    if !tx.open_mut().tree_is_locked {
        sqlx::query("update counters set value = value + 1 where name = 'tree'").execute(&mut **tx).await?;
        tx.open_mut().tree_is_locked = true;
    }
    Ok(())
}

/// Adds a folder.
pub async fn insert(tx: &mut Tx, folder: &Folder) -> Result<()> {
    sqlx::query(
        "insert into folders (id, parent_id, name, name_key, scope_id, inherits, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&folder.id)
    .bind(&folder.parent_id)
    .bind(&folder.name)
    .bind(&folder.name_key)
    .bind(&folder.scope_id)
    .bind(folder.inherits)
    .bind(&folder.created_by)
    .bind(folder.created_at)
    .bind(folder.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a folder that is not in the trash.
pub async fn find(db: &AnyPool, id: &FolderId) -> Result<Option<Folder>> {
    Ok(find_any(db, id).await?.filter(|folder| folder.trashed_at.is_none()))
}

/// Finds a folder, also in the trash.
pub async fn find_any<'c>(db: impl sqlx::Executor<'c, Database = sqlx::Any>, id: &FolderId) -> Result<Option<Folder>> {
    Ok(sqlx::query_as(
        "select id, parent_id, name, name_key, scope_id, inherits, created_by, created_at, updated_at, trashed_at
         from folders where id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Lists folders by id, in the order asked for.
pub async fn list(db: &AnyPool, ids: &[FolderId]) -> Result<Vec<Folder>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select f.id, f.parent_id, f.name, f.name_key, f.scope_id, f.inherits, f.created_by, f.created_at, f.updated_at,
                f.trashed_at
         from wanted join folders f on f.id = wanted.id order by wanted.n"
    ))
    .bind(joined(ids.iter().map(FolderId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Lists all libraries.
pub async fn list_libraries(db: &AnyPool) -> Result<Vec<FolderId>> {
    Ok(sqlx::query_scalar(
        "select id from folders where parent_id is null and trashed_at is null order by name_key, id",
    )
    .fetch_all(db)
    .await?)
}

/// Lists the folders in `parent` that `user` sees, who is known to see `parent`, by name after `(name_key, id)`.
pub async fn list_children(
    db: &AnyPool,
    parent: &FolderId,
    user: &UserId,
    sees_all: bool,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(FolderId, String)>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        mine!(),
        " select f.id, f.name_key from folders f
         where f.parent_id = $1 and f.trashed_at is null and (f.name_key, f.id) > ($4, $5)
           and ($3 = 1 or f.inherits = 1 or ",
        own_role!("f.id"),
        " is not null) order by f.name_key, f.id limit $6"
    ))
    .bind(parent)
    .bind(user)
    .bind(i64::from(sees_all))
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists, for each of `folders`, the way from its library down to itself, with what `user` was granted on each step.
pub async fn list_ancestors(db: &AnyPool, user: &UserId, folders: &[FolderId]) -> Result<Vec<Ancestor>> {
    let mut distinct: Vec<&str> = folders.iter().map(FolderId::as_str).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut all = Vec::new();
    for ids in distinct.chunks(JOIN_MAX) {
        let found: Vec<Ancestor> = sqlx::query_as(concat!(
            "with recursive ",
            wanted!(),
            ", ",
            mine!(),
            ", line(start_id, id, parent_id, name, inherits, depth) as (
                select f.id, f.id, f.parent_id, f.name, f.inherits, 0 from wanted join folders f on f.id = wanted.id
                union all
                select line.start_id, f.id, f.parent_id, f.name, f.inherits, line.depth + 1
                from line join folders f on f.id = line.parent_id)
             select line.start_id, line.id, line.name, line.inherits,
                    cast(case when exists (select 1 from holds h where h.target_id = line.id) then 1 else 0 end as bigint)
                        as is_held, ",
            own_role!("line.id"),
            " as own_role from line order by line.start_id, line.depth desc"
        ))
        .bind(joined(ids.iter().copied()))
        .bind(user)
        .fetch_all(db)
        .await?;
        all.extend(found);
    }
    Ok(all)
}

/// Whether `folder` is `top` or lies below it.
pub async fn is_within<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    folder: &FolderId,
    top: &FolderId,
) -> Result<bool> {
    let found: Option<FolderId> = sqlx::query_scalar(
        "with recursive line(id, parent_id) as (
            select f.id, f.parent_id from folders f where f.id = $1
            union select f.id, f.parent_id from line join folders f on f.id = line.parent_id)
         select id from line where id = $2",
    )
    .bind(folder)
    .bind(top)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Finds the folder of that name in `parent`, which is not in the trash.
pub async fn find_by_name(tx: &mut Tx, parent: &FolderId, name_key: &str) -> Result<Option<FolderId>> {
    Ok(sqlx::query_scalar("select id from folders where parent_id = $1 and name_key = $2 and trashed_at is null")
        .bind(parent)
        .bind(name_key)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Renames a folder.
pub async fn update_name(tx: &mut Tx, id: &FolderId, name: &FolderName, now: Millis) -> Result<()> {
    sqlx::query("update folders set name = $2, name_key = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(name.as_str())
        .bind(name.key())
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Hangs a folder below another under a name: at once, since in neither of them may be both.
pub async fn update_place(tx: &mut Tx, id: &FolderId, parent: &FolderId, name: &FolderName, now: Millis) -> Result<()> {
    sqlx::query("update folders set parent_id = $2, name = $3, name_key = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(parent)
        .bind(name.as_str())
        .bind(name.key())
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lets grants from above reach the folder, or stops them.
pub async fn update_inherits(tx: &mut Tx, id: &FolderId, inherits: bool, now: Millis) -> Result<()> {
    sqlx::query("update folders set inherits = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(i64::from(inherits))
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The scope that the folder ought to have: its own when grants or the end of inheritance make it one.
pub async fn due_scope(tx: &mut Tx, id: &FolderId) -> Result<String> {
    Ok(sqlx::query_scalar(
        "select case when f.parent_id is null or f.inherits = 0
                     or exists (select 1 from grants g where g.scope_id = f.id) then f.id else above.scope_id end
         from folders f left join folders above on above.id = f.parent_id where f.id = $1",
    )
    .bind(id)
    .fetch_one(&mut **tx)
    .await?)
}

/// Gives `id` and everything below it `scope`, except below folders and documents that are scopes themselves.
/// Returns the documents whose scope changed.
pub async fn update_scopes(tx: &mut Tx, id: &FolderId, scope: &str) -> Result<Vec<DocumentId>> {
    sqlx::query(concat!(
        "with recursive ",
        below_in_scope!(),
        " update folders set scope_id = $2 where id in (select id from below) and scope_id <> $2"
    ))
    .bind(id)
    .bind(scope)
    .execute(&mut **tx)
    .await?;
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        below_in_scope!(),
        " update documents set scope_id = $2
         where folder_id in (select id from below) and scope_id <> $2 and inherits = 1
           and not exists (select 1 from grants g where g.scope_id = coalesce(documents.attached_to, documents.id))
         returning id"
    ))
    .bind(id)
    .bind(scope)
    .fetch_all(&mut **tx)
    .await?)
}

/// Lists the documents in a folder and below it that are not in the trash, without what is attached to them.
pub async fn list_documents_below(tx: &mut Tx, id: &FolderId) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        " select d.id from documents d join below on d.folder_id = below.id
         where d.trashed_at is null and d.attached_to is null"
    ))
    .bind(id)
    .fetch_all(&mut **tx)
    .await?)
}

/// Moves a folder and everything below it to the trash, all at `now`. Returns the documents among that, without what is
/// attached to them.
pub async fn trash_below(tx: &mut Tx, id: &FolderId, now: Millis) -> Result<Vec<DocumentId>> {
    let documents: Vec<Option<DocumentId>> = sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        " update documents set trashed_at = $2, trash_id = $1
         where folder_id in (select id from below) and trashed_at is null
         returning case when attached_to is null then id end"
    ))
    .bind(id)
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query(concat!(
        "with recursive ",
        below!(),
        " update folders set trashed_at = $2, trash_id = $1 where id in (select id from below) and trashed_at is null"
    ))
    .bind(id)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(documents.into_iter().flatten().collect())
}
