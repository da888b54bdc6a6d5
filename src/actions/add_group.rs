//! Adds a department or team.

use serde_json::json;

use crate::{
    actions::add_user::check_name,
    app::App,
    audit, db,
    db::groups::Group,
    error::{Error, Result},
    ids::{GroupId, UserId},
    names,
};

/// Adds a group below `parent`, or at the top.
pub async fn add_group(app: &App, by: &UserId, parent: Option<&GroupId>, name: &str) -> Result<Group> {
    let name = check_name(name, "name")?;
    let (id, now) = (GroupId::new(), app.clock.now());
    let mut tx = app.db.begin().await?;
    // The group above does not go at the same time.
    db::folders::lock_tree(&mut tx).await?;
    let details = json!({ "group_id": id, "name": name, "parent_id": parent });
    audit::record(&mut tx, Some(by), now, audit::Event::new("group_added").details(details));
    if let Some(parent) = parent {
        db::groups::find(&mut tx, parent).await?.ok_or_else(|| Error::not_found("group").field("parent_id"))?;
    }
    if !db::groups::insert(&mut tx, &id, parent, &name, &names::key(&name), now).await? {
        return Err(Error::conflict("name_taken", "there is a group of this name here").field("name"));
    }
    tx.commit().await?;
    Ok(Group { id, parent_id: parent.cloned(), name, member_count: 0 })
}
