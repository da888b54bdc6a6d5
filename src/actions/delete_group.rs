//! Removes a group that has no groups below it.

use serde_json::json;

use crate::{
    app::App,
    audit, db,
    error::{Error, Result},
    ids::{GroupId, UserId},
};

/// Removes the group, its memberships and what was granted to it.
pub async fn delete_group(app: &App, by: &UserId, id: &GroupId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    // No child is added or moved in at the same time.
    db::folders::lock_tree(&mut tx).await?;
    let event = audit::Event::new("group_deleted").details(json!({ "group_id": id }));
    audit::record(&mut tx, Some(by), app.clock.now(), event);
    if db::groups::count_children(&mut tx, id).await? > 0 {
        return Err(Error::conflict("group_not_empty", "there are groups below this one"));
    }
    db::groups::delete_grants(&mut tx, id).await?;
    if !db::groups::delete(&mut tx, id).await? {
        return Err(Error::not_found("group"));
    }
    tx.commit().await
}
