//! Puts a folder or document on hold (封存): as long as that lasts, nothing of it is thrown away, deleted for good or thinned, and
//! nothing leaves it. Editing goes on; every version stays.

use serde_json::json;

use crate::{
    app::App,
    audit,
    auth::policy::Target,
    db::{self, Tx},
    error::{Error, Result},
    ids::{DocumentId, FolderId, UserId},
};

/// Puts `target` on hold because of `note`. It may lie in the trash.
pub async fn put_hold(app: &App, by: &UserId, target: Target<'_>, note: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let (kind, id) = name_of(target);
    require_present(&mut tx, target).await?;
    if !db::holds::insert(&mut tx, kind, id, note, by, now).await? {
        return Err(Error::conflict("hold_exists", "it is on hold already"));
    }
    let event = event_of(target, "hold_put").details(json!({ "note": note }));
    audit::record(&mut tx, Some(by), now, event);
    append_change(&mut tx, target, now).await?;
    tx.commit().await
}

/// Lifts the hold of `target` itself. 404 when there is none.
pub async fn lift_hold(app: &App, by: &UserId, target: Target<'_>) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    if !db::holds::delete(&mut tx, name_of(target).1).await? {
        return Err(Error::not_found("hold"));
    }
    audit::record(&mut tx, Some(by), now, event_of(target, "hold_lifted"));
    append_change(&mut tx, target, now).await?;
    tx.commit().await
}

/// 409 `document_held` when a document is on hold, by itself or from above.
pub async fn refuse_held_document(tx: &mut Tx, id: &DocumentId) -> Result<()> {
    match db::holds::list_held(&mut **tx, std::slice::from_ref(id)).await?.is_empty() {
        true => Ok(()),
        false => Err(Error::conflict("document_held", "it is on hold: a manager has to lift that first")),
    }
}

/// 409 `folder_held` when a folder is on hold, by itself, from above, or because of something in it.
pub async fn refuse_held_folder(tx: &mut Tx, id: &FolderId) -> Result<()> {
    if db::holds::is_holding(&mut **tx, id).await? || !db::holds::list_on_folder(&mut **tx, id).await?.is_empty() {
        return Err(Error::conflict(
            "folder_held",
            "it or something in it is on hold: a manager has to lift that first",
        ));
    }
    Ok(())
}

/// 409 `leaves_hold` when something in folder `from` would leave a folder that is on hold.
pub async fn refuse_leaving(tx: &mut Tx, from: &FolderId, to: &FolderId) -> Result<()> {
    let left = db::holds::list_on_folder(&mut **tx, from).await?;
    let kept = db::holds::list_on_folder(&mut **tx, to).await?;
    if left.iter().any(|hold| !kept.contains(hold)) {
        return Err(Error::conflict("leaves_hold", "the folder that it is in is on hold: nothing leaves it"));
    }
    Ok(())
}

async fn require_present(tx: &mut Tx, target: Target<'_>) -> Result<()> {
    let folder = match target {
        Target::Folder(folder) => db::folders::find_any(&mut **tx, &folder.id).await?.map(|folder| folder.id),
        Target::Document(document) => {
            let entry = db::trash::find(&mut **tx, &(&document.id).into()).await?;
            if entry.is_some_and(|entry| entry.purging_at.is_some()) {
                return Err(purging());
            }
            db::documents::find_any(&mut **tx, &document.id).await?.map(|document| document.folder_id)
        }
    };
    let folder = folder.ok_or_else(|| Error::not_found(name_of(target).0))?;
    match db::trash::is_purging(tx, &folder).await? {
        true => Err(purging()),
        false => Ok(()),
    }
}

fn purging() -> Error {
    Error::conflict("trash_entry_purging", "it is being deleted for good")
}

fn name_of(target: Target<'_>) -> (&'static str, &str) {
    match target {
        Target::Folder(folder) => ("folder", folder.id.as_str()),
        Target::Document(document) => ("document", document.id.as_str()),
    }
}

fn event_of(target: Target<'_>, action: &'static str) -> audit::Event {
    match target {
        Target::Folder(folder) => audit::Event::new(action).folder(&folder.id),
        Target::Document(document) => audit::Event::new(action).document(&document.id).folder(&document.folder_id),
    }
}

async fn append_change(tx: &mut Tx, target: Target<'_>, now: i64) -> Result<()> {
    if let Target::Document(document) = target {
        db::changes::append(tx, &document.id, now);
    }
    Ok(())
}
