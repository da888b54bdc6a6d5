//! How does SQLite do statements without a change of threads for each?
//!
//! The pool hands each statement to another thread and its answer back, which costs more than most statements. Here the
//! thread that asks does it ([`Thread::This`]): whole transactions on threads that may wait, and looks at single rows anywhere.
//! For all other transactions a thread of the blocking pool does each statement. The statements are those of `sqlx`'s `Any`, with
//! its arguments and rows (parts of it that it leaves out of its documentation: its version is fixed).

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::{self, BoxFuture},
    stream::{self, BoxStream},
};
use rusqlite::{
    Statement, ffi,
    types::{ToSqlOutput, Value, ValueRef},
};
use sqlx::{
    Any, Describe, Either, Execute, Executor, SqlStr,
    any::{AnyArguments, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo, AnyTypeInfoKind},
    error::{DatabaseError, ErrorKind},
    pool::PoolConnection,
};
use sqlx_core::{
    HashMap,
    any::{AnyColumn, AnyValue, AnyValueKind},
    ext::ustr::UStr,
};

use crate::db::sqlite;

/// Statements that stay prepared: those for many rows come in several sizes.
const PREPARED: usize = 500;
/// A statement that takes longer is told of.
const SLOW: Duration = Duration::from_secs(1);

/// What statements run on: see [`Executor`].
pub enum Connection {
    Pooled(PoolConnection<Any>),
    Local(Local),
}

/// On which thread the statements of a transaction are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// On the one that asks: it waits meanwhile, so it must not be one that others need.
    This,
    /// On one of the blocking pool.
    Another,
}

/// A connection to SQLite.
#[derive(Clone)]
pub struct Local {
    /// Opened when it is needed.
    connection: Arc<Mutex<Option<rusqlite::Connection>>>,
    url: Arc<str>,
    /// The setting of its cache.
    cache: &'static str,
    thread: Thread,
    /// The transaction was taken back. A statement that still waits for its thread does nothing then.
    is_over: Arc<AtomicBool>,
    /// A transaction was begun and is not committed.
    is_begun: Arc<AtomicBool>,
}

/// What a statement brought.
struct Outcome {
    rows: Vec<AnyRow>,
    changed: u64,
}

impl Local {
    /// A connection to the database at `url`.
    pub fn new(url: &str, thread: Thread, cache: &'static str) -> Self {
        Self {
            connection: Arc::default(),
            url: url.into(),
            cache,
            thread,
            is_over: Arc::default(),
            is_begun: Arc::default(),
        }
    }

    /// The same for one transaction. Whoever begins one has the turn to write.
    pub fn on(&self, thread: Thread) -> Self {
        Self { thread, is_over: Arc::default(), is_begun: Arc::default(), ..self.clone() }
    }

