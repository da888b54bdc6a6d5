//! `/documents/{id}/password`: the password that opens a protected file, given once.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::unlock_document::unlock_document,
    app::App,
    auth::policy::{self, Action, Caller},
    error::{Error, Result},
    http::{
        documents::{DocumentView, find_document},
        extract::{Json, Path},
    },
    ids::DocumentId,
    worker::Password,
};

/// Longest password, in bytes; the formats allow 255 characters.
const MAX_BYTES: usize = 1024;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(unlock_document_with_password))
}

/// What opens the file.
#[derive(Deserialize, ToSchema)]
struct PasswordInput {
    /// Used once, kept nowhere.
    password: String,
}

/// Opens a protected file: its pages and text are made then. The password is kept nowhere; the original stays protected.
#[utoipa::path(post, path = "/documents/{id}/password", operation_id = "unlock_document", tag = "documents",
    params(("id" = DocumentId, Path)), request_body = PasswordInput, responses((status = 200, body = DocumentView)))]
async fn unlock_document_with_password(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(input): Json<PasswordInput>,
) -> Result<Json<DocumentView>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Edit, &document).await?;
    if input.password.is_empty() || input.password.len() > MAX_BYTES {
        return Err(Error::invalid("password_invalid", "a password has 1 to 1024 bytes").field("password"));
    }
    unlock_document(&app, &caller.id, &document, Password::new(input.password)).await?;
    Ok(Json(DocumentView::one(&app, &caller, &id).await?))
}
