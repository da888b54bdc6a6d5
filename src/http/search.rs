//! `/search`: finding documents by what they say and what they are called.

use std::{collections::HashMap, time::Instant};

use axum::extract::State;
use indexer::index::{self, Access, FacetCounts, Hit, Scopes, SearchRequest, SearchResults};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::search_input::SearchQuery;
use crate::{
    app::App,
    auth::{
        CurrentUser,
        policy::{self, Caller, FolderAccess},
    },
    db,
    error::{Error, Result},
    http::{
        documents::DocumentView,
        extract::{Json, RepeatedQuery},
    },
    ids::{DocumentId, FolderId, PropertyId},
    search::Progress,
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(rebuild_index))
}

/// What was found.
#[derive(Serialize, ToSchema)]
struct SearchView {
    /// Documents on all pages of results.
    total: u64,
    took_ms: u64,
    /// The index is being built anew: there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuilding: Option<RebuildingView>,
    /// In the order asked for.
    facets: Vec<FacetView>,
    items: Vec<HitView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// How far the building of the index is, in documents.
#[derive(Serialize, ToSchema)]
struct RebuildingView {
    done: u64,
    total: u64,
}

/// How many of the found documents have which value.
#[derive(Serialize, ToSchema)]
struct FacetView {
    /// `library`, `type`, `author`, `year`, `month`, `tag`, `level` or `property:<id>`.
    key: String,
    /// Of a property: its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// The most frequent first, at most 100; years, months and levels in their own order.
    values: Vec<FacetValueView>,
    total_values: usize,
}

/// One value of a facet, as a `filter` takes it.
#[derive(Serialize, ToSchema)]
struct FacetValueView {
    value: String,
    /// How people read it; absent for a library that the caller does not see as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    count: u64,
}

/// A document that was found, and where. Marks are code point offsets.
#[derive(Serialize, ToSchema)]
struct HitView {
    document: DocumentView,
    name_marks: Vec<(u32, u32)>,
    snippets: Vec<SnippetView>,
    /// Pages with hits, from 1.
    pages: Vec<u32>,
}

/// A piece of the text around a hit.
#[derive(Serialize, ToSchema)]
struct SnippetView {
    page: Option<u32>,
    text: String,
    marks: Vec<(u32, u32)>,
}

/// Finds documents that the caller may see.
#[utoipa::path(get, path = "/search", tag = "search", params(SearchQuery), responses((status = 200, body = SearchView)))]
async fn search(
    State(app): State<App>,
    user: CurrentUser,
    RepeatedQuery(query): RepeatedQuery<SearchQuery>,
) -> Result<Json<SearchView>> {
    let started = Instant::now();
    let caller = Caller::from(&user);
    let request = query.request(&app, &caller).await?;
    let found = find(&app, request).await?;
    let facets = facet_views(&app, &caller, found.facets).await?;
    let items = hit_views(&app, &caller, found.hits).await?;
    Ok(Json(SearchView {
        total: found.total,
        took_ms: started.elapsed().as_millis() as u64,
        rebuilding: app.search().rebuilding().map(|Progress { done, total }| RebuildingView { done, total }),
        facets,
        items,
        next_cursor: found.next_cursor,
    }))
}

/// Asks the index, away from the async threads.
pub async fn find(app: &App, request: SearchRequest) -> Result<SearchResults> {
    let index = app.search().index();
    let found = tokio::task::spawn_blocking(move || index.search(&request)).await.map_err(Error::internal)?;
    if let Err(index::Error::Damaged(_)) = &found {
        app.search().rebuild();
    }
    found.map_err(search_error)
}

/// Builds the search index of this node anew from stored text. Searches go on meanwhile.
#[utoipa::path(post, path = "/search/rebuild", tag = "search", responses((status = 202)))]
async fn rebuild_index(State(app): State<App>, user: CurrentUser) -> Result<axum::http::StatusCode> {
    user.require_admin()?;
    app.search().rebuild();
    Ok(axum::http::StatusCode::ACCEPTED)
}

/// What the caller may find: a right that was taken away is gone with the next search.
pub async fn access(app: &App, caller: &Caller) -> Result<Access> {
    let scopes = match &*app.guests.scopes(app, caller).await? {
        policy::Scopes::All => Scopes::All,
        policy::Scopes::Only(scopes) => Scopes::Only(scopes.clone()),
    };
    Ok(Access { scopes, max_level: caller.clearance })
}

/// Views of counts, with the names of libraries that the caller sees and of properties.
async fn facet_views(app: &App, caller: &Caller, facets: Vec<FacetCounts>) -> Result<Vec<FacetView>> {
    let is_library = |facet: &&FacetCounts| facet.key == "library";
    let counted = facets.iter().filter(is_library).flat_map(|facet| &facet.values);
    let libraries: Vec<FolderId> = counted.filter_map(|(id, _)| id.parse().ok()).collect();
    let seen = FolderAccess::load(&app.db, caller, &libraries).await?;
    let library = |id: &str| seen.path(&id.parse().ok()?).pop().map(|(_, name)| name);
    let properties: Vec<PropertyId> = facets.iter().filter_map(|facet| property_id(&facet.key)).collect();
    let names: HashMap<PropertyId, String> =
        db::properties::list_some_names(app.db.read(), &properties).await?.into_iter().collect();
    let view = |facet: FacetCounts| FacetView {
        label: property_id(&facet.key).and_then(|id| names.get(&id).cloned()),
        values: facet
            .values
            .into_iter()
            .map(|(value, count)| FacetValueView {
                label: if facet.key == "library" { library(&value) } else { Some(value.clone()) },
                value,
                count,
            })
            .collect(),
        key: facet.key,
        total_values: facet.total_values,
    };
    // A property that nothing has a value of is no way to narrow the results.
    let shown = facets.into_iter().filter(|facet| property_id(&facet.key).is_none() || !facet.values.is_empty());
    Ok(shown.map(view).collect())
}

fn property_id(key: &str) -> Option<PropertyId> {
    key.strip_prefix("property:")?.parse().ok()
}

/// Views of hits. What went to the trash or out of reach since the last commit of the index is left out.
async fn hit_views(app: &App, caller: &Caller, hits: Vec<Hit>) -> Result<Vec<HitView>> {
    let ids: Vec<DocumentId> = hits.iter().filter_map(|hit| hit.id.parse().ok()).collect();
    let mut views = readable(app, caller, &ids).await?;
    let view = |hit: Hit| {
        let id: DocumentId = hit.id.parse().ok()?;
        let snippet =
            |snippet: index::Snippet| SnippetView { page: snippet.page, text: snippet.text, marks: snippet.marks };
        Some(HitView {
            document: views.remove(&id)?,
            name_marks: hit.name_marks,
            snippets: hit.snippets.into_iter().map(snippet).collect(),
            pages: hit.pages,
        })
    };
    Ok(hits.into_iter().filter_map(view).collect())
}

/// The views of those documents that the caller may see and that are not in the trash.
pub async fn readable(app: &App, caller: &Caller, ids: &[DocumentId]) -> Result<HashMap<DocumentId, DocumentView>> {
    let views = DocumentView::list(app, caller, ids).await?;
    let present = views.into_iter().filter(|view| view.trashed_at.is_none());
    Ok(present.map(|view| (view.id.clone(), view)).collect())
}

/// What a failed search means to the caller.
pub fn search_error(error: index::Error) -> Error {
    match error {
        index::Error::Query(error) => Error::invalid("query_syntax", error.message)
            .field("q")
            .with("position", error.position)
            .with("reason", error.code),
        index::Error::Cursor => Error::invalid("cursor_invalid", "this cursor was not given out here").field("cursor"),
        error => Error::internal(error),
    }
}
