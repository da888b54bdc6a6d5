//! Turns a whole upload into a version: of its document, or of a new one in its folder.

use std::collections::HashMap;

use bytes::Bytes;
use futures::TryStreamExt;
use indexer::media_type::HEAD_BYTES;
use storage::{Manifest, Stored};

use crate::{
    actions::{
        add_version::{NewVersion, append},
        create_upload::{allow_adding, allow_attaching},
        intake::{Arrival, Place},
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{
        self, Tx,
        uploads::{Done, Reservation, Upload, finished_elsewhere},
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UploadId},
    names::DocumentName,
    worker,
};

/// How often a new version is tried again when others add versions at the same moment.
const TRIES: usize = 20;

/// What an upload became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub document_id: DocumentId,
    pub version: i64,
}

impl Finished {
    /// What `upload` became, if it did.
    pub fn of(upload: &Upload) -> Option<Self> {
        Some(Self { document_id: upload.finished_document_id.clone()?, version: upload.finished_version? })
    }
}

/// Adds the version and marks the upload finished, in one transaction. The rights are looked at again.
/// `head` is what the content begins with, as far as its type is told by, when that is at hand.
pub async fn finish_upload(
    app: &App,
    by: &Caller,
    upload: &Upload,
    stored: &Stored,
    head: Option<&[u8]>,
) -> Result<Finished> {
    let sha256 = hex::encode(stored.sha256);
    match head {
        Some(head) => finish_as(app, by, upload, &stored.manifest, head, sha256).await,
        None => finish_with(app, by, upload, &stored.manifest, sha256).await,
    }
}

/// Like [`finish_upload`], for a content of which the chunks are known; `sha256` may be empty (see [`NewVersion`]).
pub async fn finish_with(
    app: &App,
    by: &Caller,
    upload: &Upload,
    manifest: &Manifest,
    sha256: String,
) -> Result<Finished> {
    let head = head(app, manifest).await?;
    finish_as(app, by, upload, manifest, &head, sha256).await
}

async fn finish_as(
    app: &App,
    by: &Caller,
    upload: &Upload,
    manifest: &Manifest,
    head: &[u8],
    sha256: String,
) -> Result<Finished> {
    let media_type = indexer::media_type::detect(head, &upload.name);
    let new = NewVersion {
        content_id: manifest.content().to_string(),
        size_bytes: manifest.size_bytes() as i64,
        sha256,
        media_type: media_type.to_owned(),
        note: upload.note.clone(),
        room_seq: None,
        chunks: manifest.chunks().to_vec(),
        fault: worker::unreadable(head, media_type).map(|error| (error.code, error.message)),
    };
    let finished = match (&upload.document_id, &upload.attached_to, &upload.folder_id) {
        (Some(document), ..) => add_to_document(app, by, upload, document, &new).await?,
        (None, Some(page), _) => add_to_page(app, by, upload, page, new).await?,
        (None, None, Some(folder)) => add_to_folder(app, by, upload, folder, new).await?,
        (None, None, None) => return Err(Error::internal(anyhow::anyhow!("upload {} has no destination", upload.id))),
    };
    app.jobs.wake();
    Ok(finished)
}

/// Decided from what was stored, never from what the client said.
pub async fn media_type(app: &App, manifest: &Manifest, name: &str) -> Result<&'static str> {
    Ok(indexer::media_type::detect(&head(app, manifest).await?, name))
}

/// What a content begins with, as far as its type is told by.
async fn head(app: &App, manifest: &Manifest) -> Result<Vec<u8>> {
    let range = 0..manifest.size_bytes().min(HEAD_BYTES as u64);
    let head: Vec<Bytes> = app.store.read(manifest, range).try_collect().await?;
    Ok(head.concat())
}

