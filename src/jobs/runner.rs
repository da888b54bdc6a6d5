//! Who does the waiting work? One loop per kind of job takes what is due, keeps the lease alive, and retries failures.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::Semaphore;

use crate::{
    app::App,
    db::{self, jobs::JobRow},
    error::Result,
    http::surround::panic_text,
    jobs::Job,
};

/// How often a loop looks by itself: for jobs that became due or that another node added.
const POLL: Duration = Duration::from_secs(1);
/// From one look that found nothing to the next at least: each upload and each job that ends wakes the loops of all kinds.
const LOOKS_APART: Duration = Duration::from_millis(100);
/// Wait before the second try; each further one waits twice as long.
const FIRST_RETRY_MS: i64 = 2_000;
/// Longest wait between tries.
const LONGEST_RETRY_MS: i64 = 10 * 60 * 1000;

/// The kinds of jobs that this program can do.
#[derive(Clone, Default)]
pub struct JobSet(Vec<Kind>);

#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    parallel: usize,
    max_attempts: i64,
    lease_ms: i64,
    run: fn(App, String) -> BoxFuture<'static, anyhow::Result<()>>,
    gave_up: fn(App, String) -> BoxFuture<'static, anyhow::Result<()>>,
}

/// What came of one try.
enum Outcome {
    Done,
    Failed(String),
    /// The service stops; the try does not count.
    Interrupted,
}

impl JobSet {
    /// Adds a kind.
    pub fn with<J: Job>(mut self) -> Self {
        self.0.push(Kind {
            name: J::KIND,
            parallel: J::PARALLEL,
            max_attempts: J::MAX_ATTEMPTS,
            lease_ms: J::LEASE_MS,
            run: |app, payload| {
                Box::pin(async move {
                    let job: J = serde_json::from_str(&payload)?;
                    job.run(&app).await
                })
            },
            gave_up: |app, payload| {
                Box::pin(async move {
                    let job: J = serde_json::from_str(&payload)?;
                    job.gave_up(&app).await
                })
            },
        });
        self
    }
}

/// Starts the loops; they end with `app.shutdown`.
pub fn start(app: &App, set: JobSet) {
    for kind in set.0 {
        app.tasks.spawn(work(app.clone(), kind));
    }
}

/// Runs what is due now, one job at a time, until nothing is; returns how many tries were made. For tests.
pub async fn run_due(app: &App, set: &JobSet) -> Result<usize> {
    let mut tries = 0;
    loop {
        let before = tries;
        for kind in &set.0 {
            while let Some(job) = take(app, kind).await? {
                attempt(app, kind, job).await;
                tries += 1;
            }
        }
        if tries == before {
            return Ok(tries);
        }
    }
}

