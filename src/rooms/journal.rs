//! When is an edit durable? One writer puts the updates of all rooms into the database, many in one transaction.
//!
//! While a transaction is being flushed to disk, the next one gathers. A room is answered after the commit only; what
//! failed was neither shown nor confirmed to anybody, and its room starts afresh from the database.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    db::{self, Db, room_updates::NewUpdate},
    error::Result,
    ids::UserId,
    rooms::RoomName,
};

/// So many updates go into one transaction at most …
const FLUSH_MAX_UPDATES: usize = 4096;
/// … or so many bytes.
const FLUSH_MAX_BYTES: usize = 16 << 20;
/// Batches that may wait; rooms wait beyond.
const QUEUE: usize = 4096;

/// Where rooms hand in their updates; cheap to clone.
#[derive(Clone)]
pub struct Journal(mpsc::Sender<Batch>);

/// An update and who made it.
#[derive(Clone, Debug)]
pub struct Edit {
    pub author: UserId,
    pub payload: Bytes,
}

struct Batch {
    room: RoomName,
    edits: Vec<Edit>,
    done: oneshot::Sender<Result<i64, WriteFailed>>,
}

/// The updates may or may not be in the database: nobody may be told about them.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not be written")]
pub struct WriteFailed;

impl Journal {
    /// Starts the writer. It ends when the last handle is dropped and everything is written.
    pub fn start(db: Db, clock: Clock, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tasks.spawn(write_all(db, clock, receiver));
        Self(sender)
    }

    /// Writes a room's updates in order. Resolves, after they are durable, to the number of the last one.
    /// A room must wait for one call before the next.
    pub async fn append(self, room: RoomName, edits: Vec<Edit>) -> Result<i64, WriteFailed> {
        let (done, written) = oneshot::channel();
        self.0.send(Batch { room, edits, done }).await.map_err(|_| WriteFailed)?;
        written.await.unwrap_or(Err(WriteFailed))
    }
}

async fn write_all(db: Db, clock: Clock, mut queue: mpsc::Receiver<Batch>) {
    while let Some(first) = queue.recv().await {
        let mut batches = vec![first];
        let (mut updates, mut bytes) = size(&batches[0]);
        while updates < FLUSH_MAX_UPDATES && bytes < FLUSH_MAX_BYTES {
            let Ok(batch) = queue.try_recv() else { break };
            let more = size(&batch);
            (updates, bytes) = (updates + more.0, bytes + more.1);
            batches.push(batch);
        }
        let outcome = write(&db, clock.now(), &batches).await;
        if let Err(error) = &outcome {
            tracing::error!(%error, rooms = batches.len(), updates, "journal could not be written");
        }
        let mut last = outcome.unwrap_or_default();
        for batch in batches {
            let answer = last.remove(&batch.room).ok_or(WriteFailed);
            // A room that is gone has no one to tell.
            let _ = batch.done.send(answer);
        }
    }
}

fn size(batch: &Batch) -> (usize, usize) {
    (batch.edits.len(), batch.edits.iter().map(|edit| edit.payload.len()).sum())
}

/// Writes batches in one transaction; returns each room's last number. A room has one batch at most.
async fn write(db: &Db, now: i64, batches: &[Batch]) -> Result<BTreeMap<RoomName, i64>> {
    // Sorted by room: see `take_numbers`.
    let rooms: BTreeMap<&RoomName, i64> = batches.iter().map(|batch| (&batch.room, batch.edits.len() as i64)).collect();
    let counts: Vec<(RoomName, i64)> = rooms.into_iter().map(|(room, count)| (room.clone(), count)).collect();
    let mut tx = db.begin().await?;
    let last = db::room_updates::take_numbers(&mut tx, &counts).await?;
    let mut rows = Vec::new();
    for batch in batches {
        let first = last.get(&batch.room).copied().unwrap_or_default() + 1 - batch.edits.len() as i64;
        rows.extend(batch.edits.iter().zip(first..).map(|(edit, seq)| NewUpdate {
            room: &batch.room,
            seq,
            author_id: &edit.author,
            at: now,
            payload: &edit.payload,
        }));
    }
    db::room_updates::insert(&mut tx, &rows).await?;
    tx.commit().await?;
    Ok(last.into_iter().collect())
}
