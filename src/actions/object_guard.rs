//! May a writer rely on an object that exists? Asked before each chunk that is not stored again; see `storage/src/guard.rs`.
//!
//! The answer is in the database, so it holds between nodes.

use std::time::Duration;

use storage::{Guard, GuardError, Known};
use tokio::time::Instant;

use crate::{
    clock::{Clock, Millis},
    db::{self, Db},
    error::Result,
};

/// How long after the beginning of a removal no request for it is sent any more, whatever became of the one who sent them.
pub const REMOVAL_OVER_MS: Millis = 2 * 60 * 1000;
/// How often the end of a removal is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a writer waits for it: longer than [`REMOVAL_OVER_MS`].
const PATIENCE: Duration = Duration::from_secs(150);

/// The guard over the tables of `db/garbage.rs`.
pub struct ObjectGuard {
    db: Db,
    clock: Clock,
    grace_ms: Millis,
}

impl ObjectGuard {
    /// A guard beside sweeps that give what they condemn `grace_ms` before it goes.
    pub fn new(db: Db, clock: Clock, grace_ms: Millis) -> Self {
        Self { db, clock, grace_ms }
    }

    async fn ask(&self, key: &str) -> Result<Option<Known>> {
        let notes = db::garbage::find_notes(self.db.read(), key).await?;
        let known = match notes.iter().any(|note| note.state == "damaged") {
            true => Known::Damaged,
            false => Known::Sound,
        };
        let Some(note) = notes.iter().find(|note| note.state != "damaged") else { return Ok(Some(known)) };
        let stopped = note.state == "dying" && note.at + REMOVAL_OVER_MS < self.clock.now();
        if note.state == "dying" && !stopped {
            return Ok(None);
        }
        let mut tx = self.db.begin().await?;
        let kept = match stopped {
            // Whoever removed it has stopped. Whether the object is still there is looked at after this.
            true => db::garbage::bury(&mut tx, key, note.at).await.map(|()| false)?,
            false => db::garbage::release(&mut tx, key).await?,
        };
        tx.commit().await?;
        // Where a sweep was quicker, its row is there now.
        if kept { Ok(Some(known)) } else { Box::pin(self.ask(key)).await }
    }
}

#[async_trait::async_trait]
impl Guard for ObjectGuard {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    /// What was condemned right after the claim is removed one grace period later at the earliest, by a sweep that has
    /// looked at all that was noted until then. Half of that is left for noting it.
    fn holds(&self, since: Millis) -> bool {
        self.clock.now() - since < self.grace_ms / 2
    }

    async fn claim(&self, key: &str) -> Result<Known, GuardError> {
        let began = Instant::now();
        loop {
            if let Some(known) = self.ask(key).await? {
                return Ok(known);
            }
            if began.elapsed() > PATIENCE {
                return Err("its removal does not end".into());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn replaced(&self, key: &str) -> Result<(), GuardError> {
        let mut tx = self.db.begin().await?;
        db::garbage::delete_damaged(&mut tx, key).await?;
        tx.commit().await?;
        tracing::info!(key, "a damaged object was written anew by an upload");
        Ok(())
    }
}
