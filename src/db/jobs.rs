//! Table `jobs`: which work is waiting? Rows are written in the transaction that makes the work necessary.

use sqlx::AnyPool;

use crate::{clock::Millis, db::Tx, error::Result, ids::JobId};

/// A job as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct JobRow {
    pub id: JobId,
    pub kind: String,
    pub key: String,
    pub payload: String,
    pub attempts: i64,
}

/// Adds a waiting job; when one of the same kind and key waits already, the earlier of both times holds.
pub async fn insert(tx: &mut Tx, kind: &str, key: &str, payload: &str, run_at: Millis, now: Millis) -> Result<()> {
    sqlx::query(
        "insert into jobs (id, kind, key, payload, state, run_at, created_at) values ($1, $2, $3, $4, 'waiting', $5, $6)
         on conflict (kind, key) where state = 'waiting' do update set
            payload = excluded.payload,
            run_at = case when jobs.run_at < excluded.run_at then jobs.run_at else excluded.run_at end",
    )
    .bind(JobId::new())
    .bind(kind)
    .bind(key)
    .bind(payload)
    .bind(run_at)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the next job of `kind` that is due, until `lease_until`.
/// A running job whose lease has passed counts as due: its node died.
pub async fn take(tx: &mut Tx, kind: &str, now: Millis, lease_until: Millis) -> Result<Option<JobRow>> {
    Ok(sqlx::query_as(
        "update jobs set state = 'running', attempts = attempts + 1, lease_until = $3
         where id = (
            select id from jobs
            where kind = $1 and ((state = 'waiting' and run_at <= $2) or (state = 'running' and lease_until < $2))
            order by run_at, id limit 1)
           and (state = 'waiting' or lease_until < $2)
         returning id, kind, key, payload, attempts",
    )
    .bind(kind)
    .bind(now)
    .bind(lease_until)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Removes a finished job.
pub async fn delete(tx: &mut Tx, id: &JobId) -> Result<()> {
    sqlx::query("delete from jobs where id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// Puts a job back for another try at `run_at`. When one of the same kind and key waits by now, this one is dropped.
pub async fn retry(tx: &mut Tx, job: &JobRow, run_at: Millis, error: &str) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set state = 'waiting', run_at = $2, lease_until = null, last_error = $3
         where id = $1 and not exists (select 1 from jobs other where other.kind = $4 and other.key = $5 and other.state = 'waiting')",
    )
    .bind(&job.id)
    .bind(run_at)
    .bind(error)
    .bind(&job.kind)
    .bind(&job.key)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if changed == 0 {
        delete(tx, &job.id).await?;
    }
    Ok(())
}

/// Gives up on a job; it stays visible with its last error.
pub async fn fail(tx: &mut Tx, id: &JobId, error: &str) -> Result<()> {
    sqlx::query("update jobs set state = 'failed', lease_until = null, last_error = $2 where id = $1")
        .bind(id)
        .bind(error)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Jobs by state: waiting, running, failed.
pub async fn count(db: &AnyPool) -> Result<Vec<(String, i64)>> {
    Ok(sqlx::query_as("select state, count(*) from jobs group by state").fetch_all(db).await?)
}
