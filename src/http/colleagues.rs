//! `/colleagues`: whom may one mention? Everybody who is signed in finds people who can sign in, by a part of their name.
//!
//! Less than [`super::users`] gives: who administers, who is cleared for what and who has left is not needed to write a name.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::CurrentUser,
    db::{self, users::User},
    error::{Error, Result},
    http::{
        extract::{Json, Query},
        page::Items,
    },
    ids::UserId,
    names,
};

/// People in one answer, at most: it is a list to choose from, not a directory to copy.
const COLLEAGUES_MAX: usize = 20;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_colleagues))
}

/// Somebody who may be mentioned.
#[derive(Serialize, ToSchema)]
pub struct ColleagueView {
    id: UserId,
    /// The name to sign in with: tells two people of one name apart.
    name: String,
    display_name: String,
}

impl From<User> for ColleagueView {
    fn from(User { id, name, display_name, .. }: User) -> Self {
        Self { id, name, display_name }
    }
}

/// Whom one looks for.
#[derive(Deserialize, IntoParams)]
struct ColleaguesQuery {
    /// Part of the name or display name, in any case.
    #[serde(default)]
    q: String,
    /// At most so many people; 10 unless asked for, at most 20.
    limit: Option<usize>,
}

/// Finds enabled accounts: names that begin with what was typed come first.
#[utoipa::path(get, path = "/colleagues", tag = "users", params(ColleaguesQuery), responses((status = 200, body = Items<ColleagueView>)))]
async fn list_colleagues(
    State(app): State<App>,
    _user: CurrentUser,
    Query(query): Query<ColleaguesQuery>,
) -> Result<Json<Items<ColleagueView>>> {
    let limit = match query.limit.unwrap_or(10) {
        limit @ 1..=COLLEAGUES_MAX => limit,
        _ => return Err(Error::invalid("limit_invalid", "a limit is 1 to 20").field("limit")),
    };
    let wanted = names::key(query.q.trim());
    let users = db::users::list(app.db.read()).await?.into_iter().filter(|user| user.disabled_at.is_none());
    let mut found: Vec<(u8, User)> = users.filter_map(|user| Some((rank(&user, &wanted)?, user))).collect();
    found.sort_by_key(|(rank, _)| *rank); // stable: by name within a rank
    Ok(Json(Items::all(found.into_iter().take(limit).map(|(_, user)| user.into()).collect())))
}

/// How well a person's names match, the smaller the better.
fn rank(user: &User, wanted: &str) -> Option<u8> {
    let (display, name) = (names::key(&user.display_name), names::key(&user.name));
    if display.starts_with(wanted) {
        Some(0)
    } else if name.starts_with(wanted) {
        Some(1)
    } else {
        (display.contains(wanted) || name.contains(wanted)).then_some(2)
    }
}
