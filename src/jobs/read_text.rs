//! Makes a document's own text searchable while its pages wait for their turn: whoever files a note beside a hundred scans
//! finds it in seconds.

use indexer::extract;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    clock::Millis,
    jobs::Job,
    preview::prepare,
    worker::{board::BOARD, room::PAGE},
};

/// Pages are mostly made within this time; then there is nothing left to do here.
const DELAY_MS: Millis = 2_000;
/// A note comes before the large files that were filed a moment earlier: each so many bytes cost a place in the line.
const BYTES_PER_MS: i64 = 50;
/// Nothing waits longer than this for what comes after it.
const MAX_DELAY_MS: Millis = 60_000;
const PDF: &str = "application/pdf";
/// Larger files are read once, with their pages.
const MAX_BYTES: i64 = 32 << 20;

/// A content that waits for its pages and has text of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadText {
    /// Hex.
    pub content_id: String,
    pub media_type: String,
    /// Name of the first document that had it.
    pub name: String,
}

impl ReadText {
    /// Returns whether files of this type say what they say without being drawn.
    pub fn is_worthwhile(media_type: &str, size_bytes: i64) -> bool {
        // Pictures say nothing by themselves; an archive takes as long as the documents in it.
        let drawn = ["image/", "video/", "audio/", "application/zip"].iter().any(|drawn| media_type.starts_with(drawn));
        let is_read = extract::is_read(media_type, &[0]);
        !drawn && is_read && ![PDF, PAGE, BOARD].contains(&media_type) && size_bytes <= MAX_BYTES
    }
}

impl ReadText {
    /// How long the text of a file of this size waits for its turn at least.
    pub fn delay_ms(size_bytes: i64) -> Millis {
        (DELAY_MS + size_bytes.max(0) / BYTES_PER_MS).min(MAX_DELAY_MS)
    }
}

impl Job for ReadText {
    const KIND: &'static str = "read_text";
    const PARALLEL: usize = 2;

    fn key(&self) -> String {
        format!("{} {}", self.content_id, self.media_type)
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        prepare::read_text(app, &self.content_id, &self.media_type, &self.name).await
    }
}
