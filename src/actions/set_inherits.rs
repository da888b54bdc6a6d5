//! Lets the grants of the folders above reach a folder or document, or stops them.

use serde_json::json;

use crate::{
    actions::{current_document, current_folder, rescope},
    app::App,
    audit,
    auth::policy::{Caller, Role},
    db::{self, Tx, documents::Document, folders::Folder, grants::Subject},
    error::Result,
};

/// Switches inheritance of a folder.
pub async fn set_folder_inherits(app: &App, by: &Caller, folder: &Folder, inherits: bool) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_folder(&mut tx, &folder.id).await?;
    if (before.inherits == 1) == inherits {
        return Ok(());
    }
    if !inherits {
        keep_manager(app, &mut tx, by, "folder", before.id.as_str()).await?;
    }
    db::folders::update_inherits(&mut tx, &before.id, inherits, now).await?;
    let changed = rescope::folder(&mut tx, &before.id).await?;
    let event = audit::Event::new("inheritance_set").folder(&before.id).details(json!({ "inherits": inherits }));
    audit::record(&mut tx, Some(&by.id), now, event);
    db::changes::append_all(&mut tx, &changed, now);
    tx.commit().await
}

/// Switches inheritance of a document.
pub async fn set_document_inherits(app: &App, by: &Caller, document: &Document, inherits: bool) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let before = current_document(&mut tx, &document.id).await?;
    if (before.inherits == 1) == inherits {
        return Ok(());
    }
    if !inherits {
        keep_manager(app, &mut tx, by, "document", before.id.as_str()).await?;
    }
    db::documents::update_inherits(&mut tx, &before.id, inherits).await?;
    let changed = rescope::document(&mut tx, &before.id).await?;
    let event = audit::Event::new("inheritance_set").document(&before.id).details(json!({ "inherits": inherits }));
    audit::record(&mut tx, Some(&by.id), now, event);
    db::changes::append_all(&mut tx, &changed, now);
    tx.commit().await
}

/// Whoever shuts others out does not shut out themselves: they become manager in person.
async fn keep_manager(app: &App, tx: &mut Tx, by: &Caller, scope_kind: &str, scope_id: &str) -> Result<()> {
    let manager = Role::Manager.number();
    let own = db::grants::own_role(app.db.read(), &by.id, scope_id).await?;
    if by.is_admin || own.is_some_and(|role| role >= manager) {
        return Ok(());
    }
    let subject = Subject { kind: "user", id: by.id.as_str() };
    db::grants::put(tx, scope_kind, scope_id, subject, manager, &by.id, app.clock.now()).await
}
