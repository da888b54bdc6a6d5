//! Takes something out of the trash again: a folder with exactly what went with it, to where it was or to a place that
//! somebody chose. When its name was used again meanwhile, it gets a number.

use serde_json::json;

use crate::{
    actions::{current_folder, drive_locks::require_open, free_name, hold, quota, reclaim, rescope},
    app::App,
    audit,
    auth::policy::{self, Action, Caller},
    clock::Millis,
    db::{self, Tx, folders::Folder, trash::Entry},
    error::{Error, Result},
    ids::{DocumentId, FolderId, TrashId},
    names::{DocumentName, FolderName, FreeNumber},
};

/// Where something lies again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// `None`: it is a library.
    pub folder_id: Option<FolderId>,
    pub name: String,
}

/// Takes `entry` out of the trash, into `place` or where it was. Whoever does it manages what comes back, and may add to
/// that folder. 409 `place_gone` when the folder where it was is in the trash itself, `leaves_hold` when that is on hold and
/// `place` is elsewhere.
pub async fn restore_entry(app: &App, by: &Caller, entry: &Entry, place: Option<&FolderId>) -> Result<Restored> {
    match entry.kind.as_str() {
        "folder" => restore_folder(app, by, entry, place).await,
        _ => restore_document(app, by, &entry.id.document(), place).await,
    }
}

/// Takes one document out of the trash, also out of a folder that it went with; that takes another place.
pub async fn restore_document(app: &App, by: &Caller, id: &DocumentId, place: Option<&FolderId>) -> Result<Restored> {
    let document = db::documents::find_any(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))?;
    policy::allow(&app.db, by, Action::Delete, &document).await?;
    if document.trashed_at.is_none() {
        return Ok(Restored { folder_id: Some(document.folder_id), name: document.name });
    }
    let place = find_place(app, by, place.unwrap_or(&document.folder_id), Action::Upload).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let document = db::documents::find_any(&mut *tx, id).await?.ok_or_else(|| Error::not_found("document"))?;
    let Some(trash_id) = document.trash_id.clone() else {
        return Ok(Restored { folder_id: Some(document.folder_id), name: document.name });
    };
    let entry = current_entry(&mut tx, &trash_id).await?;
    let place = current_folder(&mut tx, &place.id).await?;
    let bytes = db::usage::size_of_document(&mut tx, id).await?;
    if place.id != document.folder_id {
        hold::refuse_leaving(&mut tx, &document.folder_id, &place.id).await?;
        change_library(app, &mut tx, &document.folder_id, &place.id, bytes).await?;
    }
    let name = free_name(&mut tx, &place.id, &DocumentName::parse(&document.name)?).await?;
    require_open(&mut tx, &place.id, &name.key(), &by.id, now).await?;
    if place.id != document.folder_id || name.as_str() != document.name {
        db::documents::update_place(&mut tx, id, &place.id, &name, &by.id, now).await?;
    }
    if entry.kind == "document" {
        db::trash::take_out(&mut tx, &entry.id).await?;
    } else {
        db::documents::untrash(&mut tx, id).await?;
        db::trash::shrink(&mut tx, &entry.id, bytes).await?;
    }
    rescope::document(&mut tx, id).await?;
    if let Some(collision) = reclaim::document(&mut tx, id, &place.id).await? {
        drop(tx);
        return Err(reclaim::refusal(app, &by.id, collision).await);
    }
    let details = json!({ "from": document.folder_id });
    let event = audit::Event::new("document_untrashed").document(id).folder(&place.id).details(details);
    audit::record(&mut tx, Some(&by.id), now, event);
    db::changes::append(&mut tx, id, now);
    tx.commit().await?;
    Ok(Restored { folder_id: Some(place.id), name: name.to_string() })
}

