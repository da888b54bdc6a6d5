//! Gives a person or group a role on a folder or document, or takes it back.

use serde_json::json;

use crate::{
    actions::{current_document, current_folder, rescope},
    app::App,
    audit,
    auth::policy::{Role, Target},
    clock::Millis,
    db::{self, Tx, grants::Subject},
    error::{Error, Result},
    ids::{DocumentId, UserId},
};

/// Gives `subject` the role; one given before is replaced.
pub async fn share(app: &App, by: &UserId, target: Target<'_>, subject: Subject<'_>, role: Role) -> Result<()> {
    if !db::grants::subject_exists(app.db.read(), subject).await? {
        return Err(Error::not_found(if subject.kind == "user" { "user" } else { "group" }));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (kind, id) = lock(&mut tx, target).await?;
    db::grants::put(&mut tx, kind, id, subject, role.number(), by, now).await?;
    let details = json!({ "subject_kind": subject.kind, "subject_id": subject.id, "role": role });
    finish(&mut tx, by, target, audit::Event::new("grant_given").details(details), now).await?;
    tx.commit().await
}

/// Takes the role of `subject` back; 404 when there is none on `target` itself.
pub async fn unshare(app: &App, by: &UserId, target: Target<'_>, subject: Subject<'_>) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (_, id) = lock(&mut tx, target).await?;
    if !db::grants::delete(&mut tx, id, subject).await? {
        return Err(Error::not_found("grant"));
    }
    let details = json!({ "subject_kind": subject.kind, "subject_id": subject.id });
    finish(&mut tx, by, target, audit::Event::new("grant_taken").details(details), now).await?;
    tx.commit().await
}

async fn lock<'a>(tx: &mut Tx, target: Target<'a>) -> Result<(&'static str, &'a str)> {
    db::folders::lock_tree(tx).await?;
    match target {
        Target::Folder(folder) => {
            current_folder(tx, &folder.id).await?;
            Ok(("folder", folder.id.as_str()))
        }
        Target::Document(document) => {
            current_document(tx, &document.id).await?;
            Ok(("document", document.id.as_str()))
        }
    }
}

async fn finish(tx: &mut Tx, by: &UserId, target: Target<'_>, event: audit::Event, now: Millis) -> Result<()> {
    let changed: Vec<DocumentId>;
    let event = match target {
        Target::Folder(folder) => {
            changed = rescope::folder(tx, &folder.id).await?;
            event.folder(&folder.id)
        }
        Target::Document(document) => {
            changed = rescope::document(tx, &document.id).await?;
            event.document(&document.id).folder(&document.folder_id)
        }
    };
    audit::record(tx, Some(by), now, event);
    db::changes::append_all(tx, &changed, now);
    Ok(())
}
