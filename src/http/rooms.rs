//! `/rooms/{room}`: live editing over a WebSocket. And a page's present state as a version.

use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::save_page_version::save_page_version,
    app::App,
    auth::{
        CurrentUser,
        policy::{self, Action, Caller},
    },
    db,
    error::{Error, Result},
    http::{
        extract::{Json, Path, Query},
        versions::VersionView,
    },
    ids::DocumentId,
    rooms::{self, RoomName, protocol::CloseCode},
};

/// What a connection may hold back before it is written to the socket.
const WRITE_BUFFER_BYTES: usize = 64 << 10;
const READ_BUFFER_BYTES: usize = 8 << 10;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(join_room)).routes(routes!(save_version))
}

/// How a client wants to take part.
#[derive(Deserialize, IntoParams)]
struct RoomQuery {
    /// Any value but `0`: send *saved* and *refused* messages.
    ack: Option<String>,
    /// A bearer token, for clients that cannot send headers.
    #[allow(dead_code, reason = "read by the extractor of the caller")]
    token: Option<String>,
}

/// Joins a room (y-websocket protocol). Refusals come as close codes, because browsers hide what HTTP says here:
/// 4401 not signed in, 4404 no such room.
#[utoipa::path(
    get, path = "/rooms/{room}", tag = "rooms", params(("room" = String, Path, description = "`<id of the page>` for its body, `<id of the page>.notes` for the notes beside it"), RoomQuery),
    responses((status = 101, description = "the WebSocket is open"), (status = 426, description = "not a WebSocket"))
)]
async fn join_room(
    State(app): State<App>,
    Path(room): Path<String>,
    Query(query): Query<RoomQuery>,
    user: Result<CurrentUser>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    let upgrade = upgrade.map_err(|_| {
        Error::new(StatusCode::UPGRADE_REQUIRED, "websocket_required", "a room is joined with a WebSocket")
    })?;
    // Twice the limit: what is a little too large is still read, so that its sender gets a clean answer.
    let upgrade = upgrade
        .max_message_size(2 * app.config.room_message_max_bytes)
        .max_frame_size(2 * app.config.room_message_max_bytes)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES);
    let wants_acks = query.ack.is_some_and(|ack| ack != "0");
    let user = match user {
        Ok(user) => Ok(user),
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => Err((CloseCode::Unauthorized, "sign in first")),
        Err(error) => return Err(error),
    };
    let entry = user.and_then(|user| {
        let room: Result<RoomName> = room.parse();
        room.map(|room| (user, room)).map_err(|_| (CloseCode::RoomNotFound, "there is no such room"))
    });
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        match entry {
            Ok((user, room)) => rooms::serve(app, socket, user, room, wants_acks).await,
            Err((code, reason)) => rooms::refuse(&mut socket, code, reason).await,
        }
    }))
}

/// What to say about a version.
#[derive(Deserialize, ToSchema)]
struct SaveVersionInput {
    #[serde(default)]
    note: String,
}

/// Saves what a page says now as a version.
#[utoipa::path(
    post, path = "/documents/{id}/versions", tag = "versions",
    responses((status = 201, body = VersionView))
)]
async fn save_version(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(input): Json<SaveVersionInput>,
) -> Result<(StatusCode, Json<VersionView>)> {
    let document = db::documents::find(app.db.read(), &id).await?.ok_or_else(|| Error::not_found("document"))?;
    policy::allow(&app.db, &caller, Action::Edit, &document).await?;
    if document.kind != "page" {
        return Err(Error::conflict("not_a_page", "a file gets its versions by uploads"));
    }
    let version = save_page_version(&app, &caller.id, &document.id, input.note.trim()).await?;
    Ok((StatusCode::CREATED, Json(VersionView::one(&app, &document.id, version.number).await?)))
}
