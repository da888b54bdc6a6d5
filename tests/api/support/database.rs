//! Which database does a test run on? SQLite in its folder, or a new database on the server of TEST_DATABASE_URL.

use sqlx::{Connection, Executor, PgConnection};

/// A database of one test; a PostgreSQL one is dropped with it.
pub struct TestDatabase {
    /// Empty: SQLite in the data folder.
    pub url: String,
    on_server: Option<(String, String)>,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
            return Self { url: String::new(), on_server: None };
        };
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        run(&server, &format!("create database {name}")).await;
        let (host, _) = server.rsplit_once('/').expect("a URL that ends in /database");
        Self { url: format!("{host}/{name}"), on_server: Some((server, name)) }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.on_server.take() else { return };
        // The test's runtime cannot be waited on from here: a thread with its own can.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(&server, &format!("drop database {name} with (force)")));
        });
        let _ = dropped.join();
    }
}

async fn run(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.expect("TEST_DATABASE_URL is reachable");
    connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.expect(statement);
    connection.close().await.expect("the connection closes");
}
