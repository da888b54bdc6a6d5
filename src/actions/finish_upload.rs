//! Turns a whole upload into a version: of its document, or of a new one in its folder.

use futures::TryStreamExt;
use storage::{Manifest, Stored};

use crate::{
    actions::{
        add_version::{NewVersion, append, insert_attached, insert_document},
        create_upload::allow_attaching,
        free_name, quota,
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, Tx, uploads::Upload},
    error::{Error, Result},
    ids::{DocumentId, FolderId},
    names::DocumentName,
};

/// How often a new version is tried again when others add versions at the same moment.
const TRIES: usize = 20;
/// How much of a file is looked at to know its type.
pub const HEAD_BYTES: usize = 64 << 10;

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
    let media_type = match head {
        Some(head) => indexer::media_type::detect(head, &upload.name),
        None => media_type(app, &stored.manifest, &upload.name).await?,
    };
    finish_as(app, by, upload, &stored.manifest, media_type, hex::encode(stored.sha256)).await
}

/// Like [`finish_upload`], for a content of which the chunks are known; `sha256` may be empty (see [`NewVersion`]).
pub async fn finish_with(
    app: &App,
    by: &Caller,
    upload: &Upload,
    manifest: &Manifest,
    sha256: String,
) -> Result<Finished> {
    let media_type = media_type(app, manifest, &upload.name).await?;
    finish_as(app, by, upload, manifest, media_type, sha256).await
}

async fn finish_as(
    app: &App,
    by: &Caller,
    upload: &Upload,
    manifest: &Manifest,
    media_type: &str,
    sha256: String,
) -> Result<Finished> {
    let new = NewVersion {
        content_id: manifest.content().to_string(),
        size_bytes: manifest.size_bytes() as i64,
        sha256,
        media_type: media_type.to_owned(),
        note: upload.note.clone(),
        room_seq: None,
        chunks: manifest.chunks().to_vec(),
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
    let range = 0..manifest.size_bytes().min(HEAD_BYTES as u64);
    let head: Vec<bytes::Bytes> = app.store.read(manifest, range).try_collect().await?;
    Ok(indexer::media_type::detect(&head.concat(), name))
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
        release(&mut tx, upload).await?;
        match append(app, &mut tx, &by.id, &document, new.clone(), now).await {
            Ok(version) => {
                return commit(tx, upload, Finished { document_id: document.id, version: version.number }, new, now)
                    .await;
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
    let folder = db::folders::find(app.db.read(), folder).await?.ok_or_else(|| Error::not_found("folder"))?;
    policy::allow(&app.db, by, Action::Upload, &folder).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    // The name was free at the beginning. Somebody else took it: rather a number than no file.
    release(&mut tx, upload).await?;
    let name = free_name(&mut tx, &folder.id, &DocumentName::parse(&upload.name)?).await?;
    let document = insert_document(&mut tx, &by.id, &folder, "file", &name, by.clearance, now).await?;
    let version = append(app, &mut tx, &by.id, &document, new.clone(), now).await?;
    commit(tx, upload, Finished { document_id: document.id, version: version.number }, &new, now).await
}

async fn add_to_page(app: &App, by: &Caller, upload: &Upload, page: &DocumentId, new: NewVersion) -> Result<Finished> {
    let page = db::documents::find(app.db.read(), page).await?.ok_or_else(|| Error::not_found("document"))?;
    allow_attaching(app, by, &page).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    release(&mut tx, upload).await?;
    let document = insert_attached(&mut tx, &by.id, &page.id, &DocumentName::parse(&upload.name)?, now).await?;
    let version = append(app, &mut tx, &by.id, &document, new.clone(), now).await?;
    commit(tx, upload, Finished { document_id: document.id, version: version.number }, &new, now).await
}

/// What was reserved for the upload becomes the version's.
pub async fn release(tx: &mut Tx, upload: &Upload) -> Result<()> {
    match db::uploads::lock_reservation(tx, &upload.id).await? {
        Some(reservation) => quota::release(tx, &reservation).await,
        // It was finished or cancelled elsewhere: see `commit`.
        None => Ok(()),
    }
}

async fn commit(mut tx: Tx, upload: &Upload, finished: Finished, new: &NewVersion, now: i64) -> Result<Finished> {
    mark(&mut tx, upload, &finished, new.size_bytes).await?;
    db::changes::append(&mut tx, &finished.document_id, now).await?;
    tx.commit().await?;
    Ok(finished)
}

/// Notes what the upload became; what came for it is held by the version from now on.
pub async fn mark(tx: &mut Tx, upload: &Upload, finished: &Finished, size_bytes: i64) -> Result<()> {
    let (document, version) = (&finished.document_id, finished.version);
    if !db::uploads::update_finished(tx, &upload.id, size_bytes, document, version).await? {
        // Another node finished it, or it was cancelled: the version of this transaction is taken back with it.
        return Err(Error::conflict("upload_offset_mismatch", "this upload was finished or cancelled elsewhere"));
    }
    db::upload_chunks::delete(tx, &upload.id).await
}
