//! Turns a whole upload into a version: of its document, or of a new one in its folder.

use futures::TryStreamExt;
use storage::Stored;

use crate::{
    actions::{
        add_version::{NewVersion, append, insert_attached, insert_document},
        create_upload::allow_attaching,
        free_name,
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
const HEAD_BYTES: u64 = 64 << 10;

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
pub async fn finish_upload(app: &App, by: &Caller, upload: &Upload, stored: &Stored) -> Result<Finished> {
    let new = NewVersion::of(stored, media_type(app, stored, &upload.name).await?).with_note(&*upload.note);
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
pub async fn media_type(app: &App, stored: &Stored, name: &str) -> Result<&'static str> {
    let manifest = app.store.manifest(&stored.content).await?;
    let range = 0..stored.size_bytes.min(HEAD_BYTES);
    let head: Vec<bytes::Bytes> = app.store.read(&manifest, range).try_collect().await?;
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
    let document = insert_attached(&mut tx, &by.id, &page.id, &DocumentName::parse(&upload.name)?, now).await?;
    let version = append(app, &mut tx, &by.id, &document, new.clone(), now).await?;
    commit(tx, upload, Finished { document_id: document.id, version: version.number }, &new, now).await
}

async fn commit(mut tx: Tx, upload: &Upload, finished: Finished, new: &NewVersion, now: i64) -> Result<Finished> {
    let first =
        db::uploads::update_finished(&mut tx, &upload.id, new.size_bytes, &finished.document_id, finished.version);
    if !first.await? {
        // Another node finished it, or it was cancelled: the version of this transaction is taken back with it.
        return Err(Error::conflict("upload_offset_mismatch", "this upload was finished or cancelled elsewhere"));
    }
    db::changes::append(&mut tx, &finished.document_id, now).await?;
    tx.commit().await?;
    Ok(finished)
}
