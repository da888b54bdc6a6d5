//! `/groups`: departments and teams, as a tree. Everybody sees them; administrators change them.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        add_group::add_group,
        change_group::{change_group, change_member},
        delete_group,
    },
    app::App,
    auth::CurrentUser,
    db::{self, groups::Group},
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        page::Items,
        users::UserView,
    },
    ids::{GroupId, UserId},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_groups, create_group))
        .routes(routes!(update_group, remove_group))
        .routes(routes!(list_group_members))
        .routes(routes!(add_group_member, remove_group_member))
}

/// A group.
#[derive(Serialize, ToSchema)]
struct GroupView {
    id: GroupId,
    parent_id: Option<GroupId>,
    name: String,
    /// Direct members, without those of the groups below.
    member_count: i64,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { id, parent_id, name, member_count } = group;
        Self { id, parent_id, name, member_count }
    }
}

/// A new group.
#[derive(Deserialize, ToSchema)]
struct NewGroupInput {
    name: String,
    parent_id: Option<GroupId>,
}

/// What changes of a group; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct GroupInput {
    name: Option<String>,
    /// `null` moves the group to the top.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<GroupId>)]
    parent_id: Option<Option<GroupId>>,
}

/// Tells a member that is `null` from one that is missing.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Lists all groups by name.
#[utoipa::path(get, path = "/groups", tag = "groups", responses((status = 200, body = Items<GroupView>)))]
async fn list_groups(State(app): State<App>, _user: CurrentUser) -> Result<Json<Items<GroupView>>> {
    let groups = db::groups::list(app.db.read()).await?;
    Ok(Json(Items::all(groups.into_iter().map(GroupView::from).collect())))
}

/// Adds a group.
#[utoipa::path(post, path = "/groups", tag = "groups", responses((status = 201, body = GroupView)))]
async fn create_group(
    State(app): State<App>,
    user: CurrentUser,
    Json(input): Json<NewGroupInput>,
) -> Result<(StatusCode, Json<GroupView>)> {
    user.require_admin()?;
    let group = add_group(&app, &user.id, input.parent_id.as_ref(), &input.name).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

/// Renames or moves a group.
#[utoipa::path(patch, path = "/groups/{id}", tag = "groups", params(("id" = GroupId, Path)), responses((status = 200, body = GroupView)))]
async fn update_group(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<GroupId>,
    Json(input): Json<GroupInput>,
) -> Result<Json<GroupView>> {
    user.require_admin()?;
    Ok(Json(change_group(&app, &user.id, &id, input.name.as_deref(), input.parent_id).await?.into()))
}

/// Removes a group; what was granted to it ends.
#[utoipa::path(delete, path = "/groups/{id}", tag = "groups", params(("id" = GroupId, Path)), responses((status = 204)))]
async fn remove_group(State(app): State<App>, user: CurrentUser, Path(id): Path<GroupId>) -> Result<StatusCode> {
    user.require_admin()?;
    delete_group::delete_group(&app, &user.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the direct members of a group.
#[utoipa::path(get, path = "/groups/{id}/members", tag = "groups", params(("id" = GroupId, Path)), responses((status = 200, body = Items<UserView>)))]
async fn list_group_members(
    State(app): State<App>,
    _user: CurrentUser,
    Path(id): Path<GroupId>,
) -> Result<Json<Items<UserView>>> {
    if !db::groups::exists(app.db.read(), &id).await? {
        return Err(Error::not_found("group"));
    }
    let members = db::groups::list_members(app.db.read(), &id).await?;
    Ok(Json(Items::all(members.into_iter().map(UserView::from).collect())))
}

/// Makes a user a member.
#[utoipa::path(put, path = "/groups/{id}/members/{user_id}", tag = "groups",
    params(("id" = GroupId, Path), ("user_id" = UserId, Path)), responses((status = 204)))]
async fn add_group_member(
    State(app): State<App>,
    user: CurrentUser,
    Path((id, member)): Path<(GroupId, UserId)>,
) -> Result<StatusCode> {
    user.require_admin()?;
    change_member(&app, &user.id, &id, &member, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a membership.
#[utoipa::path(delete, path = "/groups/{id}/members/{user_id}", tag = "groups",
    params(("id" = GroupId, Path), ("user_id" = UserId, Path)), responses((status = 204)))]
async fn remove_group_member(
    State(app): State<App>,
    user: CurrentUser,
    Path((id, member)): Path<(GroupId, UserId)>,
) -> Result<StatusCode> {
    user.require_admin()?;
    change_member(&app, &user.id, &id, &member, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
