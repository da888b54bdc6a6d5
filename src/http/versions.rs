//! `/documents/{id}/versions`: what a document was.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{rename_version::rename_version as rename, restore_version::restore_version as restore},
    app::App,
    auth::policy::{self, Action, Caller},
    clock::Millis,
    db::{
        self,
        documents::Document,
        versions::{ListedVersion, Version},
    },
    error::{Error, Result},
    http::{
        cursor,
        documents::{PersonView, ProcessingView, find_document},
        extract::{Json, Path, Query},
        page::Items,
    },
    ids::DocumentId,
};

/// Versions in one answer.
const PAGE: i64 = 200;
/// Longest name or note of a version, in characters.
const NOTE_MAX: usize = 200;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_versions)).routes(routes!(rename_version)).routes(routes!(restore_version))
}

/// A version.
#[derive(Serialize, ToSchema)]
pub struct VersionView {
    number: i64,
    size_bytes: i64,
    /// `null` for a moment after a large file was put together from parts that were here already.
    sha256: Option<String>,
    media_type: String,
    author: PersonView,
    note: String,
    created_at: Millis,
    /// Whether it is the newest.
    is_head: bool,
    /// Of a page: the last entry of its history that the version contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_seq: Option<i64>,
    processing: ProcessingView,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionsQuery {
    cursor: Option<String>,
}

impl VersionView {
    fn new(listed: ListedVersion, document: &Document) -> Self {
        let ListedVersion { version, author_name, preview_state, preview_code, preview_message } = listed;
        Self {
            is_head: version.number == document.head,
            number: version.number,
            size_bytes: version.size_bytes,
            sha256: Some(version.sha256).filter(|known| !known.is_empty()),
            media_type: version.media_type,
            author: PersonView { id: version.author_id, name: author_name },
            note: version.note,
            created_at: version.created_at,
            room_seq: version.room_seq,
            processing: ProcessingView::new(&document.kind, preview_state, preview_code, preview_message),
        }
    }

    /// Shows one version.
    pub async fn one(app: &App, document: &DocumentId, number: i64) -> Result<Self> {
        let document = find_document(app, document).await?;
        let mut listed = db::versions::list(app.db.read(), &document.id, number + 1, 1).await?;
        let version = listed.pop().filter(|listed| listed.version.number == number);
        Ok(Self::new(version.ok_or_else(|| Error::not_found("version"))?, &document))
    }
}

/// Finds a version of a document that the caller was allowed to read.
pub async fn find_version(app: &App, document: &DocumentId, number: i64) -> Result<Version> {
    db::versions::find(app.db.read(), document, number).await?.ok_or_else(|| Error::not_found("version"))
}

/// Lists the versions of a document, newest first.
#[utoipa::path(get, path = "/documents/{id}/versions", tag = "versions",
    params(("id" = DocumentId, Path), VersionsQuery), responses((status = 200, body = Items<VersionView>)))]
async fn list_versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<Items<VersionView>>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &document).await?;
    let before = query.cursor.as_deref().map(cursor::decode).transpose()?.unwrap_or(i64::MAX);
    let mut listed = db::versions::list(app.db.read(), &id, before, PAGE + 1).await?;
    let more = listed.len() as i64 > PAGE;
    listed.truncate(PAGE as usize);
    let next_cursor = listed.last().filter(|_| more).map(|last| cursor::encode(&last.version.number));
    let items = listed.into_iter().map(|listed| VersionView::new(listed, &document)).collect();
    Ok(Json(Items { items, next_cursor }))
}

/// What is said about a version: one line.
pub fn parse_note(text: &str) -> Result<&str> {
    let note = text.trim();
    if note.chars().count() > NOTE_MAX {
        return Err(Error::invalid("note_too_long", format!("a note has at most {NOTE_MAX} characters")).field("note"));
    }
    if note.chars().any(char::is_control) {
        return Err(Error::invalid("note_invalid", "a note is one line without control characters").field("note"));
    }
    Ok(note)
}

/// What can be changed of a version.
#[derive(Deserialize, ToSchema)]
struct VersionPatch {
    note: String,
}

/// Gives a version a name, or another one.
#[utoipa::path(patch, path = "/documents/{id}/versions/{number}", tag = "versions",
    params(("id" = DocumentId, Path), ("number" = i64, Path)), request_body = VersionPatch,
    responses((status = 200, body = VersionView)))]
async fn rename_version(
    State(app): State<App>,
    caller: Caller,
    Path((id, number)): Path<(DocumentId, i64)>,
    Json(input): Json<VersionPatch>,
) -> Result<Json<VersionView>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Edit, &document).await?;
    rename(&app, &caller.id, &document, number, parse_note(&input.note)?).await?;
    Ok(Json(VersionView::one(&app, &id, number).await?))
}

/// Brings an older version back, as a new one.
#[utoipa::path(post, path = "/documents/{id}/versions/{number}/restore", tag = "versions",
    params(("id" = DocumentId, Path), ("number" = i64, Path)), responses((status = 201, body = VersionView)))]
async fn restore_version(
    State(app): State<App>,
    caller: Caller,
    Path((id, number)): Path<(DocumentId, i64)>,
) -> Result<(StatusCode, Json<VersionView>)> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::RestoreVersion, &document).await?;
    let version = find_version(&app, &id, number).await?;
    let restored = restore(&app, &caller.id, &document, version).await?;
    Ok((StatusCode::CREATED, Json(VersionView::one(&app, &id, restored.number).await?)))
}
