//! How does one client take part? Reads its frames, checks every one, and sends what its room has for it.
//!
//! The rules (`Intake`, the times below) are those of both ways to be connected: the WebSocket here, and requests with an
//! event stream in `http_transport`.

use std::{task::Poll, time::Duration};

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::rooms::{
    awareness,
    lib0::Malformed,
    outbox::{Outbox, Outgoing},
    protocol::{self, CloseCode, Message},
    registry::{Link, Seat},
    room::Inbound,
    update::{self, Facts, StateVector},
};

/// Plain y-websocket clients reconnect when nothing came for 30 seconds.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A client that answers no ping for so long is gone.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(45);
/// A client that takes no byte for so long is gone.
pub(super) const SEND_MAX: Duration = Duration::from_secs(30);
/// Updates longer than this are checked off the async threads.
const CHECK_INLINE_MAX_BYTES: usize = 64 << 10;
/// Messages per second that a client may send for long, and at once.
const RATE: f64 = 2000.0;
const BURST: f64 = 6000.0;
/// Bytes per second that a client may send for long, and at once.
const BYTES_RATE: f64 = (4 << 20) as f64;
const BYTES_BURST: f64 = (32 << 20) as f64;

/// Serves one client until it leaves or is sent away.
pub(super) async fn serve(socket: WebSocket, seat: Seat, frame_max_bytes: usize) {
    let (sink, stream) = socket.split();
    let outbox = seat.link.outbox.clone();
    let mut writing = std::pin::pin!(write(sink, &outbox));
    // A task of its own: what others write wakes this one a hundred times as often as its client says something.
    let mut reading = AbortOnDropHandle::new(tokio::spawn(async move { read(stream, &seat, frame_max_bytes).await }));
    tokio::select! {
        () = &mut writing => {}
        ending = &mut reading => {
            let crashed = |_| Err((CloseCode::Restarting, "the connection starts afresh".to_owned()));
            if let Err((code, reason)) = ending.unwrap_or_else(crashed) {
                outbox.close(code, reason);
                writing.await;
            }
        }
    }
}

/// Why a client is sent away.
pub(super) type Ending = (CloseCode, String);

/// What is sent when nothing else was for a while: a message that says nothing.
pub(super) fn sign_of_life() -> Bytes {
    protocol::awareness(&[0])
}

/// Sends what is queued; one flush for all that has gathered.
async fn write(mut sink: SplitSink<WebSocket, Frame>, outbox: &Outbox) {
    let mut pinged = Instant::now();
    let mut quiet = tokio::time::interval_at(pinged + KEEP_ALIVE, KEEP_ALIVE);
    quiet.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let outgoing = tokio::select! {
            biased;
            outgoing = outbox.take() => outgoing,
            _ = quiet.tick() => Outgoing { frames: vec![sign_of_life()], close: None },
        };
        let ping = pinged.elapsed() >= KEEP_ALIVE;
        if ping {
            pinged = Instant::now();
        }
        let closes = outgoing.close.is_some();
        let mut sending = std::pin::pin!(send(&mut sink, outgoing, ping));
        // Mostly it is done at once, without a timer.
        let sent = match futures::poll!(sending.as_mut()) {
            Poll::Ready(sent) => sent.is_ok(),
            Poll::Pending => matches!(timeout(SEND_MAX, sending).await, Ok(Ok(()))),
        };
        if !sent || closes {
            return;
        }
    }
}

async fn send(sink: &mut SplitSink<WebSocket, Frame>, outgoing: Outgoing, ping: bool) -> Result<(), axum::Error> {
    for frame in outgoing.frames {
        sink.feed(Frame::Binary(frame)).await?;
    }
    if ping {
        sink.feed(Frame::Ping(Bytes::new())).await?;
    }
    if let Some((code, reason)) = outgoing.close {
        sink.feed(Frame::Close(Some(close_frame(code, &reason)))).await?;
    }
    sink.flush().await
}

