//! What happens around every request? Its id, its log span, panics caught, and headers that browsers obey.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::Instrument;

use crate::{
    app::App,
    error::{Error, REQUEST_ID},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Scripts only from here, no frames, no plugins; images also from `blob:` and `data:` (page images, pasted pictures).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' ws: wss:; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// Gives the request an id and a span, turns a panic into an answer, and logs and counts the outcome.
pub async fn request(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = method_of(&request);
    let span = tracing::info_span!("request", request.id = id, http.method = method, http.route = route);
    let started = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().map(|outcome| {
        outcome
            .unwrap_or_else(|panic| Error::internal(anyhow::anyhow!("panic: {}", panic_text(&panic))).into_response())
    });
    REQUEST_ID
        .scope(
            id.clone(),
            async {
                let mut response = answer.await;
                let (status, duration) = (response.status().as_u16(), started.elapsed());
                app.metrics.request(method, &route, status, duration);
                tracing::info!(http.status = status, duration_ms = duration.as_millis() as u64, "request answered");
                let id = HeaderValue::from_str(&id).expect("a uuid is a header value");
                response.headers_mut().insert(X_REQUEST_ID, id);
                response
            }
            .instrument(span),
        )
        .await
}

/// The method as a label: what a client invents must not become one.
fn method_of(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Adds the headers that keep a browser from guessing types, leaking addresses and running foreign scripts.
/// A handler that sets one of them itself (file content has a stricter policy) is left alone.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The text of a caught panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without text")
}

/// Where the request came from: the peer, or what a trusted proxy says of it.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        let peer = peer.ok_or_else(|| Error::internal(anyhow::anyhow!("the listener does not tell addresses")))?;
        Ok(Self(client_of(peer, &parts.headers, &app.config.trusted_proxies)))
    }
}

/// The last address in `X-Forwarded-For` that is no trusted proxy: what stands before it the client may have invented.
fn client_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        if !trusted.contains(&client) {
            break;
        }
        client = hop.to_canonical();
    }
    client
}
