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
/// How often its length is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What every connection is set to. A commit moves the log by itself only when nobody else did for long.
pub const SETTINGS: [&str; 7] = [
    "pragma busy_timeout = 10000",
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma wal_autocheckpoint = 50000",
    // What is behind this is cut off when the log begins anew. Writing over what is there is quicker than growing.
    "pragma journal_size_limit = 12582912",
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
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
        let is_long = std::fs::metadata(&log).is_ok_and(|log| log.len() > LOG_MAX_BYTES);
        if is_long && let Err(error) = checkpoint_twice(&db).await {
            tracing::warn!(%error, "the database's log cannot be moved");
        }
    }
}

/// The second time there is little left, and nothing is added: so the log ends up empty and begins anew.
async fn checkpoint_twice(db: &Db) -> anyhow::Result<()> {
    let url = db.url().to_owned();
    let connection = tokio::task::spawn_blocking(move || checkpoint(open(&url)?)).await??;
    let _turn = db.turn().await;
    tokio::task::spawn_blocking(move || checkpoint(connection)).await??;
    Ok(())
}

fn checkpoint(connection: Connection) -> rusqlite::Result<Connection> {
    connection.query_row("pragma wal_checkpoint(passive)", (), |_| Ok(()))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

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
