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
    db::{self, documents::Document, folders::Folder},
    error::Result,
    ids::{TrashId, UserId},
};

/// Moves a document to the trash.
pub async fn trash_document(app: &App, by: &UserId, document: &Document) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let document = current_document(&mut tx, &document.id).await?;
    require_movable(&mut tx, &document, by, now).await?;
    hold::refuse_held_document(&mut tx, &document.id).await?;
    db::documents::trash(&mut tx, &document.id, now).await?;
    db::documents::update_attached(&mut tx, &document.id).await?;
    db::trash::insert(&mut tx, &TrashId::from(&document.id), "document", by, now).await?;
    // What nobody sees keeps no value from others.
    db::document_properties::release_document(&mut tx, &document.id).await?;
    let event = audit::Event::new("document_trashed").document(&document.id).folder(&document.folder_id);
    audit::record(&mut tx, Some(by), now, event);
    db::changes::append(&mut tx, &document.id, now);
    tx.commit().await
}

/// Moves a folder with everything below it to the trash. What was thrown away before stays an entry of its own.
pub async fn trash_folder(app: &App, by: &UserId, folder: &Folder) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let folder = current_folder(&mut tx, &folder.id).await?;
    require_tree_movable(&mut tx, &folder, by, now).await?;
    hold::refuse_held_folder(&mut tx, &folder.id).await?;
    let documents = db::folders::trash_below(&mut tx, &folder.id, now).await?;
    let entry = db::trash::insert(&mut tx, &TrashId::from(&folder.id), "folder", by, now).await?;
    db::document_properties::release_below(&mut tx, &folder.id).await?;
    let details = json!({ "documents": entry.document_count });
    audit::record(&mut tx, Some(by), now, audit::Event::new("folder_trashed").folder(&folder.id).details(details));
    db::changes::append_all(&mut tx, &documents, now);
    tx.commit().await
}
