//! Brings an older version back: as a new one, so that nothing in between is lost.

use crate::{
    actions::{
        add_version::{NewVersion, add_version},
        restore_page_version::restore_page_version,
    },
    app::App,
    db::{documents::Document, versions::Version},
    error::Result,
    ids::UserId,
};

/// Adds the content of `version` as the newest version of `document`.
pub async fn restore_version(app: &App, by: &UserId, document: &Document, version: Version) -> Result<Version> {
    if document.is_live() {
        return restore_page_version(app, by, document, &version).await;
    }
    let new = NewVersion {
        note: format!("#{}", version.number),
        content_id: version.content_id,
        size_bytes: version.size_bytes,
        sha256: version.sha256,
        media_type: version.media_type,
        room_seq: None,
        chunks: Vec::new(),
    };
    add_version(app, by, document, new).await
}
