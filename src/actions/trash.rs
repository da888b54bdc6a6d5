//! Throws documents and folders away. Nothing is deleted here: see `restore_trash` and `purge`.

use serde_json::json;

use crate::{
    actions::{
        current_document, current_folder,
        drive_locks::{require_movable, require_tree_movable},
        hold,
    },
    app::App,
    audit,
    clock::Millis,
    db::{self, Tx, documents::Document, folders::Folder},
    error::Result,
    ids::{DocumentId, FolderId, TrashId, UserId},
};

/// What is in the way of something else.
#[derive(Clone, Copy, Debug)]
pub enum Replaced<'a> {
    Document(&'a DocumentId),
    /// With everything below it.
    Folder(&'a FolderId),
}

/// Moves a document to the trash.
pub async fn trash_document(app: &App, by: &UserId, document: &Document) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let document = current_document(&mut tx, &document.id).await?;
    put_document(&mut tx, by, &document, now).await?;
    tx.commit().await
}

/// Refuses what [`trash_document`] would refuse now, before something else is done that only makes sense with it.
pub async fn allow_trashing(app: &App, by: &UserId, document: &Document) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let document = current_document(&mut tx, &document.id).await?;
    require_trashable(&mut tx, by, &document, app.clock.now()).await
}

/// Moves a folder with everything below it to the trash, and ends the locks on that. What was thrown away before stays an
/// entry of its own.
pub async fn trash_folder(app: &App, by: &UserId, folder: &Folder) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let folder = current_folder(&mut tx, &folder.id).await?;
    put_folder(&mut tx, by, &folder, now).await?;
    tx.commit().await
}

/// Moves what is in the way in the folder `place` to the trash, inside the transaction that puts something else there, with
/// the tree locked: when that is refused, this has not happened. What has gone from there meanwhile is in nobody's way.
pub async fn give_way(tx: &mut Tx, by: &UserId, replaced: Replaced<'_>, place: &FolderId, now: Millis) -> Result<()> {
    match replaced {
        Replaced::Document(id) => {
            let document = db::documents::find_any(&mut **tx, id).await?;
            let is_there = |document: &Document| document.trashed_at.is_none() && document.folder_id == *place;
            let Some(document) = document.filter(is_there) else { return Ok(()) };
            put_document(tx, by, &document, now).await?;
            let name = (document.folder_id.as_str(), document.name_key.as_str());
            db::dav_locks::delete_on(tx, document.id.as_str(), name).await
        }
        Replaced::Folder(id) => {
            let folder = db::folders::find_any(&mut **tx, id).await?;
            let is_there = |folder: &Folder| folder.trashed_at.is_none() && folder.parent_id.as_ref() == Some(place);
            let Some(folder) = folder.filter(is_there) else { return Ok(()) };
            put_folder(tx, by, &folder, now).await
        }
    }
}

async fn require_trashable(tx: &mut Tx, by: &UserId, document: &Document, now: Millis) -> Result<()> {
    require_movable(tx, document, by, now).await?;
    hold::refuse_held_document(tx, &document.id).await
}

async fn put_document(tx: &mut Tx, by: &UserId, document: &Document, now: Millis) -> Result<()> {
    require_trashable(tx, by, document, now).await?;
    db::documents::trash(tx, &document.id, now).await?;
    db::documents::update_attached(tx, &document.id).await?;
    db::trash::insert(tx, &TrashId::from(&document.id), "document", by, now).await?;
    // What nobody sees keeps no value from others.
    db::document_properties::release_document(tx, &document.id).await?;
    let event = audit::Event::new("document_trashed").document(&document.id).folder(&document.folder_id);
    audit::record(tx, Some(by), now, event);
    db::changes::append(tx, &document.id, now);
    Ok(())
}

async fn put_folder(tx: &mut Tx, by: &UserId, folder: &Folder, now: Millis) -> Result<()> {
    require_tree_movable(tx, folder, by, now).await?;
    hold::refuse_held_folder(tx, &folder.id).await?;
    db::dav_locks::delete_below(tx, &folder.id).await?;
    let documents = db::folders::trash_below(tx, &folder.id, now).await?;
    let entry = db::trash::insert(tx, &TrashId::from(&folder.id), "folder", by, now).await?;
    db::document_properties::release_below(tx, &folder.id).await?;
    let details = json!({ "documents": entry.document_count });
    audit::record(tx, Some(by), now, audit::Event::new("folder_trashed").folder(&folder.id).details(details));
    db::changes::append_all(tx, &documents, now);
    Ok(())
}
