//! Makes a file of content that is in the store, or the next version of one. For what arrives in one piece: drives and
//! copies; uploads in parts end in `finish_upload`.

use crate::{
    actions::{
        add_version::{NewVersion, add_version},
        drive_locks::require_unlocked,
        intake::{Arrival, Place},
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, documents::Document, folders::Folder, versions::Version},
    error::{Error, Result},
    ids::{DocumentId, FolderId},
    names::DocumentName,
};

/// How often a new version is tried again when others add versions at the same moment.
const TRIES: usize = 20;

/// Adds a file of exactly this name, 409 `name_taken` when there is one. `level`: of what the content was copied from.
pub async fn add_file(
    app: &App,
    by: &Caller,
    folder: &Folder,
    name: &DocumentName,
    level: i64,
    new: NewVersion,
) -> Result<(Document, Version)> {
    replace_by_file(app, by, folder, name, level, new, None).await
}

/// Like [`add_file`], in place of the folder `replaced`, which goes to the trash: both or nothing.
pub async fn replace_by_file(
    app: &App,
    by: &Caller,
    folder: &Folder,
    name: &DocumentName,
    level: i64,
    new: NewVersion,
    replaced: Option<&FolderId>,
) -> Result<(Document, Version)> {
    policy::allow(&app.db, by, Action::Upload, folder).await?;
    let (by, place) = (by.clone(), Place::Folder(folder.id.clone()));
    let arrival = Arrival {
        by,
        place,
        name: name.clone(),
        is_exact: true,
        level,
        new,
        upload: None,
        replaces: replaced.cloned(),
    };
    let added = app.intake.add(app, arrival).await?;
    app.jobs.wake();
    Ok(added)
}

/// Adds a version, unless the newest one has the same content already. With `seen` only on top of that version: 409
/// `document_changed` otherwise. `level`: of what the content was copied from; 409 `level_lower` when the file is less secret.
pub async fn add_content(
    app: &App,
    by: &Caller,
    id: &DocumentId,
    seen: Option<i64>,
    level: i64,
    new: &NewVersion,
) -> Result<Version> {
    let mut tries = 0;
    loop {
        let document = db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))?;
        policy::allow(&app.db, by, Action::Upload, &document).await?;
        if document.is_live() {
            return Err(Error::conflict("document_is_page", "a page is written, not uploaded"));
        }
        if level > document.level {
            return Err(Error::conflict("level_lower", "this would put secret content into a less secret document"));
        }
        if seen.is_some_and(|seen| seen != document.head) {
            return Err(Error::conflict("document_changed", "somebody else added a version in the meantime"));
        }
        let head = db::versions::find(app.db.read(), id, document.head).await?;
        if let Some(head) = head.filter(|head| head.content_id == new.content_id && head.media_type == new.media_type) {
            let mut tx = app.db.begin().await?;
            require_unlocked(&mut tx, &document.id, &by.id, app.clock.now()).await?;
            return Ok(head);
        }
        match add_version(app, &by.id, &document, new.clone()).await {
            // Whose version comes first does not matter here: both are kept.
            Err(error) if error.code() == "document_changed" && seen.is_none() && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}
