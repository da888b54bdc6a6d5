//! `/trash`: what was thrown away, and back again.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::trash::untrash_document as untrash,
    app::App,
    auth::policy::{self, Action, Caller},
    db,
    error::{Error, Result},
    http::{
        documents::DocumentView,
        extract::{Json, Path},
        page::Items,
    },
    ids::DocumentId,
};

/// How much of the trash is shown: the last thrown away.
const SHOWN: i64 = 500;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_trash)).routes(routes!(untrash_document))
}

/// Lists documents in the trash that the caller may take out, the last thrown away first.
#[utoipa::path(get, path = "/trash", tag = "trash", responses((status = 200, body = Items<DocumentView>)))]
async fn list_trash(State(app): State<App>, caller: Caller) -> Result<Json<Items<DocumentView>>> {
    let role = Action::Delete.least_role().number();
    let ids = db::documents::list_trashed(app.db.read(), &caller.id, caller.is_admin, role, caller.clearance, SHOWN);
    Ok(Json(Items::all(DocumentView::list(&app, &caller, &ids.await?).await?)))
}

/// Takes a document out of the trash. When its name was used again meanwhile, it gets a number.
#[utoipa::path(post, path = "/documents/{id}/untrash", tag = "trash", params(("id" = DocumentId, Path)),
    responses((status = 200, body = DocumentView)))]
async fn untrash_document(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<DocumentView>> {
    let document = db::documents::find_any(app.db.read(), &id).await?.ok_or_else(|| Error::not_found("document"))?;
    policy::allow(&app.db, &caller, Action::Delete, &document).await?;
    untrash(&app, &caller.id, &document).await?;
    Ok(Json(DocumentView::one(&app, &caller, &id).await?))
}
