//! Changes a group: its name, its place in the tree, its members.

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

/// Renames and moves a group; `parent` is `Some(None)` for the top, `None` for where it is.
pub async fn change_group(
    app: &App,
    by: &UserId,
    id: &GroupId,
    name: Option<&str>,
    parent: Option<Option<GroupId>>,
) -> Result<Group> {
    let name = name.map(|name| check_name(name, "name")).transpose()?;
    let mut tx = app.db.begin().await?;
    // Two moves at the same time make no circle.
    db::folders::lock_tree(&mut tx).await?;
    let details = json!({ "group_id": id, "name": name, "parent_id": parent });
    audit::record(&mut tx, Some(by), app.clock.now(), audit::Event::new("group_changed").details(details));
    let group = db::groups::find(&mut tx, id).await?.ok_or_else(|| Error::not_found("group"))?;
    let (name, parent_id) = (name.unwrap_or(group.name), parent.unwrap_or(group.parent_id));
    if let Some(parent) = &parent_id {
        db::groups::find(&mut tx, parent).await?.ok_or_else(|| Error::not_found("group").field("parent_id"))?;
        if db::groups::is_below(&mut tx, parent, id).await? {
            return Err(Error::conflict("group_in_itself", "a group cannot be moved into itself").field("parent_id"));
        }
    }
    let name_key = names::key(&name);
    if db::groups::name_taken(&mut tx, parent_id.as_ref(), &name_key, id).await? {
        return Err(Error::conflict("name_taken", "there is a group of this name here").field("name"));
    }
    db::groups::update(&mut tx, id, parent_id.as_ref(), &name, &name_key).await?;
    tx.commit().await?;
    Ok(Group { name, parent_id, ..group })
}

/// Makes `user` a member of the group, or none any more. Asking for what is already so changes nothing.
pub async fn change_member(app: &App, by: &UserId, id: &GroupId, user: &UserId, is_member: bool) -> Result<()> {
    let mut tx = app.db.begin().await?;
    db::groups::find(&mut tx, id).await?.ok_or_else(|| Error::not_found("group"))?;
    db::users::find_in(&mut tx, user).await?.ok_or_else(|| Error::not_found("user"))?;
    let (changed, action) = if is_member {
        (db::groups::insert_member(&mut tx, id, user).await?, "group_member_added")
    } else {
        (db::groups::delete_member(&mut tx, id, user).await?, "group_member_removed")
    };
    if changed {
        let details = json!({ "group_id": id, "user_id": user });
        audit::record(&mut tx, Some(by), app.clock.now(), audit::Event::new(action).details(details));
    }
    tx.commit().await
}
