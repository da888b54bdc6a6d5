//! How do edits of all rooms get into tables `rooms` and `room_updates`? Many in one transaction, durable when it returns.
//!
//! On SQLite a thread with a connection of its own does it: through the pool each statement is handed to another thread and
//! back, which costs more than the statement. On PostgreSQL the statements travel anyway.

use std::{sync::Arc, thread};

use bytes::Bytes;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::Millis,
    db::{
        Db, Engine, Tx,
        room_updates::{self, NewUpdate},
        sqlite,
    },
    error::{Error, Result},
    ids::UserId,
    rooms::RoomName,
};

/// What a room has to write, in order.
#[derive(Clone, Debug)]
pub struct RoomEdits {
    pub room: RoomName,
    /// Each with who made it.
    pub edits: Vec<(UserId, Bytes)>,
}

/// The way into the journal; there is one.
pub struct JournalWriter {
    db: Db,
    /// SQLite's thread.
    thread: Option<mpsc::UnboundedSender<Order>>,
}

struct Order {
    batch: Arc<Vec<RoomEdits>>,
    at: Millis,
    done: oneshot::Sender<Result<Vec<i64>>>,
}

impl JournalWriter {
    /// Starts the thread, if one is needed. It ends with this value.
    pub fn new(db: Db) -> Self {
        let thread = (db.engine() == Engine::Sqlite).then(|| {
            let (sender, orders) = mpsc::unbounded_channel();
            let path = db.url().to_owned();
            let spawned = thread::Builder::new().name("journal".into()).spawn(move || write_all(&path, orders));
            spawned.expect("a thread can be started");
            sender
        });
        Self { db, thread }
    }

    /// Writes edits in one transaction. Returns, when they are durable, the last number of each room, in the order of
    /// `batch`, where each room is named once. `tell` adds to the transaction what other nodes have to know (PostgreSQL).
    pub async fn append<'a>(
        &self,
        batch: &'a Arc<Vec<RoomEdits>>,
        at: Millis,
        tell: impl AsyncFnOnce(&mut Tx, Vec<(RoomName, i64)>) -> Result<()> + 'a,
    ) -> Result<Vec<i64>> {
        let Some(thread) = &self.thread else { return self.append_pooled(batch, at, tell).await };
        // Waiting for SQLite's one writer here is fair; waiting for its file lock is not.
        let _turn = self.db.turn().await;
        let (done, written) = oneshot::channel();
        let gone = || Error::internal(anyhow::anyhow!("the journal's thread has ended"));
        thread.send(Order { batch: batch.clone(), at, done }).map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }

    async fn append_pooled(
        &self,
        batch: &[RoomEdits],
        at: Millis,
        tell: impl AsyncFnOnce(&mut Tx, Vec<(RoomName, i64)>) -> Result<()>,
    ) -> Result<Vec<i64>> {
        // Sorted by room: see `take_numbers`.
        let mut counts: Vec<(RoomName, i64)> =
            batch.iter().map(|one| (one.room.clone(), one.edits.len() as i64)).collect();
        counts.sort_unstable();
        let mut tx = self.db.begin().await?;
        let last = room_updates::take_numbers(&mut tx, &counts).await?;
        let last: Vec<i64> = batch.iter().map(|one| last.get(&one.room).copied().unwrap_or_default()).collect();
        let mut rows = Vec::new();
        for (one, last) in batch.iter().zip(&last) {
            let first = last + 1 - one.edits.len() as i64;
            rows.extend(one.edits.iter().zip(first..).map(|((author_id, payload), seq)| NewUpdate {
                room: &one.room,
                seq,
                author_id,
                at,
                payload,
            }));
        }
        room_updates::insert(&mut tx, &rows).await?;
        tell(&mut tx, batch.iter().map(|one| one.room.clone()).zip(last.iter().copied()).collect()).await?;
        tx.commit().await?;
        Ok(last)
    }
}

fn write_all(path: &str, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut connection = None;
    while let Some(order) = orders.blocking_recv() {
        let outcome = write(&mut connection, path, &order);
        if outcome.is_err() {
            // After a failed write nothing is known of the connection; the next order begins with a new one.
            connection = None;
        }
        // A writer that went away has nobody to tell.
        let _ = order.done.send(outcome.map_err(Error::internal));
    }
}

fn write(connection: &mut Option<Connection>, path: &str, order: &Order) -> rusqlite::Result<Vec<i64>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(sqlite::open(path)?),
    };
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last = order.batch.iter().map(|one| insert(&tx, one, order.at)).collect::<rusqlite::Result<_>>()?;
    tx.commit()?;
    Ok(last)
}

fn insert(tx: &Transaction, one: &RoomEdits, at: Millis) -> rusqlite::Result<i64> {
    let count = one.edits.len() as i64;
    let last: i64 = tx
        .prepare_cached(
            "insert into rooms (room, last_seq) values (?1, ?2)
             on conflict (room) do update set last_seq = rooms.last_seq + excluded.last_seq returning last_seq",
        )?
        .query_row((one.room.as_str(), count), |row| row.get(0))?;
    let mut insert =
        tx.prepare_cached("insert into room_updates (room, seq, author_id, at, payload) values (?1, ?2, ?3, ?4, ?5)")?;
    for ((author, payload), seq) in one.edits.iter().zip(last + 1 - count..) {
        insert.execute((one.room.as_str(), seq, author.as_str(), at, &payload[..]))?;
    }
    Ok(last)
}
