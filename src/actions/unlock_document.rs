//! Opens a protected file with the password that somebody gave, so that its pages and text can be made.
//!
//! The password is used once, in the memory of this request and of the isolated worker, and is kept nowhere: no row, no job, no
//! log has it. What is kept is the content without its protection, as what this one version is shown from. That belongs to
//! the version and not to the content: whoever files the same protected bytes elsewhere has not shown that they know
//! the password. The original stays as it was uploaded.

use serde_json::json;
use storage::ContentId;

use crate::{
    actions::{add_version::prepare, current_document, quota},
    app::App,
    audit,
    db::{self, documents::Document, versions::Version},
    error::{Error, Result},
    ids::UserId,
    preview::worker_error,
    worker::{Answer, Password, Task, codes},
};

/// Opens the newest version of `document`. 409 when it does not wait for a password, 422 when the password is wrong.
pub async fn unlock_document(app: &App, by: &UserId, document: &Document, password: Password) -> Result<()> {
    let version = db::versions::find(app.db.read(), &document.id, document.head).await?;
    let version = version.ok_or_else(|| Error::not_found("version"))?;
    let preview = db::previews::find(app.db.read(), version.shown_id(), &version.media_type).await?;
    if preview.is_none_or(|preview| preview.code.as_deref() != Some(codes::ENCRYPTED)) {
        return Err(Error::conflict(codes::NOT_ENCRYPTED, "the document does not wait for a password"));
    }
    quota::require(app, &document.folder_id, &version.author_id, version.size_bytes).await?;
    let unlocked = unlock(app, &version, &document.name, password).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let (number, size_bytes) = (version.number, unlocked.size_bytes);
    if !db::versions::update_unlocked(&mut tx, &document.id, number, &unlocked.content_id, size_bytes).await? {
        return Err(Error::conflict("document_changed", "somebody else opened the document in the meantime"));
    }
    let folder = current_document(&mut tx, &document.id).await?.folder_id;
    quota::charge(app, &mut tx, &folder, &version.author_id, size_bytes).await?;
    prepare(&mut tx, &unlocked, &document.name, now).await?;
    let details = json!({ "number": version.number });
    let event =
        audit::Event::new("document_unlocked").document(&document.id).folder(&document.folder_id).details(details);
    audit::record(&mut tx, Some(by), now, event);
    db::changes::append(&mut tx, &document.id, now);
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

/// Stores the content without its protection; returns the version as if that were its content.
async fn unlock(app: &App, version: &Version, name: &str, password: Password) -> Result<Version> {
    let content: ContentId = version.content_id.parse().map_err(Error::internal)?;
    let folder = tempfile::tempdir_in(app.config.scratch()).map_err(Error::internal)?;
    let input = folder.path().join("input");
    app.store.copy_to_file(&content, &input).await?;
    let task = Task::Unlock { input, name: name.to_owned(), password, out: folder.path().join("out") };
    match app.workers.run(task).await.map_err(worker_error)? {
        Answer::Converted { file, .. } => {
            let stored = app.store.put_file(&file).await?;
            Ok(Version {
                content_id: stored.content.to_string(),
                size_bytes: stored.size_bytes as i64,
                unlocked_id: None,
                ..version.clone()
            })
        }
        other => Err(Error::internal(anyhow::anyhow!("a worker answered {other:?}"))),
    }
}
