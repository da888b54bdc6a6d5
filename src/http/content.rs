//! `/documents/{id}/content`: the original bytes, whole or in part, in a way that no browser runs them.

use std::{
    ops::Range,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::headers::{ETag, HeaderMapExt, IfModifiedSince, IfNoneMatch, IfRange, LastModified};
use futures::{StreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use storage::ContentId;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit,
    auth::policy::{self, Action, Caller},
    db::{documents::Document, versions::Version},
    error::{Error, Result},
    http::{
        documents::find_document,
        extract::{Path, Query},
        versions::find_version,
    },
    ids::DocumentId,
};

/// Types that a browser shows without running anything. Everything else is saved.
const SHOWN_INLINE: [&str; 9] = [
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/avif",
    "image/heic",
    "text/plain",
];
/// Nothing is loaded and nothing runs, even when a browser takes the content for a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
/// The same for PDF: browsers refuse to show a PDF in a sandbox.
const PDF_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'";
/// What RFC 8187 allows unescaped in `filename*`.
const UNESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_content)).routes(routes!(read_version_content))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContentQuery {
    /// Given: to be saved, not shown.
    download: Option<String>,
}

/// Gives the newest version's bytes. `HEAD` and ranges work; the entity tag names the content.
#[utoipa::path(get, path = "/documents/{id}/content", tag = "content", params(("id" = DocumentId, Path), ContentQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206), (status = 304)))]
async fn read_content(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<DocumentId>,
    Query(query): Query<ContentQuery>,
) -> Result<Response> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Download, &document).await?;
    let version = find_version(&app, &id, document.head).await?;
    let request = ContentRequest { caller, method, headers, download: query.download.is_some() };
    answer(&app, &document, version, request).await
}

/// Gives the bytes of one version.
#[utoipa::path(get, path = "/documents/{id}/versions/{number}/content", tag = "content",
    params(("id" = DocumentId, Path), ("number" = i64, Path), ContentQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206), (status = 304)))]
async fn read_version_content(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Path((id, number)): Path<(DocumentId, i64)>,
    Query(query): Query<ContentQuery>,
) -> Result<Response> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Download, &document).await?;
    let version = find_version(&app, &id, number).await?;
    let request = ContentRequest { caller, method, headers, download: query.download.is_some() };
    answer(&app, &document, version, request).await
}

struct ContentRequest {
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    download: bool,
}

async fn answer(app: &App, document: &Document, version: Version, request: ContentRequest) -> Result<Response> {
    let etag: ETag = format!("\"{}\"", version.content_id).parse().expect("an id in quotes is an entity tag");
    let modified = UNIX_EPOCH + Duration::from_millis(version.created_at as u64);
    let mut headers = content_headers(document, &version, request.download);
    headers.typed_insert(etag.clone());
    headers.typed_insert(LastModified::from(modified));
    let not_modified = match request.headers.typed_get::<IfNoneMatch>() {
        Some(known) => !known.precondition_passes(&etag),
        None => request.headers.typed_get::<IfModifiedSince>().is_some_and(|since| !since.is_modified(modified)),
    };
    if not_modified {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let size = version.size_bytes as u64;
    let same = |if_range: IfRange| !if_range.is_modified(Some(&etag), Some(&LastModified::from(modified)));
    let part = match request.headers.get(header::RANGE).and_then(|range| range.to_str().ok()) {
        Some(range) if request.headers.typed_get::<IfRange>().is_none_or(same) => parse_range(range, size),
        _ => Part::Whole,
    };
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Range(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::Outside => return Ok(outside(size)),
    };
    if status == StatusCode::PARTIAL_CONTENT {
        let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(shown).expect("digits are a header value"));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if request.method == Method::HEAD {
        return Ok((status, headers).into_response());
    }
    // Viewers ask for many parts of one file: the first one stands for the reading.
    if range.start == 0
        && let Err(error) = record_download(app, &request.caller, document, &version).await
    {
        // On a full disk people must still get at what they have: the log has to do.
        if error.code() != "disk_full" {
            return Err(error);
        }
        tracing::error!(
            document.id = %document.id,
            version = version.number,
            user.id = %request.caller.id,
            "the disk is full: a download could not be recorded in the audit log"
        );
    }
    Ok((status, headers, body(app, &version, range).await?).into_response())
}

/// The stream of bytes. Its first part is read before the answer begins, so that damage and a store that does not answer
/// are told with their code.
async fn body(app: &App, version: &Version, range: Range<u64>) -> Result<Body> {
    let content: ContentId = version.content_id.parse().map_err(Error::internal)?;
    let manifest = app.store.manifest(&content).await?;
    let mut bytes = Box::pin(app.store.read(&manifest, range));
    let first = bytes.next().await.transpose()?;
    Ok(Body::from_stream(stream::iter(first.map(Ok)).chain(bytes)))
}

async fn record_download(app: &App, caller: &Caller, document: &Document, version: &Version) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let event = audit::Event::new("content_downloaded").document(&document.id).folder(&document.folder_id);
    let event = event.details(json!({ "number": version.number }));
    audit::record(&mut tx, Some(&caller.id), app.clock.now(), event).await?;
    tx.commit().await
}

