//! `/search`: finding documents by what they say and what they are called.

use std::{collections::HashMap, time::Instant};

use axum::extract::State;
use indexer::index::{self, Access, Hit, Scopes, SearchRequest, Sort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{
        CurrentUser,
        policy::{self, Caller},
    },
    error::{Error, Result},
    http::{
        documents::DocumentView,
        extract::{Json, Query},
    },
    ids::{DocumentId, FolderId},
};

/// Most hits in one answer.
const MAX_LIMIT: usize = 100;
const DEFAULT_LIMIT: usize = 20;
/// Longest query, in characters: what is longer is no query but a mistake.
pub const MAX_QUERY: usize = 1000;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(rebuild_index))
}

/// What is sought.
#[derive(Deserialize, IntoParams)]
struct SearchQuery {
    /// Words, "phrases", -not, OR, `type:` `author:` `tag:` `in:` `after:` `before:`.
    #[serde(default)]
    q: String,
    /// Only below this folder.
    #[serde(rename = "in")]
    folder: Option<FolderId>,
    /// Short names, extensions or media types, separated by commas.
    r#type: Option<String>,
    author: Option<String>,
    /// Changed at this time or later, epoch milliseconds.
    after: Option<i64>,
    /// Changed before this time, epoch milliseconds.
    before: Option<i64>,
    /// `relevance` (default), `newest`, `oldest`, `name` or `size`.
    #[param(inline)]
    sort: Option<SortInput>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The order of hits.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SortInput {
    #[default]
    Relevance,
    Newest,
    Oldest,
    Name,
    Size,
}

impl From<SortInput> for Sort {
    fn from(sort: SortInput) -> Self {
        match sort {
            SortInput::Relevance => Sort::Relevance,
            SortInput::Newest => Sort::Newest,
            SortInput::Oldest => Sort::Oldest,
            SortInput::Name => Sort::Name,
            SortInput::Size => Sort::Size,
        }
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
struct SearchView {
    /// Documents on all pages of results.
    total: u64,
    took_ms: u64,
    /// The index is being built anew: there may be more.
    rebuilding: bool,
    items: Vec<HitView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
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
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchView>> {
    let started = Instant::now();
    if query.q.chars().count() > MAX_QUERY {
        return Err(Error::invalid("query_too_long", format!("a query has {MAX_QUERY} characters at most")).field("q"));
    }
    let caller = Caller::from(&user);
    let types = query.r#type.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let request = SearchRequest {
        q: query.q,
        access: access(&app, &caller).await?,
        folder: query.folder.map(Into::into),
        types: types.map(str::to_owned).collect(),
        author: query.author,
        after: query.after,
        before: query.before,
        sort: query.sort.unwrap_or_default().into(),
        limit: query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
        cursor: query.cursor,
        ..SearchRequest::default()
    };
    let index = app.search().index();
    let found = tokio::task::spawn_blocking(move || index.search(&request))
        .await
        .map_err(Error::internal)?
        .map_err(search_error)?;
    let items = hit_views(&app, &caller, found.hits).await?;
    Ok(Json(SearchView {
        total: found.total,
        took_ms: started.elapsed().as_millis() as u64,
        rebuilding: app.search().rebuilding(),
        items,
        next_cursor: found.next_cursor,
    }))
}

/// Builds the search index of this node anew from stored text. Searches go on meanwhile.
#[utoipa::path(post, path = "/search/rebuild", tag = "search", responses((status = 202)))]
async fn rebuild_index(State(app): State<App>, user: CurrentUser) -> Result<axum::http::StatusCode> {
    user.require_admin()?;
    app.search().rebuild();
    Ok(axum::http::StatusCode::ACCEPTED)
}

/// What the caller may find: looked up for every query, so that a right that was taken away is gone at once.
pub async fn access(app: &App, caller: &Caller) -> Result<Access> {
    let scopes = match policy::readable_scopes(&app.db, caller).await? {
        policy::Scopes::All => Scopes::All,
        policy::Scopes::Only(scopes) => Scopes::Only(scopes),
    };
    Ok(Access { scopes, max_level: caller.clearance })
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
        index::Error::Query(error) => {
            Error::invalid("query_syntax", error.message)
                .field("q")
                .with("position", error.position)
                .with("reason", error.code)
        }
        index::Error::Cursor => Error::invalid("cursor_invalid", "this cursor was not given out here").field("cursor"),
        error => Error::internal(error),
    }
}
