//! Deletes a property of a library with all its values.

use serde_json::json;

use crate::{
    app::App,
    audit,
    auth::policy::Caller,
    db,
    error::{Error, Result},
    ids::PropertyId,
};

/// Deletes a property and its values, dormant ones too.
pub async fn delete_property(app: &App, by: &Caller, id: &PropertyId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let row = db::properties::find(&mut *tx, id).await?.ok_or_else(|| Error::not_found("property"))?;
    let documents = db::document_properties::list_documents(&mut tx, id).await?;
    let values = db::document_properties::delete_all(&mut tx, id).await?;
    db::properties::delete(&mut tx, id).await?;
    let details = json!({
        "property_id": id, "name": row.name, "kind": row.kind, "documents": documents.len(), "values": values,
    });
    let event = audit::Event::new("property_deleted").folder(&row.library_id).details(details);
    audit::record(&mut tx, Some(&by.id), now, event);
    db::changes::append_all(&mut tx, &documents, now);
    tx.commit().await
}
