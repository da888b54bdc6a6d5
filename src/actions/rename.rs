//! Gives a document or folder another name.

use serde_json::json;

use crate::{
    actions::{
        current_document, current_folder,
        drive_locks::{require_movable, require_open, require_tree_movable},
        name_taken, require_free_name,
    },
    app::App,
    audit,
    db::{self, documents::Document, folders::Folder},
    error::Result,
    ids::UserId,
    names::{DocumentName, FolderName},
};

/// Renames a document.
pub async fn rename_document(app: &App, by: &UserId, document: &Document, name: &DocumentName) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_document(&mut tx, &document.id).await?;
    if before.name == name.as_str() {
        return Ok(());
    }
    require_movable(&mut tx, &before, by, now).await?;
    if before.name_key != name.key() {
        require_open(&mut tx, &before.folder_id, &name.key(), by, now).await?;
        require_free_name(&mut *tx, &before.folder_id, name).await?;
    }
    db::documents::update_name(&mut tx, &before.id, name, by, now).await?;
    let details = json!({ "from": before.name, "to": name.as_str() });
    let event = audit::Event::new("document_renamed").document(&before.id).folder(&before.folder_id).details(details);
    audit::record(&mut tx, Some(by), now, event);
    db::changes::append(&mut tx, &before.id, now);
    tx.commit().await
}

/// Renames a folder. Every document below has another path afterwards.
pub async fn rename_folder(app: &App, by: &UserId, folder: &Folder, name: &FolderName) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_folder(&mut tx, &folder.id).await?;
    if before.name == name.as_str() {
        return Ok(());
    }
    require_tree_movable(&mut tx, &before, by, now).await?;
    if let Some(parent) = before.parent_id.as_ref().filter(|_| before.name_key != name.key()) {
        require_open(&mut tx, parent, &name.key(), by, now).await?;
        if db::folders::find_by_name(&mut tx, parent, &name.key()).await?.is_some() {
            return Err(name_taken());
        }
    }
    db::folders::update_name(&mut tx, &before.id, name, now).await?;
    let moved = db::folders::list_documents_below(&mut tx, &before.id).await?;
    let details = json!({ "from": before.name, "to": name.as_str() });
    audit::record(&mut tx, Some(by), now, audit::Event::new("folder_renamed").folder(&before.id).details(details));
    db::changes::append_all(&mut tx, &moved, now);
    tx.commit().await
}
