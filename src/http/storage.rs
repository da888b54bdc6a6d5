//! `/admin/storage`: how is the store, as far as anybody has looked? For administrators.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        collect_garbage::{self, Amount, GarbageReport},
        verify::{self, Report},
    },
    app::App,
    auth::CurrentUser,
    clock::Millis,
    db::{self, garbage::DamagedObject},
    error::{Error, Result},
    http::extract::Json,
};

/// Damaged objects that are listed.
const LISTED: i64 = 1000;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_storage))
}

/// What is known of the store.
#[derive(Serialize, ToSchema)]
struct StorageView {
    /// `null`: everything was never read again.
    verified: Option<VerifiedView>,
    /// `null`: garbage was never collected.
    collected: Option<CollectedView>,
    /// What will be removed when it is still unused after the grace period.
    condemned: Amount,
    /// Objects known to be damaged, by key; at most a thousand.
    damaged: Vec<DamagedObject>,
}

/// The last verification.
#[derive(Serialize, ToSchema)]
struct VerifiedView {
    at: Millis,
    report: Report,
}

/// The last collection of garbage.
#[derive(Serialize, ToSchema)]
struct CollectedView {
    at: Millis,
    report: GarbageReport,
}

/// Tells what the last verification and the last collection of garbage found.
#[utoipa::path(get, path = "/admin/storage", tag = "admin", responses((status = 200, body = StorageView)))]
async fn read_storage(State(app): State<App>, user: CurrentUser) -> Result<Json<StorageView>> {
    user.require_admin()?;
    let verified = match db::garbage::find_report(app.db.read(), verify::REPORT).await? {
        Some((at, report)) => {
            Some(VerifiedView { at, report: serde_json::from_str(&report).map_err(Error::internal)? })
        }
        None => None,
    };
    let collected = match db::garbage::find_report(app.db.read(), collect_garbage::REPORT).await? {
        Some((at, report)) => {
            Some(CollectedView { at, report: serde_json::from_str(&report).map_err(Error::internal)? })
        }
        None => None,
    };
    let (objects, bytes) = db::garbage::count_condemned(app.db.read()).await?;
    let condemned = Amount { objects: objects as u64, bytes: bytes as u64 };
    let damaged = db::garbage::list_damaged(app.db.read(), "", LISTED).await?;
    Ok(Json(StorageView { verified, collected, condemned, damaged }))
}
