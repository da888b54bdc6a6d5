//! What do the pages say that are pictures? Found out after they can be looked at, a few pages at a time.
//!
//! Each round takes the next pages of the content, has the worker read them, puts their text in the place of what was stored,
//! and asks for the next round. A round that was cut off by a crash is simply done again.

use std::str::FromStr;

use anyhow::Context;
use storage::ContentId;

use super::{prepare::tell, text};
use crate::{
    app::App,
    db::{self, previews::Preview},
    jobs::{self, recognise_text::RecogniseText},
    worker::{Answer, Recognised, Task, WorkerError, codes},
};

/// Pages of one round.
const ROUND_PAGES: usize = 4;
/// Largest file of recognised text that a worker may hand back, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Does one round. A fault of the content leaves its pages as they are; an error is something that another try may get over.
pub async fn recognise(app: &App, job: RecogniseText) -> anyhow::Result<()> {
    let Some(round) = Round::find(app, &job).await? else { return Ok(()) };
    let pdf =
        app.preview().local_copy(&ContentId::from_str(&round.rendition).context("a content id of our own")?).await;
    let pdf = pdf.map_err(anyhow::Error::new)?;
    let folder = tempfile::tempdir_in(app.config.scratch())?;
    let task =
        Task::Recognise { pdf: pdf.path().to_owned(), pages: round.pages.clone(), out: folder.path().join("out") };
    let read = match app.workers.run(task).await {
        Ok(Answer::Recognised { text, warnings }) => {
            for warning in &warnings {
                tracing::info!(
                    content.id = job.content_id,
                    code = warning.code,
                    message = warning.message,
                    "recognised with a warning"
                );
            }
            let size = tokio::fs::metadata(&text).await?.len();
            anyhow::ensure!(size <= MAX_BYTES, "the recognised text has {size} bytes");
            serde_json::from_slice(&tokio::fs::read(&text).await?).context("the worker's text")?
        }
        Ok(other) => anyhow::bail!("a worker answered {other:?}"),
        Err(error) if is_ours(&error) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(content.id = job.content_id, %error, "pages could not be recognised");
            Vec::new()
        }
    };
    round.finish(app, job, read).await
}

/// Gives up the pages of one round and goes on with the next.
pub async fn skip(app: &App, job: RecogniseText) -> anyhow::Result<()> {
    match Round::find(app, &job).await? {
        Some(round) => round.finish(app, job, Vec::new()).await,
        None => Ok(()),
    }
}

/// Whether the installation is at fault and not the content.
fn is_ours(error: &WorkerError) -> bool {
    [codes::UNAVAILABLE, codes::PDFIUM_MISSING].contains(&error.code.as_str())
}

/// The pages that are read next.
struct Round {
    pages: Vec<u32>,
    /// Pages that were done before.
    done: usize,
    rendition: String,
    text_key: String,
}

impl Round {
    /// Returns the next pages; `None` when there is nothing left to do.
    async fn find(app: &App, job: &RecogniseText) -> anyhow::Result<Option<Self>> {
        let preview = db::previews::find(app.db.read(), &job.content_id, &job.media_type).await?;
        let Some(Preview { recognise_done: Some(done), rendition: Some(rendition), text_key: Some(text_key), .. }) =
            preview
        else {
            return Ok(None);
        };
        let done = usize::try_from(done)?;
        let pages: Vec<u32> = job.pages.iter().skip(done).take(ROUND_PAGES).copied().collect();
        Ok((!pages.is_empty()).then_some(Self { pages, done, rendition, text_key }))
    }

    /// Stores what was read, tells how far it is, and asks for the next round.
    async fn finish(self, app: &App, job: RecogniseText, read: Vec<Recognised>) -> anyhow::Result<()> {
        let done = self.done + self.pages.len();
        let is_last = done >= job.pages.len();
        let text_key = text::replace_pages(&app.store, &self.text_key, read, done, is_last).await?;
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let (before, done) = (i64::try_from(self.done)?, i64::try_from(done)?);
        let progress = db::previews::Progress { before, done, text_key: &text_key };
        if !db::previews::update_recognised(&mut tx, &job.content_id, &job.media_type, progress, now).await? {
            // Another node was faster.
            return Ok(());
        }
        let (content_id, media_type) = (job.content_id.clone(), job.media_type.clone());
        if !is_last {
            jobs::enqueue(&mut tx, &job, now, now).await?;
        }
        tell(app, tx, &content_id, &media_type).await?;
        app.jobs.wake();
        Ok(())
    }
}
