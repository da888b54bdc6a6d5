//! Changes what is said about a version.

use serde_json::json;

use crate::{
    app::App,
    audit, db,
    db::documents::Document,
    error::{Error, Result},
    ids::UserId,
};

/// Gives version `number` of `document` another note.
pub async fn rename_version(app: &App, by: &UserId, document: &Document, number: i64, note: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !db::versions::update_note(&mut tx, &document.id, number, note).await? {
        return Err(Error::not_found("version"));
    }
    let event = audit::Event::new("version_renamed").document(&document.id).folder(&document.folder_id);
    audit::record(&mut tx, Some(by), app.clock.now(), event.details(json!({ "number": number })));
    tx.commit().await
}
