//! Makes the text of a page searchable: from its live state, not from its versions.

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    db,
    error::Result,
    ids::{DocumentId, UserId},
    jobs::{Job, compact_room::CompactRoom, enqueue},
    preview::text,
    rooms::{RoomName, fold},
    search::page_text_key,
    worker::RoomMake,
};

/// Somebody wrote in the room.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexRoom {
    pub room: DocumentId,
}

impl Job for IndexRoom {
    const KIND: &'static str = "index_room";
    const PARALLEL: usize = 2;

    fn key(&self) -> String {
        self.room.to_string()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let room = RoomName::from(&self.room);
        let row = db::rooms::find(app.db.read(), &room).await?;
        if row.last_seq <= row.indexed_seq || row.quarantined.is_some() {
            return Ok(());
        }
        let content = fold::read(app, &room).await?;
        let made = fold::make(app, RoomMake::Text, content.updates()).await;
        let text = match made {
            Ok(text) => text,
            Err(error) => {
                // Folding finds out which update it is and puts the room into quarantine.
                ask_for_fold(app, &self.room).await?;
                return Err(error.into());
            }
        };
        text::save(&app.store, &page_text_key(&self.room), serde_json::from_slice(&text)?).await?;
        record(app, &self.room, content.seq(), content.last_author()).await?;
        Ok(())
    }
}

async fn record(app: &App, room: &DocumentId, seq: i64, author: Option<&UserId>) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::rooms::update_indexed(&mut tx, &room.into(), seq).await?;
    if let Some(author) = author {
        db::rooms::update_document(&mut tx, room, author, now).await?;
    }
    db::changes::append(&mut tx, room, now);
    tx.commit().await
}

async fn ask_for_fold(app: &App, room: &DocumentId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    enqueue(&mut tx, &CompactRoom { room: room.into() }, now, now).await?;
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}
