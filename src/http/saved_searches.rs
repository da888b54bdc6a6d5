//! `/saved-searches`: searches that the caller gave a name. They keep what is asked, never what was found: rights are
//! looked at whenever they are run.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::add_user::check_name,
    app::App,
    auth::{CurrentUser, policy::Caller},
    clock::Millis,
    db::{self, saved_searches::SavedSearch},
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        page::Items,
        search_input::{MAX_QUERY, parse_query},
    },
    ids::{FolderId, SavedSearchId},
    names,
};

/// Saved searches of one person, at most.
const MAX_SAVED: i64 = 500;
/// Largest query object, in bytes of JSON.
const MAX_BYTES: usize = 16 << 10;
const MAX_FILTERS: usize = 32;
const MAX_VALUES: usize = 100;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_saved_searches, create_saved_search))
        .routes(routes!(update_saved_search, delete_saved_search))
}

/// What is asked of `/search`, with the same names.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SavedQuery {
    #[serde(default)]
    q: String,
    /// Only below this folder.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    folder: Option<FolderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Millis>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    filters: Vec<SavedFilter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sort: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// How a list of records shows the result: columns and their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    view: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Any of these values of a facet.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SavedFilter {
    /// `library`, `type`, `author`, `year`, `month`, `tag`, `level` or `property:<id>`.
    key: String,
    values: Vec<String>,
}

/// A saved search.
#[derive(Serialize, ToSchema)]
struct SavedSearchView {
    id: SavedSearchId,
    name: String,
    query: SavedQuery,
    created_at: Millis,
    updated_at: Millis,
}

/// A new saved search.
#[derive(Deserialize, ToSchema)]
struct SavedSearchInput {
    name: String,
    query: SavedQuery,
}

/// What can be changed of a saved search; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct SavedSearchPatch {
    name: Option<String>,
    query: Option<SavedQuery>,
}

impl SavedSearchView {
    fn new(search: SavedSearch) -> Result<Self> {
        let SavedSearch { id, name, query, created_at, updated_at } = search;
        Ok(Self { id, name, query: serde_json::from_str(&query).map_err(Error::internal)?, created_at, updated_at })
    }
}

impl SavedQuery {
    /// Refuses what `/search` would refuse; returns it as it is stored.
    async fn check(&self, app: &App, user: &CurrentUser) -> Result<String> {
        let invalid = |message: &'static str| Err(Error::invalid("saved_query_invalid", message).field("query"));
        if self.q.chars().count() > MAX_QUERY {
            return Err(Error::invalid("query_too_long", "the query is too long").field("q"));
        }
        parse_query(app, &Caller::from(user), &self.q).await?;
        if self.filters.len() > MAX_FILTERS || self.filters.iter().any(|filter| filter.values.len() > MAX_VALUES) {
            return invalid("too many filters or values");
        }
        if !self.filters.iter().all(|filter| is_facet(&filter.key) && !filter.values.is_empty()) {
            return invalid("a filter has the key of a facet and a value");
        }
        if !self.sort.as_deref().is_none_or(is_sort) || !matches!(self.order.as_deref(), None | Some("asc" | "desc")) {
            return invalid("this order is not known");
        }
        let json = serde_json::to_string(self).map_err(Error::internal)?;
        if json.len() > MAX_BYTES {
            return invalid("the query is too large");
        }
        Ok(json)
    }
}

fn is_facet(key: &str) -> bool {
    matches!(key, "library" | "type" | "author" | "year" | "month" | "tag" | "level")
        || key.strip_prefix("property:").is_some_and(|id| !id.is_empty())
}

fn is_sort(sort: &str) -> bool {
    matches!(sort, "relevance" | "newest" | "oldest" | "name" | "size")
        || sort.strip_prefix("property:").is_some_and(|id| !id.is_empty())
}

/// Lists the caller's saved searches by name.
#[utoipa::path(get, path = "/saved-searches", tag = "search", responses((status = 200, body = Items<SavedSearchView>)))]
async fn list_saved_searches(State(app): State<App>, user: CurrentUser) -> Result<Json<Items<SavedSearchView>>> {
    let searches = db::saved_searches::list(app.db.read(), &user.id).await?;
    Ok(Json(Items::all(searches.into_iter().map(SavedSearchView::new).collect::<Result<_>>()?)))
}

/// Saves a search under a name.
#[utoipa::path(post, path = "/saved-searches", tag = "search", request_body = SavedSearchInput,
    responses((status = 201, body = SavedSearchView)))]
async fn create_saved_search(
    State(app): State<App>,
    user: CurrentUser,
    Json(input): Json<SavedSearchInput>,
) -> Result<(StatusCode, Json<SavedSearchView>)> {
    let (name, query) = (check_name(&input.name, "name")?, input.query.check(&app, &user).await?);
    let now = app.clock.now();
    let search = SavedSearch { id: SavedSearchId::new(), name, query, created_at: now, updated_at: now };
    let mut tx = app.db.begin().await?;
    if db::saved_searches::count(&mut tx, &user.id).await? >= MAX_SAVED {
        return Err(Error::conflict("too_many_saved_searches", "delete a saved search first"));
    }
    if !db::saved_searches::insert(&mut tx, &user.id, &search, &names::key(&search.name)).await? {
        return Err(name_taken());
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(SavedSearchView::new(search)?)))
}

/// Renames a saved search, or changes what it asks.
#[utoipa::path(patch, path = "/saved-searches/{id}", tag = "search", params(("id" = SavedSearchId, Path)),
    request_body = SavedSearchPatch, responses((status = 200, body = SavedSearchView)))]
async fn update_saved_search(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<SavedSearchId>,
    Json(input): Json<SavedSearchPatch>,
) -> Result<Json<SavedSearchView>> {
    let name = input.name.as_deref().map(|name| check_name(name, "name")).transpose()?;
    let query = match &input.query {
        Some(query) => Some(query.check(&app, &user).await?),
        None => None,
    };
    let mut tx = app.db.begin().await?;
    let old = db::saved_searches::find(&mut tx, &user.id, &id).await?;
    let old = old.ok_or_else(|| Error::not_found("saved_search"))?;
    let search = SavedSearch {
        id,
        name: name.unwrap_or(old.name),
        query: query.unwrap_or(old.query),
        created_at: old.created_at,
        updated_at: app.clock.now(),
    };
    if !db::saved_searches::update(&mut tx, &user.id, &search, &names::key(&search.name)).await? {
        return Err(name_taken());
    }
    tx.commit().await?;
    Ok(Json(SavedSearchView::new(search)?))
}

/// Deletes a saved search.
#[utoipa::path(delete, path = "/saved-searches/{id}", tag = "search", params(("id" = SavedSearchId, Path)),
    responses((status = 204)))]
async fn delete_saved_search(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<SavedSearchId>,
) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    if !db::saved_searches::delete(&mut tx, &user.id, &id).await? {
        return Err(Error::not_found("saved_search"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn name_taken() -> Error {
    Error::conflict("name_taken", "there is a saved search of this name").field("name")
}
