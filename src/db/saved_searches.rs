//! Table `saved_searches`: which searches did somebody give a name?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::Tx,
    error::Result,
    ids::{SavedSearchId, UserId},
};

/// A search with a name; `query` is JSON.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SavedSearch {
    pub id: SavedSearchId,
    pub name: String,
    pub query: String,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// Adds a search; false when its owner has one of this name.
pub async fn insert(tx: &mut Tx, user: &UserId, search: &SavedSearch, name_key: &str) -> Result<bool> {
    let inserted = sqlx::query(
        "insert into saved_searches (id, user_id, name, name_key, query, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind(&search.id)
    .bind(user)
    .bind(&search.name)
    .bind(name_key)
    .bind(&search.query)
    .bind(search.created_at)
    .bind(search.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Counts the searches of an account.
pub async fn count(tx: &mut Tx, user: &UserId) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from saved_searches where user_id = $1")
        .bind(user)
        .fetch_one(&mut **tx)
        .await?)
}

/// Lists the searches of an account by name.
pub async fn list(db: &AnyPool, user: &UserId) -> Result<Vec<SavedSearch>> {
    Ok(sqlx::query_as(
        "select id, name, query, created_at, updated_at from saved_searches where user_id = $1 order by name_key, id",
    )
    .bind(user)
    .fetch_all(db)
    .await?)
}

/// Finds a search of `user` as this transaction sees it.
pub async fn find(tx: &mut Tx, user: &UserId, id: &SavedSearchId) -> Result<Option<SavedSearch>> {
    Ok(sqlx::query_as(
        "select id, name, query, created_at, updated_at from saved_searches where id = $1 and user_id = $2",
    )
    .bind(id)
    .bind(user)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Changes name and query; false when another search of the account has the name.
pub async fn update(tx: &mut Tx, user: &UserId, search: &SavedSearch, name_key: &str) -> Result<bool> {
    let updated = sqlx::query(
        "update saved_searches set name = $3, name_key = $4, query = $5, updated_at = $6
         where id = $1 and user_id = $2 and not exists (
            select 1 from saved_searches other where other.user_id = $2 and other.name_key = $4 and other.id <> $1)",
    )
    .bind(&search.id)
    .bind(user)
    .bind(&search.name)
    .bind(name_key)
    .bind(&search.query)
    .bind(search.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() > 0)
}

/// Deletes a search of `user`; false when there is none.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &SavedSearchId) -> Result<bool> {
    let deleted = sqlx::query("delete from saved_searches where id = $1 and user_id = $2")
        .bind(id)
        .bind(user)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() > 0)
}
