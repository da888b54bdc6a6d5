//! Which URL is answered where? The router, assembled from one `routes()` per resource, and what surrounds every request.

mod annotations;
mod audit;
mod changes;
mod colleagues;
pub mod content;
pub mod cross_site;
pub mod cursor;
mod docs;
pub mod documents;
mod earlier_searches;
mod exchange;
pub mod extract;
pub mod folders;
mod grants;
mod groups;
pub mod health;
mod history;
mod hits;
mod holds;
pub mod info;
pub mod listener;
pub mod page;
mod pages;
mod properties;
mod ranges;
mod records;
pub mod refusal;
mod retention;
mod room_stream;
mod rooms;
mod saved_searches;
mod search;
mod search_input;
mod session;
mod similar;
mod storage;
mod suggest;
pub mod surround;
mod tokens;
mod trash;
mod unlock;
mod upload_chunks;
mod uploads;
mod usage;
pub mod users;
pub mod versions;
mod web;
mod zip;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode},
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, Predicate},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, dav, error::Error};

/// Largest JSON body; uploads set their own limit.
const BODY_MAX_BYTES: usize = 1 << 20;

#[derive(OpenApi)]
#[openapi(
    info(title = "Wenshu 文枢", description = "A self-hosted document service.", license(name = "Apache-2.0")),
    // Path parameters alone do not bring their schemas along.
    components(schemas(crate::ids::UploadId)),
    modifiers(&SignIn),
    security(("cookie" = []), ("token" = []))
)]
struct Api;

/// Everything below `/api/v1`: add the `routes()` of a new resource here.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(rooms::routes())
        .merge(room_stream::routes())
        .merge(info::routes())
        .merge(users::routes())
        .merge(colleagues::routes())
        .merge(groups::routes())
        .merge(tokens::routes())
        .merge(folders::routes())
        .merge(documents::routes())
        .merge(properties::routes())
        .merge(records::routes())
        .merge(versions::routes())
        .merge(annotations::routes())
        .merge(pages::routes())
        .merge(hits::routes())
        .merge(search::routes())
        .merge(similar::routes())
        .merge(suggest::routes())
        .merge(saved_searches::routes())
        .merge(earlier_searches::routes())
        .merge(content::routes())
        .merge(exchange::routes())
        .merge(grants::routes())
        .merge(history::routes())
        .merge(trash::routes())
        .merge(holds::routes())
        .merge(retention::routes())
        .merge(usage::routes())
        .merge(unlock::routes())
        .merge(uploads::routes())
        .merge(upload_chunks::routes())
        .merge(audit::routes())
        .merge(storage::routes())
        .merge(changes::routes())
        .merge(zip::routes())
}

/// The whole service as one router.
pub fn router(app: App) -> Router {
    let (router, openapi) = documented().split_for_parts();
    router
        .merge(docs::routes(&openapi))
        .merge(health::routes())
        .merge(dav::routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(web::serve)
        .layer(from_fn(cross_site::check))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotARange)))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn(surround::security_headers))
        .layer(from_fn_with_state(app.clone(), surround::request))
        .with_state(app)
}

/// The description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", api())
}

/// The two ways to sign in, for the description.
struct SignIn;

impl Modify for SignIn {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::new("wenshu_session"));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Answers that offer ranges are file content: compressing them would break offsets and entity tags.
#[derive(Clone, Copy)]
struct NotARange;

impl Predicate for NotARange {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        !response.headers().contains_key("accept-ranges")
    }
}

async fn method_not_allowed(method: Method) -> Error {
    Error::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("{method} is not possible here"))
}