async fn work(app: App, kind: Kind) {
    let slots = Arc::new(Semaphore::new(kind.parallel));
    let mut wakes = app.jobs.listen();
    while !app.shutdown.is_cancelled() {
        let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let taken = take(&app, &kind).await.unwrap_or_else(|error| {
            tracing::error!(job.kind = kind.name, error = %error, "jobs cannot be taken");
            None
        });
        if let Some(job) = taken {
            let app_of_job = app.clone();
            app.tasks.spawn(async move {
                attempt(&app_of_job, &kind, job).await;
                drop(slot);
                // A twin of the same key may have waited for this one.
                app_of_job.jobs.wake();
            });
            continue;
        }
        drop(slot);
        let again = tokio::time::Instant::now() + LOOKS_APART;
        tokio::select! {
            _ = wakes.changed() => {}
            () = tokio::time::sleep(POLL) => {}
            () = app.shutdown.cancelled() => {}
        }
        tokio::select! {
            () = tokio::time::sleep_until(again) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// Takes the next due job. Another node may be quicker on the one that was seen; then the next is tried.
async fn take(app: &App, kind: &Kind) -> Result<Option<JobRow>> {
    loop {
        let now = app.clock.now();
        let Some(id) = db::jobs::find_due(app.db.read(), kind.name, now).await? else { return Ok(None) };
        let mut tx = app.db.begin().await?;
        let taken = db::jobs::take(&mut tx, &id, now, now + kind.lease_ms).await?;
        tx.commit().await?;
        if taken.is_some() {
            return Ok(taken);
        }
    }
}

async fn attempt(app: &App, kind: &Kind, job: JobRow) {
    let outcome = if job.attempts > kind.max_attempts {
        Outcome::Failed("the process ended during every try".into())
    } else {
        run(app, kind, &job).await
    };
    let label = match &outcome {
        Outcome::Done => "done",
        Outcome::Failed(_) => "failed",
        Outcome::Interrupted => "interrupted",
    };
    app.metrics.jobs_done.with_label_values(&[kind.name, label]).inc();
    let recorded = match record(app, kind, &job, &outcome).await {
        // A twin may have been added in the same moment; the second time it is seen.
        Err(_) => record(app, kind, &job, &outcome).await,
        ok => ok,
    };
    if let Err(error) = recorded {
        tracing::error!(job.id = %job.id, job.kind = kind.name, error = %error, "a job's outcome cannot be recorded");
    }
}

async fn run(app: &App, kind: &Kind, job: &JobRow) -> Outcome {
    let work = AssertUnwindSafe((kind.run)(app.clone(), job.payload.clone())).catch_unwind();
    let lease = keep_lease(app, kind, job);
    tokio::select! {
        done = work => match done {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(error)) => Outcome::Failed(format!("{error:#}")),
            Err(panic) => Outcome::Failed(format!("panic: {}", panic_text(&*panic))),
        },
        () = lease => Outcome::Failed("another node took the job over".into()),
        () = app.shutdown.cancelled() => Outcome::Interrupted,
    }
}

/// Extends the lease while the job runs; ends when another node has taken the job.
async fn keep_lease(app: &App, kind: &Kind, job: &JobRow) {
    let mut every = tokio::time::interval(Duration::from_millis(kind.lease_ms as u64 / 3));
    every.tick().await;
    loop {
        every.tick().await;
        match db::jobs::extend(&app.db, job, app.clock.now() + kind.lease_ms).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(job.id = %job.id, error = %error, "a lease cannot be extended"),
        }
    }
}

async fn record(app: &App, kind: &Kind, job: &JobRow, outcome: &Outcome) -> Result<()> {
    let now = app.clock.now();
    if matches!(outcome, Outcome::Failed(_)) && job.attempts >= kind.max_attempts {
        tell_failure(app, kind, job).await;
    }
    let mut tx = app.db.begin().await?;
    match outcome {
        Outcome::Done => db::jobs::delete(&mut tx, job).await?,
        Outcome::Interrupted => db::jobs::put_back(&mut tx, job, now).await?,
        Outcome::Failed(error) if job.attempts >= kind.max_attempts => {
            tracing::error!(job.id = %job.id, job.kind = kind.name, job.attempts, error, "a job failed for good");
            db::jobs::fail(&mut tx, job, error).await?;
        }
        Outcome::Failed(error) => {
            tracing::warn!(job.id = %job.id, job.kind = kind.name, job.attempts, error, "a job failed, it is tried again");
            db::jobs::retry(&mut tx, job, now + retry_in_ms(job.attempts), error).await?;
        }
    }
    tx.commit().await
}

/// Lets the job say that it will not be done. It has a transaction of its own, so this comes before the row's.
async fn tell_failure(app: &App, kind: &Kind, job: &JobRow) {
    if let Err(error) = (kind.gave_up)(app.clone(), job.payload.clone()).await {
        tracing::error!(job.id = %job.id, job.kind = kind.name, error = format!("{error:#}"), "a failure cannot be told");
    }
}

/// The wait after try number `attempts`: doubles, and up to a quarter more so that failures of one cause spread out.
fn retry_in_ms(attempts: i64) -> i64 {
    let wait = (FIRST_RETRY_MS << (attempts - 1).clamp(0, 20)).min(LONGEST_RETRY_MS);
    wait + rand::random_range(0..=wait / 4)
}
