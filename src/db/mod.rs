//! How is the database reached? SQLite (one file, one writer at a time) or PostgreSQL, with one SQL text for both.
//!
//! Reads take [`Db::read`], writes a [`Tx`] from [`Db::begin`]. All SQL text of the server lives in this folder.

pub mod audit;
pub mod changes;
pub mod jobs;
pub mod room_snapshots;
pub mod room_updates;
pub mod rooms;
pub mod sessions;
pub mod sign_in_failures;
pub mod tokens;
pub mod users;

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{Any, AnyConnection, AnyPool, any::AnyPoolOptions, migrate::Migrator};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Result;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Which engine runs the SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A pool of connections to the database.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    engine: Engine,
    /// SQLite has one writer: waiting here is fair and quick, waiting for its file lock is neither.
    writer: Option<Arc<Semaphore>>,
}

/// A write transaction; dropping it without [`Tx::commit`] takes everything back.
pub struct Tx {
    tx: sqlx::Transaction<'static, Any>,
    _writer: Option<OwnedSemaphorePermit>,
}

impl Db {
    /// Connects to `url` (`sqlite:///path/to/file` or `postgres://…`); an SQLite file is created when missing.
    pub async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("postgres") { Engine::Postgres } else { Engine::Sqlite };
        let options = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |connection, _| Box::pin(async move { prepare(connection, engine).await }));
        let url = match engine {
            Engine::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let pool = options.connect(&url).await?;
        let writer = (engine == Engine::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        Ok(Self { pool, engine, writer })
    }

    /// Brings the schema up to this program's version.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// What reads run on.
    pub fn read(&self) -> &AnyPool {
        &self.pool
    }

    /// The engine behind the pool.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a write transaction. On SQLite it waits for the one writer.
    pub async fn begin(&self) -> Result<Tx> {
        let permit = match &self.writer {
            Some(writer) => Some(writer.clone().acquire_owned().await.expect("the semaphore is never closed")),
            None => None,
        };
        let statement = match self.engine {
            Engine::Sqlite => "begin immediate",
            Engine::Postgres => "begin",
        };
        Ok(Tx { tx: self.pool.begin_with(statement).await?, _writer: permit })
    }

    /// Closes all connections; running statements finish first.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Tx {
    /// Makes everything durable that was written in this transaction.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.tx
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}

async fn prepare(connection: &mut AnyConnection, engine: Engine) -> sqlx::Result<()> {
    if engine == Engine::Sqlite {
        for pragma in [
            "pragma busy_timeout = 10000",
            "pragma journal_mode = wal",
            "pragma synchronous = full",
            "pragma foreign_keys = on",
        ] {
            sqlx::raw_sql(pragma).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
