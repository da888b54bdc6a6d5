//! Reads and hashes everything stored again, now and then and slowly, so that damage is known before somebody needs the bytes.

use serde::{Deserialize, Serialize};

use crate::{
    actions::verify::{Pace, verify},
    app::App,
    clock::Millis,
    config::Config,
    db::Tx,
    error::Result,
    jobs,
};

/// One pass; it asks for the next one.
#[derive(Serialize, Deserialize)]
pub struct VerifyStorage {}

/// Asks for the next pass; an earlier one that waits already stays.
pub async fn schedule(tx: &mut Tx, config: &Config, now: Millis) -> Result<()> {
    if config.verify_interval_ms == 0 {
        return Ok(());
    }
    jobs::enqueue(tx, &VerifyStorage {}, now + config.verify_interval_ms, now).await
}

impl jobs::Job for VerifyStorage {
    const KIND: &'static str = "verify_storage";

    fn key(&self) -> String {
        "all".into()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        schedule(&mut tx, &app.config, now).await?;
        tx.commit().await?;
        let report = verify(app, Pace::new(app.config.verify_bytes_per_second), |damage| {
            tracing::error!(damage = %damage.place(), "stored content is damaged");
        })
        .await?;
        tracing::info!(
            chunks = report.chunks,
            bytes = report.bytes,
            damaged = report.damaged_objects,
            "storage was verified"
        );
        Ok(())
    }
}
