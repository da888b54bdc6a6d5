//! `/usage`: how much is kept, and how much may be.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        quota::{self, Space},
        set_quota::{Quota, set_quota},
    },
    app::App,
    auth::{
        CurrentUser,
        policy::{self, Action, Caller},
    },
    db::{
        self,
        usage::{Owner, Usage},
    },
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        folders::find_folder,
    },
    ids::{FolderId, UserId},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_usage))
        .routes(routes!(read_own_usage))
        .routes(routes!(read_folder_usage))
        .routes(routes!(put_library_quota))
        .routes(routes!(put_user_quota))
}

/// How much somebody keeps.
#[derive(Serialize, ToSchema)]
struct UsageView {
    /// Of all versions, those in the trash too.
    used_bytes: i64,
    /// Of uploads that are on their way.
    reserved_bytes: i64,
    /// How much may be kept; null: any amount.
    limit_bytes: Option<i64>,
    /// What is left; null: any amount.
    available_bytes: Option<i64>,
}

/// How much a library or person keeps, for administrators.
#[derive(Serialize, ToSchema)]
struct OwnerUsageView {
    id: String,
    name: String,
    /// Whether its limit is that of the settings.
    is_default: bool,
    #[serde(flatten)]
    usage: UsageView,
}

/// How much everybody keeps.
#[derive(Serialize, ToSchema)]
struct AllUsageView {
    libraries: Vec<OwnerUsageView>,
    users: Vec<OwnerUsageView>,
    /// What the settings say; null: any amount.
    default_library_bytes: Option<u64>,
    default_user_bytes: Option<u64>,
}

/// How much may be kept.
#[derive(Deserialize, ToSchema)]
struct QuotaInput {
    /// `default` (what the settings say), `unlimited` or `limited`.
    kind: String,
    /// Of `limited`.
    bytes: Option<i64>,
}

impl From<Space> for UsageView {
    fn from(space: Space) -> Self {
        Self {
            used_bytes: space.used_bytes,
            reserved_bytes: space.reserved_bytes,
            limit_bytes: space.limit_bytes,
            available_bytes: space.available_bytes(),
        }
    }
}

impl QuotaInput {
    fn parse(&self) -> Result<Quota> {
        match (self.kind.as_str(), self.bytes) {
            ("default", None) => Ok(Quota::Default),
            ("unlimited", None) => Ok(Quota::Unlimited),
            ("limited", Some(bytes)) if bytes >= 0 => Ok(Quota::Bytes(bytes)),
            ("limited", _) => Err(Error::invalid("quota_invalid", "a limit is a number of bytes").field("bytes")),
            _ => {
                Err(Error::invalid("quota_invalid", "a quota is default, unlimited, or limited to bytes").field("kind"))
            }
        }
    }
}

/// How much everybody keeps, for administrators.
#[utoipa::path(get, path = "/usage", tag = "usage", responses((status = 200, body = AllUsageView)))]
async fn list_usage(State(app): State<App>, user: CurrentUser) -> Result<Json<AllUsageView>> {
    user.require_admin()?;
    let default = |bytes: u64| (bytes > 0).then_some(bytes);
    Ok(Json(AllUsageView {
        libraries: list(&app, true).await?,
        users: list(&app, false).await?,
        default_library_bytes: default(app.config.quota_library_bytes),
        default_user_bytes: default(app.config.quota_user_bytes),
    }))
}

async fn list(app: &App, of_libraries: bool) -> Result<Vec<OwnerUsageView>> {
    let rows = db::usage::list(app.db.read(), of_libraries).await?;
    let views = rows.into_iter().map(|(id, name, used_bytes, reserved_bytes, quota_bytes)| OwnerUsageView {
        usage: quota::space_of(app, of_libraries, Usage { used_bytes, reserved_bytes, quota_bytes }).into(),
        is_default: quota_bytes.is_none(),
        id,
        name,
    });
    Ok(views.collect())
}

/// How much the caller keeps.
#[utoipa::path(get, path = "/usage/me", tag = "usage", responses((status = 200, body = UsageView)))]
async fn read_own_usage(State(app): State<App>, caller: Caller) -> Result<Json<UsageView>> {
    Ok(Json(quota::space(&app, Owner::User(&caller.id)).await?.into()))
}

/// How much the library keeps that a folder is in.
#[utoipa::path(get, path = "/folders/{id}/usage", tag = "usage", params(("id" = FolderId, Path)),
    responses((status = 200, body = UsageView)))]
async fn read_folder_usage(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
) -> Result<Json<UsageView>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    let library = quota::library_of(&app, &id).await?;
    Ok(Json(quota::space(&app, Owner::Library(&library)).await?.into()))
}

/// Says how much a library may keep.
#[utoipa::path(put, path = "/usage/libraries/{id}/quota", tag = "usage", params(("id" = FolderId, Path)),
    request_body = QuotaInput, responses((status = 204)))]
async fn put_library_quota(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<FolderId>,
    Json(input): Json<QuotaInput>,
) -> Result<StatusCode> {
    user.require_admin()?;
    let folder = find_folder(&app, &id).await?;
    if folder.parent_id.is_some() {
        return Err(Error::conflict("folder_not_library", "only libraries have a quota"));
    }
    set_quota(&app, &user.id, Owner::Library(&id), input.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says how much a person may keep.
#[utoipa::path(put, path = "/usage/users/{id}/quota", tag = "usage", params(("id" = UserId, Path)),
    request_body = QuotaInput, responses((status = 204)))]
async fn put_user_quota(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Json(input): Json<QuotaInput>,
) -> Result<StatusCode> {
    user.require_admin()?;
    db::users::find(app.db.read(), &id).await?.ok_or_else(|| Error::not_found("user"))?;
    set_quota(&app, &user.id, Owner::User(&id), input.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}
