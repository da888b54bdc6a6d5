//! Table `users`: who may sign in?

use sqlx::AnyPool;

use crate::{clock::Millis, db::Tx, error::Result, ids::UserId};

/// An account as stored, without its password.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub display_name: String,
    pub is_admin: i64,
    pub clearance: i64,
    pub created_at: Millis,
    pub disabled_at: Option<Millis>,
}

/// An account that is to be added.
pub struct NewUser<'a> {
    pub id: &'a UserId,
    pub name: &'a str,
    pub name_key: &'a str,
    pub display_name: &'a str,
    pub password_hash: Option<&'a str>,
    pub is_admin: bool,
    pub clearance: i64,
    pub created_at: Millis,
}

/// What may change of an account.
pub struct Changes<'a> {
    pub display_name: Option<&'a str>,
    pub is_admin: Option<bool>,
    pub clearance: Option<i64>,
}

/// Adds an account; `None` when the name is taken.
pub async fn insert(tx: &mut Tx, user: &NewUser<'_>) -> Result<Option<User>> {
    Ok(sqlx::query_as(
        "insert into users (id, name, name_key, display_name, password_hash, is_admin, clearance, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (name_key) do nothing
         returning id, name, display_name, is_admin, clearance, created_at, disabled_at",
    )
    .bind(user.id)
    .bind(user.name)
    .bind(user.name_key)
    .bind(user.display_name)
    .bind(user.password_hash)
    .bind(i64::from(user.is_admin))
    .bind(user.clearance)
    .bind(user.created_at)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Finds an account by id.
pub async fn find(db: &AnyPool, id: &UserId) -> Result<Option<User>> {
    Ok(sqlx::query_as(
        "select id, name, display_name, is_admin, clearance, created_at, disabled_at from users where id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Finds an account by its normalised name, with its password hash.
pub async fn find_by_name(db: &AnyPool, name_key: &str) -> Result<Option<(User, Option<String>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        user: User,
        password_hash: Option<String>,
    }
    let row: Option<Row> = sqlx::query_as(
        "select id, name, display_name, is_admin, clearance, created_at, disabled_at, password_hash
         from users where name_key = $1",
    )
    .bind(name_key)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.user, row.password_hash)))
}

/// Lists all accounts by name.
pub async fn list(db: &AnyPool) -> Result<Vec<User>> {
    Ok(sqlx::query_as(
        "select id, name, display_name, is_admin, clearance, created_at, disabled_at from users order by name_key",
    )
    .fetch_all(db)
    .await?)
}

/// Counts the accounts.
pub async fn count(db: &AnyPool) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from users").fetch_one(db).await?)
}

/// Finds an account as this transaction sees it.
pub async fn find_in(tx: &mut Tx, id: &UserId) -> Result<Option<User>> {
    Ok(sqlx::query_as(
        "select id, name, display_name, is_admin, clearance, created_at, disabled_at from users where id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Counts the administrators that can sign in, as this transaction sees them.
pub async fn count_admins(tx: &mut Tx) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from users where is_admin = 1 and disabled_at is null")
        .fetch_one(&mut **tx)
        .await?)
}

/// Changes what is `Some`; `None` when there is no such account.
pub async fn update(tx: &mut Tx, id: &UserId, changes: &Changes<'_>) -> Result<Option<User>> {
    Ok(sqlx::query_as(
        "update users set display_name = coalesce($2, display_name), is_admin = coalesce($3, is_admin),
            clearance = coalesce($4, clearance)
         where id = $1
         returning id, name, display_name, is_admin, clearance, created_at, disabled_at",
    )
    .bind(id)
    .bind(changes.display_name)
    .bind(changes.is_admin.map(i64::from))
    .bind(changes.clearance)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Sets or, with `None`, clears when the account was disabled.
pub async fn update_disabled(tx: &mut Tx, id: &UserId, disabled_at: Option<Millis>) -> Result<()> {
    sqlx::query("update users set disabled_at = $2 where id = $1")
        .bind(id)
        .bind(disabled_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Replaces the password.
pub async fn update_password(tx: &mut Tx, id: &UserId, password_hash: &str) -> Result<()> {
    sqlx::query("update users set password_hash = $2 where id = $1")
        .bind(id)
        .bind(password_hash)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
