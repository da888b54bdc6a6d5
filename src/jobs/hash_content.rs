//! Computes the SHA-256 of a content that was put together from chunks which were here already: nobody has read it as a
//! whole yet. Until then versions with it say that their hash is not known.

use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::ContentId;

use crate::{actions::assemble_upload::hash, app::App, audit, db, jobs::Job};

/// A content of which the hash is missing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HashContent {
    /// Hex.
    pub content_id: String,
}

impl Job for HashContent {
    const KIND: &'static str = "hash_content";

    fn key(&self) -> String {
        self.content_id.clone()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let content: ContentId = self.content_id.parse()?;
        let sha256 = hash(app, &app.store.manifest(&content).await?).await?;
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        for (document, number) in db::versions::update_sha256(&mut tx, &self.content_id, &sha256).await? {
            let details = json!({ "number": number, "sha256": sha256 });
            let event = audit::Event::new("version_hashed").document(&document).details(details);
            audit::record(&mut tx, None, now, event);
        }
        tx.commit().await?;
        Ok(())
    }
}
