//! `/users`: accounts. Everybody who is signed in may look one up; administrators add and change them.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        add_user::{AddUser, add_user},
        change_user::{ChangeUser, change_user},
    },
    app::App,
    auth::CurrentUser,
    clock::Millis,
    db::{self, users::User},
    error::Result,
    http::{
        extract::{Json, Path, Query},
        page::Items,
    },
    ids::UserId,
    names,
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_users, create_user)).routes(routes!(update_user))
}

/// An account as everybody who is signed in may see it.
#[derive(Serialize, ToSchema)]
pub struct UserView {
    id: UserId,
    name: String,
    display_name: String,
    is_admin: bool,
    /// Highest level of document that this person may see.
    clearance: i64,
    disabled: bool,
    created_at: Millis,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            display_name: user.display_name,
            is_admin: user.is_admin == 1,
            clearance: user.clearance,
            disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
        }
    }
}

/// Which accounts are wanted.
#[derive(Deserialize, IntoParams)]
struct UsersQuery {
    /// Part of the name or display name, in any case.
    #[serde(default)]
    q: String,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
struct NewUserInput {
    name: String,
    #[serde(default)]
    display_name: String,
    password: String,
    #[serde(default)]
    is_admin: bool,
    clearance: Option<i64>,
}

/// What changes of an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct UserInput {
    display_name: Option<String>,
    password: Option<String>,
    is_admin: Option<bool>,
    clearance: Option<i64>,
    disabled: Option<bool>,
}

/// Lists accounts by name.
#[utoipa::path(get, path = "/users", tag = "users", params(UsersQuery), responses((status = 200, body = Items<UserView>)))]
async fn list_users(
    State(app): State<App>,
    _user: CurrentUser,
    Query(query): Query<UsersQuery>,
) -> Result<Json<Items<UserView>>> {
    let wanted = names::key(query.q.trim());
    let matches = |user: &User| [&user.name, &user.display_name].iter().any(|name| names::key(name).contains(&wanted));
    let users = db::users::list(app.db.read()).await?;
    Ok(Json(Items::all(users.into_iter().filter(matches).map(UserView::from).collect())))
}

/// Adds an account.
#[utoipa::path(post, path = "/users", tag = "users", responses((status = 201, body = UserView)))]
async fn create_user(
    State(app): State<App>,
    user: CurrentUser,
    Json(input): Json<NewUserInput>,
) -> Result<(StatusCode, Json<UserView>)> {
    user.require_admin()?;
    let NewUserInput { name, display_name, password, is_admin, clearance } = input;
    let added = add_user(&app, Some(&user.id), AddUser { name, display_name, password, is_admin, clearance }).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Changes an account. A new password and disabling end its sessions.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)), responses((status = 200, body = UserView)))]
async fn update_user(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Json(input): Json<UserInput>,
) -> Result<Json<UserView>> {
    user.require_admin()?;
    let UserInput { display_name, password, is_admin, clearance, disabled } = input;
    let change = ChangeUser { display_name, password, is_admin, clearance, disabled };
    Ok(Json(change_user(&app, &user.id, &id, change).await?.into()))
}
