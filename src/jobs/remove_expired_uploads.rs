//! Removes uploads that nobody went on with, and what the store keeps for them.

use serde::{Deserialize, Serialize};

use crate::{actions::quota, app::App, db, jobs, jobs::Job};

/// How many are removed in one go.
const BATCH: i64 = 100;

/// Due when the next upload expires; then it asks for itself again.
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
            app.store.forget(upload.as_str()).await?;
            let mut tx = app.db.begin().await?;
            if let Some(reservation) = db::uploads::delete(&mut tx, &upload).await? {
                quota::release(&mut tx, &reservation).await?;
            }
            tx.commit().await?;
        }
        let mut tx = app.db.begin().await?;
        if let Some(next) = db::uploads::next_expiry(&mut tx).await? {
            jobs::enqueue(&mut tx, &self, next, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
