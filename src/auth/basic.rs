//! How does a drive sign in? File managers and office programs know HTTP Basic alone: name and password, or name and API
//! token, with every request and without a session.
//!
//! Argon2 would take a second of processor for every folder that is opened. So what was verified is remembered for a
//! while, in memory only, under a keyed hash of name, password and the stored hash of the password: a password that was
//! changed is another hash and is not found.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use moka::future::Cache;
use serde_json::json;
use sha2::Sha256;

use crate::{
    app::App,
    audit,
    auth::{back_off, bearer, password, policy::Caller, token},
    db,
    error::{Error, Result},
    names,
};

/// How long a verified password is remembered without being used.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// The longest that it is remembered.
const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);
/// Passwords that are remembered.
const MOST: u64 = 10_000;
/// What API tokens begin with.
const TOKEN_PREFIX: &str = "wst_";

/// The passwords that were verified a short while ago.
pub struct Verified {
    key: [u8; 32],
    known: Cache<[u8; 32], ()>,
}

impl Default for Verified {
    fn default() -> Self {
        let known = Cache::builder().max_capacity(MOST).time_to_idle(KEPT).time_to_live(LONGEST).build();
        Self { key: rand::random(), known }
    }
}

impl Verified {
    fn id(&self, name_key: &str, password: &str, stored: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key may have any length");
        for part in [name_key, stored, password] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// The account that the header `Authorization` stands for. A cookie is not looked at: another site could make a browser
/// send it.
pub async fn sign_in(app: &App, headers: &HeaderMap, address: IpAddr) -> Result<Caller> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    if let Some(secret) = bearer(authorization) {
        return Ok(Caller::from(&token::sign_in(app, secret).await?.0));
    }
    let (name, secret) = credentials(authorization).ok_or_else(unknown)?;
    let name_key = names::key(&names::tidy(&name)).replace('\0', "\u{1}");
    if secret.starts_with(TOKEN_PREFIX) {
        let (user, _) = token::sign_in(app, &secret).await?;
        if names::key(&user.name) != name_key {
            return Err(unknown());
        }
        return Ok(Caller::from(&user));
    }
    let found = db::users::find_by_name(app.db.read(), &name_key).await?;
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
    let id = app.verified.id(&name_key, &secret, stored.as_deref().unwrap_or_default());
    let active = user.filter(|user| user.disabled_at.is_none());
    // Programs open many connections at once: the password is checked once for all of them.
    let check = verify(app, &name_key, &secret, stored, active.as_ref().map(|user| &user.id), address);
    app.verified.known.try_get_with(id, check).await.map_err(|error: Arc<Error>| error.again())?;
    // Nobody gets here without an account: nothing is remembered for those who have none.
    active.as_ref().map(Caller::from).ok_or_else(unknown)
}

async fn verify(
    app: &App,
    name_key: &str,
    secret: &str,
    stored: Option<String>,
    user: Option<&crate::ids::UserId>,
    address: IpAddr,
) -> Result<()> {
    let attempt = back_off::begin(app, name_key, address).await?;
    let matches = password::verify(secret, stored).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(user) = user.filter(|_| matches) else {
        let event = audit::Event::new("sign_in_failed").details(json!({ "name": name_key, "by": "webdav" }));
        audit::record(&mut tx, None, now, event);
        tx.commit().await?;
        return Err(Error::unauthorized("wrong_password", "name or password is wrong"));
    };
    attempt.succeeded(&mut tx).await?;
    let event = audit::Event::new("signed_in").details(json!({ "by": "webdav" }));
    audit::record(&mut tx, Some(user), now, event);
    tx.commit().await
}

/// Name and password of RFC 7617, in UTF-8.
fn credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = plain.split_once(':')?;
    // Windows shows `DOMAIN\name` when somebody types a server before the name.
    let name = name.rsplit_once('\\').map_or(name, |(_, name)| name);
    Some((name.to_owned(), password.to_owned()))
}

fn unknown() -> Error {
    Error::unauthorized("unauthorized", "sign in with name and password, or with name and an API token as password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_as_programs_write_them() {
        let basic = |text: &str| credentials(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(basic("ada:a:b"), Some(("ada".into(), "a:b".into())));
        assert_eq!(basic("张三:密码"), Some(("张三".into(), "密码".into())));
        assert_eq!(basic(r"OFFICE\ada:x"), Some(("ada".into(), "x".into())));
        assert_eq!(basic("ada"), None);
        assert_eq!(credentials("Bearer x"), None);
        assert_eq!(credentials("Basic %%%"), None);
    }

    #[test]
    fn another_stored_hash_is_another_password() {
        let verified = Verified::default();
        assert_eq!(verified.id("ada", "secret", "h1"), verified.id("ada", "secret", "h1"));
        assert_ne!(verified.id("ada", "secret", "h1"), verified.id("ada", "secret", "h2"));
        assert_ne!(verified.id("ada", "xy", "z"), verified.id("ada", "x", "yz"));
        assert_ne!(Verified::default().id("ada", "secret", "h1"), verified.id("ada", "secret", "h1"));
    }
}
