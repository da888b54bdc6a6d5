//! Notes which chunks a content is made of, where that was not done with its first version: contents of earlier releases, and
//! those that did not come as uploads.

use serde::{Deserialize, Serialize};
use storage::ContentId;

use crate::{app::App, db, jobs, jobs::Job};

/// From one look at everything to the next.
const EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// Contents looked up in one go.
const BATCH: i64 = 100;

/// One content, or all of which the chunks are not known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListChunks {
    /// Hex; `None`: every content, once a day.
    pub content_id: Option<String>,
}

impl Job for ListChunks {
    const KIND: &'static str = "list_chunks";

    fn key(&self) -> String {
        self.content_id.clone().unwrap_or_default()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        match &self.content_id {
            Some(content) => list(app, content).await,
            None => self.run_over_all(app).await,
        }
    }
}

impl ListChunks {
    async fn run_over_all(self, app: &App) -> anyhow::Result<()> {
        let mut last = String::new();
        loop {
            let some = db::content_chunks::list_unlisted(app.db.read(), &last, BATCH).await?;
            for content in &some {
                if let Err(error) = list(app, content).await {
                    // A damaged content must not keep the others from their turn; verifying names it.
                    tracing::warn!(content.id = content, error = format!("{error:#}"), "its chunks cannot be listed");
                }
            }
            match some.into_iter().next_back() {
                Some(content) => last = content,
                None => break,
            }
        }
        while forget_some(app).await? {}
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        jobs::enqueue(&mut tx, &self, now + EVERY_MS, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn list(app: &App, content: &str) -> anyhow::Result<()> {
    let id: ContentId = content.parse()?;
    let manifest = app.store.manifest(&id).await?;
    let mut tx = app.db.begin().await?;
    db::content_chunks::insert(&mut tx, content, manifest.chunks()).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets contents that no version has any more; `false` when there are none.
async fn forget_some(app: &App) -> anyhow::Result<bool> {
    let unused = db::content_chunks::list_unused(app.db.read(), BATCH).await?;
    for content in &unused {
        let mut tx = app.db.begin().await?;
        db::content_chunks::delete_unused(&mut tx, content).await?;
        tx.commit().await?;
    }
    Ok(!unused.is_empty())
}