async fn restore_folder(app: &App, by: &Caller, entry: &Entry, place: Option<&FolderId>) -> Result<Restored> {
    let id = entry.id.folder();
    let folder = find_any_folder(app, &id).await?;
    policy::allow(&app.db, by, Action::Delete, &folder).await?;
    let place = match (&folder.parent_id, place) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(Error::conflict("folder_is_library", "a library lies in no folder").field("folder_id"));
        }
        (Some(parent), place) => Some(find_place(app, by, place.unwrap_or(parent), Action::CreateFolder).await?),
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let entry = current_entry(&mut tx, &entry.id).await?;
    let documents = db::trash::list_documents(&mut tx, &entry.id).await?;
    let mut name = folder.name.clone();
    if let Some(place) = &place {
        let place = current_folder(&mut tx, &place.id).await?;
        name = move_into(app, &mut tx, by, &folder, &place, now).await?;
    }
    db::trash::take_out(&mut tx, &entry.id).await?;
    rescope::folder(&mut tx, &id).await?;
    if let Some(collision) = reclaim::folder(&mut tx, &id).await? {
        drop(tx);
        return Err(reclaim::refusal(app, &by.id, collision).await);
    }
    let details = json!({ "from": folder.parent_id, "documents": documents.len() });
    audit::record(&mut tx, Some(&by.id), now, audit::Event::new("folder_untrashed").folder(&id).details(details));
    db::changes::append_all(&mut tx, &documents, now);
    tx.commit().await?;
    Ok(Restored { folder_id: place.map(|place| place.id), name })
}

/// Hangs a folder of the trash into `place` under a free name; returns the name.
async fn move_into(
    app: &App,
    tx: &mut Tx,
    by: &Caller,
    folder: &Folder,
    place: &Folder,
    now: Millis,
) -> Result<String> {
    let wanted = FolderName::parse(&folder.name)?;
    let name = free_folder_name(tx, &place.id, &wanted).await?;
    require_open(tx, &place.id, &name.key(), &by.id, now).await?;
    if let Some(parent) = folder.parent_id.as_ref().filter(|parent| **parent != place.id) {
        hold::refuse_leaving(tx, parent, &place.id).await?;
        let bytes = db::usage::size_below(tx, &folder.id).await?;
        change_library(app, tx, &folder.id, &place.id, bytes).await?;
    }
    if folder.parent_id.as_ref() != Some(&place.id) || name.as_str() != folder.name {
        db::folders::update_place(tx, &folder.id, &place.id, &name, now).await?;
    }
    Ok(name.to_string())
}

/// `wanted`, or with a number that makes it free in `place`: see [`FreeNumber`].
async fn free_folder_name(tx: &mut Tx, place: &FolderId, wanted: &FolderName) -> Result<FolderName> {
    if db::folders::find_by_name(tx, place, &wanted.key()).await?.is_none() {
        return Ok(wanted.clone());
    }
    let mut numbers = FreeNumber::default();
    loop {
        let key = wanted.numbered(numbers.candidate()).key();
        let is_taken = db::folders::find_by_name(tx, place, &key).await?.is_some();
        if let Some(free) = numbers.answer(is_taken) {
            return Ok(wanted.numbered(free));
        }
    }
}

/// The folder into which something comes back, for whoever may add to it.
async fn find_place(app: &App, by: &Caller, id: &FolderId, action: Action) -> Result<Folder> {
    let place = find_any_folder(app, id).await?;
    policy::allow(&app.db, by, action, &place).await?;
    if place.trashed_at.is_some() {
        let error = Error::conflict("place_gone", "the folder where it was is in the trash; choose another place");
        return Err(match nearest_place(app, by, &place, action).await? {
            Some(other) => error.with("folder_id", other.as_str()),
            None => error,
        });
    }
    Ok(place)
}

/// The nearest folder above one of the trash that is there and takes something from `by`.
async fn nearest_place(app: &App, by: &Caller, from: &Folder, action: Action) -> Result<Option<FolderId>> {
    let mut next = from.parent_id.clone();
    while let Some(id) = next {
        let folder = find_any_folder(app, &id).await?;
        if folder.trashed_at.is_none() && policy::allow(&app.db, by, action, &folder).await.is_ok() {
            return Ok(Some(id));
        }
        next = folder.parent_id;
    }
    Ok(None)
}

async fn find_any_folder(app: &App, id: &FolderId) -> Result<Folder> {
    db::folders::find_any(app.db.read(), id).await?.ok_or_else(|| Error::not_found("folder"))
}

/// The entry as it is inside this transaction, unless it is on its way out for good.
async fn current_entry(tx: &mut Tx, id: &TrashId) -> Result<Entry> {
    let entry = db::trash::find(&mut **tx, id).await?.ok_or_else(|| Error::not_found("trash_entry"))?;
    if entry.purging_at.is_some() {
        return Err(Error::conflict("trash_entry_purging", "it is being deleted for good"));
    }
    Ok(entry)
}

async fn change_library(app: &App, tx: &mut Tx, from: &FolderId, to: &FolderId, bytes: i64) -> Result<()> {
    let (from, to) = (quota::library_in(tx, from).await?, quota::library_in(tx, to).await?);
    quota::transfer(app, tx, &from, &to, bytes).await
}
