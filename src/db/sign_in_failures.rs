//! Table `sign_in_failures`: who has to wait before the next attempt?

use crate::{clock::Millis, db::Tx, error::Result};

/// Failures under one key.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct Failures {
    pub failures: i64,
    pub retry_at: Millis,
}

/// Counts one failure under `key` and returns the row as it was before; the row stays locked until the transaction ends.
pub async fn count_one(tx: &mut Tx, key: &str) -> Result<Failures> {
    let after: Failures = sqlx::query_as(
        "insert into sign_in_failures (key, failures, retry_at) values ($1, 1, 0)
         on conflict (key) do update set failures = sign_in_failures.failures + 1
         returning failures, retry_at",
    )
    .bind(key)
    .fetch_one(&mut **tx)
    .await?;
    Ok(Failures { failures: after.failures - 1, ..after })
}

/// Sets failures and the end of the wait.
pub async fn update(tx: &mut Tx, key: &str, row: Failures) -> Result<()> {
    sqlx::query("update sign_in_failures set failures = $2, retry_at = $3 where key = $1")
        .bind(key)
        .bind(row.failures)
        .bind(row.retry_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets the failures under `key`.
pub async fn delete(tx: &mut Tx, key: &str) -> Result<()> {
    sqlx::query("delete from sign_in_failures where key = $1").bind(key).execute(&mut **tx).await?;
    Ok(())
}

/// Takes one counted failure back, and the wait with it.
pub async fn uncount_one(tx: &mut Tx, key: &str) -> Result<()> {
    sqlx::query("update sign_in_failures set failures = failures - 1, retry_at = 0 where key = $1 and failures > 0")
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes rows whose wait ended before `before`: nobody tried since.
pub async fn delete_old(tx: &mut Tx, before: Millis) -> Result<()> {
    sqlx::query("delete from sign_in_failures where retry_at < $1").bind(before).execute(&mut **tx).await?;
    Ok(())
}
