//! `/folders/{id}/hold` and `/documents/{id}/hold`: what has to stay as it is, and why.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::hold::{lift_hold, put_hold},
    app::App,
    auth::policy::{self, Action, Caller, FolderAccess, Target},
    clock::Millis,
    db::{self, documents::Document, folders::Folder, holds::Hold},
    error::{Error, Result},
    http::{
        documents::PersonView,
        extract::{Json, Path},
        folders::{PathEntry, path_entries},
        page::Items,
    },
    ids::{DocumentId, FolderId},
};

/// Longest reason, in characters.
const NOTE_MAX_CHARS: usize = 500;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_folder_holds, put_folder_hold, delete_folder_hold)).routes(routes!(
        list_document_holds,
        put_document_hold,
        delete_document_hold
    ))
}

/// A hold that reaches something.
#[derive(Serialize, ToSchema)]
struct HoldView {
    note: String,
    created_by: PersonView,
    created_at: Millis,
    /// The folder above that is on hold, if the caller sees it; absent: it is on hold itself, or something hidden is.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PathEntry>,
    /// Whether it is on hold itself.
    own: bool,
}

/// Why something is put on hold.
#[derive(Deserialize, ToSchema)]
struct HoldInput {
    #[serde(default)]
    note: String,
}

impl HoldView {
    fn new(hold: Hold, own: &str, path: &[PathEntry]) -> Self {
        Self {
            own: hold.target_id == own,
            from: path.iter().find(|entry| entry.id.as_str() == hold.target_id && hold.target_id != own).cloned(),
            note: hold.note,
            created_by: PersonView { id: hold.created_by, name: hold.creator_name },
            created_at: hold.created_at,
        }
    }
}

/// Lists the holds that reach a folder: its own and those of folders above.
#[utoipa::path(get, path = "/folders/{id}/hold", tag = "holds", params(("id" = FolderId, Path)),
    responses((status = 200, body = Items<HoldView>)))]
async fn list_folder_holds(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
) -> Result<Json<Items<HoldView>>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    list(&app, &caller, &id, id.as_str()).await
}

/// Lists the holds that reach a document: its own and those of folders above.
#[utoipa::path(get, path = "/documents/{id}/hold", tag = "holds", params(("id" = DocumentId, Path)),
    responses((status = 200, body = Items<HoldView>)))]
async fn list_document_holds(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Items<HoldView>>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &document).await?;
    list(&app, &caller, &document.folder_id, id.as_str()).await
}

async fn list(app: &App, caller: &Caller, folder: &FolderId, own: &str) -> Result<Json<Items<HoldView>>> {
    let access = FolderAccess::load(&app.db, caller, std::slice::from_ref(folder)).await?;
    let path = path_entries(access.path(folder));
    let mut holds = db::holds::list_on_folder(app.db.read(), folder).await?;
    if own != folder.as_str() {
        holds.extend(db::holds::find(app.db.read(), own).await?);
    }
    holds.sort_by_key(|hold| hold.target_id != own);
    Ok(Json(Items::all(holds.into_iter().map(|hold| HoldView::new(hold, own, &path)).collect())))
}

/// Puts a folder with everything in it on hold.
#[utoipa::path(put, path = "/folders/{id}/hold", tag = "holds", params(("id" = FolderId, Path)),
    request_body = HoldInput, responses((status = 204)))]
async fn put_folder_hold(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<HoldInput>,
) -> Result<StatusCode> {
    let folder = find_folder(&app, &id).await?;
    put(&app, &caller, Target::Folder(&folder), &input).await
}

/// Puts a document on hold.
#[utoipa::path(put, path = "/documents/{id}/hold", tag = "holds", params(("id" = DocumentId, Path)),
    request_body = HoldInput, responses((status = 204)))]
async fn put_document_hold(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(input): Json<HoldInput>,
) -> Result<StatusCode> {
    let document = find_document(&app, &id).await?;
    put(&app, &caller, Target::Document(&document), &input).await
}

async fn put(app: &App, caller: &Caller, target: Target<'_>, input: &HoldInput) -> Result<StatusCode> {
    policy::allow(&app.db, caller, Action::Hold, target).await?;
    let note = input.note.trim();
    if note.chars().count() > NOTE_MAX_CHARS {
        return Err(Error::invalid("note_too_long", "a note has at most 500 characters").field("note"));
    }
    put_hold(app, &caller.id, target, note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts the hold of a folder itself.
#[utoipa::path(delete, path = "/folders/{id}/hold", tag = "holds", params(("id" = FolderId, Path)),
    responses((status = 204)))]
async fn delete_folder_hold(State(app): State<App>, caller: Caller, Path(id): Path<FolderId>) -> Result<StatusCode> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Hold, &folder).await?;
    lift_hold(&app, &caller.id, Target::Folder(&folder)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts the hold of a document itself.
#[utoipa::path(delete, path = "/documents/{id}/hold", tag = "holds", params(("id" = DocumentId, Path)),
    responses((status = 204)))]
async fn delete_document_hold(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Hold, &document).await?;
    lift_hold(&app, &caller.id, Target::Document(&document)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Also in the trash: there a hold keeps from being deleted for good.
async fn find_folder(app: &App, id: &FolderId) -> Result<Folder> {
    db::folders::find_any(app.db.read(), id).await?.ok_or_else(|| Error::not_found("folder"))
}

async fn find_document(app: &App, id: &DocumentId) -> Result<Document> {
    db::documents::find_any(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))
}
