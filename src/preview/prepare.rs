//! What does a content look like, and what does it say? Asked once per content, answered by the isolated worker.
//!
//! From the store to the worker and back: the original goes in, the PDF of its pages and its text come out and are kept.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context;
use futures::TryStreamExt;
use indexer::{media_type::HEAD_BYTES, text::Extracted};
use storage::ContentId;

use super::text;
use crate::{
    app::App,
    db::{self, previews::Prepared as Row},
    exchange,
    jobs::{self, recognise_text::RecogniseText},
    worker::{
        self, Answer, Prepared, Rendition, Task, WorkerError, codes,
        room::{PAGE, pack},
    },
};

/// Largest text file that a worker may hand back, in bytes.
const MAX_TEXT_BYTES: u64 = 512 << 20;

/// Makes the preview of a content that waits for it. A fault of the content is recorded and is no error here; an error is
/// something that another try may get over.
pub async fn prepare(app: &App, content_id: &str, media_type: &str, name: &str) -> anyhow::Result<()> {
    if !worker::has_way(media_type)
        && let Some(error) = unreadable(app, content_id, media_type).await?
    {
        return failed(app, content_id, media_type, &error.code, &error.message).await;
    }
    let _turn = app.preview().turns.take().await;
    let Some(Fetched { content, folder, input }) = fetch(app, content_id, media_type).await? else { return Ok(()) };
    let input = if media_type == PAGE { page_parcel(app, content_id, &folder, &input).await? } else { input };
    let task = Task::Prepare {
        input,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        out: folder.path().join("out"),
    };
    match app.workers.run(task).await {
        Ok(Answer::Prepared(prepared)) => ready(app, &content, media_type, prepared).await,
        Ok(other) => anyhow::bail!("a converter answered {other:?}"),
        Err(error) if is_ours(&error) => Err(error.into()),
        Err(error) => failed(app, content_id, media_type, &error.code, &error.message).await,
    }
}

/// Why nothing can be made of a content that waits: its first bytes say enough, and no child has to be asked.
async fn unreadable(app: &App, content_id: &str, media_type: &str) -> anyhow::Result<Option<WorkerError>> {
    if !is_waiting(app, content_id, media_type).await? {
        return Ok(None);
    }
    let manifest = app.store.manifest(&ContentId::from_str(content_id).context("a content id of our own")?).await?;
    let range = 0..manifest.size_bytes().min(HEAD_BYTES as u64);
    let head: Vec<bytes::Bytes> = app.store.read(&manifest, range).try_collect().await?;
    Ok(worker::unreadable(&head.concat(), media_type))
}

/// A page goes to the worker with its pictures.
async fn page_parcel(app: &App, content_id: &str, folder: &tempfile::TempDir, input: &Path) -> anyhow::Result<PathBuf> {
    let mut tx = app.db.begin().await?;
    let pages = db::previews::list_documents(&mut tx, content_id, PAGE).await?;
    drop(tx);
    let state = tokio::fs::read(input).await?;
    // Equal states are versions of one page: a state says who wrote it. Where they are not, pictures are left out.
    if let [page] = pages.as_slice()
        && let Some(page) = db::documents::find(app.db.read(), page).await?
    {
        match exchange::parcel_of_version(app, &page, &state, folder.path()).await {
            Ok(parcel) => return Ok(parcel),
            Err(error) => tracing::warn!(document.id = %page.id, %error, "a page is shown without its pictures"),
        }
    }
    let parcel = folder.path().join("parcel");
    crate::worker::pictures::write_parcel(&parcel, &pack([state.as_slice()]), &[])?;
    Ok(parcel)
}

/// Makes the text of a content searchable that still waits for its pages. What is wrong with it is told by [`prepare`].
pub async fn read_text(app: &App, content_id: &str, media_type: &str, name: &str) -> anyhow::Result<()> {
    let Some(Fetched { content, folder, input }) = fetch(app, content_id, media_type).await? else { return Ok(()) };
    let task = Task::ReadText { input, name: name.to_owned(), out: folder.path().join("out") };
    let Ok(Answer::Prepared(read)) = app.workers.run(task).await else { return Ok(()) };
    let extracted = load(&read).await?;
    if extracted.extra.trim().is_empty() {
        return Ok(());
    }
    let key = first_text_key(&content, media_type);
    text::save(&app.store, &key, extracted).await?;
    let mut tx = app.db.begin().await?;
    if db::previews::update_text(&mut tx, content_id, media_type, &key, app.clock.now()).await? {
        return tell(app, tx, content_id, media_type).await;
    }
    // Nobody waits with writing for the store.
    drop(tx);
    Ok(text::delete(&app.store, &key).await?)
}

