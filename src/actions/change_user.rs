//! Changes an account: its name for others, password, rights, and whether it may be used.

use std::net::IpAddr;

use serde_json::{Map, json};

use crate::{
    actions::add_user::{check_clearance, check_name},
    app::App,
    audit,
    auth::{CurrentUser, back_off, password},
    db::{
        self,
        users::{Changes, User},
    },
    error::{Error, Result},
    ids::UserId,
    names,
};

/// What is to change; `None` stays as it is.
#[derive(Debug, Default)]
pub struct ChangeUser {
    pub display_name: Option<String>,
    pub password: Option<String>,
    pub is_admin: Option<bool>,
    pub clearance: Option<i64>,
    pub disabled: Option<bool>,
}

/// Changes the account `id`. A new password and disabling end its sessions.
pub async fn change_user(app: &App, by: &UserId, id: &UserId, change: ChangeUser) -> Result<User> {
    let display_name = change.display_name.as_deref().map(|name| check_name(name, "display_name")).transpose()?;
    change.clearance.map(check_clearance).transpose()?;
    let password_hash = match &change.password {
        Some(password) => {
            password::check_strength(password)?;
            Some(password::hash(password).await?)
        }
        None => None,
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // Two administrators cannot remove each other at the same time.
    db::folders::lock_tree(&mut tx).await?;
    audit::record(&mut tx, Some(by), now, audit::Event::new("user_changed").details(details(id, &change)));
    let changes =
        Changes { display_name: display_name.as_deref(), is_admin: change.is_admin, clearance: change.clearance };
    db::users::update(&mut tx, id, &changes).await?.ok_or_else(|| Error::not_found("user"))?;
    if let Some(disabled) = change.disabled {
        db::users::update_disabled(&mut tx, id, disabled.then_some(now)).await?;
    }
    if let Some(hash) = &password_hash {
        db::users::update_password(&mut tx, id, hash).await?;
    }
    if password_hash.is_some() || change.disabled == Some(true) {
        db::sessions::delete_of_user(&mut tx, id, "").await?;
    }
    if db::users::count_admins(&mut tx).await? == 0 {
        return Err(Error::conflict("last_admin", "one administrator has to remain"));
    }
    let user = db::users::find_in(&mut tx, id).await?.ok_or_else(|| Error::not_found("user"))?;
    tx.commit().await?;
    Ok(user)
}

/// Replaces the caller's own password; their other sessions end.
pub async fn change_own_password(app: &App, user: &CurrentUser, address: IpAddr, old: &str, new: &str) -> Result<()> {
    let token_hash = user.require_session()?;
    let name_key = names::key(&user.name);
    let attempt = back_off::begin(app, &name_key, address).await?;
    let (_, hash) = db::users::find_by_name(app.db.read(), &name_key).await?.ok_or_else(|| Error::not_found("user"))?;
    if !password::verify(old, hash).await? {
        return Err(Error::forbidden("wrong_password", "the old password is wrong").field("old_password"));
    }
    password::check_strength(new).map_err(|error| error.field("new_password"))?;
    let hash = password::hash(new).await?;
    let mut tx = app.db.begin().await?;
    attempt.succeeded(&mut tx).await?;
    db::users::update_password(&mut tx, &user.id, &hash).await?;
    db::sessions::delete_of_user(&mut tx, &user.id, token_hash).await?;
    audit::record(&mut tx, Some(&user.id), app.clock.now(), audit::Event::new("password_changed"));
    tx.commit().await
}

/// What the audit log keeps: which fields changed to what, never the password itself.
fn details(id: &UserId, change: &ChangeUser) -> serde_json::Value {
    let mut details = Map::from_iter([("user_id".to_owned(), json!(id))]);
    let mut note = |key: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            details.insert(key.to_owned(), value);
        }
    };
    note("display_name", change.display_name.as_ref().map(|name| json!(name)));
    note("password", change.password.as_ref().map(|_| json!("changed")));
    note("is_admin", change.is_admin.map(|is| json!(is)));
    note("clearance", change.clearance.map(|level| json!(level)));
    note("disabled", change.disabled.map(|is| json!(is)));
    details.into()
}
