//! The job runner: retries, back-off, leases, panics, one at a time per key.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use wenshu::{
    app::App,
    db,
    jobs::{
        self, Job,
        runner::{self, JobSet},
    },
};

use crate::support::TestServer;

/// What the jobs of one test did; tests share the process, so each uses its own name.
#[derive(Clone, Default)]
struct Seen {
    begun: usize,
    finished: usize,
    running: usize,
    most_at_once: usize,
}

static SEEN: LazyLock<Mutex<HashMap<String, Seen>>> = LazyLock::new(Mutex::default);

fn seen<T>(name: &str, change: impl FnOnce(&mut Seen) -> T) -> T {
    change(SEEN.lock().unwrap().entry(name.to_owned()).or_default())
}

/// A job that does what the test says.
#[derive(Serialize, Deserialize)]
struct Probe {
    name: String,
    /// The first so many tries fail …
    failures: usize,
    /// … by a panic.
    panics: bool,
    takes_ms: u64,
}

impl Probe {
    fn new(name: &str) -> Self {
        Self { name: name.into(), failures: 0, panics: false, takes_ms: 0 }
    }
}

impl Job for Probe {
    const KIND: &'static str = "probe";
    const MAX_ATTEMPTS: i64 = 3;
    const PARALLEL: usize = 8;
    const LEASE_MS: i64 = 60_000;

    fn key(&self) -> String {
        self.name.clone()
    }

    async fn run(self, _app: &App) -> anyhow::Result<()> {
        let begun = seen(&self.name, |seen| {
            seen.begun += 1;
            seen.running += 1;
            seen.most_at_once = seen.most_at_once.max(seen.running);
            seen.begun
        });
        tokio::time::sleep(Duration::from_millis(self.takes_ms)).await;
        seen(&self.name, |seen| seen.running -= 1);
        if begun <= self.failures {
            assert!(!self.panics, "panic on purpose");
            anyhow::bail!("failure on purpose");
        }
        seen(&self.name, |seen| seen.finished += 1);
        Ok(())
    }
}

fn probes() -> JobSet {
    JobSet::default().with::<Probe>()
}

async fn enqueue(server: &TestServer, job: &Probe) {
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    jobs::enqueue(&mut tx, job, now, now).await.unwrap();
    tx.commit().await.unwrap();
    server.app.jobs.wake();
}

async fn run(server: &TestServer) -> usize {
    runner::run_due(&server.app, &probes()).await.unwrap()
}

async fn states(server: &TestServer) -> Vec<(String, i64)> {
    let mut states = db::jobs::count(server.app.db.read()).await.unwrap();
    states.sort();
    states
}

/// Waits, for two seconds at most, until `holds` does.
async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not happen in time");
}

#[tokio::test]
async fn waiting_jobs_of_one_key_run_once() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        enqueue(&server, &Probe::new("merged")).await;
    }
    assert_eq!(run(&server).await, 1);
    assert_eq!(run(&server).await, 0);
    assert!(states(&server).await.is_empty());
}

#[tokio::test]
async fn a_failed_job_is_tried_again_later_and_later() {
    let server = TestServer::start().await;
    enqueue(&server, &Probe { failures: 2, ..Probe::new("retried") }).await;
    assert_eq!(run(&server).await, 1);
    server.clock.advance(1999);
    assert_eq!(run(&server).await, 0, "the first wait is two seconds and up to a quarter more");
    server.clock.advance(501);
    assert_eq!(run(&server).await, 1);
    server.clock.advance(3999);
    assert_eq!(run(&server).await, 0, "the second wait is twice as long");
    server.clock.advance(1001);
    assert_eq!(run(&server).await, 1);
    assert_eq!(seen("retried", |seen| seen.finished), 1);
    assert!(states(&server).await.is_empty());
}

#[tokio::test]
async fn a_job_that_always_fails_is_given_up_and_stays_visible() {
    let server = TestServer::start().await;
    enqueue(&server, &Probe { failures: 99, ..Probe::new("hopeless") }).await;
    enqueue(&server, &Probe::new("healthy")).await;
    for _ in 0..5 {
        run(&server).await;
        server.clock.advance(60_000);
    }
    assert_eq!(seen("hopeless", |seen| seen.begun), 3);
    assert_eq!(seen("healthy", |seen| seen.finished), 1);
    assert_eq!(states(&server).await, [("failed".to_owned(), 1)]);
    let failed = db::jobs::list_failed(server.app.db.read()).await.unwrap();
    assert_eq!((&failed[0].key[..], failed[0].last_error.as_deref()), ("hopeless", Some("failure on purpose")));

    // What failed once can be asked for again.
    enqueue(&server, &Probe::new("hopeless")).await;
    run(&server).await;
    assert_eq!(seen("hopeless", |seen| seen.finished), 1);
}

#[tokio::test]
async fn a_panic_counts_as_a_failed_try() {
    let server = TestServer::start().await;
    enqueue(&server, &Probe { failures: 99, panics: true, ..Probe::new("panicking") }).await;
    for _ in 0..3 {
        run(&server).await;
        server.clock.advance(60_000);
    }
    let failed = db::jobs::list_failed(server.app.db.read()).await.unwrap();
    assert_eq!(failed[0].last_error.as_deref(), Some("panic: panic on purpose"));
}

