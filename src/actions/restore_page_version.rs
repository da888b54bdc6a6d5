//! Brings an older version of a page or board back, in front of everybody who has it open.

use crate::{
    actions::{quota, save_page_version::save_page_version},
    app::App,
    db::{documents::Document, versions::Version},
    error::{Error, Result},
    ids::UserId,
    rooms::{RoomName, fold},
    worker::RoomMake,
};

/// Largest state that is restored.
const STATE_MAX_BYTES: u64 = 256 << 20;

/// Makes the content of `page` that of `version`, as an edit of `by`, and keeps the result as the newest version.
pub async fn restore_page_version(app: &App, by: &UserId, page: &Document, version: &Version) -> Result<Version> {
    // Afterwards it would be in front of everybody, and kept as no version.
    quota::require(app, &page.folder_id, by, version.size_bytes).await?;
    let content = version.content_id.parse().map_err(|_| Error::internal(anyhow::anyhow!("a content id")))?;
    let target = app.store.read_all(&content, STATE_MAX_BYTES).await?;
    let room = RoomName::from(&page.id);
    let now = fold::fold(app, &room).await?;
    let make = if page.kind == "board" { RoomMake::RestoreBoard } else { RoomMake::Restore };
    let update = fold::make(app, make, [now.state.as_slice(), &target]).await;
    let update = update.map_err(|error| match error.is_final() {
        true => Error::internal(error),
        false => Error::unavailable("worker_unavailable", error),
    })?;
    app.rooms.append(&room, by.clone(), update.into()).await?;
    save_page_version(app, by, &page.id, &format!("#{}", version.number)).await
}
