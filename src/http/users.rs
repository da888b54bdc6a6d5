//! `/users`: accounts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{clock::Millis, db::users::User, ids::UserId};

/// An account as everybody who is signed in may see it.
#[derive(Serialize, ToSchema)]
pub struct UserView {
    id: UserId,
    name: String,
    display_name: String,
    is_admin: bool,
    clearance: i64,
    disabled: bool,
    created_at: Millis,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            display_name: user.display_name,
            is_admin: user.is_admin == 1,
            clearance: user.clearance,
            disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
        }
    }
}
