//! `/documents/{id}/content`: the original bytes, whole or in part, in a way that no browser runs them.

use std::time::{Duration, UNIX_EPOCH};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::headers::{
    ETag, Header, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince, LastModified,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
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
    clock::Millis,
    db::{self, documents::Document, versions::Version},
    error::{Error, Result},
    http::{
        documents::find_document,
        extract::{Path, Query},
        ranges::{self, Part},
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
    answer(&app, &caller, &document, &version, &ContentRequest { method, headers, download: query.download.is_some() })
        .await
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
    answer(&app, &caller, &document, &version, &ContentRequest { method, headers, download: query.download.is_some() })
        .await
}

/// How content is asked for.
pub struct ContentRequest {
    pub method: Method,
    pub headers: HeaderMap,
    /// To be saved, not shown.
    pub download: bool,
}

/// What is given out.
pub struct Served<'a> {
    pub name: &'a str,
    pub content_id: &'a str,
    pub size_bytes: u64,
    pub media_type: &'a str,
    pub modified: Millis,
    /// Nothing else was here in the second of `modified`: that date names this content (a strong validator, RFC 9110 8.8.2.2).
    pub is_alone_in_second: bool,
}

impl Served<'_> {
    fn last_modified(&self) -> LastModified {
        LastModified::from(UNIX_EPOCH + Duration::from_millis(self.modified.max(0) as u64))
    }

    /// Whether `If-Range`, if there is one, names this content (RFC 9110 13.1.5): by its tag, or exactly by its date where that
    /// says enough. What cannot be read names no content that is here: parts of two contents would be put together.
    fn is_continued(&self, asked: &HeaderMap) -> bool {
        let Some(named) = asked.get(header::IF_RANGE) else { return true };
        let is_tag = named.as_bytes() == tag(self.content_id).as_bytes();
        let date = LastModified::decode(&mut std::iter::once(named));
        is_tag || self.is_alone_in_second && date.is_ok_and(|date| date == self.last_modified())
    }
}

/// Answers with a version of a document, and remembers that it was read.
pub async fn answer(
    app: &App,
    caller: &Caller,
    document: &Document,
    version: &Version,
    request: &ContentRequest,
) -> Result<Response> {
    let served = Served {
        name: &document.name,
        content_id: &version.content_id,
        size_bytes: version.size_bytes as u64,
        media_type: &version.media_type,
        modified: version.created_at,
        is_alone_in_second: !request.headers.contains_key(header::IF_RANGE) || is_alone(app, version).await?,
    };
    let plan = Plan::of(&served, request)?;
    // Viewers ask for many parts of one file: one event stands for the reading.
    let (by, now) = (&caller.id, app.clock.now());
    let is_read =
        plan.reads_beginning() || plan.reads() && !app.readings.is_noted(by, &document.id, version.number, now);
    if is_read {
        match record_download(app, caller, document, version).await {
            Ok(()) => app.readings.note(by, &document.id, version.number, now),
            // On a full disk people must still get at what they have: the log has to do.
            Err(error) if error.code() == "disk_full" => tracing::error!(
                document.id = %document.id,
                version = version.number,
                user.id = %caller.id,
                "the disk is full: a download could not be recorded in the audit log"
            ),
            Err(error) => return Err(error),
        }
    }
    plan.answer(app, &served).await
}

/// Whether no version before this one is of the same second.
async fn is_alone(app: &App, version: &Version) -> Result<bool> {
    let before = db::versions::find(app.db.read(), &version.document_id, version.number - 1).await?;
    Ok(before.is_none_or(|before| before.created_at / 1000 < version.created_at / 1000))
}

/// What the answer will be, before anything is read.
pub struct Plan {
    status: StatusCode,
    headers: HeaderMap,
    /// What is to be read; `None`: headers alone.
    part: Option<Part>,
}

