//! `/earlier-searches`: what the caller searched for lately. Kept here and not in the browser, so that it is there on
//! every machine; shown to nobody else, and forgotten when its owner says so.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{CurrentUser, policy::Caller},
    clock::Millis,
    db::{self, earlier_searches::EarlierSearch},
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        page::Items,
        search_input::parse_query,
    },
    ids::EarlierSearchId,
};

/// Searches kept for one person; the oldest make room.
const KEPT: i64 = 200;
/// Longest search that is kept, in characters: nobody wants a longer one offered.
const MAX_CHARS: usize = 200;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_earlier_searches, remember_search, delete_earlier_searches))
        .routes(routes!(delete_earlier_search))
}

/// A search that was made.
#[derive(Serialize, ToSchema)]
struct EarlierSearchView {
    id: EarlierSearchId,
    q: String,
    /// The last time it was made.
    used_at: Millis,
}

impl From<EarlierSearch> for EarlierSearchView {
    fn from(EarlierSearch { id, q, used_at }: EarlierSearch) -> Self {
        Self { id, q, used_at }
    }
}

/// A search that is being made.
#[derive(Deserialize, ToSchema)]
struct EarlierSearchInput {
    q: String,
}

/// Lists the caller's earlier searches, newest first.
#[utoipa::path(get, path = "/earlier-searches", tag = "search", responses((status = 200, body = Items<EarlierSearchView>)))]
async fn list_earlier_searches(State(app): State<App>, user: CurrentUser) -> Result<Json<Items<EarlierSearchView>>> {
    let searches = db::earlier_searches::list(app.db.read(), &user.id).await?;
    Ok(Json(Items::all(searches.into_iter().map(EarlierSearchView::from).collect())))
}

/// Remembers a search that the caller submitted.
#[utoipa::path(post, path = "/earlier-searches", tag = "search", request_body = EarlierSearchInput, responses((status = 204)))]
async fn remember_search(
    State(app): State<App>,
    user: CurrentUser,
    Json(input): Json<EarlierSearchInput>,
) -> Result<StatusCode> {
    let q = input.q.split_whitespace().collect::<Vec<_>>().join(" ");
    if q.is_empty() || q.chars().any(char::is_control) {
        return Err(Error::invalid("query_empty", "a search has visible characters").field("q"));
    }
    if q.chars().count() > MAX_CHARS {
        return Err(
            Error::invalid("query_too_long", format!("searches up to {MAX_CHARS} characters are kept")).field("q")
        );
    }
    parse_query(&app, &Caller::from(&user), &q).await?;
    let mut tx = app.db.begin().await?;
    db::earlier_searches::upsert(&mut tx, &EarlierSearchId::new(), &user.id, &q, app.clock.now()).await?;
    db::earlier_searches::delete_old(&mut tx, &user.id, KEPT).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets all earlier searches of the caller.
#[utoipa::path(delete, path = "/earlier-searches", tag = "search", responses((status = 204)))]
async fn delete_earlier_searches(State(app): State<App>, user: CurrentUser) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    db::earlier_searches::delete_all(&mut tx, &user.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets one earlier search.
#[utoipa::path(delete, path = "/earlier-searches/{id}", tag = "search", params(("id" = EarlierSearchId, Path)),
    responses((status = 204)))]
async fn delete_earlier_search(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<EarlierSearchId>,
) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    if !db::earlier_searches::delete(&mut tx, &user.id, &id).await? {
        return Err(Error::not_found("earlier_search"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
