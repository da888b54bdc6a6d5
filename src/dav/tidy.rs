//! What becomes of the files that programs left behind in the middle of saving? Notes of file managers are dropped; steps
//! that nobody finished become documents, so that nothing is lost.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{
    actions::{add_version::NewVersion, file_content::add_file, relocate::place_document},
    app::App,
    auth::policy::{self, Action, Caller},
    clock::Millis,
    db::{self, dav_overlay::Entry},
    error::{Error, Result},
    jobs::{self, Job},
    names::DocumentName,
};

/// Entries in one go.
const BATCH: i64 = 200;
/// When something that failed is tried again.
const AGAIN_MS: Millis = 60 * 60 * 1000;
/// Numbers that are tried for a name.
const NUMBERS: u32 = 100;

/// Due when the next entry of the overlay ends; then it asks for itself again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TidyDav {}

impl Job for TidyDav {
    const KIND: &'static str = "tidy_dav";

    fn key(&self) -> String {
        String::new()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        for entry in db::dav_overlay::list_ended(app.db.read(), now, BATCH).await? {
            let keep = entry.kind == "scratch" && is_locked(app, &entry, now).await?;
            let done = match entry.kind.as_str() {
                "scratch" if !keep => settle(app, &entry).await,
                _ => Ok(()),
            };
            let mut tx = app.db.begin().await?;
            match done {
                Ok(()) if !keep => drop(db::dav_overlay::delete(&mut tx, &entry.id).await?),
                Ok(()) => db::dav_overlay::update_expiry(&mut tx, &entry.id, now + super::write::EMPTY_MS).await?,
                // The name or folder is locked by somebody: it is tried again when that has ended.
                Err(error) if error.status() == StatusCode::LOCKED => {
                    db::dav_overlay::update_expiry(&mut tx, &entry.id, now + AGAIN_MS).await?;
                }
                // Whoever lost the right to put it there, or its folder, loses it too.
                Err(error) if error.status().is_client_error() => {
                    tracing::warn!(error = %error, "a file that a program left behind cannot become a document");
                    db::dav_overlay::delete(&mut tx, &entry.id).await?;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a file that a program left behind waits for longer");
                    db::dav_overlay::update_expiry(&mut tx, &entry.id, now + AGAIN_MS).await?;
                }
            }
            tx.commit().await?;
        }
        let mut tx = app.db.begin().await?;
        db::dav_locks::delete_ended(&mut tx, now).await?;
        if let Some(next) = db::dav_overlay::next_expiry(&mut tx).await? {
            jobs::enqueue(&mut tx, &self, next.max(now), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn is_locked(app: &App, entry: &Entry, now: Millis) -> Result<bool> {
    let place = (entry.folder_id.as_str(), entry.name_key.as_str());
    let locks = db::dav_locks::list_on(app.db.read(), now, &entry.id, place, &[]).await?;
    Ok(locks.iter().any(|lock| lock.user_id == entry.user_id))
}

/// Makes a document of a scratch file, or gives the document its name that it seemed to have.
async fn settle(app: &App, entry: &Entry) -> Result<()> {
    let user = db::users::find(app.db.read(), &entry.user_id).await?.filter(|user| user.disabled_at.is_none());
    let caller = Caller::from(&user.ok_or_else(|| Error::not_found("user"))?);
    let folder = db::folders::find(app.db.read(), &entry.folder_id).await?.ok_or_else(|| Error::not_found("folder"))?;
    let name = DocumentName::parse(&entry.name)?;
    if let Some(id) = &entry.document_id
        && let Some(away) = db::dav_overlay::find_away(app.db.read(), &entry.user_id, id).await?
    {
        // Nothing came under its old name: it was meant to be renamed.
        let document = db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))?;
        policy::allow(&app.db, &caller, Action::Rename, &document).await?;
        policy::allow_move(&app.db, &caller, &document, &folder).await?;
        place_document(app, &caller.id, &document, &folder, Some(&name), None).await?;
        let mut tx = app.db.begin().await?;
        db::dav_overlay::delete(&mut tx, &away.id).await?;
        return tx.commit().await;
    }
    let new = NewVersion::from(entry);
    let mut wanted = name.clone();
    for number in 2..NUMBERS {
        match add_file(app, &caller, &folder, &wanted, entry.level, new.clone()).await {
            Ok((document, _)) => {
                let mut tx = app.db.begin().await?;
                db::dav_properties::copy(&mut tx, &entry.id, document.id.as_str()).await?;
                db::dav_locks::update_node(&mut tx, &entry.id, document.id.as_str()).await?;
                return tx.commit().await;
            }
            Err(error) if error.code() == "name_taken" => wanted = name.numbered(number),
            Err(error) => return Err(error),
        }
    }
    Err(Error::conflict("name_taken", "all names are taken"))
}
