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

/// How often the end of a removal is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a writer waits for it. A sweep that works is done before; from one that has died, or is slow, the object is taken.
const PATIENCE: Duration = Duration::from_secs(2);

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

    /// `None`: it is being removed, ask again.
    async fn ask(&self, key: &str, waited: Duration) -> Result<Option<Known>> {
        let notes = db::garbage::find_notes(&mut self.db.look().await?, key).await?;
        let damaged = notes.iter().any(|note| note.state == "damaged");
        let Some(note) = notes.iter().find(|note| note.state != "damaged") else {
            return Ok(Some(Known { damaged, doubtful: false }));
        };
        if note.is_rescued() {
            return Ok(Some(Known { damaged, doubtful: true }));
        }
        let now = self.clock.now();
        // Taking it is safe at any time: the wait only saves a second copy.
        let is_patient = waited < PATIENCE && now - note.at < PATIENCE.as_millis() as Millis;
        if note.run.is_some() && is_patient {
            return Ok(None);
        }
        let mut tx = self.db.begin().await?;
        let kept = match &note.run {
            None => db::garbage::release(&mut tx, key).await?,
            Some(run) => db::garbage::rescue(&mut tx, key, run, now).await?,
        };
        tx.commit().await?;
        let doubtful = note.run.is_some();
        // Where somebody else was quicker, there is another row now, or none.
        if kept { Ok(Some(Known { damaged, doubtful })) } else { Box::pin(self.ask(key, waited)).await }
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
            if let Some(known) = self.ask(key, began.elapsed()).await? {
                return Ok(known);
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
