//! Cancels an upload and removes what the store keeps for it.

use crate::{
    actions::{quota, upload_address},
    app::App,
    db::{
        self,
        uploads::{Standing, Upload},
    },
    error::Result,
};

/// Cancels `upload`. A request that is writing to it gives way first; a document it became stays.
pub async fn delete_upload(app: &App, upload: &Upload) -> Result<()> {
    let _lock = app.uploads.lock(&upload.id).await?;
    app.uploads.recall(&upload.id, &upload.user_id).await;
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    if let Some(reservation) = db::uploads::delete(&mut tx, &upload.id).await? {
        quota::release(&mut tx, &reservation).await?;
    }
    if upload.standing != Standing::Coming && upload_address::suits(upload) {
        // Its address alone is none any more.
        db::uploads::insert_cancelled(&mut tx, upload).await?;
    }
    tx.commit().await?;
    // Last: what is left when this fails is found by nobody and is swept with unused content.
    app.store.forget(upload.id.as_str()).await?;
    Ok(())
}
