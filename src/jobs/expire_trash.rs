//! Deletes for good what has lain in the trash for long; looked at every day.

use serde::{Deserialize, Serialize};

use crate::{actions::purge, app::App, db, jobs, jobs::Job};

/// A day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Entries looked at together.
const BATCH: i64 = 100;

/// Marks what is due and asks for the next day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ExpireTrash {}

impl Job for ExpireTrash {
    const KIND: &'static str = "expire_trash";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        if app.config.trash_days > 0 {
            expire(app, now - i64::from(app.config.trash_days) * DAY_MS).await?;
        }
        let mut tx = app.db.begin().await?;
        jobs::enqueue(&mut tx, &self, now + DAY_MS, now).await?;
        tx.commit().await?;
        app.jobs.wake();
        Ok(())
    }
}

async fn expire(app: &App, before: i64) -> anyhow::Result<()> {
    let (mut at, mut id) = (i64::MIN, String::new());
    loop {
        let entries = db::trash::list_older(app.db.read(), before, (at, &id), BATCH).await?;
        let Some(last) = entries.last() else { return Ok(()) };
        (at, id) = (last.trashed_at, last.id.to_string());
        for entry in &entries {
            match purge::begin(app, None, entry).await {
                Ok(()) => {}
                // What is held stays, and is looked at again tomorrow.
                Err(error) if matches!(error.code(), "document_held" | "folder_held" | "trash_entry_not_found") => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