#[tokio::test]
async fn a_job_whose_node_died_is_taken_over_and_the_dead_node_changes_nothing() {
    let server = TestServer::start().await;
    enqueue(&server, &Probe::new("orphaned")).await;
    let (db, now) = (&server.app.db, server.clock.now());
    let id = db::jobs::find_due(db.read(), "probe", now).await.unwrap().unwrap();
    let mut tx = db.begin().await.unwrap();
    let taken = db::jobs::take(&mut tx, &id, now, now + 1000).await.unwrap().unwrap();
    tx.commit().await.unwrap();

    // A twin that came meanwhile does not run beside it, also not when the lease is over.
    enqueue(&server, &Probe::new("orphaned")).await;
    assert_eq!(run(&server).await, 0);
    server.clock.advance(1001);
    let now = server.clock.now();
    let mut tx = db.begin().await.unwrap();
    let again = db::jobs::take(&mut tx, &id, now, now + 1000).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_eq!(again.attempts, 2);

    assert!(!db::jobs::extend(db, &taken, now + 9999).await.unwrap(), "the dead node's lease is gone");
    let mut tx = db.begin().await.unwrap();
    db::jobs::delete(&mut tx, &taken).await.unwrap();
    db::jobs::retry(&mut tx, &taken, now, "late").await.unwrap();
    db::jobs::fail(&mut tx, &taken, "late").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(states(&server).await, [("running".to_owned(), 1), ("waiting".to_owned(), 1)]);

    server.clock.advance(1001);
    assert_eq!(run(&server).await, 2, "the job itself and then its twin");
    assert!(states(&server).await.is_empty());
}

#[tokio::test]
async fn a_job_that_ends_the_process_each_time_is_given_up() {
    let server = TestServer::start().await;
    enqueue(&server, &Probe::new("deadly")).await;
    for _ in 0..3 {
        let (db, now) = (&server.app.db, server.clock.now());
        let id = db::jobs::find_due(db.read(), "probe", now).await.unwrap().unwrap();
        let mut tx = db.begin().await.unwrap();
        db::jobs::take(&mut tx, &id, now, now + 1000).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        server.clock.advance(1001);
    }
    run(&server).await;
    assert_eq!(seen("deadly", |seen| seen.begun), 0);
    assert_eq!(states(&server).await, [("failed".to_owned(), 1)]);
}

#[tokio::test]
async fn loops_on_many_nodes_run_each_job_once_and_one_per_key_at_a_time() {
    let server = TestServer::start().await;
    // As many runners as nodes; they share the database and nothing else that matters here.
    for _ in 0..4 {
        runner::start(&server.app, probes());
    }
    let names: Vec<String> = (0..12).map(|index| format!("shared {index}")).collect();
    for name in &names {
        enqueue(&server, &Probe { takes_ms: 20, ..Probe::new(name) }).await;
    }
    eventually(|| names.iter().all(|name| seen(name, |seen| seen.begun) >= 1)).await;
    for name in &names {
        enqueue(&server, &Probe { takes_ms: 20, ..Probe::new(name) }).await;
    }
    for _ in 0..400 {
        if states(&server).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(states(&server).await.is_empty());
    for name in &names {
        let seen = seen(name, |seen| seen.clone());
        assert_eq!((seen.begun, seen.most_at_once), (2, 1), "{name}");
    }
}

#[tokio::test]
async fn stopping_puts_running_jobs_back() {
    let mut server = TestServer::start().await;
    runner::start(&server.app, probes());
    enqueue(&server, &Probe { takes_ms: 60_000, ..Probe::new("interrupted") }).await;
    eventually(|| seen("interrupted", |seen| seen.begun) == 1).await;
    let (config, clock) = (server.app.config.clone(), server.clock.clone());
    server.stop().await;

    let db = db::Db::connect(&config.database_url()).await.unwrap();
    assert_eq!(db::jobs::count(db.read()).await.unwrap(), [("waiting".to_owned(), 1)]);
    let id = db::jobs::find_due(db.read(), "probe", clock.now()).await.unwrap().unwrap();
    let mut tx = db.begin().await.unwrap();
    let job = db::jobs::take(&mut tx, &id, clock.now(), clock.now() + 1).await.unwrap().unwrap();
    assert_eq!(job.attempts, 1, "the interrupted try does not count");
}

#[tokio::test]
async fn the_clean_up_job_asks_for_its_next_round() {
    let server = TestServer::start().await;
    let now = server.clock.now();
    let mut tx = server.app.db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &jobs::clean_up::CleanUp {}, now, now).await.unwrap();
    tx.commit().await.unwrap();
    let ada = server.user("ada").await;
    assert_eq!(server.run_jobs().await, 1);
    assert_eq!(server.run_jobs().await, 0);
    ada.get("/session").await.assert_status(200);
    server.clock.advance(60 * 60 * 1000);
    assert_eq!(server.run_jobs().await, 1);
}