    /// Begins the transaction.
    pub async fn begin(&self) -> sqlx::Result<()> {
        let begin = self.run(|connection| connection.prepare_cached("begin immediate")?.execute(()));
        begin.await?;
        self.is_begun.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes everything durable that was written since the beginning.
    pub async fn commit(&self) -> sqlx::Result<()> {
        self.run(|connection| connection.prepare_cached("commit")?.execute(())).await?;
        self.is_begun.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Takes everything back that was written since the beginning.
    pub async fn roll_back(self) {
        match self.thread {
            Thread::This => self.roll_back_here(),
            Thread::Another => drop(tokio::task::spawn_blocking(move || self.roll_back_here()).await),
        }
    }

    /// Does what [`Local::roll_back`] does, on this thread.
    pub fn roll_back_here(&self) {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_over.store(true, Ordering::Relaxed);
        let Some(open) = &*connection else { return };
        // SQLite may have done it by itself.
        if !open.is_autocommit() && open.execute_batch("rollback").is_err() {
            // Closing does it, too.
            *connection = None;
        }
    }

    /// Whether [`Local::roll_back`] is done at once.
    pub fn is_here(&self) -> bool {
        self.thread == Thread::This
    }

    /// Closes the connection.
    pub async fn close(&self) {
        let connection = self.connection.clone();
        let close = move || drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = tokio::task::spawn_blocking(close).await;
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> sqlx::Result<T> {
        let local = self.clone();
        let work = move || {
            let mut connection = local.connection.lock().unwrap_or_else(PoisonError::into_inner);
            // Both are read and written by whoever holds the connection.
            if local.is_over.load(Ordering::Relaxed) {
                return Err(rusqlite::Error::InvalidQuery);
            }
            let connection = match &mut *connection {
                Some(connection) => connection,
                closed => closed.insert(open(&local.url, local.cache)?),
            };
            // SQLite takes a transaction back by itself after some errors: what comes then would be durable alone.
            if local.is_begun.load(Ordering::Relaxed) && connection.is_autocommit() {
                let message = "an error before this statement took the transaction back";
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
                return Err(rusqlite::Error::SqliteFailure(code, Some(message.into())));
            }
            work(connection)
        };
        let done = match self.thread {
            Thread::This => work(),
            Thread::Another => tokio::task::spawn_blocking(work).await.map_err(|_| sqlx::Error::WorkerCrashed)?,
        };
        done.map_err(|error| sqlx::Error::Database(Box::new(LocalError(error))))
    }

    async fn execute(&self, sql: SqlStr, arguments: Option<AnyArguments>, most: usize) -> sqlx::Result<Outcome> {
        self.run(move |connection| {
            let began = Instant::now();
            let outcome = match &arguments {
                Some(arguments) => execute(connection, sql.as_str(), &arguments.values.0, most),
                None => connection
                    .execute_batch(sql.as_str())
                    .map(|()| Outcome { rows: Vec::new(), changed: connection.changes() }),
            };
            if began.elapsed() >= SLOW {
                tracing::warn!(sql = sql.as_str(), elapsed = ?began.elapsed(), "slow statement");
            }
            outcome
        })
        .await
    }
}

fn open(url: &str, cache: &str) -> rusqlite::Result<rusqlite::Connection> {
    let connection = sqlite::open(url)?;
    connection.execute_batch(cache)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

fn execute(
    connection: &rusqlite::Connection,
    sql: &str,
    arguments: &[AnyValueKind],
    most: usize,
) -> rusqlite::Result<Outcome> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, arguments)?;
    let names: Vec<UStr> = statement.column_names().into_iter().map(UStr::new).collect();
    let by_name: Arc<HashMap<UStr, usize>> = Arc::new(names.iter().cloned().zip(0..).collect());
    let columns: Vec<AnyColumn> =
        names.into_iter().enumerate().map(|(ordinal, name)| AnyColumn { ordinal, name, type_info: of_any() }).collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while found.len() < most
        && let Some(row) = rows.next()?
    {
        let values = (0..columns.len()).map(|at| Ok(AnyValue { kind: value(row.get_ref(at)?)? }));
        let values = values.collect::<rusqlite::Result<_>>()?;
        found.push(AnyRow { column_names: by_name.clone(), columns: columns.clone(), values });
    }
    drop(rows);
    let changed = if statement.readonly() { 0 } else { connection.changes() };
    Ok(Outcome { rows: found, changed })
}

/// SQLite counts `$3` as a name and not as the third.
fn bind(statement: &mut Statement<'_>, arguments: &[AnyValueKind]) -> rusqlite::Result<()> {
    for at in 1..=statement.parameter_count() {
        let named = statement.parameter_name(at).and_then(|name| name[1..].parse().ok());
        let Some(value) = arguments.get(named.unwrap_or(at) - 1) else { continue };
        statement.raw_bind_parameter(at, argument(value)?)?;
    }
    Ok(())
}

fn argument(value: &AnyValueKind) -> rusqlite::Result<ToSqlOutput<'_>> {
    let integer = |value: i64| ToSqlOutput::Owned(Value::Integer(value));
    Ok(match value {
        AnyValueKind::Null(_) => ToSqlOutput::Owned(Value::Null),
        AnyValueKind::Bool(value) => integer(i64::from(*value)),
        AnyValueKind::SmallInt(value) => integer(i64::from(*value)),
        AnyValueKind::Integer(value) => integer(i64::from(*value)),
        AnyValueKind::BigInt(value) => integer(*value),
        AnyValueKind::Real(value) => ToSqlOutput::Owned(Value::Real(f64::from(*value))),
        AnyValueKind::Double(value) => ToSqlOutput::Owned(Value::Real(*value)),
        AnyValueKind::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
        AnyValueKind::TextSlice(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
        AnyValueKind::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        _ => return Err(rusqlite::Error::InvalidQuery),
    })
}

fn value(value: ValueRef<'_>) -> rusqlite::Result<AnyValueKind> {
    Ok(match value {
        ValueRef::Null => AnyValueKind::Null(AnyTypeInfoKind::Null),
        ValueRef::Integer(value) => AnyValueKind::BigInt(value),
        ValueRef::Real(value) => AnyValueKind::Double(value),
        ValueRef::Text(text) => AnyValueKind::Text(Arc::new(std::str::from_utf8(text)?.to_owned())),
        ValueRef::Blob(blob) => AnyValueKind::Blob(Arc::new(blob.to_vec())),
    })
}

/// Of a column. What a value is, it says itself.
fn of_any() -> AnyTypeInfo {
    AnyTypeInfo { kind: AnyTypeInfoKind::Null }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, mut query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let local = match self {
            Connection::Pooled(connection) => return (&mut **connection).fetch_many(query),
            Connection::Local(local) => local.clone(),
        };
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        let outcome = async move { local.execute(sql, arguments?, usize::MAX).await };
        let items = |Outcome { rows, changed }| {
            let end = AnyQueryResult { rows_affected: changed, last_insert_id: None };
            stream::iter(rows.into_iter().map(Either::Right).chain([Either::Left(end)]).map(Ok))
        };
        stream::once(outcome).map_ok(items).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, mut query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let local = match self {
            Connection::Pooled(connection) => return (&mut **connection).fetch_optional(query),
            Connection::Local(local) => local.clone(),
        };
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        async move { Ok(local.execute(sql, arguments?, 1).await?.rows.pop()) }.boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        match self {
            Connection::Pooled(connection) => (&mut **connection).prepare_with(sql, parameters),
            // Every statement stays prepared by itself.
            Connection::Local(_) => future::ready(Err(unsupported(&sql))).boxed(),
        }
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'c: 'e,
    {
        match self {
            Connection::Pooled(connection) => (&mut **connection).describe(sql),
            Connection::Local(_) => future::ready(Err(unsupported(&sql))).boxed(),
        }
    }
}

fn unsupported(sql: &SqlStr) -> sqlx::Error {
    sqlx::Error::InvalidArgument(format!("only executed, never described: {}", sql.as_str()))
}

impl From<PoolConnection<Any>> for Connection {
    fn from(connection: PoolConnection<Any>) -> Self {
        Self::Pooled(connection)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pooled(_) => "Pooled",
            Self::Local(_) => "Local",
        })
    }
}