/// A content that waits, as a file; the file is gone with the folder.
struct Fetched {
    content: ContentId,
    folder: tempfile::TempDir,
    input: std::path::PathBuf,
}

async fn fetch(app: &App, content_id: &str, media_type: &str) -> anyhow::Result<Option<Fetched>> {
    if !is_waiting(app, content_id, media_type).await? {
        return Ok(None);
    }
    let content = ContentId::from_str(content_id).context("a content id of our own")?;
    let folder = tempfile::tempdir_in(app.config.scratch())?;
    let input = folder.path().join("input");
    app.store.copy_to_file(&content, &input).await?;
    Ok(Some(Fetched { content, folder, input }))
}

async fn is_waiting(app: &App, content_id: &str, media_type: &str) -> anyhow::Result<bool> {
    let preview = db::previews::find(app.db.read(), content_id, media_type).await?;
    Ok(preview.is_some_and(|preview| preview.state == "waiting"))
}

/// Whether the installation is at fault and not the content.
fn is_ours(error: &WorkerError) -> bool {
    [codes::UNAVAILABLE, codes::PDFIUM_MISSING, codes::OFFICE_MISSING].contains(&error.code.as_str())
}

async fn ready(app: &App, content: &ContentId, media_type: &str, prepared: Prepared) -> anyhow::Result<()> {
    for warning in &prepared.warnings {
        tracing::info!(content.id = %content, code = warning.code, message = warning.message, "prepared with a warning");
    }
    let rendition = match &prepared.rendition {
        Rendition::Original => Some((content.to_string(), prepared.media_type.clone())),
        Rendition::Pdf(file) => {
            Some((app.store.put_file(file).await?.content.to_string(), "application/pdf".to_owned()))
        }
        Rendition::None => None,
    };
    let mut extracted = load(&prepared).await?;
    if rendition.is_none() {
        // Text without pages to show is found all the same.
        let pages = std::mem::take(&mut extracted.pages);
        for page in pages {
            extracted.extra.push_str(&page.text);
            extracted.extra.push('\n');
        }
    }
    let page_count = i64::try_from(extracted.pages.len())?;
    let text_key = text_key(content, media_type);
    text::save(&app.store, &text_key, extracted).await?;
    let (rendition, rendition_type) = rendition.unzip();
    let unread = if rendition.is_some() { prepared.unread } else { Vec::new() };
    let recognise_total = (!unread.is_empty()).then_some(i64::try_from(unread.len())?);
    let row =
        Row { page_count: Some(page_count), rendition, rendition_type, text_key: Some(text_key), recognise_total };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::previews::update_ready(&mut tx, &content.to_string(), media_type, &row, now).await?;
    if recognise_total.is_some() {
        let job = RecogniseText { content_id: content.to_string(), media_type: media_type.to_owned(), pages: unread };
        jobs::enqueue(&mut tx, &job, now, now).await?;
    }
    tell(app, tx, &content.to_string(), media_type).await?;
    app.jobs.wake();
    if let Err(error) = text::delete(&app.store, &first_text_key(content, media_type)).await {
        tracing::warn!(content.id = %content, error = %error, "text that was replaced stays");
    }
    Ok(())
}

/// Reads the text that the worker wrote.
async fn load(prepared: &Prepared) -> anyhow::Result<Extracted> {
    let size = tokio::fs::metadata(&prepared.text).await?.len();
    anyhow::ensure!(size <= MAX_TEXT_BYTES, "the extracted text has {size} bytes");
    let json = tokio::fs::read(&prepared.text).await?;
    tokio::task::spawn_blocking(move || serde_json::from_slice(&json)).await?.context("the worker's text")
}

/// Where the text of a content lies in the store. Media types such as `image/svg+xml` have characters that keys have not.
fn text_key(content: &ContentId, media_type: &str) -> String {
    let kind: String = media_type.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    format!("text/{content}/{kind}")
}

/// The same for text that is replaced once there are pages.
fn first_text_key(content: &ContentId, media_type: &str) -> String {
    format!("{}-first", text_key(content, media_type))
}

/// Records that there is no preview, and why.
pub async fn failed(app: &App, content_id: &str, media_type: &str, code: &str, message: &str) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    db::previews::update_failed(&mut tx, content_id, media_type, code, message, app.clock.now()).await?;
    tell(app, tx, content_id, media_type).await
}

/// Documents with this content have changed for search and for whoever looks at them.
pub(super) async fn tell(app: &App, mut tx: db::Tx, content_id: &str, media_type: &str) -> anyhow::Result<()> {
    for document in db::previews::list_documents(&mut tx, content_id, media_type).await? {
        db::changes::append(&mut tx, &document, app.clock.now());
    }
    tx.commit().await?;
    app.search().wake();
    Ok(())
}
