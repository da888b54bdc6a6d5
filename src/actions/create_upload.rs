//! Begins an upload. Everything that can be refused is refused now, before the client sends gigabytes.

use anyhow::anyhow;
use axum::http::StatusCode;

use crate::{
    actions::{
        add_version::refuse_level, disk_room::require_room, drive_locks::Closed, quota, require_free_name,
        upload_address,
    },
    app::App,
    auth::policy::{self, Action, Caller},
    clock::Millis,
    db::{
        self,
        documents::Document,
        uploads::{Standing, Upload},
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UploadId},
    names::DocumentName,
};

/// How long an upload may rest before it is removed.
pub const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Most bytes that are taken before anything is written about their upload: so much can be sent again.
pub const AT_ONCE_BYTES: u64 = 16 << 20;
/// So much has to be left of every quota when nothing is reserved for an upload that has an address.
const SPARE_BYTES: i64 = 1 << 30;
/// Longest note on a version, in characters.
const NOTE_MAX_CHARS: usize = 1000;

/// What a client says when it begins.
pub struct NewUpload {
    pub name: DocumentName,
    pub destination: Destination,
    pub note: String,
    /// What the client says of it besides, as it says it (`Upload-Metadata`).
    pub metadata: String,
    /// `None`: told later.
    pub size_bytes: Option<u64>,
    /// The request that begins it brings its bytes.
    pub comes_with_bytes: bool,
}

/// What an upload is to become.
pub enum Destination {
    /// A new document there.
    Folder(FolderId),
    /// A new version of that.
    Document(DocumentId),
    /// A new document that belongs to that page or board.
    Page(DocumentId),
}

/// Begins an upload of `by`. A small one is not written by itself, only with what it becomes, when its bytes come with it, or
/// when its address says everything about it (see [`upload_address`](crate::actions::upload_address)).
pub async fn create_upload(app: &App, by: &Caller, new: NewUpload) -> Result<Upload> {
    check_size(app, new.size_bytes)?;
    require_room(&app.config)?;
    if new.note.chars().count() > NOTE_MAX_CHARS {
        return Err(Error::invalid("note_too_long", "a note has at most 1000 characters").field("note"));
    }
    let now = app.clock.now();
    let mut upload = Upload {
        id: UploadId::unguessable(),
        user_id: by.id.clone(),
        folder_id: None,
        document_id: None,
        attached_to: None,
        name: new.name.to_string(),
        note: new.note,
        metadata: new.metadata,
        size_bytes: new.size_bytes.map(|size| size as i64),
        offset_bytes: 0,
        state_token: 0,
        created_at: now,
        expires_at: expires_at(now),
        finished_document_id: None,
        finished_version: None,
        library_id: None,
        reserved_bytes: 0,
        standing: Standing::Coming,
    };
    match new.destination {
        Destination::Folder(id) => upload.folder_id = Some(id),
        Destination::Document(id) => upload.document_id = Some(id),
        Destination::Page(id) => upload.attached_to = Some(id),
    }
    let library = allow_upload(app, by, &upload).await?;
    upload.library_id = Some(library.clone());
    let at_once = new.size_bytes.filter(|size| *size <= AT_ONCE_BYTES);
    if let Some(size) = at_once {
        if let Some(folder) = &upload.folder_id {
            let mut db = app.db.look().await?;
            require_free_name(&mut db, folder, &new.name).await?;
            let closed = Closed::read(&mut db, std::slice::from_ref(folder), now).await?;
            closed.require_open(folder, &new.name.key(), &by.id)?;
        }
        // They are counted when they are there.
        let available = quota::require_in(app, &library, &by.id, size as i64).await?;
        if new.comes_with_bytes {
            return Ok(upload);
        }
        if available.is_none_or(|available| available - size as i64 >= SPARE_BYTES) && upload_address::suits(&upload) {
            upload.standing = Standing::Announced;
        }
    }
    if upload.standing == Standing::Coming {
        upload = app.intake.begin(app, upload).await?;
    }
    app.uploads.remember(&upload).await;
    Ok(upload)
}

/// Whether `by` may bring what an upload is to become. Returns the library in which its bytes count.
pub async fn allow_upload(app: &App, by: &Caller, upload: &Upload) -> Result<FolderId> {
    let find = async |id| db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"));
    match (&upload.document_id, &upload.attached_to, &upload.folder_id) {
        (Some(id), ..) => {
            let document = find(id).await?;
            policy::allow(&app.db, by, Action::Upload, &document).await?;
            if document.is_live() {
                return Err(Error::conflict("document_is_page", "a page is written, not uploaded").field("document_id"));
            }
            refuse_level(app, document.level)?;
            quota::library_of(app, &document.folder_id).await
        }
        (None, Some(id), _) => {
            let page = find(id).await?;
            allow_attaching(app, by, &page).await?;
            refuse_level(app, page.level)?;
            quota::library_of(app, &page.folder_id).await
        }
        (None, None, Some(id)) => allow_adding(app, by, id).await,
        (None, None, None) => Err(Error::internal(anyhow!("upload {} has no destination", upload.id))),
    }
}

/// Whoever edits in a folder may add files to it. Returns the library that it is in.
pub async fn allow_adding(app: &App, by: &Caller, folder: &FolderId) -> Result<FolderId> {
    let not_found = || Error::not_found("folder");
    let (found, access) = tokio::try_join!(app.guests.folder(app, folder), app.guests.access(app, by, folder))?;
    let (found, access) = (found.ok_or_else(not_found)?, access.ok_or_else(not_found)?);
    policy::check(access.role(folder), Action::Upload, &*found)?;
    access.library(folder).ok_or_else(not_found)
}

/// Whoever edits a page or board may put pictures into it.
pub async fn allow_attaching(app: &App, by: &Caller, page: &Document) -> Result<()> {
    policy::allow(&app.db, by, Action::Edit, page).await?;
    if !page.is_live() {
        return Err(Error::conflict("document_not_page", "files are attached to pages and boards").field("attached_to"));
    }
    Ok(())
}

/// When an upload expires that was last written to at `now`.
pub fn expires_at(now: Millis) -> Millis {
    now + KEPT_MS
}

/// Refuses what this server does not take.
pub fn check_size(app: &App, size_bytes: Option<u64>) -> Result<()> {
    let max = app.config.upload_max_bytes;
    if size_bytes.is_some_and(|size| size > max) {
        return Err(too_large(max));
    }
    Ok(())
}

/// 413 `upload_too_large`.
pub fn too_large(max_bytes: u64) -> Error {
    let message = format!("this server takes files of up to {max_bytes} bytes");
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, "upload_too_large", message).with("max_bytes", max_bytes)
}
