//! Table `tokens`: which programs may act for an account?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Db, Tx, users::User},
    error::Result,
    ids::{TokenId, UserId},
};

/// A token as its owner sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub created_at: Millis,
    pub expires_at: Option<Millis>,
    pub last_used_at: Option<Millis>,
}

/// Who a token stands for.
#[derive(sqlx::FromRow)]
pub struct TokenUser {
    #[sqlx(flatten)]
    pub user: User,
    pub token_id: TokenId,
    pub last_used_at: Option<Millis>,
}

/// Adds a token.
pub async fn insert(tx: &mut Tx, user: &UserId, token: &Token, token_hash: &str) -> Result<()> {
    sqlx::query(
        "insert into tokens (id, user_id, name, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&token.id)
    .bind(user)
    .bind(&token.name)
    .bind(token_hash)
    .bind(token.created_at)
    .bind(token.expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds whom a token stands for; a disabled account has no valid token.
pub async fn find_user(db: &AnyPool, token_hash: &str) -> Result<Option<(TokenUser, Option<Millis>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        of: TokenUser,
        expires_at: Option<Millis>,
    }
    let row: Option<Row> = sqlx::query_as(
        "select users.id, users.name, users.display_name, users.is_admin, users.clearance, users.created_at,
            users.disabled_at, tokens.id as token_id, tokens.last_used_at, tokens.expires_at
         from tokens join users on users.id = tokens.user_id
         where tokens.token_hash = $1 and users.disabled_at is null",
    )
    .bind(token_hash)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.of, row.expires_at)))
}

/// Finds whom a token that has not expired stands for, by the token's id, and when it expires.
pub async fn find_user_by_id(db: &AnyPool, id: &TokenId, now: Millis) -> Result<Option<(User, Option<Millis>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        user: User,
        expires_at: Option<Millis>,
    }
    let row: Option<Row> = sqlx::query_as(
        "select users.id, users.name, users.display_name, users.is_admin, users.clearance, users.created_at,
            users.disabled_at, tokens.expires_at
         from tokens join users on users.id = tokens.user_id
         where tokens.id = $1 and (tokens.expires_at is null or tokens.expires_at > $2) and users.disabled_at is null",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.user, row.expires_at)))
}

/// Lists the tokens of an account, oldest first.
pub async fn list(db: &AnyPool, user: &UserId) -> Result<Vec<Token>> {
    Ok(sqlx::query_as(
        "select id, name, created_at, expires_at, last_used_at from tokens where user_id = $1 order by id",
    )
    .bind(user)
    .fetch_all(db)
    .await?)
}

/// Remembers that a token was used.
pub async fn update_last_used(db: &Db, id: &TokenId, now: Millis) -> Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query("update tokens set last_used_at = $2 where id = $1").bind(id).bind(now).execute(&mut *tx).await?;
    tx.commit().await
}

/// Revokes a token of `user`; false when there is none.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &TokenId) -> Result<bool> {
    let deleted = sqlx::query("delete from tokens where id = $1 and user_id = $2")
        .bind(id)
        .bind(user)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    Ok(deleted > 0)
}
