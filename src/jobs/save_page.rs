//! Keeps a version of a page after its last editor has left.

use serde::{Deserialize, Serialize};

use crate::{
    actions::{quota, save_page_version::save_page_version},
    app::App,
    db,
    ids::{DocumentId, UserId},
    jobs::Job,
    rooms::RoomName,
};

/// The last editor has left the room.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavePage {
    pub room: DocumentId,
    /// Who wrote last; unknown after a crash.
    pub author: Option<UserId>,
}

impl Job for SavePage {
    const KIND: &'static str = "save_page";

    fn key(&self) -> String {
        self.room.to_string()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let room = RoomName::from(&self.room);
        // Somebody is back: the next leaving asks again.
        if app.rooms.has_editors(&room) {
            return Ok(());
        }
        let Some(document) = db::documents::find(app.db.read(), &self.room).await? else { return Ok(()) };
        let row = db::rooms::find(app.db.read(), &room).await?;
        if row.quarantined.is_some() || row.last_seq <= db::rooms::find_saved_seq(app.db.read(), &self.room).await? {
            return Ok(());
        }
        let author = self.author.unwrap_or_else(|| document.updated_by.clone());
        match save_page_version(app, &author, &document.id, "").await {
            // The edits themselves are safe in the journal; a version is kept when there is room again.
            Err(error) if quota::is_refusal(&error) => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}
