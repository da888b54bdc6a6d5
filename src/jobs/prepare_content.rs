//! Makes pages and text of a content, in the isolated worker.

use serde::{Deserialize, Serialize};

use crate::{app::App, jobs::Job};

/// A content that has no preview yet: its row in `previews` says `waiting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareContent {
    /// Hex.
    pub content_id: String,
    pub media_type: String,
    /// Name of the first document that had it: its extension helps where the content is ambiguous.
    pub name: String,
}

impl Job for PrepareContent {
    const KIND: &'static str = "prepare_content";

    fn key(&self) -> String {
        format!("{} {}", self.content_id, self.media_type)
    }

    async fn run(self, _app: &App) -> anyhow::Result<()> {
        anyhow::bail!("the worker is not connected yet")
    }
}