/// A close frame; its reason has at most 123 bytes.
pub(super) fn close_frame(code: CloseCode, reason: &str) -> CloseFrame {
    let end = (0..=reason.len().min(123)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    CloseFrame { code: code.number(), reason: reason[..end].into() }
}

/// Reads frames; ends with the reason to send the client away, if there is one.
async fn read(mut stream: SplitStream<WebSocket>, seat: &Seat, frame_max_bytes: usize) -> Result<(), Ending> {
    let mut intake = Intake::new(frame_max_bytes);
    loop {
        let next = timeout(SILENCE_MAX, stream.next());
        let frame = match next.await.map_err(|_| silent())? {
            None | Some(Ok(Frame::Close(_))) => return Ok(()),
            Some(Err(error)) => return ending_of(error),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => continue,
            Some(Ok(Frame::Text(_))) => return Err(malformed("messages are binary")),
            Some(Ok(Frame::Binary(frame))) => frame,
        };
        intake.take(&seat.link, &seat.inbox, frame).await?;
    }
}

/// The door for what a client says: its size and its rate are bounded, its content is checked, then the room gets it.
pub(super) struct Intake {
    frame_max_bytes: usize,
    allowance: Allowance,
}

impl Intake {
    pub(super) fn new(frame_max_bytes: usize) -> Self {
        Self { frame_max_bytes, allowance: Allowance::new() }
    }

    /// Hands a frame to the room; waits while the room has no space.
    pub(super) async fn take(
        &mut self,
        link: &Link,
        inbox: &mpsc::Sender<Inbound>,
        frame: Bytes,
    ) -> Result<(), Ending> {
        if frame.len() > self.frame_max_bytes {
            return Err(too_large());
        }
        self.allowance.take(frame.len())?;
        let Some(message) = inbound(link, frame).await.map_err(malformed)? else { return Ok(()) };
        // The room is gone: it has said why.
        inbox.send(message).await.map_err(|_| (CloseCode::Restarting, "the room starts afresh".to_owned()))
    }
}

pub(super) fn silent() -> Ending {
    (CloseCode::TooSlow, "no sign of life".to_owned())
}

pub(super) fn malformed(why: Malformed) -> Ending {
    (CloseCode::Malformed, why.to_owned())
}

fn too_large() -> Ending {
    (CloseCode::MessageTooLarge, "the message is too large".to_owned())
}

/// A frame over the limit is an error of the socket; everything else there is the client's going away.
fn ending_of(error: axum::Error) -> Result<(), Ending> {
    if error.to_string().to_lowercase().contains("too long") { Err(too_large()) } else { Ok(()) }
}

/// Makes a frame into what the room understands.
async fn inbound(link: &Link, frame: Bytes) -> Result<Option<Inbound>, Malformed> {
    let connection = link.connection;
    Ok(Some(match Message::read(&frame)? {
        Message::SyncStep1(has) => Inbound::SyncStep1 { connection, has: StateVector::read(has)? },
        Message::Update(payload) => {
            let facts = check(&frame, payload).await?;
            Inbound::Update {
                connection,
                author: link.user.id.clone(),
                may_write: link.may_write.load(std::sync::atomic::Ordering::Relaxed),
                payload_len: payload.len(),
                // A copy: the frame is a piece of the socket's larger buffer, which must not live as long as the tail.
                frame: protocol::update(payload),
                facts,
            }
        }
        Message::Awareness(states) => Inbound::Awareness { connection, entries: awareness::read(states)? },
        Message::QueryAwareness => Inbound::QueryAwareness { connection },
    }))
}

async fn check(frame: &Bytes, payload: &[u8]) -> Result<Facts, Malformed> {
    if payload.len() <= CHECK_INLINE_MAX_BYTES {
        return update::check(payload);
    }
    let payload = frame.slice_ref(payload);
    tokio::task::spawn_blocking(move || update::check(&payload)).await.unwrap_or(Err("the update cannot be checked"))
}

/// What a client may still send before it counts as flooding.
struct Allowance {
    messages: f64,
    bytes: f64,
    at: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self { messages: BURST, bytes: BYTES_BURST, at: Instant::now() }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Ending> {
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.messages = (self.messages + passed * RATE).min(BURST) - 1.0;
        self.bytes = (self.bytes + passed * BYTES_RATE).min(BYTES_BURST) - bytes as f64;
        if self.messages < 0.0 || self.bytes < 0.0 {
            return Err((CloseCode::TooManyMessages, "too many messages, slow down".into()));
        }
        Ok(())
    }
}
