//! Table `earlier_searches`: what did somebody search for lately?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::Tx,
    error::Result,
    ids::{EarlierSearchId, UserId},
};

/// A search as its owner typed it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EarlierSearch {
    pub id: EarlierSearchId,
    pub q: String,
    pub used_at: Millis,
}

/// Remembers a search, or that it was made again.
pub async fn upsert(tx: &mut Tx, id: &EarlierSearchId, user: &UserId, q: &str, now: Millis) -> Result<()> {
    sqlx::query(
        "insert into earlier_searches (id, user_id, q, used_at) values ($1, $2, $3, $4)
         on conflict (user_id, q) do update set used_at = excluded.used_at",
    )
    .bind(id)
    .bind(user)
    .bind(q)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes all but the newest `keep` searches of an account.
pub async fn delete_old(tx: &mut Tx, user: &UserId, keep: i64) -> Result<()> {
    sqlx::query(
        "delete from earlier_searches where user_id = $1 and id not in (
            select id from earlier_searches where user_id = $1 order by used_at desc, id desc limit $2)",
    )
    .bind(user)
    .bind(keep)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the searches of an account, newest first.
pub async fn list(db: &AnyPool, user: &UserId) -> Result<Vec<EarlierSearch>> {
    Ok(sqlx::query_as("select id, q, used_at from earlier_searches where user_id = $1 order by used_at desc, id desc")
        .bind(user)
        .fetch_all(db)
        .await?)
}

/// Forgets one search of `user`; false when there is none.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &EarlierSearchId) -> Result<bool> {
    let deleted = sqlx::query("delete from earlier_searches where id = $1 and user_id = $2")
        .bind(id)
        .bind(user)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Forgets all searches of `user`.
pub async fn delete_all(tx: &mut Tx, user: &UserId) -> Result<()> {
    sqlx::query("delete from earlier_searches where user_id = $1").bind(user).execute(&mut **tx).await?;
    Ok(())
}
