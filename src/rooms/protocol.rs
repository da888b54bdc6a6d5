//! What do messages of y-websocket look like? Frames of y-protocols (sync, awareness, auth) and this server's own two.

use bytes::Bytes;

use crate::rooms::lib0::{Malformed, Reader, put_buffer, put_uint};

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const QUERY_AWARENESS: u64 = 3;
/// How many of a connection's updates are durable; only sent to clients that asked with `?ack=1`.
const SAVED: u64 = 100;
/// Why something was refused; only sent to clients that asked with `?ack=1`.
const REFUSED: u64 = 101;

const SYNC_STEP1: u64 = 0;
const SYNC_STEP2: u64 = 1;
const SYNC_UPDATE: u64 = 2;
const PERMISSION_DENIED: u64 = 0;

/// What a client may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Asks for what its state vector lacks.
    SyncStep1(&'a [u8]),
    /// Brings an update: in answer to the server's step 1, or an edit.
    Update(&'a [u8]),
    /// Who is here and where their cursors are.
    Awareness(&'a [u8]),
    /// Asks for everybody's awareness.
    QueryAwareness,
}

impl<'a> Message<'a> {
    /// Reads one frame.
    pub fn read(frame: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(frame);
        let message = match reader.uint()? {
            SYNC => match reader.uint()? {
                SYNC_STEP1 => Message::SyncStep1(reader.buffer()?),
                SYNC_STEP2 | SYNC_UPDATE => Message::Update(reader.buffer()?),
                _ => return Err("the sync message is of no known type"),
            },
            AWARENESS => Message::Awareness(reader.buffer()?),
            QUERY_AWARENESS => Message::QueryAwareness,
            _ => return Err("the message is of no known type"),
        };
        reader.end()?;
        Ok(message)
    }
}

fn sync(kind: u64, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 8);
    put_uint(&mut out, SYNC);
    put_uint(&mut out, kind);
    put_buffer(&mut out, payload);
    out.into()
}

/// Asks a client for what `state_vector` lacks.
pub fn sync_step1(state_vector: &[u8]) -> Bytes {
    sync(SYNC_STEP1, state_vector)
}

/// Ends the answer to a client's step 1: after it the client counts as synchronised.
pub fn sync_step2(update: &[u8]) -> Bytes {
    sync(SYNC_STEP2, update)
}

/// Brings an update.
pub fn update(update: &[u8]) -> Bytes {
    sync(SYNC_UPDATE, update)
}

/// Brings awareness states.
pub fn awareness(states: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(states.len() + 8);
    put_uint(&mut out, AWARENESS);
    put_buffer(&mut out, states);
    out.into()
}

/// Tells any y-websocket client that something was refused.
pub fn permission_denied(reason: &str) -> Bytes {
    let mut out = Vec::new();
    put_uint(&mut out, AUTH);
    put_uint(&mut out, PERMISSION_DENIED);
    put_buffer(&mut out, reason.as_bytes());
    out.into()
}

/// Tells how many of the connection's update messages are durable, counted in the order in which they came.
pub fn saved(count: u64) -> Bytes {
    let mut out = Vec::with_capacity(6);
    put_uint(&mut out, SAVED);
    put_uint(&mut out, count);
    out.into()
}

/// Tells why something was refused.
pub fn refused(code: &str, message: &str) -> Bytes {
    let mut out = Vec::new();
    put_uint(&mut out, REFUSED);
    put_buffer(&mut out, code.as_bytes());
    put_buffer(&mut out, message.as_bytes());
    out.into()
}

/// Why the server ends a connection: WebSocket close codes, stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// The server restarts, or the room starts afresh after a failed write: connect again, everything unsaved is sent once more.
    Restarting,
    /// The client reads too slowly; connecting again brings it up to date.
    TooSlow,
    Malformed,
    Unauthorized,
    Forbidden,
    RoomNotFound,
    MessageTooLarge,
    TooManyMessages,
}

impl CloseCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Restarting => 1012,
            Self::TooSlow => 1013,
            Self::Malformed => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::RoomNotFound => 4404,
            Self::MessageTooLarge => 4413,
            Self::TooManyMessages => 4429,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        assert_eq!(Message::read(&sync_step1(&[0])), Ok(Message::SyncStep1(&[0])));
        assert_eq!(Message::read(&sync_step2(&[0, 0])), Ok(Message::Update(&[0, 0])));
        assert_eq!(Message::read(&update(&[0, 0])), Ok(Message::Update(&[0, 0])));
        assert_eq!(Message::read(&awareness(&[0])), Ok(Message::Awareness(&[0])));
        assert_eq!(Message::read(&[3]), Ok(Message::QueryAwareness));
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        for frame in [&[][..], &[9], &[0, 7, 0], &[0, 2, 5, 1], &[0, 2, 1, 1, 1], &[2, 0], &[100, 1], &[3, 3]] {
            assert!(Message::read(frame).is_err(), "{frame:?}");
        }
    }

    proptest! {
        #[test]
        fn any_frame_is_read_without_a_panic(frame: Vec<u8>) {
            let _ = Message::read(&frame);
        }
    }
}
