//! `/rooms/{room}/events` and `/rooms/{room}/messages`: live editing where WebSockets are blocked.

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::CurrentUser,
    error::{Error, Result},
    http::extract::{Json, Path, Query},
    rooms::{
        RoomName,
        http_transport::{self, NotTaken},
        protocol::CloseCode,
    },
};

/// What a request may carry: many small frames, or one of the largest and what surrounds it. Frames have their own limit,
/// which is only told from here when it can be read.
const MESSAGES_MAX_BYTES: usize = 8 << 20;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_events))
        .routes(routes!(send_messages))
        .layer(DefaultBodyLimit::max(MESSAGES_MAX_BYTES))
}

/// How a client wants to read.
#[derive(Deserialize, IntoParams)]
struct EventsQuery {
    /// Any value but `0`: send *saved* and *refused* messages.
    ack: Option<String>,
    /// Any value but `0`: end the answer as soon as there is something in it. The first answer has the `open` event alone.
    poll: Option<String>,
    /// With `poll`: the connection that an `open` event named.
    connection: Option<String>,
    /// With `poll`: the number of the last `mark` event that arrived.
    after: Option<u64>,
    /// A bearer token, for clients that cannot send headers.
    #[allow(dead_code, reason = "read by the extractor of the caller")]
    token: Option<String>,
}

/// Joins a room without a WebSocket. Answers with an event stream: `open` names the connection, events without a name are
/// frames of the y-websocket protocol in base64, `close` has a close code of WebSockets and the reason.
#[utoipa::path(
    get, path = "/rooms/{room}/events", tag = "rooms",
    params(("room" = String, Path, description = "as for the WebSocket"), EventsQuery),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, description = "no such room or connection"))
)]
async fn read_events(
    State(app): State<App>,
    Path(room): Path<String>,
    Query(query): Query<EventsQuery>,
    user: CurrentUser,
) -> Result<Response> {
    let room = parse(&room)?;
    let polls = is_set(&query.poll);
    if let Some(name) = query.connection.filter(|_| polls) {
        let peer = app.http_peers.find(&name, &user.id, &room).ok_or_else(no_connection)?;
        return Ok(event_stream(Body::from(peer.poll(query.after.unwrap_or(0)).await)));
    }
    let joined = http_transport::connect(&app, user, &room, is_set(&query.ack)).await;
    let peer = joined.map_err(|(code, reason)| refusal(code, reason.to_owned()))?;
    let body = if polls { Body::from(peer.greeting()) } else { Body::from_stream(peer.events()) };
    Ok(event_stream(body))
}

/// Nothing on the way may keep, change or gather these.
fn event_stream(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Which frames a request brings.
#[derive(Deserialize, IntoParams)]
struct MessagesQuery {
    /// Named by the `open` event.
    connection: String,
    /// How many frames the client had sent before these.
    from: u64,
    /// A bearer token, for clients that cannot send headers.
    #[allow(dead_code, reason = "read by the extractor of the caller")]
    token: Option<String>,
}

/// What has arrived.
#[derive(Serialize, ToSchema)]
struct ReceivedView {
    /// Frames of this connection that the room has, in all. What is durable the room says itself (*saved*).
    received: u64,
}

/// Sends frames of the y-websocket protocol, each preceded by its length (lib0 varuint), in order. Frames that came before
/// are passed over, so a request may be repeated. An empty body is a sign of life.
#[utoipa::path(
    post, path = "/rooms/{room}/messages", tag = "rooms",
    params(("room" = String, Path, description = "as for the WebSocket"), MessagesQuery),
    request_body(content_type = "application/octet-stream", content = Vec<u8>),
    responses((status = 200, body = ReceivedView), (status = 404, description = "no such connection"), (status = 409, description = "frames are missing"))
)]
async fn send_messages(
    State(app): State<App>,
    Path(room): Path<String>,
    Query(query): Query<MessagesQuery>,
    user: CurrentUser,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ReceivedView>> {
    let peer = app.http_peers.find(&query.connection, &user.id, &parse(&room)?).ok_or_else(no_connection)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            peer.end((CloseCode::MessageTooLarge, "the message is too large".into()));
            refusal(CloseCode::MessageTooLarge, "the messages are too large".into())
        }
        _ => Error::invalid("body_unreadable", "the body could not be read").because(rejection),
    })?;
    match peer.take(query.from, &body).await {
        Ok(received) => Ok(Json(ReceivedView { received })),
        Err(NotTaken::Gap(received)) => {
            Err(Error::conflict("messages_missing", "messages before these did not arrive").with("received", received))
        }
        Err(NotTaken::Gone) => Err(no_connection()),
        Err(NotTaken::Ended((code, reason))) => Err(refusal(code, reason)),
    }
}

fn is_set(flag: &Option<String>) -> bool {
    flag.as_ref().is_some_and(|flag| flag != "0")
}

fn parse(room: &str) -> Result<RoomName> {
    room.parse().map_err(|_| Error::not_found("room"))
}

fn no_connection() -> Error {
    Error::not_found("connection")
}

/// A close code as an answer.
fn refusal(code: CloseCode, reason: String) -> Error {
    let (status, name) = match code {
        CloseCode::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
        CloseCode::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        CloseCode::RoomNotFound => (StatusCode::NOT_FOUND, "room_not_found"),
        CloseCode::Malformed => (StatusCode::BAD_REQUEST, "message_malformed"),
        CloseCode::MessageTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "message_too_large"),
        CloseCode::TooManyMessages => (StatusCode::TOO_MANY_REQUESTS, "too_many_messages"),
        CloseCode::Restarting | CloseCode::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, "room_restarting"),
    };
    Error::new(status, name, reason)
}
