//! Reads the pages of a content that are pictures, a few at a time: many scans take turns, and each is found page by page.

use serde::{Deserialize, Serialize};

use crate::{app::App, jobs::Job, preview::recognise};

/// A content whose pages are shown already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecogniseText {
    /// Hex.
    pub content_id: String,
    pub media_type: String,
    /// All pages that are to be read, from 1; how many of them are done stands in the content's row.
    pub pages: Vec<u32>,
}

impl Job for RecogniseText {
    const KIND: &'static str = "recognise_text";
    /// The worker pool decides how many run.
    const PARALLEL: usize = 4;

    fn key(&self) -> String {
        format!("{} {}", self.content_id, self.media_type)
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        recognise::recognise(app, self).await
    }

    async fn gave_up(self, app: &App) -> anyhow::Result<()> {
        recognise::skip(app, self).await
    }
}
