//! Says how much a library or a person may keep. What is kept already stays, also when it is more.

use serde_json::json;

use crate::{
    app::App,
    audit,
    db::{self, usage::Owner},
    error::Result,
    ids::UserId,
};

/// How much may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// What the settings say.
    Default,
    Unlimited,
    Bytes(i64),
}

impl Quota {
    /// As stored: see [`db::usage::Usage::quota_bytes`].
    fn stored(self) -> Option<i64> {
        match self {
            Quota::Default => None,
            Quota::Unlimited => Some(-1),
            Quota::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Sets the quota of `owner`.
pub async fn set_quota(app: &App, by: &UserId, owner: Owner<'_>, quota: Quota) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::usage::update_quota(&mut tx, owner, quota.stored()).await?;
    let to = match quota {
        Quota::Default => json!("default"),
        Quota::Unlimited => json!("unlimited"),
        Quota::Bytes(bytes) => json!(bytes),
    };
    let event = match owner {
        Owner::Library(id) => audit::Event::new("quota_set").folder(id).details(json!({ "quota": to })),
        Owner::User(id) => audit::Event::new("quota_set").details(json!({ "user_id": id, "quota": to })),
    };
    audit::record(&mut tx, Some(by), now, event);
    tx.commit().await
}
