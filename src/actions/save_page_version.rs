//! Keeps the present state of a page as a version.

use crate::{
    actions::add_version::{NewVersion, add_version},
    app::App,
    db::{self, versions::Version},
    error::{Error, Result},
    ids::{DocumentId, UserId},
    rooms::fold,
    worker::room::PAGE,
};

/// Tries while others add versions of the same page.
const TRIES: usize = 5;

/// Adds what the page says now as its newest version.
pub async fn save_page_version(app: &App, by: &UserId, page: &DocumentId, note: &str) -> Result<Version> {
    let folded = fold::fold(app, &page.into()).await?;
    if let Some(reason) = folded.quarantined {
        return Err(Error::conflict("room_quarantined", format!("the document is read-only: {reason}")));
    }
    let stored = app.store.put(folded.state.into()).await?;
    let new = NewVersion { room_seq: Some(folded.seq), ..NewVersion::of(&stored, PAGE).with_note(note) };
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
