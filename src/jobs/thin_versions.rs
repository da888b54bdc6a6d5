//! Removes the versions that libraries do not want to keep; looked at every day.

use serde::{Deserialize, Serialize};

use crate::{
    actions::thin_versions::{Rule, thin_library},
    app::App,
    db, jobs,
    jobs::{Job, expire_trash::DAY_MS},
};

/// Thins every library that has a rule and asks for the next day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ThinVersions {}

impl Job for ThinVersions {
    const KIND: &'static str = "thin_versions";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        for row in db::retention::list(app.db.read()).await? {
            thin_library(app, &row.library_id, Rule::of(&row)).await?;
        }
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        jobs::enqueue(&mut tx, &self, now + DAY_MS, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
