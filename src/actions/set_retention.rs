//! Says which versions a library keeps.

use serde_json::json;

use crate::{
    actions::{current_folder, thin_versions::Rule},
    app::App,
    audit,
    db::{self, folders::Folder, retention::RetentionRow},
    error::Result,
    ids::UserId,
};

/// Sets the rule of a library; `None`: it keeps all versions. What goes goes in the next night's round.
pub async fn set_retention(app: &App, by: &UserId, library: &Folder, rule: Option<Rule>) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    current_folder(&mut tx, &library.id).await?;
    let details = match rule {
        Some(Rule { keep_all_days, daily_days, max_versions }) => {
            let (library_id, updated_by) = (library.id.clone(), by.clone());
            let row = RetentionRow { library_id, keep_all_days, daily_days, max_versions, updated_by, updated_at: now };
            db::retention::put(&mut tx, &row).await?;
            json!({ "keep_all_days": keep_all_days, "daily_days": daily_days, "max_versions": max_versions })
        }
        None => {
            db::retention::delete(&mut tx, &library.id).await?;
            json!({ "keep": "all" })
        }
    };
    let event = audit::Event::new("retention_set").folder(&library.id).details(details);
    audit::record(&mut tx, Some(by), now, event);
    tx.commit().await
}
