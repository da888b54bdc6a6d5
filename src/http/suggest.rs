//! `/suggest`: what is the caller about to look for? Documents, people and tags that the caller may see, and the
//! caller's own earlier searches.

use axum::extract::State;
use indexer::index::fits;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{CurrentUser, policy::Caller},
    db::{self, earlier_searches::EarlierSearch},
    error::{Error, Result},
    http::{
        extract::{Json, Query},
        search::{access, readable, search_error},
        search_input::MAX_QUERY,
    },
    ids::{DocumentId, EarlierSearchId},
};

const DOCUMENTS: usize = 8;
const SEARCHES: usize = 5;
const PEOPLE: usize = 5;
const TAGS: usize = 5;
/// Earlier searches before anything was typed.
const LATEST_SEARCHES: usize = 10;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(suggest))
}

/// What was typed.
#[derive(Deserialize, IntoParams)]
struct SuggestQuery {
    #[serde(default)]
    q: String,
}

/// What the caller may mean.
#[derive(Serialize, ToSchema)]
struct SuggestionsView {
    documents: Vec<SuggestionView>,
    /// Authors of documents that the caller may read.
    people: Vec<SuggestedView>,
    tags: Vec<SuggestedView>,
    /// What the caller searched for before.
    searches: Vec<SuggestedSearchView>,
}

/// A document whose name begins, contains or is pronounced as what was typed.
#[derive(Serialize, ToSchema)]
struct SuggestionView {
    document_id: DocumentId,
    name: String,
    kind: String,
    media_type: String,
    path: String,
}

/// A person or a tag.
#[derive(Serialize, ToSchema)]
struct SuggestedView {
    name: String,
}

/// An earlier search of the caller.
#[derive(Serialize, ToSchema)]
struct SuggestedSearchView {
    id: EarlierSearchId,
    q: String,
}

/// Offers documents, people, tags and earlier searches while something is typed: by part of the name, by pinyin and by
/// initials. Before anything is typed, the latest searches.
#[utoipa::path(get, path = "/suggest", tag = "search", params(SuggestQuery),
    responses((status = 200, body = SuggestionsView)))]
async fn suggest(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<SuggestQuery>,
) -> Result<Json<SuggestionsView>> {
    let typed: String = query.q.trim().chars().take(MAX_QUERY).collect();
    let searches = db::earlier_searches::list(app.db.read(), &user.id).await?;
    let searches = choose(searches, &typed);
    if typed.is_empty() {
        return Ok(Json(SuggestionsView { documents: Vec::new(), people: Vec::new(), tags: Vec::new(), searches }));
    }
    let caller = Caller::from(&user);
    let access = access(&app, &caller).await?;
    let index = app.search().index();
    let look = move || -> indexer::index::Result<_> {
        let documents = index.suggest(&typed, &access, DOCUMENTS)?;
        let people = index.suggest_values("author", &typed, &access, PEOPLE)?;
        let tags = index.suggest_values("tag", &typed, &access, TAGS)?;
        Ok((documents, people, tags))
    };
    let (found, people, tags) =
        tokio::task::spawn_blocking(look).await.map_err(Error::internal)?.map_err(search_error)?;
    let ids: Vec<DocumentId> = found.iter().filter_map(|one| one.id.parse().ok()).collect();
    let mut readable = readable(&app, &caller, &ids).await?;
    let documents = ids.iter().filter_map(|id| {
        let view = readable.remove(id)?;
        let path: Vec<String> = view.path.into_iter().map(|folder| folder.name).collect();
        Some(SuggestionView {
            document_id: view.id,
            name: view.name,
            kind: view.kind,
            media_type: view.media_type,
            path: path.join("/"),
        })
    });
    let named = |names: Vec<String>| names.into_iter().map(|name| SuggestedView { name }).collect();
    Ok(Json(SuggestionsView { documents: documents.collect(), people: named(people), tags: named(tags), searches }))
}

/// The earlier searches that fit, the best first and of equal ones the newest; without text the latest.
fn choose(searches: Vec<EarlierSearch>, typed: &str) -> Vec<SuggestedSearchView> {
    let shown = |search: EarlierSearch| SuggestedSearchView { id: search.id, q: search.q };
    if typed.is_empty() {
        return searches.into_iter().take(LATEST_SEARCHES).map(shown).collect();
    }
    let mut fitting: Vec<_> = searches
        .into_iter()
        // What stands in the box already is no suggestion.
        .filter(|search| search.q != typed)
        .filter_map(|search| Some((fits(&search.q, typed)?, search)))
        .collect();
    fitting.sort_by_key(|(quality, _)| *quality);
    fitting.into_iter().take(SEARCHES).map(|(_, search)| shown(search)).collect()
}
