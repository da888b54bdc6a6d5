//! Everything that is not the API: the web client, embedded in the program.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{app::App, dav, error::Error, http::surround::ClientAddress};

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Client;

/// For workers of the client, which get no more than they need: they compute, some of them with WebAssembly.
const WORKER_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

/// What is shown when the program was built without its client.
const NO_CLIENT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Wenshu 文枢</title>\
    <p>This program was built without its web client: <code>make build</code> builds both. The API is at \
    <a href=\"/api/docs\">/api/docs</a>.</p></html>";

/// Answers with a file of the client; unknown addresses are the client's own routes and get its first page.
pub async fn serve(State(app): State<App>, address: ClientAddress, request: Request) -> Response {
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    if let Some(answer) = dav::answer_root(&app, address, request).await {
        return answer;
    }
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Error::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Error::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "only reading is possible here")
            .into_response();
    }
    match Client::get(path).filter(|_| path != "index.html") {
        // The build puts a hash of the content into these names.
        Some(found) if path.starts_with("assets/") => {
            file(path, found, "public, max-age=31536000, immutable", &headers)
        }
        Some(found) => file(path, found, "no-cache", &headers),
        // A page that was loaded before an update asks for files that are gone: HTML would only confuse it.
        None if path.starts_with("assets/") => {
            Error::new(StatusCode::NOT_FOUND, "not_found", "there is no such file").into_response()
        }
        None => match Client::get("index.html") {
            Some(index) => file("index.html", index, "no-cache", &headers),
            None => axum::response::Html(NO_CLIENT).into_response(),
        },
    }
}

fn file(path: &str, found: EmbeddedFile, caching: &'static str, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&found.metadata.sha256_hash()[..16]));
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.contains(&tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        found.data.into_response()
    };
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let mime = if mime.type_() == "text" { format!("{mime}; charset=utf-8") } else { mime.to_string() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, mime.parse().expect("a media type is a header value"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if path.contains(".worker-") {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_SECURITY_POLICY));
    }
    headers.insert(header::ETAG, tag.parse().expect("hex is a header value"));
    response
}
