//! Keeps the present state of a page or board as a version.

use crate::{
    actions::add_version::{NewVersion, add_version},
    app::App,
    db::{self, versions::Version},
    error::{Error, Result},
    ids::{DocumentId, UserId},
    preview::worker_error,
    rooms::fold,
    worker::{RoomMake, board::BOARD, room::PAGE},
};

/// Tries while others add versions of the same page.
const TRIES: usize = 5;

/// Adds what the page says or the board shows now as its newest version: of a page its state, of a board a file that
/// other programs open.
pub async fn save_page_version(app: &App, by: &UserId, page: &DocumentId, note: &str) -> Result<Version> {
    let folded = fold::fold(app, &page.into()).await?;
    if let Some(reason) = folded.quarantined {
        return Err(Error::conflict("room_quarantined", format!("the document is read-only: {reason}")));
    }
    let document = db::documents::find(app.db.read(), page).await?.ok_or_else(|| Error::not_found("document"))?;
    let (content, media_type) = match document.kind.as_str() {
        "board" => (fold::make(app, RoomMake::Board, [folded.state.as_slice()]).await.map_err(worker_error)?, BOARD),
        _ => (folded.state, PAGE),
    };
    let stored = app.store.put(content.into()).await?;
    let new = NewVersion { room_seq: Some(folded.seq), ..NewVersion::of(&stored, media_type).with_note(note) };
    let mut tries = 0;
    loop {
        let document = db::documents::find(app.db.read(), page).await?;
        let document = document.ok_or_else(|| Error::not_found("document"))?;
        tries += 1;
        match add_version(app, by, &document, new.clone()).await {
            Err(error) if error.code() == "document_changed" && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}
