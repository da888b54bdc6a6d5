//! Brings an older version of a page back, in front of everybody who has it open.

use crate::{
    actions::save_page_version::save_page_version,
    app::App,
    db::versions::Version,
    error::{Error, Result},
    ids::{DocumentId, UserId},
    rooms::{RoomName, fold},
    worker::RoomMake,
};

/// Largest state that is restored.
const STATE_MAX_BYTES: u64 = 256 << 20;

/// Makes the text of `page` that of `version`, as an edit of `by`, and keeps the result as the newest version.
pub async fn restore_page_version(app: &App, by: &UserId, page: &DocumentId, version: &Version) -> Result<Version> {
    let content = version.content_id.parse().map_err(|_| Error::internal(anyhow::anyhow!("a content id")))?;
    let target = app.store.read_all(&content, STATE_MAX_BYTES).await?;
    let room = RoomName::from(page);
    let now = fold::fold(app, &room).await?;
    let update = fold::make(app, RoomMake::Restore, [now.state.as_slice(), &target]).await;
    let update = update.map_err(|error| match error.is_final() {
        true => Error::internal(error),
        false => Error::unavailable("worker_unavailable", error),
    })?;
    app.rooms.append(&room, by.clone(), update.into()).await?;
    save_page_version(app, by, page, &format!("#{}", version.number)).await
}
