//! When is an edit durable? One writer puts the updates of all rooms into the database, many in one transaction.
//!
//! While a transaction is being flushed to disk, the next one gathers. A room is answered after the commit only; what
//! failed was neither shown nor confirmed to anybody, and its room starts afresh from the database.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    db::{
        Db,
        journal::{JournalWriter, RoomEdits},
    },
    rooms::{metrics::RoomMetrics, nodes::Nodes},
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

struct Batch {
    edits: RoomEdits,
    done: oneshot::Sender<Result<i64, WriteFailed>>,
}

/// The updates may or may not be in the database: nobody may be told about them.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not be written")]
pub struct WriteFailed;

impl Journal {
    /// Starts the writer. It ends when the last handle is dropped and everything is written.
    pub fn start(db: Db, clock: Clock, nodes: Nodes, metrics: RoomMetrics, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tasks.spawn(write_all(db, clock, nodes, metrics, receiver));
        Self(sender)
    }

    /// Writes a room's updates in order. Resolves, after they are durable, to the number of the last one.
    /// A room must wait for one call before the next.
    pub async fn append(self, edits: RoomEdits) -> Result<i64, WriteFailed> {
        let (done, written) = oneshot::channel();
        self.0.send(Batch { edits, done }).await.map_err(|_| WriteFailed)?;
        written.await.unwrap_or(Err(WriteFailed))
    }
}

async fn write_all(db: Db, clock: Clock, nodes: Nodes, metrics: RoomMetrics, mut queue: mpsc::Receiver<Batch>) {
    let writer = JournalWriter::new(db);
    while let Some(first) = queue.recv().await {
        let mut batches = vec![first];
        let (mut updates, mut bytes) = size(&batches[0]);
        while updates < FLUSH_MAX_UPDATES && bytes < FLUSH_MAX_BYTES {
            let Ok(batch) = queue.try_recv() else { break };
            let more = size(&batch);
            (updates, bytes) = (updates + more.0, bytes + more.1);
            batches.push(batch);
        }
        let (edits, told): (Vec<RoomEdits>, Vec<_>) =
            batches.into_iter().map(|batch| (batch.edits, batch.done)).unzip();
        let edits = Arc::new(edits);
        let timer = metrics.commits.start_timer();
        let outcome = writer.append(&edits, clock.now(), async |tx, last| nodes.record(tx, &last).await).await;
        match &outcome {
            Ok(_) => {
                timer.observe_duration();
                metrics.updates.inc_by(updates as u64);
            }
            Err(error) => {
                timer.stop_and_discard();
                metrics.failed_commits.inc();
                tracing::error!(%error, rooms = edits.len(), updates, "journal could not be written");
            }
        }
        for (index, done) in told.into_iter().enumerate() {
            // A room that is gone has no one to tell.
            let _ = done.send(outcome.as_ref().map(|last| last[index]).map_err(|_| WriteFailed));
        }
    }
}

fn size(batch: &Batch) -> (usize, usize) {
    let edits = &batch.edits.edits;
    (edits.len(), edits.iter().map(|(_, update)| update.len()).sum())
}
