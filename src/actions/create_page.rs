//! Makes a page or a board: a document that people edit together. It has no version until one is saved.

use serde_json::json;

use crate::{
    actions::{
        add_version::{new_document, refuse_level},
        current_folder,
        drive_locks::require_open,
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
    create(app, by, folder, "page", name).await
}

/// Makes an empty board in `folder`.
pub async fn create_board(app: &App, by: &Caller, folder: &Folder, name: &DocumentName) -> Result<Document> {
    create(app, by, folder, "board", name).await
}

async fn create(app: &App, by: &Caller, folder: &Folder, kind: &str, name: &DocumentName) -> Result<Document> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    require_free_name(&mut *tx, &folder.id, name).await?;
    let folder = current_folder(&mut tx, &folder.id).await?;
    require_open(&mut tx, &folder.id, &name.key(), &by.id, now).await?;
    let page = new_document(&by.id, &folder, kind, name, by.clearance, now);
    refuse_level(app, page.level)?;
    db::documents::insert(&mut tx, &page).await?;
    let event = audit::Event::new("page_created").document(&page.id).folder(&folder.id);
    audit::record(&mut tx, Some(&by.id), now, event.details(json!({ "name": name.as_str(), "kind": kind })));
    db::changes::append(&mut tx, &page.id, now);
    tx.commit().await?;
    Ok(page)
}
