//! Sets the level of a document: from now on, people without the clearance do not know of it.

use serde_json::json;

use crate::{
    actions::{add_version::refuse_level, current_document},
    app::App,
    audit,
    db::{self, documents::Document},
    error::Result,
    ids::UserId,
};

/// Sets the level of `document`.
pub async fn set_level(app: &App, by: &UserId, document: &Document, level: i64) -> Result<()> {
    refuse_level(app, level)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // A picture that is being attached must not keep yesterday's level.
    db::folders::lock_tree(&mut tx).await?;
    let before = current_document(&mut tx, &document.id).await?;
    if before.level == level {
        return Ok(());
    }
    db::documents::update_level(&mut tx, &before.id, level, by, now).await?;
    db::documents::update_attached(&mut tx, &before.id).await?;
    let details = json!({ "from": before.level, "to": level });
    let event = audit::Event::new("level_set").document(&before.id).folder(&before.folder_id).details(details);
    audit::record(&mut tx, Some(by), now, event);
    db::changes::append(&mut tx, &before.id, now);
    tx.commit().await
}
