//! How is the database reached? SQLite (one file, one writer at a time) or PostgreSQL, with one SQL text for both.
//!
//! Reads take [`Db::read`], or [`Db::look`] for a row or two; writes take a [`Tx`] from [`Db::begin`]. All SQL text of the server lives in this folder.

/// SQL: the recursive table `wanted(n, id)`, which takes `$1` apart again (see [`joined`]).
macro_rules! wanted {
    () => {
        "wanted(n, id) as (
            select 1, substr($1, 1, 36)
            union all select n + 1, substr($1, n * 36 + 1, 36) from wanted where n * 36 < length($1))"
    };
}

/// SQL: the recursive table `asked(n, id)`, which takes a list of chunk ids apart again (see [`joined_chunks`]). Both engines
/// slice bytes without looking at those before, so the length of the list does not matter.
macro_rules! asked {
    ($list:literal) => {
        concat!(
            "asked(n, id) as (
            select 1, substr(",
            $list,
            ", 1, 32)
            union all select n + 1, substr(",
            $list,
            ", n * 32 + 1, 32) from asked where n * 32 < length(",
            $list,
            "))"
        )
    };
}

/// SQL: the recursive table `mine(id)`, the groups that the user (`$2` unless said otherwise) is in and all groups above.
macro_rules! mine {
    () => {
        mine!("$2")
    };
    ($user:literal) => {
        concat!(
            "mine(id) as (
            select member.group_id from group_members member where member.user_id = ",
            $user,
            " union select above.parent_id from groups above join mine on above.id = mine.id
            where above.parent_id is not null)"
        )
    };
}

/// SQL: the highest role that user `$2` was granted on the scope named by the expression; needs [`mine`].
macro_rules! own_role {
    ($scope:literal) => {
        concat!(
            "(select max(given.role) from grants given where given.scope_id = ",
            $scope,
            " and ((given.subject_kind = 'user' and given.subject_id = $2)
                or (given.subject_kind = 'group' and given.subject_id in (select id from mine))))"
        )
    };
}

/// SQL: the recursive table `reached(scope_id)`, the scopes on which user `$2` has at least role `$1`; needs [`mine`].
/// It walks the scopes alone, of which there are far fewer than folders.
macro_rules! reached {
    () => {
        "edges(child, parent) as materialized (
            select f.id, above.scope_id from folders f join folders above on above.id = f.parent_id
            where f.scope_id = f.id and f.inherits = 1
            union all select d.id, f.scope_id from documents d join folders f on f.id = d.folder_id
            where d.scope_id = d.id and d.inherits = 1),
        roles(scope_id, role) as (
            select given.scope_id, given.role from grants given
            where (given.subject_kind = 'user' and given.subject_id = $2)
               or (given.subject_kind = 'group' and given.subject_id in (select id from mine))
            union select edges.child, roles.role from roles join edges on edges.parent = roles.scope_id),
        reached(scope_id) as (select scope_id from roles group by scope_id having max(role) >= $1)"
    };
}

/// SQL: the recursive table `below(id)`, folder `$1` and all folders below it.
macro_rules! below {
    () => {
        "below(id) as (
            select f.id from folders f where f.id = $1
            union select f.id from below join folders f on f.parent_id = below.id)"
    };
}

/// SQL: like [`below`], but without folders that are scopes of their own, and what is below those.
macro_rules! below_in_scope {
    () => {
        "below(id) as (
            select f.id from folders f where f.id = $1
            union select f.id from below join folders f on f.parent_id = below.id
            where f.inherits = 1 and not exists (select 1 from grants g where g.scope_id = f.id))"
    };
}

/// SQL: the recursive tables `holding(id)`, folders that are held or have something in them that is, and `held_folders(id)`,
/// folders that are held by themselves or from above. Holds are few.
macro_rules! holding {
    () => {
        "holding(id) as (
            select coalesce(f.id, d.folder_id) from holds h
            left join folders f on h.kind = 'folder' and f.id = h.target_id
            left join documents d on h.kind = 'document' and d.id = h.target_id
            where coalesce(f.id, d.folder_id) is not null
            union select f.parent_id from holding join folders f on f.id = holding.id where f.parent_id is not null),
        held_folders(id) as (
            select h.target_id from holds h where h.kind = 'folder'
            union select f.id from held_folders join folders f on f.parent_id = held_folders.id)"
    };
}

/// SQL: the table `sole(id)`, contents that only documents in [`wanted`] have.
macro_rules! only {
    () => {
        ", sole(id) as (
            select v.content_id from wanted join versions v on v.document_id = wanted.id
            where not exists (select 1 from versions other where other.content_id = v.content_id
                and other.document_id not in (select id from wanted)))"
    };
}

