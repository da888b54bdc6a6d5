//! How does a client speak with a server? y-protocols over a WebSocket; Hocuspocus puts the document's name before each message
//! and wants a token first. No document is built here: the load generator must not be what is measured.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use wenshu::rooms::lib0::{Reader, put_buffer, put_uint};

use crate::{
    servers::{Kind, Place},
    updates,
};

/// How long a server may take to say something that must come.
const PATIENCE: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<TcpStream>;
pub type Sink = SplitSink<Socket, Message>;
pub type Stream = SplitStream<Socket>;

/// Message types of Hocuspocus and y-protocols.
const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const SYNC_REPLY: u64 = 4;
const SAVED: u64 = 100;

/// How messages of one room are written and read.
#[derive(Clone)]
pub struct Dialect {
    /// Stands before each message.
    prefix: Vec<u8>,
}

/// What a server says.
pub enum Heard<'a> {
    Step1,
    Step2(&'a [u8]),
    Update(&'a [u8]),
    /// How many of this connection's updates are durable; only Wenshu says so.
    Saved(u64),
    Authenticated,
    Other,
}

impl Dialect {
    fn of(place: &Place) -> Self {
        let mut prefix = Vec::new();
        if place.kind == Kind::Hocuspocus {
            put_buffer(&mut prefix, place.name.as_bytes());
        }
        Self { prefix }
    }

    fn sync(&self, step: u64, payload: &[u8]) -> Message {
        let mut out = Vec::with_capacity(self.prefix.len() + payload.len() + 8);
        out.extend_from_slice(&self.prefix);
        put_uint(&mut out, SYNC);
        put_uint(&mut out, step);
        put_buffer(&mut out, payload);
        Message::Binary(out.into())
    }

    /// An edit.
    pub fn update(&self, payload: &[u8]) -> Message {
        self.sync(2, payload)
    }

    /// The presence of client number `client`.
    fn awareness(&self, client: u64) -> Message {
        let mut states = vec![1];
        put_uint(&mut states, client);
        put_uint(&mut states, 1);
        put_buffer(&mut states, br#"{"cursor":null}"#);
        let mut out = self.prefix.clone();
        put_uint(&mut out, AWARENESS);
        put_buffer(&mut out, &states);
        Message::Binary(out.into())
    }

    fn token(&self) -> Message {
        let mut out = self.prefix.clone();
        put_uint(&mut out, AUTH);
        put_uint(&mut out, 0);
        put_buffer(&mut out, b"bench");
        Message::Binary(out.into())
    }

    /// Reads a frame.
    pub fn read<'a>(&self, frame: &'a [u8]) -> Result<Heard<'a>> {
        let why = anyhow::Error::msg;
        let mut reader = Reader::new(frame);
        if !self.prefix.is_empty() {
            reader.take(self.prefix.len()).map_err(why)?;
        }
        Ok(match reader.uint().map_err(why)? {
            SYNC | SYNC_REPLY => match (reader.uint().map_err(why)?, reader.buffer().map_err(why)?) {
                (0, _) => Heard::Step1,
                (1, update) => Heard::Step2(update),
                (_, update) => Heard::Update(update),
            },
            AUTH if !self.prefix.is_empty() => match reader.uint().map_err(why)? {
                2 => Heard::Authenticated,
                other => bail!("authentication answered with {other}"),
            },
            SAVED => Heard::Saved(reader.uint().map_err(why)?),
            _ => Heard::Other,
        })
    }
}

/// A connection to a room.
pub struct Client {
    socket: Socket,
    pub dialect: Dialect,
}

impl Client {
    /// Connects and gets as far as the room.
    pub async fn open(place: &Place) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", place.port)).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(16 << 10).write_buffer_size(16 << 10);
        let config = config.max_message_size(None).max_frame_size(None);
        let opened = client_async_with_config(place.url(), stream, Some(config));
        let (socket, _) = timeout(PATIENCE, opened).await.context("no answer to the upgrade")??;
        let mut client = Self { socket, dialect: Dialect::of(place) };
        if place.kind == Kind::Hocuspocus {
            client.socket.send(client.dialect.token()).await?;
            client.hear(|heard| matches!(heard, Heard::Authenticated).then_some(())).await?;
        }
        Ok(client)
    }

    /// The next frame.
    async fn next(&mut self) -> Result<Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) => return Ok(frame),
                Some(Ok(Message::Close(why))) => bail!("closed: {why:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => bail!("the connection is gone"),
            }
        }
    }

    /// Hears until `wanted` has what it wants. The server's step 1 is answered with an empty update.
    pub async fn hear<T>(&mut self, mut wanted: impl FnMut(&Heard) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = timeout_at(deadline, self.next()).await.context("what must come does not")??;
            let heard = self.dialect.read(&frame)?;
            let found = wanted(&heard);
            if matches!(heard, Heard::Step1) {
                self.socket.send(self.dialect.sync(1, updates::EMPTY)).await?;
            }
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// Asks for what `state_vector` lacks and waits for sync step 2; all updates heard meanwhile.
    pub async fn sync(&mut self, state_vector: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.sync_at_least(state_vector, 0).await
    }

    /// The same, but waits for `bytes` of updates too: y-websocket says step 2 before it has read the document.
    pub async fn sync_at_least(&mut self, state_vector: &[u8], bytes: usize) -> Result<Vec<Vec<u8>>> {
        self.socket.send(self.dialect.sync(0, state_vector)).await?;
        let (mut updates, mut synchronised) = (Vec::new(), false);
        self.hear(|heard| {
            if let Heard::Step2(update) | Heard::Update(update) = heard {
                synchronised |= matches!(heard, Heard::Step2(_));
                updates.push(update.to_vec());
            }
            (synchronised && updates.iter().map(Vec::len).sum::<usize>() >= bytes).then_some(())
        })
        .await?;
        Ok(updates)
    }

    /// Stays for a while; what is heard.
    pub async fn linger(&mut self, time: Duration) -> Result<Vec<Vec<u8>>> {
        let mut updates = Vec::new();
        let listening = self.hear(|heard| -> Option<()> {
            if let Heard::Step2(update) | Heard::Update(update) = heard {
                updates.push(update.to_vec());
            }
            None
        });
        match timeout(time, listening).await {
            Ok(Err(error)) => Err(error),
            _ => Ok(updates),
        }
    }

    /// Shows itself to the others.
    pub async fn appear(&mut self, client: u64) -> Result<()> {
        Ok(self.socket.send(self.dialect.awareness(client)).await?)
    }

    /// Sends edits, one message each, at once.
    pub async fn write(&mut self, updates: impl IntoIterator<Item = Vec<u8>>) -> Result<()> {
        for update in updates {
            self.socket.feed(self.dialect.update(&update)).await?;
        }
        Ok(self.socket.flush().await?)
    }

    /// Both directions by themselves.
    pub fn split(self) -> (Sink, Stream, Dialect) {
        let (sink, stream) = self.socket.split();
        (sink, stream, self.dialect)
    }

    /// Leaves in order.
    pub async fn leave(mut self) -> Result<()> {
        self.socket.close(None).await?;
        let gone = timeout(PATIENCE, async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
        ensure!(gone.is_ok(), "the server does not close");
        Ok(())
    }
}
