//! Adds an account.

use serde_json::json;

use crate::{
    app::App,
    audit,
    auth::password,
    db::{
        self,
        users::{NewUser, User},
    },
    error::{Error, Result},
    ids::UserId,
    names,
};

/// Longest sign-in or display name, in characters.
const NAME_MAX_CHARS: usize = 64;

/// What is known of a new account.
#[derive(Clone, Debug, Default)]
pub struct AddUser {
    pub name: String,
    /// Empty: the sign-in name.
    pub display_name: String,
    pub password: String,
    pub is_admin: bool,
    pub clearance: Option<i64>,
}

/// Adds an account; `by` is `None` on the command line.
pub async fn add_user(app: &App, by: Option<&UserId>, input: AddUser) -> Result<User> {
    let name = check_name(&input.name, "name")?;
    let display_name = match input.display_name.trim() {
        "" => name.clone(),
        given => check_name(given, "display_name")?,
    };
    password::check_strength(&input.password)?;
    let clearance = check_clearance(input.clearance.unwrap_or(1))?;
    let password_hash = password::hash(&input.password).await?;
    let (id, now) = (UserId::new(), app.clock.now());
    let new = NewUser {
        id: &id,
        name: &name,
        name_key: &names::key(&name),
        display_name: &display_name,
        password_hash: Some(&password_hash),
        is_admin: input.is_admin,
        clearance,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    let user = db::users::insert(&mut tx, &new)
        .await?
        .ok_or_else(|| Error::conflict("user_name_taken", "an account of this name exists").field("name"))?;
    let details = json!({ "user_id": id, "name": name, "is_admin": input.is_admin, "clearance": clearance });
    audit::record(&mut tx, by, now, audit::Event::new("user_added").details(details));
    tx.commit().await?;
    Ok(user)
}

/// Returns a tidy name of a person, or refuses it.
pub fn check_name(name: &str, field: &'static str) -> Result<String> {
    let name = names::tidy(name);
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::invalid("name_invalid", "a name is not empty and has no control characters").field(field));
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return Err(Error::invalid("name_too_long", "a name has at most 64 characters").field(field));
    }
    Ok(name)
}

/// Refuses what is no level.
pub fn check_clearance(level: i64) -> Result<i64> {
    if (0..=3).contains(&level) {
        return Ok(level);
    }
    Err(Error::invalid("level_invalid", "levels are 0 to 3").field("clearance"))
}
