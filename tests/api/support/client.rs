//! How does a test talk to the server? Plain requests with a cookie or a token, and answers that are easy to check.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    /// `http://127.0.0.1:port`
    pub base: String,
    /// Id of the account; empty when nobody is signed in.
    pub id: String,
    pub name: String,
    /// Value of the session cookie; empty without one.
    pub cookie: String,
    /// Bearer token; empty without one.
    pub token: String,
}

/// A whole answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self {
            http,
            base: format!("http://{address}"),
            id: String::new(),
            name: String::new(),
            cookie: String::new(),
            token: String::new(),
        }
    }

    /// Signs in and keeps the cookie.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let answer = self.post("/session", json!({ "name": name, "password": password })).await;
        if let Some(cookie) = answer.header("set-cookie") {
            let value = cookie.strip_prefix("wenshu_session=").expect("the session cookie");
            self.cookie = value.split(';').next().expect("a value").to_owned();
        }
        answer
    }

    /// The same server as somebody who shows `token` and no cookie.
    pub fn with_token(&self, token: &str) -> Self {
        Self { cookie: String::new(), token: token.to_owned(), ..self.clone() }
    }

    /// Begins a request; `path` is below `/api/v1` unless it begins with `/api/` or is a full address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path {
            full if full.starts_with("http") => full.to_owned(),
            root if root.starts_with("/api/") => format!("{}{root}", self.base),
            resource => format!("{}/api/v1{resource}", self.base),
        };
        let mut request = self.http.request(method, url);
        if !self.cookie.is_empty() {
            request = request.header("cookie", format!("wenshu_session={}", self.cookie));
        }
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        request
    }

    /// Sends what [`Client::request`] began.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("a whole body").to_vec() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self}"))
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Checks the status and returns the answer.
    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// Checks status and code of a refusal and returns its error object.
    #[track_caller]
    pub fn assert_error(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self}");
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{self}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{self}");
        assert!(error["request_id"].as_str().is_some_and(|id| id.len() == 36), "{self}");
        error
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}
