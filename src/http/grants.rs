//! `/folders/{id}/grants` and `/documents/{id}/grants`: who has which role, and since where.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::share::{share, unshare},
    app::App,
    auth::policy::{self, Action, Caller, FolderAccess, Role, Target},
    db::{self, grants::Subject},
    error::{Error, Result},
    http::{
        documents::find_document,
        extract::{Json, Path},
        folders::{PathEntry, find_folder},
        page::Items,
    },
    ids::{DocumentId, FolderId, GroupId, UserId},
};

/// Shown in place of the name of a folder that the caller does not see.
const HIDDEN_NAME: &str = "…";

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_folder_grants))
        .routes(routes!(put_folder_grant, delete_folder_grant))
        .routes(routes!(list_document_grants))
        .routes(routes!(put_document_grant, delete_document_grant))
}

/// A role that a person or group has.
#[derive(Serialize, ToSchema)]
struct GrantView {
    /// `user` or `group`.
    subject_kind: String,
    subject_id: String,
    subject_name: String,
    role: Role,
    /// The folder above on which it was given; null: here.
    inherited_from: Option<PathEntry>,
}

/// The role to give.
#[derive(Deserialize, ToSchema)]
struct GrantInput {
    role: Role,
}

/// Lists who has a role on a folder.
#[utoipa::path(get, path = "/folders/{id}/grants", tag = "grants", params(("id" = FolderId, Path)),
    responses((status = 200, body = Items<GrantView>)))]
async fn list_folder_grants(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
) -> Result<Json<Items<GrantView>>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Share, &folder).await?;
    let sources = FolderAccess::load(&app.db, &caller, std::slice::from_ref(&id)).await?.grant_sources(&id);
    list(&app, id.as_str(), sources).await
}

/// Lists who has a role on a document.
#[utoipa::path(get, path = "/documents/{id}/grants", tag = "grants", params(("id" = DocumentId, Path)),
    responses((status = 200, body = Items<GrantView>)))]
async fn list_document_grants(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Items<GrantView>>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Share, &document).await?;
    let mut sources = Vec::new();
    if document.inherits == 1 {
        let folder = &document.folder_id;
        sources = FolderAccess::load(&app.db, &caller, std::slice::from_ref(folder)).await?.grant_sources(folder);
    }
    list(&app, id.as_str(), sources).await
}

async fn list(app: &App, own: &str, sources: Vec<(FolderId, Option<String>)>) -> Result<Json<Items<GrantView>>> {
    let mut scopes = vec![own];
    scopes.extend(sources.iter().map(|(id, _)| id.as_str()).filter(|id| *id != own));
    let grants = db::grants::list(app.db.read(), &scopes).await?;
    let items = grants.into_iter().filter_map(|grant| {
        let from = sources.iter().find(|(id, _)| id.as_str() == grant.scope_id && grant.scope_id != own);
        Some(GrantView {
            role: Role::from_number(grant.role)?,
            subject_kind: grant.subject_kind,
            subject_id: grant.subject_id,
            subject_name: grant.subject_name,
            inherited_from: from.map(|(id, name)| PathEntry {
                id: id.clone(),
                name: name.clone().unwrap_or_else(|| HIDDEN_NAME.to_owned()),
            }),
        })
    });
    Ok(Json(Items::all(items.collect())))
}

/// Gives a person or group a role on a folder and everything below that inherits.
#[utoipa::path(put, path = "/folders/{id}/grants/{subject_kind}/{subject_id}", tag = "grants",
    params(("id" = FolderId, Path), ("subject_kind" = String, Path), ("subject_id" = String, Path)),
    request_body = GrantInput, responses((status = 204)))]
async fn put_folder_grant(
    State(app): State<App>,
    caller: Caller,
    Path((id, kind, subject)): Path<(FolderId, String, String)>,
    Json(input): Json<GrantInput>,
) -> Result<StatusCode> {
    let folder = find_folder(&app, &id).await?;
    give(&app, &caller, Target::Folder(&folder), &kind, &subject, input.role).await
}

/// Takes a role on a folder back.
#[utoipa::path(delete, path = "/folders/{id}/grants/{subject_kind}/{subject_id}", tag = "grants",
    params(("id" = FolderId, Path), ("subject_kind" = String, Path), ("subject_id" = String, Path)),
    responses((status = 204)))]
async fn delete_folder_grant(
    State(app): State<App>,
    caller: Caller,
    Path((id, kind, subject)): Path<(FolderId, String, String)>,
) -> Result<StatusCode> {
    let folder = find_folder(&app, &id).await?;
    take(&app, &caller, Target::Folder(&folder), &kind, &subject).await
}

/// Gives a person or group a role on a document.
#[utoipa::path(put, path = "/documents/{id}/grants/{subject_kind}/{subject_id}", tag = "grants",
    params(("id" = DocumentId, Path), ("subject_kind" = String, Path), ("subject_id" = String, Path)),
    request_body = GrantInput, responses((status = 204)))]
async fn put_document_grant(
    State(app): State<App>,
    caller: Caller,
    Path((id, kind, subject)): Path<(DocumentId, String, String)>,
    Json(input): Json<GrantInput>,
) -> Result<StatusCode> {
    let document = find_document(&app, &id).await?;
    give(&app, &caller, Target::Document(&document), &kind, &subject, input.role).await
}

/// Takes a role on a document back.
#[utoipa::path(delete, path = "/documents/{id}/grants/{subject_kind}/{subject_id}", tag = "grants",
    params(("id" = DocumentId, Path), ("subject_kind" = String, Path), ("subject_id" = String, Path)),
    responses((status = 204)))]
async fn delete_document_grant(
    State(app): State<App>,
    caller: Caller,
    Path((id, kind, subject)): Path<(DocumentId, String, String)>,
) -> Result<StatusCode> {
    let document = find_document(&app, &id).await?;
    take(&app, &caller, Target::Document(&document), &kind, &subject).await
}

async fn give(
    app: &App,
    caller: &Caller,
    target: Target<'_>,
    kind: &str,
    subject: &str,
    role: Role,
) -> Result<StatusCode> {
    policy::allow(&app.db, caller, Action::Share, target).await?;
    let id = subject_id(kind, subject)?;
    share(app, &caller.id, target, Subject { kind, id: &id }, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn take(app: &App, caller: &Caller, target: Target<'_>, kind: &str, subject: &str) -> Result<StatusCode> {
    policy::allow(&app.db, caller, Action::Share, target).await?;
    let id = subject_id(kind, subject)?;
    unshare(app, &caller.id, target, Subject { kind, id: &id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The subject's id in its normal form.
fn subject_id(kind: &str, id: &str) -> Result<String> {
    match kind {
        "user" => Ok(id.parse::<UserId>()?.into()),
        "group" => Ok(id.parse::<GroupId>()?.into()),
        _ => Err(Error::invalid("subject_kind_invalid", "a role is given to a user or a group").field("subject_kind")),
    }
}
