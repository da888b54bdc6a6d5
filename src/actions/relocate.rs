//! Moves a document or folder into another folder. (`move` is a word of the language.)

use serde_json::json;

use crate::{
    actions::{
        current_document, current_folder,
        drive_locks::{require_movable, require_open, require_tree_movable},
        hold, name_taken, quota, reclaim, require_free_name, rescope,
        trash::{Replaced, give_way},
    },
    app::App,
    audit,
    clock::Millis,
    db::{self, Tx, documents::Document, folders::Folder},
    error::{Error, Result},
    ids::{FolderId, UserId},
    names::{DocumentName, FolderName},
};

/// Moves `document` into `destination`, under another name if one is given, in place of what is `replaced`: all or nothing.
pub async fn place_document(
    app: &App,
    by: &UserId,
    document: &Document,
    destination: &Folder,
    name: Option<&DocumentName>,
    replaced: Option<Replaced<'_>>,
) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_document(&mut tx, &document.id).await?;
    let destination = current_folder(&mut tx, &destination.id).await?;
    require_unchanged(&before.scope_id, &document.scope_id)?;
    let renamed = name.filter(|name| name.as_str() != before.name);
    if before.folder_id == destination.id && renamed.is_none() && replaced.is_none() {
        return Ok(());
    }
    require_movable(&mut tx, &before, by, now).await?;
    if let Some(replaced) = replaced {
        make_way(&mut tx, by, &before.folder_id, replaced, &destination.id, now).await?;
    }
    let wanted = match renamed {
        Some(name) => name.clone(),
        None => DocumentName::parse(&before.name)?,
    };
    if before.folder_id != destination.id || before.name_key != wanted.key() {
        require_open(&mut tx, &destination.id, &wanted.key(), by, now).await?;
        require_free_name(&mut *tx, &destination.id, &wanted).await?;
    }
    if let Some(name) = renamed {
        let details = json!({ "from": before.name, "to": name.as_str() });
        let event = audit::Event::new("document_renamed").document(&before.id).folder(&before.folder_id);
        audit::record(&mut tx, Some(by), now, event.details(details));
    }
    if before.folder_id == destination.id {
        db::documents::update_name(&mut tx, &before.id, &wanted, by, now).await?;
        db::changes::append(&mut tx, &before.id, now);
        return tx.commit().await;
    }
    hold::refuse_leaving(&mut tx, &before.folder_id, &destination.id).await?;
    let bytes = db::usage::size_of_document(&mut tx, &before.id).await?;
    change_library(app, &mut tx, &before.folder_id, &destination.id, bytes).await?;
    db::documents::update_place(&mut tx, &before.id, &destination.id, &wanted, by, now).await?;
    rescope::document(&mut tx, &before.id).await?;
    if let Some(collision) = reclaim::document(&mut tx, &before.id, &destination.id).await? {
        drop(tx);
        return Err(reclaim::refusal(app, by, collision).await);
    }
    let details = json!({ "from": before.folder_id, "to": destination.id });
    let event = audit::Event::new("document_moved").document(&before.id).folder(&destination.id).details(details);
    audit::record(&mut tx, Some(by), now, event);
    db::changes::append(&mut tx, &before.id, now);
    tx.commit().await
}

/// Moves `folder` into `destination`, under another name if one is given, in place of what is `replaced`: all or nothing.
pub async fn place_folder(
    app: &App,
    by: &UserId,
    folder: &Folder,
    destination: &Folder,
    name: Option<&FolderName>,
    replaced: Option<Replaced<'_>>,
) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_folder(&mut tx, &folder.id).await?;
    let destination = current_folder(&mut tx, &destination.id).await?;
    require_unchanged(&before.scope_id, &folder.scope_id)?;
    let renamed = name.filter(|name| name.as_str() != before.name);
    let stays = before.parent_id.as_ref() == Some(&destination.id);
    if stays && renamed.is_none() && replaced.is_none() {
        return Ok(());
    }
    if db::folders::is_within(&mut *tx, &destination.id, &before.id).await? {
        return Err(Error::conflict("folder_into_itself", "a folder cannot be moved into itself").field("parent_id"));
    }
    let wanted = match renamed {
        Some(name) => name.clone(),
        None => FolderName::parse(&before.name)?,
    };
    require_tree_movable(&mut tx, &before, by, now).await?;
    if let Some(replaced) = replaced {
        make_way(&mut tx, by, &before.id, replaced, &destination.id, now).await?;
    }
    let key = wanted.key();
    if !(stays && key == before.name_key) {
        require_open(&mut tx, &destination.id, &key, by, now).await?;
        if db::folders::find_by_name(&mut tx, &destination.id, &key).await?.is_some() {
            return Err(name_taken());
        }
    }
    if let Some(name) = renamed {
        let details = json!({ "from": before.name, "to": name.as_str() });
        let event = audit::Event::new("folder_renamed").folder(&before.id).details(details);
        audit::record(&mut tx, Some(by), now, event);
    }
    if stays {
        db::folders::update_name(&mut tx, &before.id, &wanted, now).await?;
        let renamed = db::folders::list_documents_below(&mut tx, &before.id).await?;
        db::changes::append_all(&mut tx, &renamed, now);
        return tx.commit().await;
    }
    if let Some(parent) = &before.parent_id {
        hold::refuse_leaving(&mut tx, parent, &destination.id).await?;
    }
    let bytes = db::usage::size_below(&mut tx, &before.id).await?;
    change_library(app, &mut tx, &before.id, &destination.id, bytes).await?;
    db::folders::update_place(&mut tx, &before.id, &destination.id, &wanted, now).await?;
    rescope::folder(&mut tx, &before.id).await?;
    if let Some(collision) = reclaim::folder(&mut tx, &before.id).await? {
        drop(tx);
        return Err(reclaim::refusal(app, by, collision).await);
    }
    let moved = db::folders::list_documents_below(&mut tx, &before.id).await?;
    let details = json!({ "from": before.parent_id, "to": destination.id });
    audit::record(&mut tx, Some(by), now, audit::Event::new("folder_moved").folder(&before.id).details(details));
    db::changes::append_all(&mut tx, &moved, now);
    tx.commit().await
}

/// Throws away what is in the way in `place`. 409 when that would take along what lies in the folder `from`.
async fn make_way(
    tx: &mut Tx,
    by: &UserId,
    from: &FolderId,
    replaced: Replaced<'_>,
    place: &FolderId,
    now: Millis,
) -> Result<()> {
    if let Replaced::Folder(folder) = replaced
        && db::folders::is_within(&mut **tx, from, folder).await?
    {
        return Err(Error::conflict("destination_invalid", "this would replace a folder by something in it"));
    }
    give_way(tx, by, replaced, place, now).await
}

/// What moves from one folder to another counts for another library when that is in one.
async fn change_library(app: &App, tx: &mut Tx, from: &FolderId, to: &FolderId, bytes: i64) -> Result<()> {
    let (from, to) = (quota::library_in(tx, from).await?, quota::library_in(tx, to).await?);
    quota::transfer(app, tx, &from, &to, bytes).await
}

/// The right to move was decided by the scope: when that is another by now, it has to be decided again.
fn require_unchanged(now: &str, decided: &str) -> Result<()> {
    if now == decided {
        return Ok(());
    }
    Err(Error::conflict("document_changed", "who has access changed in the meantime, try again"))
}
