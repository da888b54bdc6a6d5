//! Which URL is answered where? The router, assembled from one `routes()` per resource, and what surrounds every request.

mod cross_site;
pub mod extract;
pub mod page;
mod rooms;
pub mod session;
pub mod surround;
pub mod users;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, Predicate},
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, error::Error};

/// Largest JSON body; uploads set their own limit.
const BODY_MAX_BYTES: usize = 1 << 20;

#[derive(OpenApi)]
#[openapi(info(title = "Wenshu 文枢", description = "A self-hosted document service.", license(name = "Apache-2.0")))]
struct Api;

/// Everything below `/api/v1`: add the `routes()` of a new resource here.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(session::routes()).merge(rooms::routes())
}

/// The whole service as one router.
pub fn router(app: App) -> Router {
    let (router, openapi) = documented().split_for_parts();
    let openapi = openapi.to_pretty_json().expect("the description is plain data");
    router
        .route("/api/openapi.json", get(|| async move { ([("content-type", "application/json")], openapi) }))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn(cross_site::check))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotARange)))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn(surround::security_headers))
        .layer(axum::middleware::from_fn_with_state(app.clone(), surround::request))
        .with_state(app)
}

/// The description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", api())
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

async fn not_found(uri: Uri) -> Response {
    let _ = uri;
    Error::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address").into_response()
}
