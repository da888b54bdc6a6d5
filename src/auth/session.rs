//! How does a person sign in and stay so? Name and password make a session; its cookie is shown with every request.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use crate::{
    app::App,
    audit,
    auth::{CurrentUser, SignedIn, back_off, hash_secret, new_secret, password, unauthorized},
    clock::Millis,
    db::{self, Tx, users::User},
    error::{Error, Result},
    ids::UserId,
    names,
};

const COOKIE: &str = "wenshu_session";
/// Longest life of a session, used or not.
const MAX_AGE_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// How exact the idle limit is.
const LAST_SEEN_STEP_MS: i64 = 60_000;

/// Checks name and password and begins a session; returns the account and the cookie's value.
pub async fn sign_in(app: &App, name: &str, password: &str, address: IpAddr) -> Result<(User, String)> {
    // PostgreSQL takes no NUL in text; no account's name has a control character, so this one is just as unknown.
    let name_key = names::key(&names::tidy(name)).replace('\0', "\u{1}");
    let attempt = back_off::begin(app, &name_key, address).await?;
    let found = db::users::find_by_name(app.db.read(), &name_key).await?;
    let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
    let matches = password::verify(password, hash).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(user) = user.filter(|user| matches && user.disabled_at.is_none()) else {
        audit::record(&mut tx, None, now, audit::Event::new("sign_in_failed").details(json!({ "name": name_key })));
        tx.commit().await?;
        return Err(Error::unauthorized("wrong_password", "name or password is wrong"));
    };
    attempt.succeeded(&mut tx).await?;
    let secret = begin(&mut tx, &user.id, now).await?;
    audit::record(&mut tx, Some(&user.id), now, audit::Event::new("signed_in"));
    tx.commit().await?;
    Ok((user, secret))
}

/// Begins a session of `user` and returns the cookie's value.
pub async fn begin(tx: &mut Tx, user: &UserId, now: i64) -> Result<String> {
    let secret = new_secret();
    db::sessions::insert(tx, &hash_secret(&secret), user, now, now + MAX_AGE_MS).await?;
    Ok(secret)
}

/// Finds the account of a session that has not ended, and until when it need not be looked at again.
pub async fn resume(app: &App, secret: &str) -> Result<(CurrentUser, Millis)> {
    let (now, token_hash) = (app.clock.now(), hash_secret(secret));
    let used_after = now - app.config.session_idle_ms;
    let session = db::sessions::find(app.db.read(), &token_hash, now, used_after).await?.ok_or_else(unauthorized)?;
    let mut seen_at = session.last_seen_at;
    if seen_at + LAST_SEEN_STEP_MS <= now {
        db::sessions::update_last_seen(&app.db, &token_hash, now).await?;
        seen_at = now;
    }
    let until = session.expires_at.min(seen_at + LAST_SEEN_STEP_MS.min(app.config.session_idle_ms));
    Ok((CurrentUser::new(session.user, SignedIn::Session { token_hash }), until))
}

/// The value of the session cookie in a request.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// The `Set-Cookie` value that keeps `secret`; an empty one removes the cookie.
pub fn set_cookie(secret: &str, secure: bool) -> HeaderValue {
    let max_age_s = if secret.is_empty() { 0 } else { MAX_AGE_MS / 1000 };
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}"))
        .expect("base64 is a header value")
}
