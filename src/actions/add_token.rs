//! Makes an API token for an account.

use serde_json::json;

use crate::{
    actions::add_user::check_name,
    app::App,
    audit,
    auth::token,
    clock::Millis,
    db::tokens::Token,
    error::{Error, Result},
    ids::UserId,
};

/// Adds a token named `name` that acts for `owner`; returns it with its secret. `by` is `None` on the command line.
pub async fn add_token(
    app: &App,
    owner: &UserId,
    by: Option<&UserId>,
    name: &str,
    expires_at: Option<Millis>,
) -> Result<(Token, String)> {
    let name = check_name(name, "name")?;
    let now = app.clock.now();
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::invalid("expiry_invalid", "a token expires in the future").field("expires_at"));
    }
    let mut tx = app.db.begin().await?;
    let (token, secret) = token::create(&mut tx, owner, &name, expires_at, now).await?;
    let details = json!({ "token_id": token.id, "name": name, "user_id": owner });
    audit::record(&mut tx, by, now, audit::Event::new("token_created").details(details));
    tx.commit().await?;
    Ok((token, secret))
}
