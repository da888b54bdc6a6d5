//! Compares what is counted with what is there, every day. A difference is a fault of ours: it is logged and corrected.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{app::App, audit, db, jobs, jobs::Job, jobs::expire_trash::DAY_MS};

/// Compares and asks for the next day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CheckUsage {}

impl Job for CheckUsage {
    const KIND: &'static str = "check_usage";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let differences = db::usage::list_differences(app.db.read()).await?;
        let mut tx = app.db.begin().await?;
        for difference in &differences {
            tracing::error!(
                owner.kind = difference.owner_kind,
                owner.id = difference.owner_id,
                used_bytes = difference.used_bytes,
                true_used_bytes = difference.true_used_bytes,
                reserved_bytes = difference.reserved_bytes,
                true_reserved_bytes = difference.true_reserved_bytes,
                "what is counted differs from what is kept"
            );
            db::usage::correct(&mut tx, difference).await?;
            let details = json!({
                "owner_kind": difference.owner_kind,
                "owner_id": difference.owner_id,
                "from_bytes": difference.used_bytes,
                "to_bytes": difference.true_used_bytes,
            });
            audit::record(&mut tx, None, now, audit::Event::new("usage_corrected").details(details));
        }
        jobs::enqueue(&mut tx, &self, now + DAY_MS, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