/// SQL: the table `named(room)`, all rooms of the documents in [`wanted`].
macro_rules! rooms {
    () => {
        ", named(room) as (select id from wanted union all select id || '.notes' from wanted)"
    };
}

pub mod annotations;
pub mod audit;
pub mod changes;
pub mod content_chunks;
pub mod dav_listing;
pub mod dav_locks;
pub mod dav_overlay;
pub mod dav_properties;
pub mod document_properties;
pub mod document_tags;
pub mod documents;
pub mod earlier_searches;
pub mod folders;
pub mod garbage;
pub mod grants;
pub mod groups;
pub mod holds;
pub mod jobs;
pub mod journal;
mod local;
pub mod notices;
pub mod previews;
pub mod properties;
pub mod purge;
pub mod retention;
pub mod room_snapshots;
pub mod room_updates;
pub mod rooms;
mod rows;
pub mod saved_searches;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod sign_in_failures;
pub mod sqlite;
pub mod tokens;
pub mod trash;
pub mod upload_chunks;
pub mod uploads;
pub mod usage;
pub mod users;
pub mod versions;

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::{AnyConnection, AnyPool, any::AnyPoolOptions, migrate::Migrator};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::local::Connection;
use self::local::{Local, Thread};
use crate::{clock::Millis, error::Result, ids::DocumentId};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// As many looks are done at once.
const LOOKS: usize = 4;

/// Which engine runs the SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Pools of connections to the database.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    engine: Engine,
    url: Arc<str>,
    /// SQLite has one: waiting for the turn is fair and quick, waiting for its file lock is neither.
    writer: Option<(Local, Arc<Semaphore>)>,
    /// SQLite's connections for looks, taken in turns.
    looks: Arc<[Local]>,
    next_look: Arc<AtomicUsize>,
}

/// A write transaction; dropping it without [`Tx::commit`] takes everything back.
///
/// SQLite ends a transaction by itself when the disk is full. `sqlx::Transaction` then counts one that is not there, and the
/// pool hands such a connection out for ever; here a connection that cannot be taken back is closed.
pub struct Tx {
    /// Gone once it is committed or taken back.
    open: Option<Open>,
}

/// What a transaction is made of.
struct Open {
    connection: Connection,
    _turn: Option<OwnedSemaphorePermit>,
    tree_is_locked: bool,
    end: End,
}

/// What is written at the end of a transaction: numbering it holds a lock that everybody needs.
#[derive(Default)]
struct End {
    events: Vec<audit::NewEvent>,
    changed: Vec<DocumentId>,
    /// When the last of them changed.
    changed_at: Millis,
    /// What was found out about rights before the commit need not be true after it.
    concerns_rights: bool,
}

impl Db {
    /// Connects to `url` (`sqlite:///path/to/file` or `postgres://…`); an SQLite file is created when missing.
    pub async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("postgres") { Engine::Postgres } else { Engine::Sqlite };
        let options = AnyPoolOptions::new()
            .acquire_timeout(Duration::from_secs(10))
            // A file does not go away between two statements.
            .test_before_acquire(engine == Engine::Postgres)
            .after_connect(move |connection, _| Box::pin(async move { prepare(connection, engine).await }));
        let url = match engine {
            Engine::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let pool = match engine {
            // Its connections are threads with caches of their own.
            Engine::Sqlite => options.max_connections(8).connect(&url).await?,
            Engine::Postgres => options.max_connections(16).connect(&url).await?,
        };
        let writer = (engine == Engine::Sqlite)
            .then(|| (Local::new(&url, Thread::Another, sqlite::WRITER_CACHE), Arc::new(Semaphore::new(1))));
        let looks = (0..LOOKS).map(|_| Local::new(&url, Thread::This, sqlite::LOOK_CACHE)).collect();
        Ok(Self { pool, engine, url: url.into(), writer, looks, next_look: Arc::default() })
    }

    /// Brings the schema up to this program's version.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// What reads run on.
    pub fn read(&self) -> &AnyPool {
        &self.pool
    }

    /// What looks at a few rows by their keys run on. On SQLite the thread that asks does them: it takes less time than waiting
    /// for another.
    pub async fn look(&self) -> Result<Connection> {
        Ok(match self.engine {
            Engine::Sqlite => {
                let next = self.next_look.fetch_add(1, Ordering::Relaxed);
                Connection::Local(self.looks[next % LOOKS].clone())
            }
            Engine::Postgres => self.pool.acquire().await?.into(),
        })
    }

    /// The engine behind the pool.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The address that was connected to.
    fn url(&self) -> &str {
        &self.url
    }