impl Plan {
    /// Decides by the conditions and ranges of the request.
    pub fn of(served: &Served<'_>, request: &ContentRequest) -> Result<Self> {
        let etag: ETag = tag(served.content_id).parse().expect("hex in quotes is an entity tag");
        let modified = UNIX_EPOCH + Duration::from_millis(served.modified.max(0) as u64);
        let mut headers = content_headers(served, request.download);
        headers.typed_insert(etag.clone());
        headers.typed_insert(served.last_modified());
        let asked = &request.headers;
        let unchanged = match asked.typed_get::<IfMatch>() {
            Some(wanted) => wanted.precondition_passes(&etag),
            None => asked.typed_get::<IfUnmodifiedSince>().is_none_or(|since| since.precondition_passes(modified)),
        };
        if !unchanged {
            return Err(Error::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "it is not the content that you expect",
            ));
        }
        let not_modified = match asked.typed_get::<IfNoneMatch>() {
            Some(known) => !known.precondition_passes(&etag),
            None => asked.typed_get::<IfModifiedSince>().is_some_and(|since| !since.is_modified(modified)),
        };
        if not_modified {
            if request.method == Method::HEAD {
                // Without it an empty body's length would be told.
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(served.size_bytes));
            }
            return Ok(Self { status: StatusCode::NOT_MODIFIED, headers, part: None });
        }
        let size = served.size_bytes;
        let part = match asked.get(header::RANGE).and_then(|range| range.to_str().ok()) {
            // Ranges are for GET alone (RFC 9110 14.2).
            Some(range) if request.method != Method::HEAD && served.is_continued(asked) => ranges::parse(range, size),
            _ => Part::Whole,
        };
        let (status, length) = match &part {
            Part::Whole => (StatusCode::OK, size),
            Part::One(range) => {
                headers.insert(header::CONTENT_RANGE, ranges::content_range(range, size));
                (StatusCode::PARTIAL_CONTENT, range.end - range.start)
            }
            Part::Many(several) => {
                headers.insert(header::CONTENT_TYPE, several.content_type());
                (StatusCode::PARTIAL_CONTENT, several.length(served.media_type, size))
            }
            Part::Outside => {
                let whole = HeaderValue::try_from(format!("bytes */{size}")).expect("digits are a header value");
                headers.insert(header::CONTENT_RANGE, whole);
                return Ok(Self { status: StatusCode::RANGE_NOT_SATISFIABLE, headers, part: Some(Part::Outside) });
            }
        };
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        Ok(Self { status, headers, part: (request.method != Method::HEAD).then_some(part) })
    }

    /// Whether any byte is given out.
    fn reads(&self) -> bool {
        matches!(&self.part, Some(Part::Whole | Part::One(_) | Part::Many(_)))
    }

    /// Whether the first byte is given out.
    pub fn reads_beginning(&self) -> bool {
        match &self.part {
            Some(Part::Whole) => true,
            Some(Part::One(range)) => range.start == 0,
            Some(Part::Many(several)) => several.first() == 0,
            Some(Part::Outside) | None => false,
        }
    }

    /// The answer. Its first bytes are read before it begins, so that damage and a store that does not answer are told with
    /// their code.
    pub async fn answer(self, app: &App, served: &Served<'_>) -> Result<Response> {
        let Self { status, headers, part } = self;
        let range = match part {
            None => return Ok((status, headers).into_response()),
            Some(Part::Outside) => return Ok(outside(headers)),
            Some(Part::Whole) => 0..served.size_bytes,
            Some(Part::One(range)) => range,
            Some(Part::Many(several)) => {
                let manifest = app.store.manifest(&parse_id(served.content_id)?).await?;
                let parts = several.stream(app.store.clone(), manifest, served.media_type);
                return Ok((status, headers, begun(parts).await?).into_response());
            }
        };
        if range.is_empty() {
            return Ok((status, headers).into_response());
        }
        let manifest = app.store.manifest(&parse_id(served.content_id)?).await?;
        Ok((status, headers, begun(app.store.read(&manifest, range)).await?).into_response())
    }
}

/// The entity tag of a content: half of its id, since programs put two of them into one short header.
pub fn tag(content_id: &str) -> String {
    format!("\"{}\"", content_id.get(..32).unwrap_or(content_id))
}

fn parse_id(content_id: &str) -> Result<ContentId> {
    content_id.parse().map_err(Error::internal)
}

/// A body of `bytes`, of which the first are there.
async fn begun(bytes: impl Stream<Item = storage::Result<Bytes>> + Send + 'static) -> Result<Body> {
    let mut bytes = Box::pin(bytes);
    let first = bytes.next().await.transpose()?;
    Ok(Body::from_stream(stream::iter(first.map(Ok)).chain(bytes)))
}

/// 416, with the error's body and the length of what there is.
fn outside(headers: HeaderMap) -> Response {
    let error = Error::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range_not_satisfiable",
        "the range begins after the end of the content",
    );
    let mut response = error.into_response();
    if let Some(range) = headers.get(header::CONTENT_RANGE) {
        response.headers_mut().insert(header::CONTENT_RANGE, range.clone());
    }
    response
}

async fn record_download(app: &App, caller: &Caller, document: &Document, version: &Version) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let event = audit::Event::new("content_downloaded").document(&document.id).folder(&document.folder_id);
    let event = event.details(json!({ "number": version.number }));
    audit::record(&mut tx, Some(&caller.id), app.clock.now(), event);
    tx.commit().await
}

fn content_headers(served: &Served<'_>, download: bool) -> HeaderMap {
    let media_type = served.media_type;
    let inline = !download && is_shown_inline(media_type);
    let policy = if media_type == "application/pdf" { PDF_SECURITY_POLICY } else { CONTENT_SECURITY_POLICY };
    let content_type = HeaderValue::try_from(media_type);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, disposition(inline, served.name));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_reach_the_browser() {
        let value = disposition(false, "报告 \"v1\".pdf");
        let expected = "attachment; filename=\"__ _v1_.pdf\"; \
                        filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%22v1%22.pdf";
        assert_eq!(value, expected);
    }

    #[test]
    fn nasty_names_stay_names() {
        let hostile = [
            "a\"; filename=evil.exe",
            "a\\b%22.txt",
            "50%.pdf",
            "e\u{301}.txt",
            "𠮷野家.docx",
            "a\u{202e}b",
            "\u{1F468}\u{200D}\u{1F469}.png",
        ];
        for name in hostile {
            let value = disposition(false, name);
            let text = value.to_str().unwrap();
            let (ascii, exact) =
                text.strip_prefix("attachment; filename=\"").unwrap().split_once("\"; filename*=UTF-8''").unwrap();
            // Old programs read this part: nothing in it ends the quotes, is decoded, or is a path.
            assert!(ascii.bytes().all(|b| b.is_ascii_alphanumeric() || b" .-_()".contains(&b)), "{ascii}");
            assert_eq!(percent_encoding::percent_decode_str(exact).decode_utf8().unwrap(), name);
            assert!(exact.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_~%".contains(&b)), "{exact}");
        }
    }
}
