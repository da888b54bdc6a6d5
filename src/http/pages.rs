//! `/documents/{id}/pages`: how many pages, how large, what they look like and what they say.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use storage::ContentId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{
        CurrentUser,
        policy::{self, Action, Caller},
    },
    db::{self, previews::Preview},
    error::{Error, Result},
    http::extract::{Json, Path, Query},
    ids::DocumentId,
    preview::text::PreparedText,
};

/// Width of a picture when none is asked for, in pixels.
const DEFAULT_WIDTH: u32 = 960;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_pages)).routes(routes!(read_page_image)).routes(routes!(read_page_text))
}

/// Which version, and how large.
#[derive(Deserialize, IntoParams)]
struct PageQuery {
    /// Number of the version; the newest when absent.
    version: Option<i64>,
    /// Least width of the picture in pixels, 64 to 4096; drawn a little wider.
    width: Option<u32>,
}

/// The pages of a version.
#[derive(Serialize, ToSchema)]
struct PagesView {
    version: i64,
    page_count: usize,
    /// Width and height of each page in points.
    sizes: Vec<(f32, f32)>,
}

/// What a page says, and where each word stands.
#[derive(Serialize, ToSchema)]
struct PageTextView {
    number: usize,
    /// In points.
    width: f32,
    height: f32,
    text: String,
    words: Vec<WordView>,
}

/// A word: code point offsets in the text, and its rectangle in points from the top left.
#[derive(Serialize, ToSchema)]
struct WordView {
    start: u32,
    end: u32,
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

/// Tells the number and sizes of a version's pages.
#[utoipa::path(get, path = "/documents/{id}/pages", tag = "pages",
    params(("id" = DocumentId, Path), PageQuery), responses((status = 200, body = PagesView)))]
async fn list_pages(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<DocumentId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<PagesView>> {
    let (version, preview) = find_preview(&app, &user, &id, query.version).await?;
    let text = load_text(&app, &preview).await?;
    let sizes: Vec<(f32, f32)> = text.pages.iter().map(|page| (page.width, page.height)).collect();
    Ok(Json(PagesView { version, page_count: sizes.len(), sizes }))
}

/// Draws a page as WebP. With `version` the picture never changes and may be kept.
#[utoipa::path(get, path = "/documents/{id}/pages/{image}", tag = "pages",
    params(("id" = DocumentId, Path), ("image" = String, Path, description = "number of the page from 1, and `.webp`"), PageQuery),
    responses((status = 200, content_type = "image/webp", body = Vec<u8>)))]
async fn read_page_image(
    State(app): State<App>,
    user: CurrentUser,
    Path((id, image)): Path<(DocumentId, String)>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let number = image.strip_suffix(".webp").and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    let number: u32 = number.ok_or_else(|| Error::not_found("page"))?;
    let width = query.width.unwrap_or(DEFAULT_WIDTH);
    if !(64..=4096).contains(&width) {
        return Err(Error::invalid("width_invalid", "the width is 64 to 4096 pixels").field("width"));
    }
    let (_, preview) = find_preview(&app, &user, &id, query.version).await?;
    let rendition = preview.rendition.as_deref().ok_or_else(|| Error::not_found("page"))?;
    let tag = HeaderValue::try_from(format!("\"{rendition}-{number}-{width}\"")).expect("hex and numbers");
    // With a version in the address it is the same picture for ever, for this person.
    let caching = if query.version.is_some() { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static(caching))];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let rendition: ContentId = rendition.parse().map_err(Error::internal)?;
    let picture = app.preview().page(&app.workers, &rendition, number, width).await?;
    Ok((caching, [(header::CONTENT_TYPE, "image/webp")], picture).into_response())
}

/// Reads the text of a page with the place of each word.
#[utoipa::path(get, path = "/documents/{id}/pages/{number}/text", tag = "pages",
    params(("id" = DocumentId, Path), ("number" = usize, Path, description = "from 1"), PageQuery),
    responses((status = 200, body = PageTextView)))]
async fn read_page_text(
    State(app): State<App>,
    user: CurrentUser,
    Path((id, number)): Path<(DocumentId, usize)>,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageTextView>> {
    let (_, preview) = find_preview(&app, &user, &id, query.version).await?;
    let text = load_text(&app, &preview).await?;
    let page = number.checked_sub(1).and_then(|index| text.pages.get(index)).ok_or_else(|| Error::not_found("page"))?;
    let words = app.preview().words(text_key(&preview)?, number).await?;
    let words = words.page(number).iter().map(|word| WordView {
        start: word.start,
        end: word.end,
        x: word.x,
        y: word.y,
        w: word.w,
        h: word.h,
    });
    Ok(Json(PageTextView {
        number,
        width: page.width,
        height: page.height,
        text: page.text.clone(),
        words: words.collect(),
    }))
}

/// The preview of a version that the caller may look at: 409 while it is being made, 422 when it cannot be made.
pub async fn find_preview(
    app: &App,
    user: &CurrentUser,
    id: &DocumentId,
    version: Option<i64>,
) -> Result<(i64, Preview)> {
    let document = db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))?;
    policy::allow(&app.db, &Caller::from(user), Action::Read, &document).await?;
    let number = version.unwrap_or(document.head);
    let version = db::versions::find(app.db.read(), id, number).await?.ok_or_else(|| Error::not_found("version"))?;
    let preview = db::previews::find(app.db.read(), version.shown_id(), &version.media_type).await?;
    match preview {
        Some(preview) if preview.state == "ready" => Ok((number, preview)),
        Some(preview) if preview.state == "failed" => {
            let message = preview.message.unwrap_or_else(|| "the preview could not be made".into());
            let code = preview.code.unwrap_or_else(|| "preview_failed".into());
            Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, "preview_failed", message).with("reason", code))
        }
        _ => Err(Error::conflict("preview_not_ready", "the preview is being made, ask again in a moment")),
    }
}

/// Where the text lies in the store.
pub fn text_key(preview: &Preview) -> Result<&str> {
    preview.text_key.as_deref().ok_or_else(|| Error::internal(anyhow::anyhow!("a ready preview has no text")))
}

/// The text of the pages.
pub async fn load_text(app: &App, preview: &Preview) -> Result<std::sync::Arc<PreparedText>> {
    app.preview().text(text_key(preview)?).await
}
