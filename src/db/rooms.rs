//! Table `rooms`: how far is a room's journal, how far was it indexed and versioned, is it healthy?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::Tx,
    error::Result,
    ids::{DocumentId, UserId},
    rooms::RoomName,
};

/// The state of a room; a room nobody wrote to has no row.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct RoomRow {
    pub last_seq: i64,
    pub indexed_seq: i64,
    /// Why its updates cannot be applied; it is read-only then.
    pub quarantined: Option<String>,
}

/// Finds a room.
pub async fn find(db: &AnyPool, room: &RoomName) -> Result<RoomRow> {
    let row = sqlx::query_as("select last_seq, indexed_seq, quarantined from rooms where room = $1")
        .bind(room)
        .fetch_optional(db)
        .await?;
    Ok(row.unwrap_or_default())
}

/// Records that the text up to `seq` is searched.
pub async fn update_indexed(tx: &mut Tx, room: &RoomName, seq: i64) -> Result<()> {
    sqlx::query("update rooms set indexed_seq = $2 where room = $1 and indexed_seq < $2")
        .bind(room)
        .bind(seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Records who wrote in a page last.
pub async fn update_document(tx: &mut Tx, page: &DocumentId, by: &UserId, now: Millis) -> Result<()> {
    sqlx::query("update documents set updated_by = $2, updated_at = $3 where id = $1")
        .bind(page)
        .bind(by)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Puts a room into quarantine, or takes it out with `None`.
pub async fn update_quarantined(tx: &mut Tx, room: &RoomName, reason: Option<&str>) -> Result<()> {
    sqlx::query("update rooms set quarantined = $2 where room = $1").bind(room).bind(reason).execute(&mut **tx).await?;
    Ok(())
}

/// The newest journal entry that a version contains; 0 when no version came from the journal.
pub async fn find_saved_seq(db: &AnyPool, page: &DocumentId) -> Result<i64> {
    Ok(sqlx::query_scalar("select coalesce(max(room_seq), 0) from versions where document_id = $1")
        .bind(page)
        .fetch_one(db)
        .await?)
}

/// Healthy rooms with entries that are not searched yet or, of a page's body, are in no version: what a crash left undone.
pub async fn list_behind(db: &AnyPool) -> Result<Vec<RoomName>> {
    Ok(sqlx::query_scalar(
        "select room from rooms
         where quarantined is null and (last_seq > indexed_seq
            or length(room) = 36 and last_seq > (select coalesce(max(room_seq), 0) from versions where document_id = rooms.room))
         order by room",
    )
    .fetch_all(db)
    .await?)
}