    /// The turn to write, on SQLite: held as long as the value lives.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let (_, turns) = self.writer.as_ref()?;
        Some(turns.clone().acquire_owned().await.expect("the semaphore is never closed"))
    }

    /// Begins a write transaction. On SQLite it waits for the one writer.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_on(Thread::Another).await
    }

    /// Does what [`Db::begin`] does. On SQLite the thread that asks does all of the transaction by itself, and waits for the disk: it
    /// must be one of the blocking pool.
    pub async fn begin_here(&self) -> Result<Tx> {
        self.begin_on(Thread::This).await
    }

    async fn begin_on(&self, thread: Thread) -> Result<Tx> {
        let turn = self.turn().await;
        let connection = match &self.writer {
            Some((writer, _)) => Connection::Local(writer.on(thread)),
            None => Connection::Pooled(self.pool.acquire().await?),
        };
        // From here on dropping it takes it back, also when it has not begun.
        let mut tx = Tx { open: Some(Open { connection, _turn: turn, tree_is_locked: false, end: End::default() }) };
        tx.open_mut().connection.begin().await?;
        Ok(tx)
    }

    /// Closes all connections; running statements finish first.
    pub async fn close(&self) {
        if let Some((writer, _)) = &self.writer {
            let _turn = self.turn().await;
            writer.close().await;
        }
        for look in &*self.looks {
            look.close().await;
        }
        self.pool.close().await;
    }
}

impl Tx {
    /// Makes everything durable that was written in this transaction.
    pub async fn commit(mut self) -> Result<()> {
        self.write_end().await?;
        self.open_mut().connection.commit().await?;
        let open = self.open.take();
        if open.is_some_and(|open| open.end.concerns_rights) {
            crate::audit::rights::begin_epoch();
        }
        Ok(())
    }

    async fn write_end(&mut self) -> Result<()> {
        let (events, changed) = (mem::take(&mut self.end().events), mem::take(&mut self.end().changed));
        let changed_at = self.end().changed_at;
        audit::insert_all(self, events).await?;
        changes::insert_all(self, &changed, changed_at).await
    }

    fn end(&mut self) -> &mut End {
        &mut self.open_mut().end
    }

    fn open_mut(&mut self) -> &mut Open {
        self.open.as_mut().expect("it goes with the transaction")
    }

    /// Marks that what concerns rights is written.
    pub fn concerns_rights(&mut self) {
        self.end().concerns_rights = true;
    }
}

impl Open {
    /// Takes everything back that was written.
    async fn take_back(self) {
        match self.connection {
            Connection::Local(writer) => writer.roll_back().await,
            Connection::Pooled(mut connection) => {
                if sqlx::raw_sql("rollback").execute(&mut *connection).await.is_err() {
                    let _ = connection.close().await;
                }
            }
        }
    }
}

impl Connection {
    async fn begin(&mut self) -> sqlx::Result<()> {
        match self {
            Self::Local(writer) => writer.begin().await,
            Self::Pooled(connection) => sqlx::raw_sql("begin").execute(&mut **connection).await.map(drop),
        }
    }

    async fn commit(&mut self) -> sqlx::Result<()> {
        match self {
            Self::Local(writer) => writer.commit().await,
            Self::Pooled(connection) => sqlx::raw_sql("commit").execute(&mut **connection).await.map(drop),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        match (&mut open.connection, tokio::runtime::Handle::try_current()) {
            (Connection::Local(writer), runtime) if writer.is_here() || runtime.is_err() => writer.roll_back_here(),
            (_, Ok(runtime)) => drop(runtime.spawn(open.take_back())),
            (Connection::Pooled(connection), Err(_)) => connection.close_on_drop(),
            (Connection::Local(_), Err(_)) => {}
        }
    }
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.open.as_ref().expect("it goes with the transaction").connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.open_mut().connection
    }
}

/// Joins ids into one parameter: each is 36 characters long, so the SQL of `wanted!` can take them apart again.
/// One statement can so ask for any number of rows without being assembled from text.
pub fn joined<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    ids.into_iter().inspect(|id| debug_assert_eq!(id.len(), 36)).collect()
}

/// How many ids to join at most: taking apart costs the square of the length.
pub const JOIN_MAX: usize = 1000;

/// Joins the ids of chunks into one parameter, for the SQL of `asked!`.
pub fn joined_chunks<'a>(ids: impl IntoIterator<Item = &'a storage::ChunkId>) -> Vec<u8> {
    ids.into_iter().flat_map(|id| *id.as_bytes()).collect()
}

/// Asks the database for nothing, to see whether it answers.
pub async fn ping(db: &Db) -> Result<()> {
    sqlx::query("select value from counters where name = 'changes'").execute(db.read()).await?;
    Ok(())
}

async fn prepare(connection: &mut AnyConnection, engine: Engine) -> sqlx::Result<()> {
    if engine == Engine::Sqlite {
        for setting in sqlite::SETTINGS {
            sqlx::raw_sql(setting).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
