//! Table `dav_locks`: what has somebody locked through WebDAV, and until when? Ended locks count as none.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Connection, Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// A lock as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Lock {
    pub token: String,
    pub user_id: UserId,
    /// Empty for a library.
    pub folder_id: String,
    pub name_key: String,
    pub node_id: String,
    pub path: String,
    pub exclusive: i64,
    pub deep: i64,
    /// XML.
    pub owner: String,
    pub timeout_ms: i64,
    pub created_at: Millis,
    pub expires_at: Millis,
}

/// Who keeps others from something.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Holder {
    pub user_id: UserId,
    pub user_name: String,
    pub expires_at: Millis,
}

/// What somebody keeps others from in a folder.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Held {
    pub folder_id: FolderId,
    /// `None`: all of it.
    pub name_key: Option<String>,
    #[sqlx(flatten)]
    pub holder: Holder,
}

/// Adds a lock.
pub async fn insert(tx: &mut Tx, lock: &Lock) -> Result<()> {
    sqlx::query(
        "insert into dav_locks (token, user_id, folder_id, name_key, node_id, path, exclusive, deep, owner, timeout_ms,
                                created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&lock.token)
    .bind(&lock.user_id)
    .bind(&lock.folder_id)
    .bind(&lock.name_key)
    .bind(&lock.node_id)
    .bind(&lock.path)
    .bind(lock.exclusive)
    .bind(lock.deep)
    .bind(&lock.owner)
    .bind(lock.timeout_ms)
    .bind(lock.created_at)
    .bind(lock.expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the locks on a node, on its name, and those on the folders `above` that reach down to it.
pub async fn list_on<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    now: Millis,
    node: &str,
    place: (&str, &str),
    above: &[FolderId],
) -> Result<Vec<Lock>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select token, user_id, folder_id, name_key, node_id, path, exclusive, deep, owner, timeout_ms, created_at,
                expires_at
         from dav_locks
         where expires_at > $2 and (node_id = $3 or (folder_id = $4 and name_key = $5)
                                    or (deep = 1 and node_id in (select id from wanted)))
         order by created_at, token"
    ))
    .bind(joined(above.iter().map(FolderId::as_str)))
    .bind(now)
    .bind(node)
    .bind(place.0)
    .bind(place.1)
    .fetch_all(db)
    .await?)
}

/// Lists the locks on names directly in `folder` (empty: on libraries).
pub async fn list_in(db: &AnyPool, now: Millis, folder: &str) -> Result<Vec<Lock>> {
    Ok(sqlx::query_as(
        "select token, user_id, folder_id, name_key, node_id, path, exclusive, deep, owner, timeout_ms, created_at,
                expires_at
         from dav_locks where expires_at > $1 and folder_id = $2 order by created_at, token",
    )
    .bind(now)
    .bind(folder)
    .fetch_all(db)
    .await?)
}

/// Lists the locks on what lies in `folder` and below it.
pub async fn list_below<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    now: Millis,
    folder: &FolderId,
) -> Result<Vec<Lock>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        below!(),
        " select token, user_id, folder_id, name_key, node_id, path, exclusive, deep, owner, timeout_ms, created_at,
                expires_at
         from dav_locks where expires_at > $2 and folder_id in (select id from below) order by created_at, token"
    ))
    .bind(folder)
    .bind(now)
    .fetch_all(db)
    .await?)
}

/// Counts the locks of somebody.
pub async fn count_of(tx: &mut Tx, user: &UserId) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from dav_locks where user_id = $1").bind(user).fetch_one(&mut **tx).await?)
}

