//! How do nodes on one PostgreSQL tell each other something? `NOTIFY`, in a transaction or beside one. SQLite has one node.

use sqlx::postgres::PgListener;

use crate::{
    db::{Db, Engine, Tx},
    error::Result,
};

const CHANNEL: &str = "wenshu_rooms";

/// PostgreSQL takes texts of less than 8,000 bytes.
pub const TEXT_MAX_BYTES: usize = 7_900;

/// Hears what other nodes, and this one, say.
pub struct Listener(PgListener);

/// Says something when the transaction commits.
pub async fn insert(tx: &mut Tx, text: &str) -> Result<()> {
    sqlx::query(NOTIFY).bind(CHANNEL).bind(text).execute(&mut **tx).await?;
    Ok(())
}

/// Says something now.
pub async fn say(db: &Db, text: &str) -> Result<()> {
    sqlx::query(NOTIFY).bind(CHANNEL).bind(text).execute(db.read()).await?;
    Ok(())
}

// The answer of `pg_notify` has a type that the portable driver does not know.
const NOTIFY: &str = "select 1 from (select pg_notify($1, $2)) as told";

impl Listener {
    /// Begins to listen; `None` on SQLite.
    pub async fn open(db: &Db) -> Result<Option<Self>> {
        if db.engine() != Engine::Postgres {
            return Ok(None);
        }
        let mut listener = PgListener::connect(db.url()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Self(listener)))
    }

    /// The next text. `None` when the connection was lost and made again: something may have been missed.
    pub async fn hear(&mut self) -> Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|notice| notice.payload().to_owned()))
    }
}
