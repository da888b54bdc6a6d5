//! Makes a page: a document that people write together. It has no version until one is saved.

use serde_json::json;

use crate::{
    actions::{
        add_version::{insert_document, refuse_level},
        require_free_name,
    },
    app::App,
    audit,
    auth::policy::Caller,
    db::{self, documents::Document, folders::Folder},
    error::Result,
    names::DocumentName,
};

/// Makes an empty page in `folder`.
pub async fn create_page(app: &App, by: &Caller, folder: &Folder, name: &DocumentName) -> Result<Document> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    require_free_name(&mut tx, &folder.id, name).await?;
    let page = insert_document(&mut tx, &by.id, folder, "page", name, by.clearance, now).await?;
    refuse_level(app, page.level)?;
    let event = audit::Event::new("page_created").document(&page.id).folder(&folder.id);
    audit::record(&mut tx, Some(&by.id), now, event.details(json!({ "name": name.as_str() }))).await?;
    db::changes::append(&mut tx, &page.id, now).await?;
    tx.commit().await?;
    Ok(page)
}
