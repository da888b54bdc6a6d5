//! `/documents/{id}/hits`: where on its pages does a document say what was looked for?

use axum::extract::State;
use indexer::{
    hits::{self, Mark, PageCount},
    normalize::normalize,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{CurrentUser, policy::Caller},
    error::{Error, Result},
    http::{
        extract::{Json, Path, Query},
        pages::{find_preview, load_text, text_key},
        search_input::{MAX_QUERY, parse_query},
    },
    ids::DocumentId,
};

/// Pages with rectangles in one answer, at most.
const MAX_PAGES: usize = 64;
const DEFAULT_PAGES: usize = 16;
/// An answer that has so many marks gets no further page.
const ENOUGH_MARKS: usize = 2_000;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_hits))
}

/// What is looked for, and from which page on.
#[derive(Deserialize, IntoParams)]
struct HitsQuery {
    /// A query of `/search`: each of its words and phrases is a text to be marked, what it excludes or filters is not.
    #[serde(default)]
    q: String,
    /// A text taken as it is, in place of `q`.
    text: Option<String>,
    /// Number of the version; the newest when absent.
    version: Option<i64>,
    /// Marks of pages after this one; from the first page when absent.
    after_page: Option<usize>,
    /// Pages with marks, 1 to 64; 16 when absent. There may be fewer when they have very many.
    limit: Option<usize>,
}

/// Hits in the text of a version.
#[derive(Serialize, ToSchema)]
struct HitsView {
    version: i64,
    /// Hits on all pages together.
    total: usize,
    /// Hits in text that stands on no page (attachments, notes, cells): they have no marks.
    outside: usize,
    /// All pages with hits. Only without `after_page`: it says the same on every call.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<PageCountView>>,
    /// Marks, page by page.
    pages: Vec<PageHitsView>,
    /// More pages with marks: ask with this `after_page`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after_page: Option<usize>,
}

/// How many hits a page has. One that runs over the end of a page counts on both.
#[derive(Serialize, ToSchema)]
struct PageCountView {
    page: usize,
    /// Number of its first hit, from 1; the others follow.
    first: usize,
    hits: usize,
}

/// The hits of a page.
#[derive(Serialize, ToSchema)]
struct PageHitsView {
    page: usize,
    marks: Vec<MarkView>,
    rects: Vec<RectView>,
}

/// A part of the page's text, as code point offsets.
#[derive(Serialize, ToSchema)]
struct MarkView {
    start: u32,
    end: u32,
    /// Number of the hit in the document, from 1.
    hit: u32,
}

/// A marked rectangle in points from the top left. A hit has one on every line that it touches.
#[derive(Serialize, ToSchema)]
struct RectView {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
    /// Number of the hit in the document, from 1.
    hit: u32,
}

impl From<PageCount> for PageCountView {
    fn from(PageCount { page, first, hits }: PageCount) -> Self {
        Self { page, first, hits }
    }
}

impl From<&Mark> for MarkView {
    fn from(&Mark { start, end, hit }: &Mark) -> Self {
        Self { start, end, hit }
    }
}

impl From<hits::Rect> for RectView {
    fn from(hits::Rect { x, y, w, h, hit }: hits::Rect) -> Self {
        let tenth = |value: f32| (value * 10.0).round() / 10.0;
        Self { x: tenth(x), y: tenth(y), w: tenth(w), h: tenth(h), hit }
    }
}

/// Finds every place where a document says what is looked for, however it is written there: traditional or simplified,
/// full or half width, over the ends of lines and pages.
#[utoipa::path(get, path = "/documents/{id}/hits", tag = "pages", params(("id" = DocumentId, Path), HitsQuery),
    responses((status = 200, body = HitsView)))]
async fn list_hits(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<DocumentId>,
    Query(query): Query<HitsQuery>,
) -> Result<Json<HitsView>> {
    let limit = query.limit.unwrap_or(DEFAULT_PAGES);
    if !(1..=MAX_PAGES).contains(&limit) {
        return Err(Error::invalid("limit_invalid", "the limit is 1 to 64 pages").field("limit"));
    }
    let needles = needles(&app, &Caller::from(&user), &query).await?;
    let (version, preview) = find_preview(&app, &user, &id, query.version).await?;
    let key = text_key(&preview)?;
    let text = load_text(&app, &preview).await?;
    let found = app.preview().hits(key, needles).await?;
    let hits = &found.on_pages;
    let counts = hits.pages();
    let wanted: Vec<PageCount> =
        counts.iter().filter(|count| count.page > query.after_page.unwrap_or(0)).copied().collect();
    let mut pages = Vec::new();
    let mut marked = 0;
    for count in wanted.iter().take(limit) {
        let marks = hits.marks(count.page, &text.pages[count.page - 1].text);
        let words = app.preview().words(key, count.page).await?;
        let rects = hits::rects(&marks, words.page(count.page));
        marked += marks.len();
        pages.push(PageHitsView {
            page: count.page,
            marks: marks.iter().map(MarkView::from).collect(),
            rects: rects.into_iter().map(RectView::from).collect(),
        });
        if marked >= ENOUGH_MARKS {
            break;
        }
    }
    let next_after_page = wanted.get(pages.len()).and(pages.last()).map(|page| page.page);
    let counts = query.after_page.is_none().then(|| counts.into_iter().map(PageCountView::from).collect());
    Ok(Json(HitsView { version, total: hits.total(), outside: found.outside, counts, pages, next_after_page }))
}

/// The normalised texts to look for.
async fn needles(app: &App, caller: &Caller, query: &HitsQuery) -> Result<Vec<String>> {
    let asked = query.text.as_deref().unwrap_or(&query.q);
    if asked.chars().count() > MAX_QUERY {
        return Err(Error::invalid("query_too_long", format!("a query has {MAX_QUERY} characters at most")).field("q"));
    }
    if let Some(text) = &query.text {
        return Ok(vec![normalize(text)]);
    }
    let parsed = parse_query(app, caller, &query.q).await?;
    Ok(parsed.texts().into_iter().map(str::to_owned).collect())
}
