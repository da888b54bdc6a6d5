//! How frames travel in the tests: by WebSocket, by event stream and requests, or by answers that end at once.

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};
use wenshu::rooms::lib0::put_buffer;

use crate::support::{Answer, Client};

/// One connection.
pub enum Wire {
    Socket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Http(Box<Http>),
}

/// What came.
#[derive(Debug)]
pub enum Came {
    Frame(Vec<u8>),
    Closed(u16, String),
}

/// A connection without a WebSocket.
pub struct Http {
    client: Client,
    room: String,
    /// `None` when polling.
    response: Option<reqwest::Response>,
    text: String,
    /// The name that the server gave it.
    pub connection: String,
    /// Frames sent.
    pub sent: u64,
    /// The last mark that arrived.
    pub mark: u64,
}

impl Wire {
    /// By WebSocket.
    pub async fn socket(client: &Client, room: &str, query: &str) -> Self {
        let url = format!("{}/api/v1/rooms/{room}?{query}", client.base.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        if !client.cookie.is_empty() {
            let cookie = format!("wenshu_session={}", client.cookie);
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("the upgrade succeeds");
        Self::Socket(Box::new(socket))
    }

    /// By an event stream.
    pub async fn stream(client: &Client, room: &str) -> Self {
        Self::Http(Box::new(Http::open(client, room, false).await))
    }

    /// By polling.
    pub async fn poll(client: &Client, room: &str) -> Self {
        Self::Http(Box::new(Http::open(client, room, true).await))
    }

    pub async fn send(&mut self, frame: Vec<u8>) {
        match self {
            // A server that has closed does not listen; the test finds out by what it hears.
            Self::Socket(socket) => drop(socket.send(Message::Binary(frame.into())).await),
            Self::Http(http) => drop(http.send(&[&frame]).await),
        }
    }

    pub async fn next(&mut self) -> Came {
        match self {
            Self::Socket(socket) => loop {
                return match socket.next().await {
                    Some(Ok(Message::Binary(frame))) => Came::Frame(frame.to_vec()),
                    Some(Ok(Message::Close(Some(close)))) => Came::Closed(close.code.into(), close.reason.to_string()),
                    Some(Ok(_)) => continue,
                    other => Came::Closed(1006, format!("{other:?}")),
                };
            },
            Self::Http(http) => http.next().await,
        }
    }

    pub async fn close(self) {
        if let Self::Socket(mut socket) = self {
            let _ = SinkExt::close(&mut socket).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    }
}

impl Http {
    /// Connects; waits until the server has named the connection.
    pub async fn open(client: &Client, room: &str, polls: bool) -> Self {
        let path = format!("/rooms/{room}/events?ack=1{}", if polls { "&poll=1" } else { "" });
        // What a browser says; an answer that is compressed would be held back.
        let request = client.request(Method::GET, &path).header("accept-encoding", "gzip, deflate, br, zstd");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
        assert_eq!(header("content-encoding"), None);
        assert_eq!(header("cache-control").as_deref(), Some("no-store, no-transform"));
        assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
        let mut http = Self {
            client: client.clone(),
            room: room.to_owned(),
            response: Some(response),
            text: String::new(),
            connection: String::new(),
            sent: 0,
            mark: 0,
        };
        let (name, data) = http.event().await.expect("an event");
        assert_eq!(name, "open");
        http.connection = data;
        if polls {
            http.response = None;
            http.text.clear();
        }
        http
    }

    /// Sends frames after those that were sent before.
    pub async fn send(&mut self, frames: &[&[u8]]) -> Answer {
        let from = self.sent;
        self.sent += frames.len() as u64;
        self.send_from(&self.client, from, frames).await
    }

    /// Sends frames in somebody's name from a stated place.
    pub async fn send_from(&self, client: &Client, from: u64, frames: &[&[u8]]) -> Answer {
        let mut body = Vec::new();
        frames.iter().for_each(|frame| put_buffer(&mut body, frame));
        self.send_body(client, from, body).await
    }

    pub async fn send_body(&self, client: &Client, from: u64, body: Vec<u8>) -> Answer {
        let path = format!("/rooms/{}/messages?connection={}&from={from}", self.room, self.connection);
        client.send(client.request(Method::POST, &path).body(body)).await
    }

    /// Asks once for what there is after `after`, and does not take it.
    pub async fn ask(&self, after: u64) -> Answer {
        let path = format!("/rooms/{}/events?poll=1&connection={}&after={after}", self.room, self.connection);
        self.client.get(&path).await
    }

    async fn next(&mut self) -> Came {
        use base64::{Engine, engine::general_purpose::STANDARD};
        loop {
            if self.response.is_none() && self.text.is_empty() {
                let answer = self.ask(self.mark).await;
                if answer.status != 200 {
                    return Came::Closed(1006, answer.to_string());
                }
                self.text = String::from_utf8(answer.body).unwrap();
            }
            let Some((name, data)) = self.event().await else {
                return Came::Closed(1006, "the stream ended".into());
            };
            match name.as_str() {
                "message" => return Came::Frame(STANDARD.decode(data).unwrap()),
                "close" => {
                    let (code, reason) = data.split_once(' ').unwrap();
                    return Came::Closed(code.parse().unwrap(), reason.to_owned());
                }
                "mark" => self.mark = data.parse().unwrap(),
                other => panic!("an unknown event {other}"),
            }
        }
    }

    /// Name and data of the next event that is not a comment.
    async fn event(&mut self) -> Option<(String, String)> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let value = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
                if let Some(data) = value("data: ") {
                    return Some((value("event: ").unwrap_or("message".into()), data));
                }
            }
            let chunk = self.response.as_mut()?.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
