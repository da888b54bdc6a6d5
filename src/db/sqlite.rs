//! What does SQLite need besides its pool? Connections of their own for the journal, and for moving the log into the file.
//!
//! A commit that finds the write-ahead log long would move it into the database by itself, while others wait. Here a thread
//! does it: most of it beside the writers, the rest, which is little then, while it is the writer.

use std::{path::PathBuf, str::FromStr, time::Duration};

use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqliteConnectOptions;
use tokio_util::sync::CancellationToken;

use crate::db::Db;

/// The log is moved when it is longer.
const LOG_MAX_BYTES: u64 = 12 << 20;
/// A page in the log, with its header.
const FRAME_BYTES: u64 = 4096 + 24;
/// How often its length is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long writers wait, when the log is to begin anew, for readers of what it holds.
const READERS: &str = "pragma busy_timeout = 50";
/// What every connection is set to. A commit moves the log by itself only when nobody else did for long.
pub const SETTINGS: [&str; 7] = [
    "pragma busy_timeout = 10000",
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma wal_autocheckpoint = 50000",
    // The log's file keeps this length when the log begins anew: writing over what is there is quicker than growing.
    "pragma journal_size_limit = 67108864",
    // 512 KB for each connection: the kernel keeps the file's pages, too.
    "pragma cache_size = -512",
];

/// What the one connection that writes keeps of the file: 8 MB.
pub const WRITER_CACHE: &str = "pragma cache_size = -8192";
/// The same of a connection for looks: 256 KB.
pub const LOOK_CACHE: &str = "pragma cache_size = -256";

/// Opens a connection beside the pool to the database at `url` (`sqlite:///path`).
pub fn open(url: &str) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path(url), OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for setting in SETTINGS {
        // Some settings answer with their value.
        connection.query_row(setting, (), |_| Ok(())).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            error => Err(error),
        })?;
    }
    Ok(connection)
}

/// The file that an address means; as written when it means none.
fn path(url: &str) -> PathBuf {
    SqliteConnectOptions::from_str(url).map_or_else(|_| url.into(), |options| options.get_filename().to_owned())
}

/// Moves the log into the database whenever it is long, until `stop`.
pub async fn move_log(db: Db, stop: CancellationToken) {
    let log = PathBuf::from(format!("{}-wal", path(db.url()).display()));
    let mut kept = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
        // The log may be a part of its file.
        if !std::fs::metadata(&log).is_ok_and(|log| log.len() > LOG_MAX_BYTES) {
            continue;
        }
        match move_when_long(&db, kept.take()).await {
            Ok(connection) => kept = Some(connection),
            Err(error) => tracing::warn!(%error, "the database's log cannot be moved"),
        }
    }
}

/// The second time there is little left, and nothing is added: so the log ends up empty and begins anew, unless somebody reads
/// for long.
async fn move_when_long(db: &Db, kept: Option<Connection>) -> anyhow::Result<Connection> {
    let url = db.url().to_owned();
    let look = move || {
        let connection = kept.map_or_else(|| open(&url), Ok)?;
        connection.query_row(READERS, (), |_| Ok(()))?;
        let is_long = checkpoint(&connection, "noop")? > LOG_MAX_BYTES;
        if is_long {
            checkpoint(&connection, "passive")?;
        }
        Ok::<_, rusqlite::Error>((connection, is_long))
    };
    let (connection, is_long) = tokio::task::spawn_blocking(look).await??;
    if !is_long {
        return Ok(connection);
    }
    let _turn = db.turn().await;
    let restart = move || checkpoint(&connection, "restart").map(|_| connection);
    Ok(tokio::task::spawn_blocking(restart).await??)
}

/// Moves the log into the database, in one of SQLite's modes. Returns how long it is, in bytes.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<u64> {
    let frames: i64 = connection.query_row(&format!("pragma wal_checkpoint({mode})"), (), |row| row.get(1))?;
    Ok(u64::try_from(frames).unwrap_or(0) * FRAME_BYTES)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_log_begins_anew_also_while_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        sqlx::query("create table kept (id integer primary key, bytes blob)").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let stop = CancellationToken::new();
        let moving = tokio::spawn(move_log(db.clone(), stop.clone()));
        let is_over = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (db, is_over) = (db.clone(), is_over.clone());
                tokio::spawn(async move {
                    // Each takes a while, so that there is always one that has begun before.
                    let count = "with recursive number(n) as (
                            select count(*) from kept union all select n + 1 from number where n < 40000)
                         select count(*) from number";
                    while !is_over.load(Ordering::Relaxed) {
                        let _: i64 = sqlx::query_scalar(count).fetch_one(db.read()).await.unwrap();
                    }
                })
            })
            .collect();
        let log = folder.path().join("test.db-wal");
        let mut written = 0;
        // 100 KB at a time, over the same few rows: the database stays small, its log would not.
        for round in 0..800 {
            let mut tx = db.begin().await.unwrap();
            let replace = sqlx::query("insert or replace into kept values ($1, randomblob(100000))");
            replace.bind(round % 10).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            written += 100_000;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.await.unwrap();
        }
        stop.cancel();
        moving.await.unwrap();
        let length = std::fs::metadata(log).unwrap().len();
        assert!(length < written / 2, "{length} of {written}");
        db.close().await;
    }

    #[test]
    fn addresses_lead_to_files() {
        for (url, file) in [
            ("sqlite:///data/a.db?mode=rwc", "/data/a.db"),
            ("sqlite://a b.db", "a b.db"),
            ("sqlite:///a%20b.db", "/a b.db"),
        ] {
            assert_eq!(path(url), PathBuf::from(file));
        }
    }
}
