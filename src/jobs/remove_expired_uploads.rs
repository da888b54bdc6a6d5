//! Removes uploads that nobody went on with, and what the store keeps for them.

use serde::{Deserialize, Serialize};

use crate::{actions::quota, app::App, db, jobs, jobs::Job};

/// How many are removed in one go.
const BATCH: i64 = 100;
/// At least so often: a row may be written long after its upload began.
const EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// How far the clocks of nodes may be apart.
const CLOCKS_DIFFER_MS: i64 = 5 * 60 * 1000;
/// After all tries failed.
const AGAIN_MS: i64 = 60 * 60 * 1000;

/// Due at the start, when the next upload expires and every day; then it asks for itself again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveExpiredUploads {}

impl Job for RemoveExpiredUploads {
    const KIND: &'static str = "remove_expired_uploads";

    fn key(&self) -> String {
        String::new()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        // The row of a finished upload keeps its address from being good; on other nodes it may be earlier.
        let before = now - CLOCKS_DIFFER_MS;
        for upload in db::uploads::list_expired(app.db.read(), before, BATCH).await? {
            let mut tx = app.db.begin().await?;
            db::folders::lock_tree(&mut tx).await?;
            // Somebody may have gone on with it in the last moment.
            let Some(reservation) = db::uploads::delete_expired(&mut tx, &upload, before).await? else { continue };
            quota::release(&mut tx, &reservation).await?;
            tx.commit().await?;
            // Last: what is left when this fails is found by nobody and is swept with unused content.
            app.store.forget(upload.as_str()).await?;
        }
        let mut tx = app.db.begin().await?;
        let next = db::uploads::next_expiry(&mut tx).await?.map_or(i64::MAX, |next| next + CLOCKS_DIFFER_MS);
        jobs::enqueue(&mut tx, &self, next.clamp(now, now + EVERY_MS), now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn gave_up(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        jobs::enqueue(&mut tx, &self, now + AGAIN_MS, now).await?;
        Ok(tx.commit().await?)
    }
}
