//! `/folders/{id}/retention`: which versions a library keeps, and what would go.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        set_retention::set_retention,
        thin_versions::{Rule, preview},
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, folders::Folder},
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        folders::find_folder,
    },
    ids::FolderId,
};

/// Longest spans, in days: a hundred years.
const DAYS_MAX: i64 = 36_500;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_retention, put_retention, delete_retention))
        .routes(routes!(preview_retention))
}

/// Which versions of its documents a library keeps. What is named, annotated or on hold, and the newest version, always stay.
#[derive(Serialize, Deserialize, ToSchema)]
struct RetentionView {
    /// As many days every version stays; at least one.
    keep_all_days: i64,
    /// Then, as many days, the last one of each day; after that the last one of each week.
    daily_days: i64,
    /// Of a document; left out: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_versions: Option<i64>,
}

/// The rule of a library.
#[derive(Serialize, ToSchema)]
struct LibraryRetentionView {
    /// null: all versions stay.
    rule: Option<RetentionView>,
}

/// What would go.
#[derive(Serialize, ToSchema)]
struct ThinnedView {
    documents: i64,
    versions: i64,
    size_bytes: i64,
}

impl RetentionView {
    fn parse(&self) -> Result<Rule> {
        let Self { keep_all_days, daily_days, max_versions } = *self;
        let invalid = |field| Err(Error::invalid("retention_invalid", "this number is out of bounds").field(field));
        match () {
            () if !(1..=DAYS_MAX).contains(&keep_all_days) => invalid("keep_all_days"),
            () if !(0..=DAYS_MAX).contains(&daily_days) => invalid("daily_days"),
            () if max_versions.is_some_and(|max| !(1..=100_000).contains(&max)) => invalid("max_versions"),
            () => Ok(Rule { keep_all_days, daily_days, max_versions }),
        }
    }
}

/// Shows which versions a library keeps.
#[utoipa::path(get, path = "/folders/{id}/retention", tag = "retention", params(("id" = FolderId, Path)),
    responses((status = 200, body = LibraryRetentionView)))]
async fn read_retention(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
) -> Result<Json<LibraryRetentionView>> {
    let library = find_library(&app, &caller, &id, Action::Read).await?;
    let row = db::retention::find(app.db.read(), &library.id).await?;
    let rule = row.map(|row| RetentionView {
        keep_all_days: row.keep_all_days,
        daily_days: row.daily_days,
        max_versions: row.max_versions,
    });
    Ok(Json(LibraryRetentionView { rule }))
}

/// Says which versions a library keeps. The others go with the next day's round.
#[utoipa::path(put, path = "/folders/{id}/retention", tag = "retention", params(("id" = FolderId, Path)),
    request_body = RetentionView, responses((status = 204)))]
async fn put_retention(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<RetentionView>,
) -> Result<StatusCode> {
    let library = find_library(&app, &caller, &id, Action::SetRetention).await?;
    set_retention(&app, &caller.id, &library, Some(input.parse()?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a library keep all versions.
#[utoipa::path(delete, path = "/folders/{id}/retention", tag = "retention", params(("id" = FolderId, Path)),
    responses((status = 204)))]
async fn delete_retention(State(app): State<App>, caller: Caller, Path(id): Path<FolderId>) -> Result<StatusCode> {
    let library = find_library(&app, &caller, &id, Action::SetRetention).await?;
    set_retention(&app, &caller.id, &library, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells what would go now if a library had this rule. Nothing changes.
#[utoipa::path(post, path = "/folders/{id}/retention/preview", tag = "retention", params(("id" = FolderId, Path)),
    request_body = RetentionView, responses((status = 200, body = ThinnedView)))]
async fn preview_retention(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<RetentionView>,
) -> Result<Json<ThinnedView>> {
    let library = find_library(&app, &caller, &id, Action::SetRetention).await?;
    let thinned = preview(&app, &library.id, input.parse()?).await?;
    Ok(Json(ThinnedView { documents: thinned.documents, versions: thinned.versions, size_bytes: thinned.size_bytes }))
}

async fn find_library(app: &App, caller: &Caller, id: &FolderId, action: Action) -> Result<Folder> {
    let folder = find_folder(app, id).await?;
    policy::allow(&app.db, caller, action, &folder).await?;
    if folder.parent_id.is_some() {
        return Err(Error::conflict("folder_not_library", "only libraries have such a rule"));
    }
    Ok(folder)
}
