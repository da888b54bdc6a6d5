//! Which values has a document to itself? Those of unique properties of the library that it is in, while it is out of the
//! trash. Kept right here alone whenever something moves or goes to the trash. Call these under
//! [`db::folders::lock_tree`].

use crate::{
    actions::edit_records::visible,
    app::App,
    auth::policy::Caller,
    db::{self, Tx, document_properties::Collision},
    error::{Error, Result},
    ids::{DocumentId, FolderId, UserId},
};

/// Lets a document have its values to itself in the library where it is now; or names the value that another one has.
pub async fn document(tx: &mut Tx, id: &DocumentId, folder: &FolderId) -> Result<Option<Collision>> {
    db::document_properties::release_document(tx, id).await?;
    let Some(library) = db::properties::find_library(&mut **tx, folder).await? else { return Ok(None) };
    let collision = db::document_properties::find_collision(tx, id, &library).await?;
    if collision.is_none() {
        db::document_properties::claim_document(tx, id, &library).await?;
    }
    Ok(collision)
}

/// Like [`document`], for everything below a folder.
pub async fn folder(tx: &mut Tx, id: &FolderId) -> Result<Option<Collision>> {
    db::document_properties::release_below(tx, id).await?;
    let Some(library) = db::properties::find_library(&mut **tx, id).await? else { return Ok(None) };
    let collision = db::document_properties::find_collision_below(tx, id, &library).await?;
    if collision.is_none() {
        db::document_properties::claim_below(tx, id, &library).await?;
    }
    Ok(collision)
}

/// The refusal because of a collision. Each of the two documents is named when the person may see it.
pub async fn refusal(app: &App, by: &UserId, collision: Collision) -> Error {
    let error = Error::conflict("property_value_taken", "another document of that library has this value")
        .with("property_id", collision.property_id.as_str())
        .with("property", collision.property_name.as_str());
    match visible_to(app, by, &collision.other_id).await {
        Ok(true) => error.with("document_id", collision.other_id.as_str()),
        Ok(false) => error,
        Err(failure) => failure,
    }
}

async fn visible_to(app: &App, by: &UserId, document: &DocumentId) -> Result<bool> {
    let Some(user) = db::users::find(app.db.read(), by).await? else { return Ok(false) };
    let visible = visible(app, &Caller::from(&user), std::slice::from_ref(document)).await?;
    Ok(visible.contains(document))
}
