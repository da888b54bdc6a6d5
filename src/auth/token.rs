//! How does a program sign in? With a token that its owner made; the table keeps its hash only.

use crate::{
    app::App,
    auth::{CurrentUser, SignedIn, hash_secret, new_secret, unauthorized},
    clock::Millis,
    db::{self, Tx, tokens::Token},
    error::{Error, Result},
    ids::{TokenId, UserId},
};

/// What every token begins with, so that people and secret scanners recognise one.
const PREFIX: &str = "wst_";
/// How exact `last_used_at` is.
const LAST_USED_STEP_MS: i64 = 60_000;

/// Makes a token for `user` and returns it with its secret, which is shown only now.
pub async fn create(
    tx: &mut Tx,
    user: &UserId,
    name: &str,
    expires_at: Option<Millis>,
    now: Millis,
) -> Result<(Token, String)> {
    let secret = format!("{PREFIX}{}", new_secret());
    let token = Token { id: TokenId::new(), name: name.to_owned(), created_at: now, expires_at, last_used_at: None };
    db::tokens::insert(tx, user, &token, &hash_secret(&secret)).await?;
    Ok((token, secret))
}

/// Finds the account that `secret` stands for, and until when it need not be looked at again.
pub async fn sign_in(app: &App, secret: &str) -> Result<(CurrentUser, Millis)> {
    let found = db::tokens::find_user(app.db.read(), &hash_secret(secret)).await?;
    let (found, expires_at) = found.ok_or_else(unauthorized)?;
    let now = app.clock.now();
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::unauthorized("token_expired", "this token has expired"));
    }
    let mut used_at = found.last_used_at;
    if used_at.is_none_or(|at| at + LAST_USED_STEP_MS <= now) {
        db::tokens::update_last_used(&app.db, &found.token_id, now).await?;
        used_at = Some(now);
    }
    let until = (used_at.unwrap_or(now) + LAST_USED_STEP_MS).min(expires_at.unwrap_or(Millis::MAX));
    Ok((CurrentUser::new(found.user, SignedIn::Token { id: found.token_id }), until))
}
