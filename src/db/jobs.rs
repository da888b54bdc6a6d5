//! Table `jobs`: which work is waiting? Rows are written in the transaction that makes the work necessary.
//!
//! Of one (kind, key) at most one job waits and at most one runs. The number of the attempt fences: a process that lost
//! its lease has an old number and changes nothing any more.

use std::sync::LazyLock;

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Db, Tx, rows::Statements},
    error::Result,
    ids::JobId,
};

/// A job as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct JobRow {
    pub id: JobId,
    pub kind: String,
    pub key: String,
    pub payload: String,
    pub attempts: i64,
}

/// A job that was given up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FailedJob {
    pub kind: String,
    pub key: String,
    pub last_error: Option<String>,
}

/// A job that is not in the table yet.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: &'static str,
    pub key: String,
    pub payload: String,
    pub run_at: Millis,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let after = "on conflict (kind, key) where state = 'waiting' do update set
                    payload = excluded.payload,
                    run_at = case when jobs.run_at < excluded.run_at then jobs.run_at else excluded.run_at end";
    Statements::new("insert into jobs (id, kind, key, payload, state, run_at, created_at)", 7, after)
});

/// Adds waiting jobs; when one of the same kind and key waits already, the earlier of both times holds. `jobs` names each
/// kind and key once.
pub async fn insert_all(tx: &mut Tx, jobs: &[NewJob], now: Millis) -> Result<()> {
    for (statement, jobs) in INSERT.pieces(jobs) {
        let mut query = sqlx::query(statement);
        for job in jobs {
            query = query
                .bind(JobId::new())
                .bind(job.kind)
                .bind(&job.key)
                .bind(&job.payload)
                .bind("waiting")
                .bind(job.run_at)
                .bind(now);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Finds the next job of `kind` to take. A running job whose lease has passed is due: its node died. A waiting job is
/// not due while one of its key runs, even without a lease: that one is to be taken over first.
pub async fn find_due(db: &AnyPool, kind: &str, now: Millis) -> Result<Option<JobId>> {
    Ok(sqlx::query_scalar(
        "select id from jobs
         where kind = $1 and ((state = 'running' and lease_until < $2)
            or (state = 'waiting' and run_at <= $2 and not exists (
                select 1 from jobs twin where twin.kind = jobs.kind and twin.key = jobs.key and twin.state = 'running')))
         order by run_at, id limit 1",
    )
    .bind(kind)
    .bind(now)
    .fetch_optional(db)
    .await?)
}

/// Takes a due job until `lease_until`; `None` when somebody else took it since it was found.
/// The update looks at the row as it is after waiting for its lock, so of several nodes one succeeds.
pub async fn take(tx: &mut Tx, id: &JobId, now: Millis, lease_until: Millis) -> Result<Option<JobRow>> {
    Ok(sqlx::query_as(
        "update jobs set state = 'running', attempts = attempts + 1, lease_until = $3
         where id = $1 and ((state = 'running' and lease_until < $2)
            or (state = 'waiting' and run_at <= $2 and not exists (
                select 1 from jobs twin where twin.kind = jobs.kind and twin.key = jobs.key and twin.state = 'running')))
         returning id, kind, key, payload, attempts",
    )
    .bind(id)
    .bind(now)
    .bind(lease_until)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Moves the end of a running job's lease; false when the job is not this process's any more.
pub async fn extend(db: &Db, job: &JobRow, lease_until: Millis) -> Result<bool> {
    let mut tx = db.begin().await?;
    let changed = sqlx::query("update jobs set lease_until = $3 where id = $1 and attempts = $2 and state = 'running'")
        .bind(&job.id)
        .bind(job.attempts)
        .bind(lease_until)
        .execute(&mut *tx)
        .await?
        .rows_affected();
    tx.commit().await?;
    Ok(changed > 0)
}

/// Ends every lease. Only for the one process that works on this database: what runs was left behind by a killed one.
pub async fn end_leases(tx: &mut Tx) -> Result<()> {
    sqlx::query("update jobs set lease_until = 0 where state = 'running'").execute(&mut **tx).await?;
    Ok(())
}

/// Removes a finished job.
pub async fn delete(tx: &mut Tx, job: &JobRow) -> Result<()> {
    sqlx::query("delete from jobs where id = $1 and attempts = $2 and state = 'running'")
        .bind(&job.id)
        .bind(job.attempts)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Puts a job back for another try at `run_at`. When a twin waits by now, this one is dropped.
pub async fn retry(tx: &mut Tx, job: &JobRow, run_at: Millis, error: &str) -> Result<()> {
    wait_again(tx, job, job.attempts, run_at, Some(error)).await
}

/// Puts a job back that was interrupted: the try does not count.
pub async fn put_back(tx: &mut Tx, job: &JobRow, now: Millis) -> Result<()> {
    wait_again(tx, job, job.attempts - 1, now, None).await
}

async fn wait_again(tx: &mut Tx, job: &JobRow, attempts: i64, run_at: Millis, error: Option<&str>) -> Result<()> {
    let changed = sqlx::query(
        "update jobs set state = 'waiting', attempts = $3, run_at = $4, lease_until = null,
            last_error = coalesce($5, last_error)
         where id = $1 and attempts = $2 and state = 'running' and not exists (
            select 1 from jobs twin where twin.kind = jobs.kind and twin.key = jobs.key and twin.state = 'waiting')",
    )
    .bind(&job.id)
    .bind(job.attempts)
    .bind(attempts)
    .bind(run_at)
    .bind(error)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if changed == 0 {
        delete(tx, job).await?;
    }
    Ok(())
}

/// Gives up on a job; it stays visible with its last error.
pub async fn fail(tx: &mut Tx, job: &JobRow, error: &str) -> Result<()> {
    sqlx::query(
        "update jobs set state = 'failed', lease_until = null, last_error = $3
         where id = $1 and attempts = $2 and state = 'running'",
    )
    .bind(&job.id)
    .bind(job.attempts)
    .bind(error)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Jobs by state: waiting, running, failed.
pub async fn count(db: &AnyPool) -> Result<Vec<(String, i64)>> {
    Ok(sqlx::query_as("select state, count(*) from jobs group by state").fetch_all(db).await?)
}

/// The jobs that were given up, oldest first.
pub async fn list_failed(db: &AnyPool) -> Result<Vec<FailedJob>> {
    Ok(sqlx::query_as("select kind, key, last_error from jobs where state = 'failed' order by id")
        .fetch_all(db)
        .await?)
}
