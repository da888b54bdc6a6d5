//! Who is calling? The account behind a session cookie or a bearer token.

pub mod back_off;
pub mod basic;
pub mod guests;
pub mod password;
pub mod policy;
pub mod session;
pub mod token;

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{header, request::Parts},
};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    clock::Millis,
    db::users::User,
    error::{Error, Result},
    ids::{TokenId, UserId},
};

/// How the caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SignedIn {
    /// By a cookie; its hash names the session.
    Session { token_hash: String },
    /// By an API token.
    Token { id: TokenId },
}

/// The account that a request acts for. As an argument of a handler it refuses everybody else with 401.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    pub id: UserId,
    pub name: String,
    pub display_name: String,
    pub is_admin: bool,
    /// Highest level of document that this person may see.
    pub clearance: i64,
    pub signed_in: SignedIn,
}

impl CurrentUser {
    fn new(user: User, signed_in: SignedIn) -> Self {
        Self {
            id: user.id,
            name: user.name,
            display_name: user.display_name,
            is_admin: user.is_admin == 1,
            clearance: user.clearance,
            signed_in,
        }
    }

    /// Refuses everybody who is not an administrator.
    pub fn require_admin(&self) -> Result<()> {
        if self.is_admin {
            return Ok(());
        }
        Err(Error::forbidden("admin_required", "only an administrator may do this"))
    }

    /// Refuses programs: what makes further credentials needs the person.
    pub fn require_session(&self) -> Result<&str> {
        match &self.signed_in {
            SignedIn::Session { token_hash } => Ok(token_hash),
            SignedIn::Token { .. } => {
                Err(Error::forbidden("session_required", "sign in with name and password for this"))
            }
        }
    }
}

impl FromRequestParts<App> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let shown = Shown::read(parts)?;
        match is_room(parts) || is_upload(parts) {
            true => app.guests.who(app, &shown).await,
            false => Ok(shown.look_up(app).await?.0),
        }
    }
}

/// What a caller shows to prove who they are.
enum Shown {
    Token(String),
    Cookie(String),
}

impl Shown {
    fn read(parts: &Parts) -> Result<Self> {
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let secret = authorization.to_str().ok().and_then(bearer).ok_or_else(unauthorized)?;
            return Ok(Self::Token(secret.to_owned()));
        }
        if let Some(secret) = token_of_room(parts) {
            return Ok(Self::Token(secret));
        }
        session::cookie(&parts.headers).map(|secret| Self::Cookie(secret.to_owned())).ok_or_else(unauthorized)
    }

    /// Whom it stands for, and until when this needs not be asked again if nothing happens.
    async fn look_up(&self, app: &App) -> Result<(CurrentUser, Millis)> {
        match self {
            Self::Token(secret) => token::sign_in(app, secret).await,
            Self::Cookie(secret) => session::resume(app, secret).await,
        }
    }
}

fn unauthorized() -> Error {
    Error::unauthorized("unauthorized", "sign in first")
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, secret) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn is_room(parts: &Parts) -> bool {
    parts.extensions.get::<MatchedPath>().is_some_and(|route| route.as_str().starts_with("/api/v1/rooms/"))
}

fn is_upload(parts: &Parts) -> bool {
    parts.extensions.get::<MatchedPath>().is_some_and(|route| route.as_str().starts_with("/api/v1/uploads"))
}

/// The token in the address: browsers cannot send headers with a WebSocket. Elsewhere it would end in logs and histories.
fn token_of_room(parts: &Parts) -> Option<String> {
    if !is_room(parts) {
        return None;
    }
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    query.0.into_iter().find(|(name, _)| name == "token").map(|(_, value)| value)
}

/// A new secret: 32 random bytes as text.
fn new_secret() -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What the database keeps of a secret.
fn hash_secret(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