/// What SQLite refused.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct LocalError(rusqlite::Error);

impl DatabaseError for LocalError {
    fn message(&self) -> &str {
        match &self.0 {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message,
            _ => "the database refused a statement",
        }
    }

    /// SQLite's extended result code.
    fn code(&self) -> Option<Cow<'_, str>> {
        self.0.sqlite_error().map(|error| error.extended_code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.0.sqlite_error().map(|error| error.extended_code) {
            Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => ErrorKind::UniqueViolation,
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => ErrorKind::ForeignKeyViolation,
            Some(ffi::SQLITE_CONSTRAINT_NOTNULL) => ErrorKind::NotNullViolation,
            Some(ffi::SQLITE_CONSTRAINT_CHECK) => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::db::Db;

    type Values = (Option<String>, Option<Vec<u8>>, f64, i64);

    async fn database() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let table = "create table kept (id integer primary key, word text unique, blob blob, real real)";
        sqlx::query(table).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        (folder, db)
    }

    async fn count(db: &Db) -> i64 {
        sqlx::query_scalar("select count(*) from kept").fetch_one(&mut db.look().await.unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn values_come_back_as_they_went_in_and_parameters_go_by_their_numbers() {
        let (_folder, db) = database().await;
        let mut tx = db.begin().await.unwrap();
        let insert =
            "insert into kept (real, word, id, blob) values ($4, $2, $1, $3), ($4, null, $1 + 1, null) returning id";
        let ids: Vec<i64> = sqlx::query_scalar(insert)
            .bind(7_i64)
            .bind("字")
            .bind(&b"\0\xff"[..])
            .bind(0.5)
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        assert_eq!(ids, [7, 8]);
        let changed = sqlx::query("update kept set real = $1").bind(2.25).execute(&mut *tx).await.unwrap();
        assert_eq!(changed.rows_affected(), 2);
        tx.commit().await.unwrap();
        for mut connection in [db.look().await.unwrap(), db.read().acquire().await.unwrap().into()] {
            let rows =
                sqlx::query("select word, blob, real, id from kept order by id").fetch_all(&mut connection).await;
            let values: Vec<Values> =
                rows.unwrap().iter().map(|row| (row.get(0), row.get("blob"), row.get("real"), row.get(3))).collect();
            assert_eq!(values, [(Some("字".into()), Some(vec![0, 255]), 2.25, 7), (None, None, 2.25, 8)]);
        }
        let none: Option<i64> = sqlx::query_scalar("select id from kept where id = 9")
            .fetch_optional(&mut db.look().await.unwrap())
            .await
            .unwrap();
        assert_eq!(none, None);
    }

    #[tokio::test]
    async fn nothing_is_written_alone_after_sqlite_took_a_transaction_back() {
        let (_folder, db) = database().await;
        for is_here in [false, true] {
            let mut tx = if is_here { db.begin_here().await } else { db.begin().await }.unwrap();
            sqlx::query("insert into kept (word) values ('first')").execute(&mut *tx).await.unwrap();
            // As SQLite does after an error of the disk.
            sqlx::raw_sql("rollback").execute(&mut *tx).await.unwrap();
            sqlx::query("insert into kept (word) values ('second')").execute(&mut *tx).await.unwrap_err();
            tx.commit().await.unwrap_err();
        }
        assert_eq!(count(&db).await, 0);
        let mut tx = db.begin().await.unwrap();
        sqlx::query("insert into kept (word) values ('third')").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_not_committed_is_taken_back_wherever_it_stopped() {
        let (_folder, db) = database().await;
        for round in 0..200 {
            let insert = async {
                let mut tx = if round % 2 == 0 { db.begin().await } else { db.begin_here().await }.unwrap();
                for _ in 0..20 {
                    sqlx::query("insert into kept (word) values (null)").execute(&mut *tx).await.unwrap();
                }
                tokio::task::yield_now().await;
                std::future::pending::<()>().await;
            };
            // Dropped before it begins, in the middle of a statement, or at the end.
            let _ = tokio::time::timeout(Duration::from_micros(round * 10), insert).await;
        }
        let mut tx = db.begin().await.unwrap();
        sqlx::query("insert into kept (word) values ('last')").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
    }

    #[tokio::test]
    async fn a_refused_statement_says_why_and_the_next_transaction_goes_on() {
        let (_folder, db) = database().await;
        let mut tx = db.begin().await.unwrap();
        sqlx::query("insert into kept (word) values ('a')").execute(&mut *tx).await.unwrap();
        let refused = sqlx::query("insert into kept (word) values ('a')").execute(&mut *tx).await.unwrap_err();
        let refused = refused.into_database_error().unwrap();
        assert!(refused.is_unique_violation() && refused.message().contains("kept.word"), "{refused}");
        sqlx::raw_sql("pragma max_page_count = 1").execute(&mut *tx).await.unwrap();
        let full = async |tx: &mut crate::db::Tx| {
            sqlx::query("insert into kept (blob) values (zeroblob(100000))").execute(&mut **tx).await
        };
        let error = full(&mut tx).await.unwrap_err().into_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some("13"));
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        sqlx::raw_sql("pragma max_page_count = 100000").execute(&mut *tx).await.unwrap();
        full(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
        db.close().await;
    }
}
