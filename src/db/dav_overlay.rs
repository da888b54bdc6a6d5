//! Table `dav_overlay`: what does one person see otherwise than everybody, for a while?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Connection, Tx, usage::Owner},
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// An entry as stored; the migration says what the kinds are.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    pub id: String,
    pub user_id: UserId,
    pub folder_id: FolderId,
    pub name: String,
    pub name_key: String,
    /// `junk`, `scratch`, `away` or `left`.
    pub kind: String,
    pub document_id: Option<DocumentId>,
    pub content_id: Option<String>,
    pub size_bytes: i64,
    /// Of the document that it was copied from.
    pub level: i64,
    pub sha256: String,
    pub media_type: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub expires_at: Millis,
}

impl Entry {
    /// Whether there are bytes to read.
    pub fn is_file(&self) -> bool {
        matches!(self.kind.as_str(), "junk" | "scratch")
    }
}

/// Puts an entry under its name, in place of one that was there.
pub async fn put(tx: &mut Tx, entry: &Entry) -> Result<()> {
    sqlx::query("delete from dav_overlay where user_id = $1 and folder_id = $2 and name_key = $3")
        .bind(&entry.user_id)
        .bind(&entry.folder_id)
        .bind(&entry.name_key)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "insert into dav_overlay (id, user_id, folder_id, name, name_key, kind, document_id, content_id, size_bytes, level,
                                  sha256, media_type, created_at, updated_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(&entry.id)
    .bind(&entry.user_id)
    .bind(&entry.folder_id)
    .bind(&entry.name)
    .bind(&entry.name_key)
    .bind(&entry.kind)
    .bind(&entry.document_id)
    .bind(&entry.content_id)
    .bind(entry.size_bytes)
    .bind(entry.level)
    .bind(&entry.sha256)
    .bind(&entry.media_type)
    .bind(entry.created_at)
    .bind(entry.updated_at)
    .bind(entry.expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds what `user` sees under a name in `folder`.
pub async fn find(
    db: &AnyPool,
    user: &UserId,
    folder: &FolderId,
    name_key: &str,
    now: Millis,
) -> Result<Option<Entry>> {
    Ok(sqlx::query_as(
        "select id, user_id, folder_id, name, name_key, kind, document_id, content_id, size_bytes, level, sha256, media_type,
                created_at, updated_at, expires_at
         from dav_overlay where user_id = $1 and folder_id = $2 and name_key = $3 and (expires_at > $4 or kind = 'scratch')",
    )
    .bind(user)
    .bind(folder)
    .bind(name_key)
    .bind(now)
    .fetch_optional(db)
    .await?)
}

/// Finds the name from which `document` is away for `user`.
pub async fn find_away(db: &AnyPool, user: &UserId, document: &DocumentId) -> Result<Option<Entry>> {
    Ok(sqlx::query_as(
        "select id, user_id, folder_id, name, name_key, kind, document_id, content_id, size_bytes, level, sha256, media_type,
                created_at, updated_at, expires_at
         from dav_overlay where user_id = $1 and document_id = $2 and kind = 'away' order by updated_at desc limit 1",
    )
    .bind(user)
    .bind(document)
    .fetch_optional(db)
    .await?)
}

/// Lists what `user` sees otherwise in `folder`.
pub async fn list_in(db: &AnyPool, user: &UserId, folder: &FolderId, now: Millis) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as(
        "select id, user_id, folder_id, name, name_key, kind, document_id, content_id, size_bytes, level, sha256, media_type,
                created_at, updated_at, expires_at
         from dav_overlay where user_id = $1 and folder_id = $2 and (expires_at > $3 or kind = 'scratch')
         order by name_key",
    )
    .bind(user)
    .bind(folder)
    .bind(now)
    .fetch_all(db)
    .await?)
}

/// Lists entries whose time is over, the oldest first.
pub async fn list_ended(db: &AnyPool, now: Millis, limit: i64) -> Result<Vec<Entry>> {
    Ok(sqlx::query_as(
        "select id, user_id, folder_id, name, name_key, kind, document_id, content_id, size_bytes, level, sha256, media_type,
                created_at, updated_at, expires_at
         from dav_overlay where expires_at <= $1
         order by case when kind = 'scratch' then 0 else 1 end, expires_at limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// When the next entry ends.
pub async fn next_expiry(tx: &mut Tx) -> Result<Option<Millis>> {
    Ok(sqlx::query_scalar("select min(expires_at) from dav_overlay").fetch_one(&mut **tx).await?)
}

/// Removes an entry with its properties; `false` when it is gone already.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    let done = sqlx::query("delete from dav_overlay where id = $1").bind(id).execute(&mut **tx).await?;
    super::dav_properties::delete_all(tx, id).await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an entry the place, name and end that `entry` says, where another one gives way.
pub async fn rename(tx: &mut Tx, entry: &Entry) -> Result<()> {
    sqlx::query("delete from dav_overlay where user_id = $1 and folder_id = $2 and name_key = $3 and id <> $4")
        .bind(&entry.user_id)
        .bind(&entry.folder_id)
        .bind(&entry.name_key)
        .bind(&entry.id)
        .execute(&mut **tx)
        .await?;
    sqlx::query("update dav_overlay set folder_id = $2, name = $3, name_key = $4, expires_at = $5 where id = $1")
        .bind(&entry.id)
        .bind(&entry.folder_id)
        .bind(&entry.name)
        .bind(&entry.name_key)
        .bind(entry.expires_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lets an entry end later.
pub async fn update_expiry(tx: &mut Tx, id: &str, expires_at: Millis) -> Result<()> {
    sqlx::query("update dav_overlay set expires_at = $2 where id = $1")
        .bind(id)
        .bind(expires_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// How many bytes `owner` has in such files, without the entry `except`. What seems to be a document has the bytes of that.
pub async fn size_of(db: &mut Connection, owner: Owner<'_>, except: Option<&str>) -> Result<i64> {
    let (statement, id) = match owner {
        Owner::User(id) => (
            "select cast(coalesce(sum(size_bytes), 0) as bigint) from dav_overlay
             where user_id = $1 and document_id is null and id <> $2",
            id.as_str(),
        ),
        Owner::Library(id) => (
            "with recursive kept(folder_id, size_bytes) as (
                select folder_id, cast(sum(size_bytes) as bigint) from dav_overlay
                where document_id is null and size_bytes > 0 and id <> $2 group by folder_id),
             line(start_id, id, parent_id) as (
                select f.id, f.id, f.parent_id from kept join folders f on f.id = kept.folder_id
                union all select line.start_id, f.id, f.parent_id from line join folders f on f.id = line.parent_id)
             select cast(coalesce(sum(kept.size_bytes), 0) as bigint)
             from line join kept on kept.folder_id = line.start_id where line.id = $1",
            id.as_str(),
        ),
    };
    Ok(sqlx::query_scalar(statement).bind(id).bind(except.unwrap_or_default()).fetch_one(db).await?)
}
