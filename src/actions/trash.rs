//! Throws documents and folders away, and takes them out of the trash again. Nothing is deleted here.

use serde_json::json;

use crate::{
    actions::{current_document, current_folder, free_name, reclaim, require_unlocked, rescope},
    app::App,
    audit,
    db::{self, Tx, documents::Document, folders::Folder},
    error::{Error, Result},
    ids::{FolderId, UserId},
    names::{DocumentName, FolderName},
};

/// Moves a document to the trash.
pub async fn trash_document(app: &App, by: &UserId, document: &Document) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let document = current_document(&mut tx, &document.id).await?;
    require_unlocked(&mut tx, &document.id, by, now).await?;
    db::documents::update_trashed_at(&mut tx, &document.id, Some(now)).await?;
    db::documents::update_attached(&mut tx, &document.id).await?;
    // What nobody sees keeps no value from others.
    db::document_properties::release_document(&mut tx, &document.id).await?;
    let event = audit::Event::new("document_trashed").document(&document.id).folder(&document.folder_id);
    audit::record(&mut tx, Some(by), now, event).await?;
    db::changes::append(&mut tx, &document.id, now).await?;
    tx.commit().await
}

/// Moves a folder with everything below it to the trash.
pub async fn trash_folder(app: &App, by: &UserId, folder: &Folder) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let folder = current_folder(&mut tx, &folder.id).await?;
    let documents = db::folders::trash_below(&mut tx, &folder.id, now).await?;
    db::document_properties::release_below(&mut tx, &folder.id).await?;
    let details = json!({ "documents": documents.len() });
    audit::record(&mut tx, Some(by), now, audit::Event::new("folder_trashed").folder(&folder.id).details(details))
        .await?;
    db::changes::append_all(&mut tx, &documents, now).await?;
    tx.commit().await
}

/// Takes a document out of the trash, with the folders above it when they lie there too.
/// When its name was used again meanwhile, it gets a number.
pub async fn untrash_document(app: &App, by: &UserId, document: &Document) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let document =
        db::documents::find_any(&mut *tx, &document.id).await?.ok_or_else(|| Error::not_found("document"))?;
    if document.trashed_at.is_none() {
        return Ok(());
    }
    untrash_folders(&mut tx, &document.folder_id, now).await?;
    let name = free_name(&mut tx, &document.folder_id, &DocumentName::parse(&document.name)?).await?;
    if name.as_str() != document.name {
        db::documents::update_name(&mut tx, &document.id, &name, by, now).await?;
    }
    db::documents::update_trashed_at(&mut tx, &document.id, None).await?;
    rescope::document(&mut tx, &document.id).await?;
    if let Some(collision) = reclaim::document(&mut tx, &document.id, &document.folder_id).await? {
        drop(tx);
        return Err(reclaim::refusal(app, by, collision).await);
    }
    let event = audit::Event::new("document_untrashed").document(&document.id).folder(&document.folder_id);
    audit::record(&mut tx, Some(by), now, event).await?;
    db::changes::append(&mut tx, &document.id, now).await?;
    tx.commit().await
}

async fn untrash_folders(tx: &mut Tx, lowest: &FolderId, now: i64) -> Result<()> {
    let mut next = Some(lowest.clone());
    while let Some(id) = next {
        let folder = db::folders::find_any(&mut **tx, &id).await?.ok_or_else(|| Error::not_found("folder"))?;
        if folder.trashed_at.is_none() {
            return Ok(());
        }
        if let Some(parent) = &folder.parent_id {
            let name = free_folder_name(tx, parent, &folder).await?;
            db::folders::update_name(tx, &id, &name, now).await?;
        }
        db::folders::untrash(tx, &id).await?;
        next = folder.parent_id;
    }
    Ok(())
}

async fn free_folder_name(tx: &mut Tx, parent: &FolderId, folder: &Folder) -> Result<FolderName> {
    let mut name = FolderName::parse(&folder.name)?;
    let mut number = 1;
    while db::folders::find_by_name(tx, parent, &name.key()).await?.is_some() {
        number += 1;
        name = FolderName::parse(&folder.name)?.numbered(number);
    }
    Ok(name)
}
