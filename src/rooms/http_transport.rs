//! How does a client take part where WebSockets are blocked? An event stream for what the room says, requests for what the
//! client says; and where a proxy holds streams back until they end, answers that end at once.
//!
//! A peer has an unguessable name. Its frames are counted on both sides: a request that is repeated because its answer was
//! lost brings nothing twice, and an answer that was lost is given again. Everything else (checks, limits, rights, what counts
//! as saved) is that of any other connection.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    app::App,
    auth::CurrentUser,
    ids::UserId,
    rooms::{
        self, RoomName,
        connection::{self, Ending, Intake, KEEP_ALIVE, SILENCE_MAX},
        lib0::Reader,
        outbox::Outgoing,
        registry::{Link, Seat},
        rights::Refusal,
        room::Inbound,
    },
};

/// Sent first: proxies that pass on only what fills a buffer have one of a few kilobytes.
const PADDING_BYTES: usize = 4 << 10;
/// How long a shutdown waits for a peer to take its last events.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// All peers of this node.
#[derive(Clone, Default)]
pub struct HttpPeers(Arc<Mutex<HashMap<String, Arc<HttpPeer>>>>);

impl HttpPeers {
    /// Finds a peer that belongs to this user and room; for everybody else it does not exist.
    pub fn find(&self, name: &str, user: &UserId, room: &RoomName) -> Option<Arc<HttpPeer>> {
        let found = self.lock().get(name).cloned()?;
        (found.link.user.id == *user && found.link.room == *room).then_some(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<HttpPeer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client.
pub struct HttpPeer {
    name: String,
    link: Arc<Link>,
    inbox: mpsc::Sender<Inbound>,
    heard_at: Mutex<Instant>,
    incoming: AsyncMutex<Incoming>,
    outgoing: AsyncMutex<Unconfirmed>,
    /// Cancelled when the client has left, or was told to leave.
    gone: CancellationToken,
}

/// What the client has said.
struct Incoming {
    frames: u64,
    intake: Intake,
}

/// Events of a client that polls, until it says that it has them.
#[derive(Default)]
struct Unconfirmed {
    last: u64,
    events: Vec<(u64, String)>,
}

/// Why frames were not taken.
pub enum NotTaken {
    /// The body is not a list of frames, or a frame broke a rule: the peer is sent away.
    Ended(Ending),
    /// Frames before these are missing; so many have arrived.
    Gap(u64),
    /// The peer has been sent away before.
    Gone,
}

/// Connects `user` to a room.
pub async fn connect(
    app: &App,
    user: CurrentUser,
    room: &RoomName,
    wants_acks: bool,
) -> Result<Arc<HttpPeer>, Refusal> {
    let seat = rooms::enter(app, user, room, wants_acks).await?;
    let peer = Arc::new(HttpPeer {
        name: hex::encode(rand::random::<[u8; 16]>()),
        link: seat.link.clone(),
        inbox: seat.inbox.clone(),
        heard_at: Mutex::new(Instant::now()),
        incoming: AsyncMutex::new(Incoming { frames: 0, intake: Intake::new(app.config.room_message_max_bytes) }),
        outgoing: AsyncMutex::default(),
        gone: CancellationToken::new(),
    });
    app.http_peers.lock().insert(peer.name.clone(), peer.clone());
    app.tasks.spawn(attend(app.clone(), peer.clone(), seat));
    Ok(peer)
}

/// Keeps the peer's seat in the room until it leaves, falls silent, or the service stops.
async fn attend(app: App, peer: Arc<HttpPeer>, seat: Seat) {
    loop {
        let silent_at = *peer.heard_at() + SILENCE_MAX;
        tokio::select! {
            () = peer.gone.cancelled() => break,
            () = sleep_until(silent_at) => if *peer.heard_at() + SILENCE_MAX <= Instant::now() {
                let (code, reason) = connection::silent();
                peer.link.outbox.close(code, reason);
                let _ = timeout(LAST_WORDS, peer.gone.cancelled()).await;
                break;
            },
            () = app.shutdown.cancelled() => {
                // The room says that it ends; then the client is let go.
                let _ = timeout(LAST_WORDS, peer.gone.cancelled()).await;
                break;
            }
        }
    }
    app.http_peers.lock().remove(&peer.name);
    peer.gone.cancel();
    drop(seat);
}

impl HttpPeer {
    /// Takes the frames of a request, of which the first is the client's `from`th; returns how many have arrived in all.
    /// Frames that came before are passed over.
    pub async fn take(&self, from: u64, body: &Bytes) -> Result<u64, NotTaken> {
        *self.heard_at() = Instant::now();
        let mut incoming = self.incoming.lock().await;
        if self.gone.is_cancelled() {
            return Err(NotTaken::Gone);
        }
        if from > incoming.frames {
            return Err(NotTaken::Gap(incoming.frames));
        }
        let mut skip = incoming.frames - from;
        let mut reader = Reader::new(body);
        while reader.remaining() > 0 {
            let frame = reader.buffer().map_err(connection::malformed).map_err(|ending| self.end(ending))?;
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let taken = incoming.intake.take(&self.link, &self.inbox, body.slice_ref(frame)).await;
            taken.map_err(|ending| self.end(ending))?;
            // Directly after the room has it: a request that is given up between two frames is rightly counted.
            incoming.frames += 1;
        }
        Ok(incoming.frames)
    }

    /// Sends the client away; the first reason counts.
    pub fn end(&self, (code, reason): Ending) -> NotTaken {
        self.link.outbox.close(code, reason.clone());
        NotTaken::Ended((code, reason))
    }

    /// Everything that the room says, as long as the client reads it.
    pub fn events(self: Arc<Self>) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static {
        struct Reading {
            peer: Arc<HttpPeer>,
            greeting: Option<Bytes>,
            ended: bool,
            /// A client that reads no more has left.
            _left: DropGuard,
        }
        let greeting = Some(Bytes::from(self.greeting()));
        let left = self.gone.clone().drop_guard();
        let reading = Reading { peer: self, greeting, ended: false, _left: left };
        stream::unfold(reading, |mut reading| async move {
            if let Some(greeting) = reading.greeting.take() {
                return Some((Ok(greeting), reading));
            }
            if reading.ended {
                return None;
            }
            let outgoing = tokio::select! {
                outgoing = reading.peer.gather() => outgoing,
                () = reading.peer.gone.cancelled() => return None,
            };
            reading.ended = outgoing.close.is_some();
            let mut text = String::new();
            write_events(&mut text, None, &outgoing);
            Some((Ok(Bytes::from(text)), reading))
        })
    }

    /// What the room has said since event `after`; waits for it a while when there is nothing.
    pub async fn poll(&self, after: u64) -> String {
        *self.heard_at() = Instant::now();
        let mut unconfirmed = self.outgoing.lock().await;
        unconfirmed.events.retain(|(number, _)| *number > after);
        if unconfirmed.events.is_empty() {
            let outgoing = tokio::select! {
                outgoing = self.gather() => outgoing,
                () = self.gone.cancelled() => return String::new(),
            };
            unconfirmed.last += 1;
            let number = unconfirmed.last;
            let mut text = String::new();
            write_events(&mut text, Some(number), &outgoing);
            unconfirmed.events.push((number, text));
        }
        *self.heard_at() = Instant::now();
        unconfirmed.events.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The first event: the name to send by.
    pub fn greeting(&self) -> String {
        format!(":{}\n\nevent: open\ndata: {}\n\n", " ".repeat(PADDING_BYTES), self.name)
    }

    async fn gather(&self) -> Outgoing {
        match timeout(KEEP_ALIVE, self.link.outbox.take()).await {
            Ok(outgoing) => outgoing,
            Err(_) => Outgoing { frames: vec![connection::sign_of_life()], close: None },
        }
    }

    fn heard_at(&self) -> MutexGuard<'_, Instant> {
        self.heard_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames in base64, then the end if there is one. Only the last event is numbered: all are there, or none.
fn write_events(text: &mut String, number: Option<u64>, outgoing: &Outgoing) {
    for frame in &outgoing.frames {
        text.push_str("data: ");
        STANDARD.encode_string(frame, text);
        text.push_str("\n\n");
    }
    if let Some((code, reason)) = &outgoing.close {
        let reason = reason.replace(['\r', '\n'], " ");
        write!(text, "event: close\ndata: {} {reason}\n\n", code.number()).expect("text takes text");
    }
    if let Some(number) = number {
        write!(text, "event: mark\ndata: {number}\n\n").expect("text takes text");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::protocol::CloseCode;

    #[test]
    fn events_are_lines_that_no_reason_breaks() {
        let outgoing = Outgoing {
            frames: vec![Bytes::from_static(&[0, 1, 2]), Bytes::from_static(&[255])],
            close: Some((CloseCode::Forbidden, "no\nmore".into())),
        };
        let mut text = String::new();
        write_events(&mut text, Some(7), &outgoing);
        assert_eq!(text, "data: AAEC\n\ndata: /w==\n\nevent: close\ndata: 4403 no more\n\nevent: mark\ndata: 7\n\n");
    }
}
