//! Keeps what a page said at a moment of its history as a version.

use crate::{
    actions::{
        add_version::{NewVersion, append},
        save_page_version::save_page_version,
    },
    app::App,
    db::{self, documents::Document, versions::Version},
    error::{Error, Result},
    ids::{DocumentId, UserId},
    rooms::{fold, history},
    worker::room::PAGE,
};

/// Tries while others add versions of the same page.
const TRIES: usize = 5;

/// Adds the state after journal entry `seq` as a version called `note`. The newest version is what the page is shown by, so
/// the present follows it as one more.
pub async fn name_moment(app: &App, by: &UserId, page: &DocumentId, seq: i64, note: &str) -> Result<Version> {
    let end = history::end(&app.db, &page.into()).await?;
    if seq == end.seq && end.quarantined.is_none() {
        return save_page_version(app, by, page, note).await;
    }
    let document = db::documents::find(app.db.read(), page).await?.ok_or_else(|| Error::not_found("document"))?;
    // What else lives in rooms keeps other content in its versions than the state.
    if document.kind != "page" {
        return Err(Error::conflict("not_a_page", "past moments are kept of pages only"));
    }
    if seq < 1 || seq > end.seq {
        return Err(Error::invalid("seq_invalid", "the history has no such entry").field("at_seq"));
    }
    let past = history::state_at(app, page, seq).await?;
    let past = app.store.put(past.into()).await?;
    let now = fold::fold(app, &page.into()).await?;
    let present = app.store.put(now.state.into()).await?;
    let past = NewVersion { room_seq: Some(seq), ..NewVersion::of(&past, PAGE).with_note(note) };
    let present = NewVersion { room_seq: Some(now.seq), ..NewVersion::of(&present, PAGE) };
    let mut tries = 0;
    loop {
        tries += 1;
        match add_both(app, by, page, past.clone(), present.clone()).await {
            Err(error) if error.code() == "document_changed" && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

async fn add_both(app: &App, by: &UserId, page: &DocumentId, past: NewVersion, present: NewVersion) -> Result<Version> {
    let now = app.clock.now();
    let document = db::documents::find(app.db.read(), page).await?.ok_or_else(|| Error::not_found("document"))?;
    let mut tx = app.db.begin().await?;
    let named = append(app, &mut tx, by, &document, past, None, now).await?;
    append(app, &mut tx, by, &Document { head: named.number, ..document }, present, None, now).await?;
    db::changes::append(&mut tx, page, now);
    tx.commit().await?;
    app.jobs.wake();
    Ok(named)
}
