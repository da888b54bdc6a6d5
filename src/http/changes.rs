//! `/changes`: which documents changed, in order, for programs that follow along.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{
        CurrentUser,
        policy::{Caller, DocumentAccess},
    },
    db::{self, changes::Change},
    error::Result,
    http::{
        extract::{Json, Query},
        page::limit_of,
    },
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_changes))
}

/// Where the caller stands.
#[derive(Deserialize, IntoParams)]
struct ChangesQuery {
    /// Changes after this number.
    #[serde(default)]
    after: i64,
    /// At most so many, up to 1000; 100 by default.
    limit: Option<i64>,
}

/// Changes and where to go on.
#[derive(Serialize, ToSchema)]
struct ChangesView {
    items: Vec<Change>,
    /// The `after` of the next call.
    next: i64,
}

/// Lists changes of the documents that the caller may see, oldest first. A page may have gaps and may be empty:
/// whoever follows along goes on from `next` until it stays the same.
#[utoipa::path(get, path = "/changes", tag = "changes", params(ChangesQuery), responses((status = 200, body = ChangesView)))]
async fn list_changes(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<ChangesQuery>,
) -> Result<Json<ChangesView>> {
    let mut items = db::changes::list(app.db.read(), query.after, limit_of(query.limit)?).await?;
    let next = items.last().map_or(query.after, |change| change.seq);
    if !user.is_admin {
        let mut ids: Vec<_> = items.iter().map(|change| change.document_id.clone()).collect();
        ids.sort();
        ids.dedup();
        let documents = db::documents::list(app.db.read(), &ids).await?;
        let access = DocumentAccess::load(&app.db, &Caller::from(&user), &documents).await?;
        items.retain(|change| access.role(&change.document_id).is_some());
    }
    Ok(Json(ChangesView { items, next }))
}
