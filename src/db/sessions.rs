//! Table `sessions`: which browsers are signed in?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Db, Tx, users::User},
    error::Result,
    ids::UserId,
};

/// A session with its account.
#[derive(sqlx::FromRow)]
pub struct Session {
    #[sqlx(flatten)]
    pub user: User,
    pub last_seen_at: Millis,
    pub expires_at: Millis,
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, token_hash: &str, user: &UserId, now: Millis, expires_at: Millis) -> Result<()> {
    sqlx::query(
        "insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at) values ($1, $2, $3, $3, $4)",
    )
    .bind(token_hash)
    .bind(user)
    .bind(now)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a session that was used after `used_after`, has not expired and belongs to an enabled account.
pub async fn find(db: &AnyPool, token_hash: &str, now: Millis, used_after: Millis) -> Result<Option<Session>> {
    Ok(sqlx::query_as(
        "select users.id, users.name, users.display_name, users.is_admin, users.clearance, users.created_at,
            users.disabled_at, sessions.last_seen_at, sessions.expires_at
         from sessions join users on users.id = sessions.user_id
         where sessions.token_hash = $1 and sessions.expires_at > $2 and sessions.last_seen_at > $3
            and users.disabled_at is null",
    )
    .bind(token_hash)
    .bind(now)
    .bind(used_after)
    .fetch_optional(db)
    .await?)
}

/// Remembers that the session was used.
pub async fn update_last_seen(db: &Db, token_hash: &str, now: Millis) -> Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query("update sessions set last_seen_at = $2 where token_hash = $1 and last_seen_at < $2")
        .bind(token_hash)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Ends a session.
pub async fn delete(tx: &mut Tx, token_hash: &str) -> Result<()> {
    sqlx::query("delete from sessions where token_hash = $1").bind(token_hash).execute(&mut **tx).await?;
    Ok(())
}

/// Ends all sessions of an account, except the one with the hash `except`.
pub async fn delete_of_user(tx: &mut Tx, user: &UserId, except: &str) -> Result<()> {
    sqlx::query("delete from sessions where user_id = $1 and token_hash <> $2")
        .bind(user)
        .bind(except)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes sessions that have ended by themselves.
pub async fn delete_expired(tx: &mut Tx, now: Millis, used_before: Millis) -> Result<()> {
    sqlx::query("delete from sessions where expires_at <= $1 or last_seen_at <= $2")
        .bind(now)
        .bind(used_before)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
