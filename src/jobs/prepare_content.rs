//! Makes pages and text of a content, in the isolated worker.

use serde::{Deserialize, Serialize};

use crate::{app::App, jobs::Job, preview::prepare};

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
    /// The worker pool decides how many run; the others wait in it with their files ready.
    const PARALLEL: usize = 8;

    fn key(&self) -> String {
        format!("{} {}", self.content_id, self.media_type)
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        prepare::prepare(app, &self.content_id, &self.media_type, &self.name).await
    }

    async fn gave_up(self, app: &App) -> anyhow::Result<()> {
        let message = "the server could not make the preview; the administrator finds the cause in its log";
        prepare::failed(app, &self.content_id, &self.media_type, "preview_unavailable", message).await
    }
}
