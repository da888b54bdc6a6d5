//! How does a request fail? One error by outcome, with a stable code; it becomes the JSON body that DESIGN.md names.

use std::{borrow::Cow, fmt};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// The result of everything that answers a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// When to come back.
const BUSY_S: u64 = 5;

tokio::task_local! {
    /// The id of the request that the running task answers.
    pub static REQUEST_ID: String;
}

/// What came of a request that did not succeed. The client sees status, code and message; the source is logged only.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    field: Option<&'static str>,
    extra: Map<String, Value>,
    retry_after_s: Option<u64>,
    source: Option<anyhow::Error>,
}

impl Error {
    /// An error of any status; the named constructors below are to be preferred.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            field: None,
            extra: Map::new(),
            retry_after_s: None,
            source: None,
        }
    }

    /// 401: nobody is signed in, or not any more.
    pub fn unauthorized(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403: the caller may see it, but may not do this.
    pub fn forbidden(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 404 `<noun>_not_found`: it does not exist, or the caller may not know that it does.
    pub fn not_found(noun: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{noun}_not_found"), format!("there is no such {noun}"))
    }

    /// 400: the input is wrong; name the field with [`Error::field`].
    pub fn invalid(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 409: somebody or something was there first.
    pub fn conflict(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 413: more bytes than this server takes.
    pub fn too_large(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
    }

    /// 429: too many attempts; come back after `retry_after_s` seconds.
    pub fn too_many(code: &'static str, message: &'static str, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// 503: a part that is needed does not answer now.
    pub fn unavailable(code: &'static str, source: impl Into<anyhow::Error>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, "a part of the service does not answer, try again")
            .because(source)
    }

    /// 503: so much comes at once that this has to come later.
    pub fn busy() -> Self {
        let message = "too much is uploaded at once, try again in a moment";
        Self { retry_after_s: Some(BUSY_S), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message) }
    }

    /// 500: a fault of ours. The source goes to the log, not to the client.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an internal error happened").because(source)
    }

    /// 507: there is no space left for what was sent.
    pub fn disk_full(source: impl Into<anyhow::Error>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "there is no space left").because(source)
    }

    /// Names the input field that is wrong.
    pub fn field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Adds a further member to the error object.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// Takes a further member away again.
    pub fn without(mut self, key: &str) -> Self {
        self.extra.remove(key);
        self
    }

    /// Keeps the cause for the log.
    pub fn because(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error for somebody else who waited for the same thing; the cause stays as text.
    pub fn again(&self) -> Self {
        Self {
            status: self.status,
            code: self.code.clone(),
            message: self.message.clone(),
            field: self.field,
            extra: self.extra.clone(),
            retry_after_s: self.retry_after_s,
            source: self.source.as_ref().map(|source| anyhow::anyhow!("{source:#}")),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A further member of the error object, when it is text.
    pub fn member(&self, key: &str) -> Option<&str> {
        self.extra.get(key)?.as_str()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.source {
            Some(source) => write!(f, " ({source:#})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Error::unavailable("database_unavailable", error)
            }
            sqlx::Error::Database(db) if is_full(db.as_ref()) => Error::disk_full(error),
            // PostgreSQL's "not in repertoire": text with NUL, which nobody types.
            sqlx::Error::Database(db) if db.code().is_some_and(|code| code == "22021") => {
                Error::invalid("text_invalid", "text must not contain NUL").because(error)
            }
            _ => Error::internal(error),
        }
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        match &error {
            storage::Error::Full { .. } => Error::disk_full(error),
            storage::Error::Busy => Error::busy(),
            // A key that is missing is told at the start; later only when somebody changed it meanwhile.
            storage::Error::Unavailable { .. } | storage::Error::KeyMissing | storage::Error::KeyWrong => {
                Error::unavailable("storage_unavailable", error)
            }
            // Never 404: the database says that it exists.
            storage::Error::Damaged { .. } | storage::Error::Missing { .. } => {
                let message = "the stored content is damaged or lost: tell an administrator".into();
                Error { code: "content_damaged".into(), message, ..Error::internal(error) }
            }
            _ => Error::internal(error),
        }
    }
}

/// SQLITE_FULL (13) or PostgreSQL's disk_full (53100).
fn is_full(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "13" || code == "53100")
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        // Whoever has used up a quota hears of it; nothing is wrong with the server.
        if self.status.is_server_error() && !crate::actions::quota::is_refusal(&self) {
            tracing::error!(request.id = request_id, code = %self.code, error = %self, "request failed");
        }
        let mut error = self.extra;
        error.insert("code".into(), json!(self.code));
        error.insert("message".into(), json!(self.message));
        error.insert("request_id".into(), json!(request_id));
        if let Some(field) = self.field {
            error.insert("field".into(), json!(field));
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
