//! What has ended by itself? Sessions, and failures nobody added to; removed every hour.

use serde::{Deserialize, Serialize};

use crate::{app::App, auth::back_off, db, jobs};

const EVERY_MS: i64 = 60 * 60 * 1000;

/// Removes ended rows and asks for the next round.
#[derive(Serialize, Deserialize)]
pub struct CleanUp {}

impl jobs::Job for CleanUp {
    const KIND: &'static str = "clean_up";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        db::sessions::delete_expired(&mut tx, now, now - app.config.session_idle_ms).await?;
        db::sign_in_failures::delete_old(&mut tx, now - back_off::FORGET_MS).await?;
        jobs::enqueue(&mut tx, &self, now + EVERY_MS, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
