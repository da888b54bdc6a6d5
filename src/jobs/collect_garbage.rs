//! Removes bytes that nothing refers to, now and then.

use serde::{Deserialize, Serialize};

use crate::{
    actions::collect_garbage::collect_garbage, app::App, clock::Millis, config::Config, db::Tx, error::Result, jobs,
};

/// One pass; it asks for the next one.
#[derive(Serialize, Deserialize)]
pub struct CollectGarbage {}

/// Asks for the next pass; an earlier one that waits already stays.
pub async fn schedule(tx: &mut Tx, config: &Config, now: Millis) -> Result<()> {
    if config.gc_interval_ms == 0 {
        return Ok(());
    }
    jobs::enqueue(tx, &CollectGarbage {}, now + config.gc_interval_ms, now).await
}

impl jobs::Job for CollectGarbage {
    const KIND: &'static str = "collect_garbage";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        schedule(&mut tx, &app.config, now).await?;
        tx.commit().await?;
        let report = collect_garbage(app, false).await?;
        tracing::info!(
            freed.objects = report.freed.objects,
            freed.bytes = report.freed.bytes,
            condemned.objects = report.condemned.objects,
            kept.objects = report.kept.objects,
            "garbage was collected"
        );
        Ok(())
    }
}
