//! Somebody who edits: a real Yrs document behind a real WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};
use wenshu::rooms::{
    awareness,
    lib0::{Reader, put_buffer, put_uint},
    protocol,
};
use yrs::{
    Doc, GetString, ReadTxn, StateVector, Text, Transact, Update, WriteTxn, XmlElementPrelim, XmlFragment,
    XmlTextPrelim,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::support::Client;

const PATIENCE: Duration = Duration::from_secs(10);

/// A message from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Step1(Vec<u8>),
    Step2(Vec<u8>),
    Update(Vec<u8>),
    Awareness(Vec<awareness::Entry>),
    Denied(String),
    Saved(u64),
    Refused(String),
    Closed(u16, String),
}

/// A connection with its document.
pub struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub doc: Doc,
    /// How many updates the server said are durable.
    pub saved: u64,
    /// Updates sent.
    pub sent: u64,
}

impl Peer {
    /// Connects without saying anything.
    pub async fn connect(client: &Client, room: &str, query: &str) -> Self {
        Self::connect_with(client, room, query, Doc::new()).await
    }

    /// Connects with a document that exists already.
    pub async fn connect_with(client: &Client, room: &str, query: &str, doc: Doc) -> Self {
        let url = format!("{}/api/v1/rooms/{room}?{query}", client.base.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        if !client.cookie.is_empty() {
            let cookie = format!("wenshu_session={}", client.cookie);
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("the upgrade succeeds");
        Self { socket, doc, saved: 0, sent: 0 }
    }

    /// Connects, and exchanges with the server what each lacks.
    pub async fn join(client: &Client, room: &str) -> Self {
        let mut peer = Self::connect(client, room, "ack=1").await;
        peer.synchronise().await;
        peer
    }

    /// Does what y-websocket does at the start: asks, answers, waits for step 2.
    pub async fn synchronise(&mut self) {
        let has = self.doc.transact().state_vector().encode_v1();
        self.send(protocol::sync_step1(&has)).await;
        let (mut asked, mut answered) = (false, false);
        while !(asked && answered) {
            match self.hear().await {
                Heard::Step1(state) => {
                    let state = StateVector::decode_v1(&state).unwrap();
                    let update = self.doc.transact().encode_state_as_update_v1(&state);
                    self.sent += 1;
                    self.send(protocol::sync_step2(&update)).await;
                    asked = true;
                }
                Heard::Step2(_) => answered = true,
                Heard::Closed(code, reason) => panic!("closed with {code} {reason}"),
                _ => {}
            }
        }
    }

    /// Types a paragraph and sends the edit.
    pub async fn write(&mut self, text: &str) {
        let update = {
            let mut tx = self.doc.transact_mut();
            let body = tx.get_or_insert_xml_fragment("default");
            let paragraph = body.push_back(&mut tx, XmlElementPrelim::empty("paragraph"));
            paragraph.push_back(&mut tx, XmlTextPrelim::new(text));
            tx.encode_update_v1()
        };
        self.send_update(&update).await;
    }

    /// Sends bytes as an edit.
    pub async fn send_update(&mut self, update: &[u8]) {
        self.sent += 1;
        self.send(protocol::update(update)).await;
    }

    /// Sends an awareness state.
    pub async fn point(&mut self, client: u64, clock: u32, state: &str) {
        let states = awareness::write([(client, clock, state)].into_iter());
        self.send(protocol::awareness(&states)).await;
    }

    pub async fn send(&mut self, frame: impl Into<Vec<u8>>) {
        // A server that has closed does not listen; the test finds out by what it hears.
        let _ = self.socket.send(Message::Binary(frame.into().into())).await;
    }

    /// The next message; applied to the document when it is an update.
    pub async fn hear(&mut self) -> Heard {
        self.hear_within(PATIENCE).await.expect("the server says something")
    }

    pub async fn hear_within(&mut self, patience: Duration) -> Option<Heard> {
        loop {
            let heard = match timeout(patience, self.socket.next()).await.ok()? {
                Some(Ok(Message::Binary(frame))) => read(&frame),
                Some(Ok(Message::Close(Some(close)))) => Heard::Closed(close.code.into(), close.reason.to_string()),
                Some(Ok(_)) => continue,
                other => Heard::Closed(1006, format!("{other:?}")),
            };
            match &heard {
                Heard::Step2(update) | Heard::Update(update) => {
                    self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
                }
                Heard::Saved(count) => self.saved = *count,
                Heard::Awareness(states) if states.is_empty() => continue,
                _ => {}
            }
            return Some(heard);
        }
    }

    /// Hears until something is as it should be.
    pub async fn hear_until(&mut self, mut is: impl FnMut(&Heard) -> bool) -> Heard {
        loop {
            let heard = self.hear().await;
            if is(&heard) {
                return heard;
            }
            if let Heard::Closed(code, reason) = heard {
                panic!("closed with {code} {reason}");
            }
        }
    }

    /// Waits until everything sent is durable.
    pub async fn wait_saved(&mut self) {
        while self.saved < self.sent {
            if let Heard::Closed(code, reason) = self.hear().await {
                panic!("closed with {code} {reason}");
            }
        }
    }

    /// Waits until the document has `text`.
    pub async fn wait_for(&mut self, text: &str) {
        while !self.text().contains(text) {
            if let Heard::Closed(code, reason) = self.hear().await {
                panic!("closed with {code} {reason}");
            }
        }
    }

    /// Waits for the end of the connection.
    pub async fn closing(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(code, reason) = self.hear().await {
                return (code, reason);
            }
        }
    }

    /// The body as XML.
    pub fn text(&self) -> String {
        text_of(&self.doc)
    }

    /// Ends the connection in order.
    pub async fn leave(mut self) -> Doc {
        let _ = self.socket.close(None).await;
        while let Some(Ok(_)) = self.socket.next().await {}
        self.doc
    }
}

/// The body of a document as XML.
pub fn text_of(doc: &Doc) -> String {
    let mut tx = doc.transact_mut();
    let body = tx.get_or_insert_xml_fragment("default");
    body.get_string(&tx)
}

fn read(frame: &[u8]) -> Heard {
    let mut reader = Reader::new(frame);
    let kind = (reader.uint().unwrap(), frame.get(1).copied());
    match kind {
        (0, Some(step)) => {
            reader.byte().unwrap();
            let payload = reader.buffer().unwrap().to_vec();
            match step {
                0 => Heard::Step1(payload),
                1 => Heard::Step2(payload),
                _ => Heard::Update(payload),
            }
        }
        (1, _) => Heard::Awareness(awareness::read(reader.buffer().unwrap()).unwrap()),
        (2, _) => {
            assert_eq!(reader.uint(), Ok(0));
            Heard::Denied(reader.string().unwrap().to_owned())
        }
        (100, _) => Heard::Saved(reader.uint().unwrap()),
        (101, _) => Heard::Refused(reader.string().unwrap().to_owned()),
        other => panic!("an unknown message {other:?}"),
    }
}

/// An update that yrs takes and that corrupts memory when it is applied: the section of a client repeats.
pub fn repeated_section() -> Vec<u8> {
    let section = |out: &mut Vec<u8>, text: &str| {
        put_uint(out, 1); // one struct
        put_uint(out, 77); // client
        put_uint(out, 0); // clock
        out.push(4); // a string in a named parent
        put_uint(out, 1);
        put_buffer(out, b"t");
        put_buffer(out, text.as_bytes());
    };
    let mut out = vec![2];
    section(&mut out, "first");
    section(&mut out, "second");
    out.push(0);
    out
}

/// The text of a document as typed, for edits outside the body.
pub fn typed(doc: &Doc, text: &str) -> Vec<u8> {
    let mut tx = doc.transact_mut();
    let shared = tx.get_or_insert_text("t");
    shared.push(&mut tx, text);
    tx.encode_update_v1()
}