async fn add_to_document(
    app: &App,
    by: &Caller,
    upload: &Upload,
    id: &DocumentId,
    new: &NewVersion,
) -> Result<Finished> {
    let mut tries = 0;
    loop {
        let document = db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))?;
        policy::allow(&app.db, by, Action::Upload, &document).await?;
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        db::folders::lock_tree(&mut tx).await?;
        let finished = Finished { document_id: document.id.clone(), version: document.head + 1 };
        let reserved = mark(&mut tx, upload, &finished, new.size_bytes).await?;
        match append(app, &mut tx, &by.id, &document, new.clone(), reserved, now).await {
            Ok(_) => {
                db::changes::append(&mut tx, &finished.document_id, now);
                tx.commit().await?;
                return Ok(finished);
            }
            // Whose version comes first does not matter here: both are kept.
            Err(error) if error.code() == "document_changed" && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn add_to_folder(
    app: &App,
    by: &Caller,
    upload: &Upload,
    folder: &FolderId,
    new: NewVersion,
) -> Result<Finished> {
    allow_adding(app, by, folder).await?;
    add(app, by, upload, Place::Folder(folder.clone()), new).await
}

async fn add_to_page(app: &App, by: &Caller, upload: &Upload, page: &DocumentId, new: NewVersion) -> Result<Finished> {
    let page = db::documents::find(app.db.read(), page).await?.ok_or_else(|| Error::not_found("document"))?;
    allow_attaching(app, by, &page).await?;
    add(app, by, upload, Place::Page(page.id), new).await
}

async fn add(app: &App, by: &Caller, upload: &Upload, place: Place, new: NewVersion) -> Result<Finished> {
    // The name was free at the beginning. When somebody else took it: rather a number than no file.
    let (name, upload) = (DocumentName::parse(&upload.name)?, Some(upload.clone()));
    let arrival = Arrival { by: by.clone(), place, name, is_exact: false, level: 0, new, upload, replaces: None };
    let (document, version) = app.intake.add(app, arrival).await?;
    Ok(Finished { document_id: document.id, version: version.number })
}

/// Notes what an upload became; what came for it is held by the version from now on. Returns what it had reserved, which the
/// caller charges or gives back.
pub async fn mark(tx: &mut Tx, upload: &Upload, finished: &Finished, size_bytes: i64) -> Result<Option<Reservation>> {
    let mut upload = upload.clone();
    if upload.is_written() {
        // As it is now: another node may have reserved more.
        let reserved = db::uploads::lock_reservation(tx, &upload.id).await?.ok_or_else(finished_elsewhere)?;
        upload.reserved_bytes = reserved.reserved_bytes;
    }
    Ok(mark_all(tx, &[(&upload, finished.clone(), size_bytes)]).await?.remove(&upload.id))
}

/// Notes what uploads became: each with the size of that. Returns what those had reserved that were written before.
pub async fn mark_all(tx: &mut Tx, became: &[(&Upload, Finished, i64)]) -> Result<HashMap<UploadId, Reservation>> {
    let (written, unwritten): (Vec<_>, Vec<_>) = became.iter().partition(|(upload, ..)| upload.is_written());
    let whole = unwritten.iter().map(|(upload, finished, size_bytes)| Upload {
        offset_bytes: *size_bytes,
        finished_document_id: Some(finished.document_id.clone()),
        finished_version: Some(finished.version),
        ..(*upload).clone()
    });
    db::uploads::insert_all(tx, &whole.collect::<Vec<_>>()).await?;
    let done = written.iter().map(|(upload, finished, size_bytes)| Done {
        upload: &upload.id,
        reserved_bytes: upload.reserved_bytes,
        size_bytes: *size_bytes,
        document: &finished.document_id,
        version: finished.version,
    });
    let received = db::uploads::finish_all(tx, &done.collect::<Vec<_>>()).await?;
    let mut reserved = HashMap::with_capacity(written.len());
    for (upload, ..) in written {
        match received.get(&upload.id) {
            Some(0) => {}
            Some(_) => db::upload_chunks::delete(tx, &upload.id).await?,
            None => return Err(finished_elsewhere()),
        }
        let (library_id, user_id) = (upload.library_id.clone(), upload.user_id.clone());
        let reservation = Reservation { library_id, user_id, reserved_bytes: upload.reserved_bytes };
        reserved.insert(upload.id.clone(), reservation);
    }
    Ok(reserved)
}
