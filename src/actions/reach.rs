//! What does the database refer to in the store? Every content in use, and its chunks; for the sweep and for verifying.

use futures::{StreamExt, stream};
use storage::{
    ContentId, Point,
    sweep::{Ids, Reached},
};

use crate::{
    actions::collect_garbage::owner_page,
    app::App,
    db::{self, garbage::Referrer},
    error::{Error, Result},
    ids::UploadId,
};

/// Rows read at a time.
const PAGE: i64 = 1000;
/// Lists read at a time.
const READS_AT_ONCE: usize = 16;
/// How often an upload is looked at again that goes on while it is looked at.
const TRIES: usize = 50;

/// What was found.
pub struct Marked {
    pub reached: Reached,
    /// Contents and live documents that derived objects belong to.
    pub owners: Ids,
    /// What is in use and cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Something in use whose chunks nobody knows.
#[derive(Clone, Debug)]
pub enum Unreadable {
    Content { id: String, is_missing: bool, reason: String },
    Upload(UploadId),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Content { reason, .. } => f.write_str(reason),
            Self::Upload(id) => write!(f, "the state of upload {id} is damaged"),
        }
    }
}

/// Follows everything that is in use. Unfinished uploads come first: they become versions, never the other way round.
pub async fn reach_all(app: &App) -> Result<Marked> {
    let scratch = app.config.scratch();
    let mut marked = Marked { reached: Reached::new(&scratch), owners: Ids::new(&scratch), unreadable: Vec::new() };
    reach_uploads(app, &mut marked).await?;
    reach_received(app, &mut marked).await?;
    for referrer in Referrer::ALL {
        let mut after = String::new();
        loop {
            let roots = db::garbage::list_roots(app.db.read(), referrer, &after, PAGE).await?;
            let Some(last) = roots.last() else { break };
            after = last.clone();
            reach_contents(app, &mut marked, roots).await?;
        }
    }
    reach_owners(app, &mut marked).await?;
    Ok(marked)
}

async fn reach_contents(app: &App, marked: &mut Marked, roots: Vec<String>) -> Result<()> {
    let mut read = stream::iter(roots)
        .map(|root| async move {
            let Ok(content) = root.parse::<ContentId>() else { return (root, None) };
            (root, Some((content, app.store.manifest(&content).await)))
        })
        .buffer_unordered(READS_AT_ONCE);
    while let Some((id, outcome)) = read.next().await {
        match outcome {
            Some((_, Ok(manifest))) => marked.reached.add(&manifest)?,
            Some((content, Err(error @ (storage::Error::Damaged { .. } | storage::Error::Missing { .. })))) => {
                // What may be left of it stays.
                marked.reached.contents.add(*content.as_bytes())?;
                marked.reached.chunks.add(*content.as_bytes())?;
                for chunk in db::content_chunks::list_ids(app.db.read(), &id).await? {
                    marked
                        .reached
                        .chunks
                        .add(chunk.try_into().map_err(|_| Error::internal(anyhow::anyhow!("a chunk id")))?)?;
                }
                let is_missing = matches!(error, storage::Error::Missing { .. });
                marked.unreadable.push(Unreadable::Content { id, is_missing, reason: error.to_string() });
            }
            Some((_, Err(error))) => return Err(error.into()),
            None => {
                let reason = format!("the database holds an impossible content id: {id}");
                marked.unreadable.push(Unreadable::Content { id, is_missing: false, reason });
            }
        }
    }
    Ok(())
}

async fn reach_uploads(app: &App, marked: &mut Marked) -> Result<()> {
    let mut after = String::new();
    loop {
        let uploads = db::uploads::list_unfinished(app.db.read(), &after, PAGE).await?;
        let Some((last, _)) = uploads.last() else { return Ok(()) };
        after = last.to_string();
        for (upload, point) in uploads {
            reach_upload(app, marked, &upload, point).await?;
        }
    }
}

/// Adds what the durable state refers to. What was written since is claimed by its writer.
async fn reach_upload(app: &App, marked: &mut Marked, upload: &UploadId, mut point: Point) -> Result<()> {
    for _ in 0..TRIES {
        match app.store.suspended_chunks(upload.as_str(), point).await {
            Ok(chunks) => return Ok(marked.reached.add_chunks(&chunks)?),
            Err(
                storage::Error::UploadMissing { .. }
                | storage::Error::UploadDamaged { .. }
                | storage::Error::ObjectDamaged { .. },
            ) => {}
            Err(error) => return Err(error.into()),
        }
        match db::uploads::find_point(app.db.read(), upload).await? {
            // It became a version, which is looked at later, or it is gone.
            None => return Ok(()),
            Some(now) if now == point => {
                marked.unreadable.push(Unreadable::Upload(upload.clone()));
                return Ok(());
            }
            Some(now) => point = now,
        }
    }
    Err(Error::internal(anyhow::anyhow!("upload {upload} moves faster than it can be looked at")))
}

/// Adds the chunks that came one by one with uploads that are not put together yet.
async fn reach_received(app: &App, marked: &mut Marked) -> Result<()> {
    let mut after = (String::new(), Vec::new());
    loop {
        let received = db::upload_chunks::list_all(app.db.read(), &after, PAGE).await?;
        let Some(last) = received.last().cloned() else { return Ok(()) };
        for (_, chunk) in received {
            marked.reached.chunks.add(chunk.try_into().map_err(|_| Error::internal(anyhow::anyhow!("a chunk id")))?)?;
        }
        after = last;
    }
}

async fn reach_owners(app: &App, marked: &mut Marked) -> Result<()> {
    let mut after = String::new();
    loop {
        let contents = db::previews::list_contents(app.db.read(), &after, PAGE).await?;
        let Some(last) = contents.last() else { break };
        after = last.clone();
        for content in contents.iter().filter_map(|content| content.parse::<ContentId>().ok()) {
            marked.owners.add(*content.as_bytes())?;
        }
    }
    let mut after = String::new();
    loop {
        let pages = db::documents::list_live(app.db.read(), &after, PAGE).await?;
        let Some(last) = pages.last() else { return Ok(()) };
        after = last.to_string();
        for page in &pages {
            marked.owners.add(owner_page(page))?;
        }
    }
}