/// Moves the end of a lock; `false` when there is no such lock any more.
pub async fn update_expiry(tx: &mut Tx, token: &str, timeout_ms: i64, now: Millis, expires_at: Millis) -> Result<bool> {
    let done =
        sqlx::query("update dav_locks set timeout_ms = $2, expires_at = $4 where token = $1 and expires_at > $3")
            .bind(token)
            .bind(timeout_ms)
            .bind(now)
            .bind(expires_at)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// What was locked is another node now: a name without anything became a document.
pub async fn update_node(tx: &mut Tx, old: &str, new: &str) -> Result<()> {
    sqlx::query("update dav_locks set node_id = $2 where node_id = $1").bind(old).bind(new).execute(&mut **tx).await?;
    Ok(())
}

/// Ends a lock.
pub async fn delete(tx: &mut Tx, token: &str) -> Result<()> {
    sqlx::query("delete from dav_locks where token = $1").bind(token).execute(&mut **tx).await?;
    Ok(())
}

/// Ends the locks on a node and on its name: it went to another place.
pub async fn delete_on(tx: &mut Tx, node: &str, place: (&str, &str)) -> Result<()> {
    sqlx::query("delete from dav_locks where node_id = $1 or (folder_id = $2 and name_key = $3)")
        .bind(node)
        .bind(place.0)
        .bind(place.1)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Ends the locks on everything in `folder` and below it.
pub async fn delete_below(tx: &mut Tx, folder: &FolderId) -> Result<()> {
    sqlx::query(concat!(
        "with recursive ",
        below!(),
        " delete from dav_locks where folder_id in (select id from below) or node_id = $1"
    ))
    .bind(folder)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes locks that ended.
pub async fn delete_ended(tx: &mut Tx, now: Millis) -> Result<()> {
    sqlx::query("delete from dav_locks where expires_at <= $1").bind(now).execute(&mut **tx).await?;
    Ok(())
}

/// Finds somebody else than `user` who has locked the document, or a folder above it with all below, for themselves.
pub async fn find_holder(tx: &mut Tx, document: &DocumentId, user: &UserId, now: Millis) -> Result<Option<Holder>> {
    Ok(sqlx::query_as(
        "with recursive line(id, next) as (
            select d.id, d.folder_id from documents d where d.id = $1
            union select f.id, f.parent_id from line join folders f on f.id = line.next)
         select l.user_id, u.display_name as user_name, l.expires_at
         from dav_locks l join users u on u.id = l.user_id
         where l.exclusive = 1 and l.user_id <> $2 and l.expires_at > $3
           and (l.node_id = $1 or (l.deep = 1 and l.node_id in (select id from line)))
         limit 1",
    )
    .bind(document)
    .bind(user)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Finds somebody else than `user` who has locked `folder` or something below it for themselves.
pub async fn find_holder_below(tx: &mut Tx, folder: &FolderId, user: &UserId, now: Millis) -> Result<Option<Holder>> {
    if !exists(tx, now).await? {
        return Ok(None);
    }
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        below!(),
        " select l.user_id, u.display_name as user_name, l.expires_at
         from dav_locks l join users u on u.id = l.user_id left join documents d on d.id = l.node_id
         where l.exclusive = 1 and l.user_id <> $2 and l.expires_at > $3
           and (l.node_id in (select id from below) or l.folder_id in (select id from below)
                or d.folder_id in (select id from below))
         limit 1"
    ))
    .bind(folder)
    .bind(user)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Whether anything at all is locked for somebody.
pub async fn exists(db: &mut Connection, now: Millis) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("select l.exclusive from dav_locks l where l.expires_at > $1 and l.exclusive = 1 limit 1")
            .bind(now)
            .fetch_optional(&mut *db)
            .await?;
    Ok(found.is_some())
}

/// Lists what is locked for somebody in `folders`: names in them, and all of those that are locked themselves, or with
/// everything below one that they lie in.
pub async fn list_held(db: &mut Connection, folders: &[FolderId], now: Millis) -> Result<Vec<Held>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        ", line(start_id, id, next) as (
            select f.id, f.id, f.parent_id from wanted join folders f on f.id = wanted.id
            union all select line.start_id, f.id, f.parent_id from line join folders f on f.id = line.next)
         select line.start_id as folder_id, cast(null as text) as name_key, l.user_id, u.display_name as user_name, l.expires_at
         from line join dav_locks l on l.node_id = line.id join users u on u.id = l.user_id
         where l.exclusive = 1 and l.expires_at > $2 and (l.deep = 1 or line.id = line.start_id)
         union all
         select l.folder_id, l.name_key, l.user_id, u.display_name as user_name, l.expires_at
         from wanted join dav_locks l on l.folder_id = wanted.id join users u on u.id = l.user_id
         where l.exclusive = 1 and l.expires_at > $2"
    ))
    .bind(joined(folders.iter().map(FolderId::as_str)))
    .bind(now)
    .fetch_all(&mut *db)
    .await?)
}

/// Lists who has locked one of `documents` for themselves.
pub async fn list_holders(db: &AnyPool, documents: &[DocumentId], now: Millis) -> Result<Vec<Holder>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select l.user_id, u.display_name as user_name, l.expires_at
         from wanted join dav_locks l on l.node_id = wanted.id join users u on u.id = l.user_id
         where l.exclusive = 1 and l.expires_at > $2"
    ))
    .bind(joined(documents.iter().map(DocumentId::as_str)))
    .bind(now)
    .fetch_all(db)
    .await?)
}
