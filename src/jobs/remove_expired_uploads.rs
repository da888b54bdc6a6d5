//! Removes uploads that nobody went on with, and what the store keeps for them.

use serde::{Deserialize, Serialize};

use crate::{
    actions::{create_upload::KEPT_MS, quota},
    app::App,
    db, jobs,
    jobs::Job,
};

/// How many are removed in one go.
const BATCH: i64 = 100;
/// After all tries failed.
const AGAIN_MS: i64 = 60 * 60 * 1000;

/// Due at the start and when the next upload expires; then it asks for itself again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveExpiredUploads {}

impl Job for RemoveExpiredUploads {
    const KIND: &'static str = "remove_expired_uploads";

    fn key(&self) -> String {
        String::new()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        for upload in db::uploads::list_expired(app.db.read(), now, BATCH).await? {
            let mut tx = app.db.begin().await?;
            db::folders::lock_tree(&mut tx).await?;
            // Somebody may have gone on with it in the last moment.
            let Some(reservation) = db::uploads::delete_expired(&mut tx, &upload, now).await? else { continue };
            quota::release(&mut tx, &reservation).await?;
            tx.commit().await?;
            // Last: what is left when this fails is found by nobody and is swept with unused content.
            app.store.forget(upload.as_str()).await?;
        }
        let mut tx = app.db.begin().await?;
        // What begins from now on is kept for that long at least.
        let next = db::uploads::next_expiry(&mut tx).await?.unwrap_or(i64::MAX);
        jobs::enqueue(&mut tx, &self, next.min(now + KEPT_MS), now).await?;
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
