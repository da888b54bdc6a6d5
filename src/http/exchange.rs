//! `/documents/{id}/export` and `/documents/{id}/html`: pages as files, and files as text for the editor.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit,
    auth::policy::{self, Action, Caller},
    db::documents::Document,
    error::{Error, Result},
    exchange,
    http::{
        content::disposition,
        documents::find_document,
        extract::{Path, Query},
        versions::find_version,
    },
    ids::DocumentId,
    worker::ExportFormat,
};

/// Nothing is loaded and nothing runs, even when a browser shows it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_document)).routes(routes!(read_html))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `docx`, `pdf`, `md` or `html`.
    format: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HtmlQuery {
    /// Number of the version; the newest when absent.
    version: Option<i64>,
}

/// A file's text for the editor.
#[derive(Serialize, ToSchema)]
struct HtmlView {
    version: i64,
    /// Only elements that a page knows; pictures are in it as `data:` addresses.
    html: String,
    /// What is not as it was.
    warnings: Vec<WarningView>,
}

/// Something that is not as it was.
#[derive(Serialize, ToSchema)]
struct WarningView {
    /// `pictures_left_out` or `nothing_found`.
    code: String,
    message: String,
}

/// Makes a file of what a page says now. Markdown with pictures is a ZIP archive of the text and a folder.
#[utoipa::path(get, path = "/documents/{id}/export", tag = "content", params(("id" = DocumentId, Path), ExportQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn export_document(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Download, &document).await?;
    let format = parse_format(&query.format)?;
    if document.kind != "page" {
        return Err(Error::conflict("document_is_not_page", "only pages are exported; files are downloaded"));
    }
    let made = exchange::export(&app, &caller, &document, format).await?;
    let pictures: Vec<Value> =
        made.pictures.iter().map(|shown| json!({ "document_id": shown.id, "number": shown.version })).collect();
    let details = json!({ "format": query.format, "pictures": pictures });
    record(&app, &caller, &document, audit::Event::new("page_exported").details(details)).await?;
    let file = tokio::fs::File::open(&made.file).await.map_err(Error::internal)?;
    let length = file.metadata().await.map_err(Error::internal)?.len();
    let ending = if made.media_type == "application/zip" { "zip" } else { query.format.as_str() };
    let mut headers = HeaderMap::new();
    let media_type = HeaderValue::try_from(&made.media_type);
    headers.insert(header::CONTENT_TYPE, media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CONTENT_DISPOSITION, disposition(false, &format!("{}.{ending}", document.name)));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Some(warning) = made.warnings.first() {
        headers.insert("wenshu-warning", HeaderValue::try_from(&warning.code).map_err(Error::internal)?);
    }
    // The open file outlives its folder.
    Ok((StatusCode::OK, headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

fn parse_format(text: &str) -> Result<ExportFormat> {
    Ok(match text {
        "docx" => ExportFormat::Docx,
        "pdf" => ExportFormat::Pdf,
        "md" => ExportFormat::Md,
        "html" => ExportFormat::Html,
        _ => return Err(Error::invalid("format_invalid", "the formats are docx, pdf, md and html").field("format")),
    })
}

/// Gives the text of a file as HTML of which the editor makes a page. Nothing is kept.
#[utoipa::path(get, path = "/documents/{id}/html", tag = "content", params(("id" = DocumentId, Path), HtmlQuery),
    responses((status = 200, body = HtmlView)))]
async fn read_html(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<HtmlQuery>,
) -> Result<Json<HtmlView>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Download, &document).await?;
    if document.kind != "file" {
        return Err(Error::conflict("document_is_not_file", "only files are turned into pages"));
    }
    let version = find_version(&app, &id, query.version.unwrap_or(document.head)).await?;
    let made = exchange::import(&app, &caller, &document, &version).await?;
    let html = tokio::fs::read_to_string(&made.file).await.map_err(Error::internal)?;
    let details = json!({ "number": version.number, "as": "html" });
    record(&app, &caller, &document, audit::Event::new("content_downloaded").details(details)).await?;
    let warnings =
        made.warnings.into_iter().map(|warning| WarningView { code: warning.code, message: warning.message });
    Ok(Json(HtmlView { version: version.number, html, warnings: warnings.collect() }))
}

async fn record(app: &App, caller: &Caller, document: &Document, event: audit::Event) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let event = event.document(&document.id).folder(&document.folder_id);
    audit::record(&mut tx, Some(&caller.id), app.clock.now(), event);
    tx.commit().await
}
