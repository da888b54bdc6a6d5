//! Folds a room's journal into its snapshot.

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    jobs::Job,
    rooms::{RoomName, fold},
};

/// The room's journal is long.
#[derive(Debug, Serialize, Deserialize)]
pub struct CompactRoom {
    pub room: RoomName,
}

impl Job for CompactRoom {
    const KIND: &'static str = "compact_room";
    const PARALLEL: usize = 2;

    fn key(&self) -> String {
        self.room.to_string()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        fold::fold(app, &self.room).await?;
        Ok(())
    }
}
