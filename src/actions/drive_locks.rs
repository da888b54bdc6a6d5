//! What has somebody locked on their drive, and is it in the way of a change? The one rule for everything that changes a
//! document or folder, or puts something into a folder: what one person has locked for themselves others leave alone, on the
//! drive, in the browser and by the API. What WebDAV itself asks beyond that is in `crate::dav::locks`.
//!
//! A lock on a document or folder keeps others from it. One on a folder also keeps its list: nothing comes into it or
//! leaves it; and with depth everything below. A lock on a name keeps others from that name, also before anything has it.
//! Locks are made under [`db::folders::lock_tree`]: look under it, too, so none comes in between.

use axum::http::StatusCode;

use crate::{
    clock::Millis,
    db::{
        self, Connection, Tx,
        dav_locks::{Held, Holder},
        documents::Document,
        folders::Folder,
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UserId},
};

/// Refuses with 423 `document_locked` to change what is in a document that somebody else has locked.
pub async fn require_unlocked(tx: &mut Tx, id: &DocumentId, by: &UserId, now: Millis) -> Result<()> {
    refuse(db::dav_locks::find_holder(tx, id, by, now).await?)
}

/// Refuses with 423 to take a document away from its place, or from its name.
pub async fn require_movable(tx: &mut Tx, document: &Document, by: &UserId, now: Millis) -> Result<()> {
    require_unlocked(tx, &document.id, by, now).await?;
    match document.attached_to {
        // It stands in no list.
        Some(_) => Ok(()),
        None => require_open(tx, &document.folder_id, &document.name_key, by, now).await,
    }
}

/// Refuses with 423 to take a folder away from its place, or from its name, with everything that is in it.
pub async fn require_tree_movable(tx: &mut Tx, folder: &Folder, by: &UserId, now: Millis) -> Result<()> {
    refuse(db::dav_locks::find_holder_below(tx, &folder.id, by, now).await?)?;
    match &folder.parent_id {
        Some(parent) => require_open(tx, parent, &folder.name_key, by, now).await,
        None => Ok(()),
    }
}

/// Refuses with 423 to put something into `folder` under a name.
pub async fn require_open(tx: &mut Tx, folder: &FolderId, name_key: &str, by: &UserId, now: Millis) -> Result<()> {
    Closed::read(tx, std::slice::from_ref(folder), now).await?.require_open(folder, name_key, by)
}

/// What is locked in some folders: read once for many that come there.
pub struct Closed(Vec<Held>);

impl Closed {
    /// Reads what is locked in `folders`. It costs next to nothing as long as nobody locks anything.
    pub async fn read(db: &mut Connection, folders: &[FolderId], now: Millis) -> Result<Self> {
        if folders.is_empty() || !db::dav_locks::exists(db, now).await? {
            return Ok(Self(Vec::new()));
        }
        Ok(Self(db::dav_locks::list_held(db, folders, now).await?))
    }

    /// Refuses with 423 to put something into `folder`, one of those, under a name.
    pub fn require_open(&self, folder: &FolderId, name_key: &str, by: &UserId) -> Result<()> {
        let is_in_the_way = |held: &&Held| {
            held.folder_id == *folder
                && held.holder.user_id != *by
                && held.name_key.as_deref().is_none_or(|key| key == name_key)
        };
        refuse(self.0.iter().find(is_in_the_way).map(|held| held.holder.clone()))
    }
}

fn refuse(holder: Option<Holder>) -> Result<()> {
    let Some(holder) = holder else { return Ok(()) };
    let error = Error::new(StatusCode::LOCKED, "document_locked", "somebody else is working on it and has locked it");
    Err(error.with("user_name", holder.user_name).with("locked_until", holder.expires_at))
}
