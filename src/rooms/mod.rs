//! How is a document edited together?
//!
//! `http/rooms` lets a client in; `connection` reads its frames (`protocol`), checks every update (`update`) and hands it
//! to the `room`; the room's batch goes to the `journal`, and after the commit to everybody's `outbox`. Nobody is shown or
//! told anything that is not durable. Where WebSockets are blocked, `http_transport` takes the place of the socket. Documents are built only in the isolated child: `fold` asks it.

pub mod authors;
pub mod awareness;
mod chores;
mod connection;
pub mod fold;
pub mod history;
pub mod http_transport;
pub mod journal;
pub mod lib0;
mod loader;
mod members;
pub mod merge;
mod metrics;
mod name;
mod nodes;
mod outbox;
pub mod protocol;
mod registry;
pub mod rights;
mod room;
pub mod segment;
pub mod update;

use axum::extract::ws::{Message as Frame, WebSocket};

pub use name::RoomName;
pub use registry::Rooms;

use crate::{
    app::App,
    audit,
    auth::CurrentUser,
    rooms::{
        awareness::Identity,
        members::Member,
        outbox::Outbox,
        protocol::CloseCode,
        registry::Seat,
        rights::{Refusal, Standing},
    },
};

/// Starts what runs beside the rooms: the watch over rights, and the queueing of work. Both end with `app.shutdown`.
pub fn start(app: &App) {
    app.tasks.spawn(rights::watch(app.clone()));
    if let Some((asked, saying)) = app.rooms.take_duties() {
        app.tasks.spawn(chores::run(app.clone(), asked));
        app.tasks.spawn(nodes::run(app.clone(), saying));
    }
    let app = app.clone();
    app.clone().tasks.spawn(async move {
        if let Err(error) = chores::resume(&app).await {
            tracing::error!(%error, "unfinished work of rooms cannot be queued");
        }
    });
}

/// Serves a client that `user` connected to a room, until one of both ends it.
pub async fn serve(app: App, mut socket: WebSocket, user: CurrentUser, room: RoomName, wants_acks: bool) {
    match enter(&app, user, &room, wants_acks).await {
        Ok(seat) => connection::serve(socket, seat, app.config.room_message_max_bytes).await,
        Err((code, reason)) => refuse(&mut socket, code, reason).await,
    }
}

/// Brings `user` into a room, whatever they are connected by.
async fn enter(app: &App, user: CurrentUser, room: &RoomName, wants_acks: bool) -> Result<Seat, Refusal> {
    let epoch = audit::rights::epoch();
    let standing = rights::standing(app, &user, room).await.unwrap_or_else(|error| {
        tracing::error!(%error, "rights cannot be checked");
        Err((CloseCode::Restarting, "the room cannot be opened now"))
    })?;
    let member = Member {
        identity: Identity { user: user.id.clone(), display_name: user.display_name.clone() },
        outbox: Outbox::default(),
        wants_acks,
        is_editor: standing == Standing::Writes,
        follows: false,
        saved: 0,
        was_refused: false,
    };
    let seat = app.rooms.join(room, user, member).ok_or((CloseCode::Restarting, "the server restarts"))?;
    // Until it had its seat, the watch over rights did not see this connection.
    if audit::rights::epoch() != epoch {
        rights::check(app, &seat.link).await;
    }
    Ok(seat)
}

/// Ends a connection that came to nothing, with the reason.
pub async fn refuse(socket: &mut WebSocket, code: CloseCode, reason: &str) {
    // The client may be gone already.
    let _ = socket.send(Frame::Close(Some(connection::close_frame(code, reason)))).await;
}
