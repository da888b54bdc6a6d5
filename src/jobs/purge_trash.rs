//! Goes on deleting an entry of the trash for good, part by part.

use serde::{Deserialize, Serialize};

use crate::{
    actions::purge::{Progress, purge_some},
    app::App,
    ids::TrashId,
    jobs::Job,
};

/// An entry that is marked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PurgeTrash {
    pub id: TrashId,
}

impl Job for PurgeTrash {
    const KIND: &'static str = "purge_trash";

    fn key(&self) -> String {
        self.id.to_string()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        while purge_some(app, &self.id).await? == Progress::More {
            // Others write in between: each part is a transaction of its own, and turns are fair.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