fn content_headers(document: &Document, version: &Version, download: bool) -> HeaderMap {
    let media_type = version.media_type.as_str();
    let inline = !download && is_shown_inline(media_type);
    let policy = if media_type == "application/pdf" { PDF_SECURITY_POLICY } else { CONTENT_SECURITY_POLICY };
    let content_type = HeaderValue::try_from(media_type);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, disposition(inline, &document.name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Kept by the browser, but asked for each time: the right to read it may have ended.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers
}

fn is_shown_inline(media_type: &str) -> bool {
    SHOWN_INLINE.contains(&media_type) || media_type.starts_with("audio/") || media_type.starts_with("video/")
}

/// RFC 6266 with the name twice: in ASCII for old programs, and as it is (RFC 8187).
pub fn disposition(inline: bool, name: &str) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '(' | ')');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let exact = utf8_percent_encode(name, &UNESCAPED);
    HeaderValue::try_from(format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{exact}"))
        .expect("both names are plain ASCII")
}

#[derive(Debug, PartialEq)]
enum Part {
    Whole,
    Range(Range<u64>),
    /// Begins after the end: 416.
    Outside,
}

/// The part that a `Range` header asks for. Several ranges, or something unknown: the whole, as RFC 9110 allows.
fn parse_range(header: &str, size: u64) -> Part {
    let parsed = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'));
    let Some((first, last)) = parsed else { return Part::Whole };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Outside } else { Part::Range(range) }
}

fn outside(size: u64) -> Response {
    let error = Error::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "the range is after the end");
    let mut response = error.into_response();
    let all = HeaderValue::try_from(format!("bytes */{size}")).expect("digits are a header value");
    response.headers_mut().insert(header::CONTENT_RANGE, all);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(parse_range("bytes=0-0", 10), Part::Range(0..1));
        assert_eq!(parse_range("bytes=2-", 10), Part::Range(2..10));
        assert_eq!(parse_range("bytes=-3", 10), Part::Range(7..10));
        assert_eq!(parse_range("bytes=-30", 10), Part::Range(0..10));
        assert_eq!(parse_range("bytes=5-99", 10), Part::Range(5..10));
        assert_eq!(parse_range("bytes=0-18446744073709551615", 10), Part::Range(0..10));
        for outside in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(parse_range(outside, 10), Part::Outside, "{outside}");
        }
        for whole in ["bytes=3-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=-", "0-1"] {
            assert_eq!(parse_range(whole, 10), Part::Whole, "{whole}");
        }
        assert_eq!(parse_range("bytes=0-", 0), Part::Outside);
    }

    #[test]
    fn names_of_every_script_reach_the_browser() {
        let value = disposition(false, "报告 \"v1\".pdf");
        let expected = "attachment; filename=\"__ _v1_.pdf\"; \
                        filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%22v1%22.pdf";
        assert_eq!(value, expected);
    }
}
