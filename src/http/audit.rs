//! `/audit`: the log of what happened, for administrators.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::CurrentUser,
    clock::Millis,
    db::{self, audit::AuditRow},
    error::Result,
    http::{
        extract::{Json, Query},
        page::{Items, limit_of},
    },
    ids::{DocumentId, FolderId, UserId},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// Which events are wanted.
#[derive(Deserialize, IntoParams)]
struct AuditQuery {
    /// Events after this number.
    #[serde(default)]
    after: i64,
    /// At most so many, up to 1000; 100 by default.
    limit: Option<i64>,
    /// Events of this document only.
    document_id: Option<DocumentId>,
}

/// One event.
#[derive(Serialize, ToSchema)]
struct EventView {
    seq: i64,
    at: Millis,
    /// `null`: the server itself or its command line.
    actor: Option<UserId>,
    action: String,
    document_id: Option<DocumentId>,
    folder_id: Option<FolderId>,
    #[schema(value_type = Object)]
    details: Value,
    /// Hex SHA-256 over the hash before and this event.
    hash: String,
}

impl From<AuditRow> for EventView {
    fn from(row: AuditRow) -> Self {
        let AuditRow { seq, at, actor_id, action, document_id, folder_id, details, hash } = row;
        let details = serde_json::from_str(&details).unwrap_or(Value::String(details));
        Self { seq, at, actor: actor_id, action, document_id, folder_id, details, hash }
    }
}

/// Lists events, oldest first. `next_cursor` is the `after` of the next page.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Items<EventView>)))]
async fn list_audit(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Items<EventView>>> {
    user.require_admin()?;
    let limit = limit_of(query.limit)?;
    let rows = db::audit::list(app.db.read(), query.after, query.document_id.as_ref(), limit).await?;
    let full = rows.len() as i64 == limit;
    let next_cursor = rows.last().filter(|_| full).map(|row| row.seq.to_string());
    Ok(Json(Items { items: rows.into_iter().map(EventView::from).collect(), next_cursor }))
}
