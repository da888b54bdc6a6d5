//! Brings an older version back: as a new one, so that nothing in between is lost.

use crate::{
    actions::{
        add_version::{NewVersion, append},
        restore_page_version::restore_page_version,
    },
    app::App,
    db::{self, documents::Document, versions::Version},
    error::{Error, Result},
    ids::UserId,
};

/// Adds the content of `version` as the newest version of `document`.
pub async fn restore_version(app: &App, by: &UserId, document: &Document, version: Version) -> Result<Version> {
    if document.is_live() {
        return restore_page_version(app, by, document, &version).await;
    }
    let number = version.number;
    let new = NewVersion {
        note: format!("#{number}"),
        content_id: version.content_id,
        size_bytes: version.size_bytes,
        sha256: version.sha256,
        media_type: version.media_type,
        room_seq: None,
        chunks: Vec::new(),
        fault: None,
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let restored = append(app, &mut tx, by, document, new, None, now).await?;
    // Its content must not be without a version for a moment: that could be the one in which garbage is looked for.
    if !db::versions::lock(&mut tx, &document.id, number).await? {
        return Err(Error::not_found("version"));
    }
    db::changes::append(&mut tx, &document.id, now);
    tx.commit().await?;
    app.jobs.wake();
    Ok(restored)
}
