//! Which access scope does something belong to? Kept right here alone, whenever grants come or go, inheritance is
//! switched, or something moves. The scope of a folder or document is the nearest of itself and the folders above that
//! has grants of its own, does not inherit, or is a library. Call these under [`db::folders::lock_tree`].

use crate::{
    db::{self, Tx},
    error::Result,
    ids::{DocumentId, FolderId},
};

/// Sets the scope of a folder and of all below that follow it; returns the documents whose scope changed.
pub async fn folder(tx: &mut Tx, id: &FolderId) -> Result<Vec<DocumentId>> {
    let scope = db::folders::due_scope(tx, id).await?;
    db::folders::update_scopes(tx, id, &scope).await
}

/// Sets the scope of a document, and lets its attachments follow; returns it when the scope changed.
pub async fn document(tx: &mut Tx, id: &DocumentId) -> Result<Vec<DocumentId>> {
    let changed = db::documents::update_scope(tx, id).await?;
    db::documents::update_attached(tx, id).await?;
    Ok(changed.then(|| id.clone()).into_iter().collect())
}
