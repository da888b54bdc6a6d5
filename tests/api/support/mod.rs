//! What do all API tests stand on? A server of their own on a real port, and clients that are signed in.

mod client;
pub mod database;
pub mod library;

use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use wenshu::{
    actions::add_user::{AddUser, add_user},
    app::App,
    clock::Clock,
    config::Config,
    db, jobs, search, server,
};

#[allow(unused_imports, reason = "modules of other parts name it")]
pub use client::{Answer, Client};
use database::TestDatabase;

/// When every test begins: 2026-01-05 08:00 UTC.
pub const START: i64 = 1_767_600_000_000;
/// The password of every test user.
pub const PASSWORD: &str = "correct horse";

/// A running server with its own folder and database; everything is gone when it is dropped.
pub struct TestServer {
    pub app: App,
    pub address: SocketAddr,
    /// Moves only when a test moves it.
    pub clock: Clock,
    #[allow(dead_code, reason = "not every test looks into the folder")]
    pub folder: TempDir,
    serving: JoinHandle<()>,
    _database: TestDatabase,
}

impl TestServer {
    /// Starts a server with default settings.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose settings `change` has changed.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = TestDatabase::create().await;
        let mut config = Config {
            data: folder.path().join("data"),
            database: database.url.clone(),
            jobs: false,
            worker_program: Some(env!("CARGO_BIN_EXE_wenshu").into()),
            ..Config::default()
        };
        change(&mut config);
        let clock = Clock::fixed(START);
        let app = server::build_app(config, clock.clone()).await.expect("the server is built");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let serving = tokio::spawn({
            let app = app.clone();
            async move { server::serve(app, listener).await.expect("the server serves") }
        });
        Self { app, address, clock, folder, serving, _database: database }
    }

    /// A client of a new account `name`.
    pub async fn user(&self, name: &str) -> Client {
        self.user_with(AddUser { name: name.into(), ..AddUser::default() }).await
    }

    /// A client of a new administrator with the highest clearance.
    pub async fn admin(&self, name: &str) -> Client {
        self.user_with(AddUser { name: name.into(), is_admin: true, clearance: Some(3), ..AddUser::default() }).await
    }

    /// A client of a new account; its password is [`PASSWORD`].
    pub async fn user_with(&self, input: AddUser) -> Client {
        let user = add_user(&self.app, None, AddUser { password: PASSWORD.into(), ..input }).await.expect("a new name");
        let mut client = self.anonymous();
        client.id = user.id.to_string();
        client.name = user.name.clone();
        client.sign_in(&user.name, PASSWORD).await.assert_status(200);
        client
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// Runs every job that is due and brings the search index up to date; returns how many tries were made. A job that was
    /// given up fails the test.
    pub async fn run_jobs(&self) -> usize {
        let tries = jobs::runner::run_due(&self.app, &jobs::all()).await.expect("the job table can be read");
        let failed = db::jobs::list_failed(self.app.db.read()).await.expect("the job table can be read");
        assert!(failed.is_empty(), "jobs failed: {failed:?}");
        search::catch_up(&self.app).await.expect("the index follows");
        tries
    }

    /// Asks for a job now: tests' servers ask for none at their start.
    pub async fn ask_for(&self, job: &impl jobs::Job) {
        let now = self.clock.now();
        let mut tx = self.app.db.begin().await.expect("the database answers");
        jobs::enqueue(&mut tx, job, now, now).await.expect("the job table can be written");
        tx.commit().await.expect("the job table can be written");
    }

    /// Puts the database into a state that takes long to come to.
    pub async fn execute(&self, sql: &str) {
        let mut tx = self.app.db.begin().await.expect("the database answers");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.expect("a statement");
        tx.commit().await.expect("the statement is written");
    }

    /// Does what another node or program does: this process learns of it by the audit log alone.
    pub async fn do_elsewhere(&self, sql: &str, event: &'static str) {
        let mut tx = self.app.db.begin().await.expect("the database answers");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.expect("a statement");
        let event = db::audit::NewEvent {
            at: self.clock.now(),
            actor_id: None,
            action: event,
            document_id: None,
            folder_id: None,
            details: "{}".to_owned(),
        };
        db::audit::note(&mut tx, [event]);
        tx.commit().await.expect("the database answers");
    }

    /// How many jobs wait.
    pub async fn jobs_waiting(&self) -> i64 {
        let jobs = db::jobs::count(self.app.db.read()).await.expect("the job table can be read");
        jobs.into_iter().find(|(state, _)| state == "waiting").map_or(0, |(_, count)| count)
    }

    /// Stops the server in order and waits for it.
    pub async fn stop(&mut self) {
        self.app.shutdown.cancel();
        (&mut self.serving).await.expect("the server stopped by itself");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
        self.serving.abort();
    }
}
