//! What changes state? One change per file: content first, then one transaction with its audit event and jobs.

pub mod add_group;
pub mod add_property;
pub mod add_token;
pub mod add_user;
pub mod add_version;
pub mod assemble_upload;
pub mod change_group;
pub mod change_property;
pub mod change_user;
pub mod collect_garbage;
pub mod create_folder;
pub mod create_page;
pub mod create_upload;
pub mod delete_group;
pub mod delete_property;
pub mod delete_upload;
pub mod disk_room;
pub mod drive_locks;
pub mod edit_records;
pub mod file_content;
pub mod finish_upload;
pub mod hold;
pub mod intake;
pub mod name_moment;
pub mod object_guard;
pub mod purge;
pub mod quota;
pub mod reach;
pub mod receive_chunk;
pub mod receive_upload;
mod reclaim;
pub mod relocate;
pub mod rename;
pub mod rename_version;
mod rescope;
pub mod restore_page_version;
pub mod restore_trash;
pub mod restore_version;
pub mod save_page_version;
pub mod set_inherits;
pub mod set_level;
pub mod set_quota;
pub mod set_retention;
pub mod share;
pub mod thin_versions;
pub mod trash;
pub mod unlock_document;
pub mod upload_address;
pub mod upload_locks;
pub mod upload_pace;
pub mod verify;

use crate::{
    app::App,
    auth::policy::{self, Caller},
    db::{self, Tx, documents::Document, folders::Folder},
    error::{Error, Result},
    ids::{DocumentId, FolderId},
    names::{DocumentName, FreeNumber},
};

/// The document as it is inside this transaction; 404 when it went to the trash meanwhile.
async fn current_document(tx: &mut Tx, id: &DocumentId) -> Result<Document> {
    let document = db::documents::find_any(&mut **tx, id).await?;
    document.filter(|document| document.trashed_at.is_none()).ok_or_else(|| Error::not_found("document"))
}

/// The folder as it is inside this transaction; 404 when it went to the trash meanwhile.
async fn current_folder(tx: &mut Tx, id: &FolderId) -> Result<Folder> {
    let folder = db::folders::find_any(&mut **tx, id).await?;
    folder.filter(|folder| folder.trashed_at.is_none()).ok_or_else(|| Error::not_found("folder"))
}

/// Refuses a name that another document in `folder` has; the error names that document.
pub async fn require_free_name<'c>(
    db: impl sqlx::Executor<'c, Database = sqlx::Any>,
    folder: &FolderId,
    name: &DocumentName,
) -> Result<()> {
    match db::documents::find_by_name(db, folder, &name.key()).await? {
        Some(other) => Err(name_taken_by(&other)),
        None => Ok(()),
    }
}

/// 409 `name_taken`, with the document that has it; who answers a request tells it by [`for_eyes_of`].
fn name_taken_by(other: &DocumentId) -> Error {
    name_taken().with("document_id", other.as_str())
}

/// `error`, without the document that it names when `by` does not see that one.
pub async fn for_eyes_of(app: &App, by: &Caller, error: Error) -> Error {
    let Some(named) = error.member("document_id").and_then(|id| id.parse().ok()) else { return error };
    match is_seen(app, by, &named).await {
        Ok(true) => error,
        Ok(false) | Err(_) => error.without("document_id"),
    }
}

/// Whether `by` may know of a document.
pub async fn is_seen(app: &App, by: &Caller, id: &DocumentId) -> Result<bool> {
    let Some(document) = db::documents::find(app.db.read(), id).await? else { return Ok(false) };
    Ok(policy::role_on(&app.db, by, &document).await?.is_some())
}

/// `name`, or with a number that makes it free in `folder`: see [`FreeNumber`].
async fn free_name(tx: &mut Tx, folder: &FolderId, name: &DocumentName) -> Result<DocumentName> {
    if db::documents::find_by_name(&mut **tx, folder, &name.key()).await?.is_none() {
        return Ok(name.clone());
    }
    let mut numbers = FreeNumber::default();
    loop {
        let key = name.numbered(numbers.candidate()).key();
        let is_taken = db::documents::find_by_name(&mut **tx, folder, &key).await?.is_some();
        if let Some(free) = numbers.answer(is_taken) {
            return Ok(name.numbered(free));
        }
    }
}

fn name_taken() -> Error {
    Error::conflict("name_taken", "there is something of this name already").field("name")
}
