//! Tables `room_snapshots` and `room_segments`: what did the journal come to, and what was it made of?

use sqlx::AnyPool;

use crate::{clock::Millis, db::Tx, error::Result, rooms::RoomName};

/// A room's folded state.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SnapshotRow {
    /// Newest journal entry that it contains.
    pub seq: i64,
    /// One Yjs update (v1), zstd.
    pub state: Vec<u8>,
}

/// Finds the snapshot of a room.
pub async fn find(db: &AnyPool, room: &RoomName) -> Result<Option<SnapshotRow>> {
    Ok(sqlx::query_as("select seq, state from room_snapshots where room = $1").bind(room).fetch_optional(db).await?)
}

/// Puts a snapshot in the place of the one at `previous` (0: none). False when another was put there meanwhile.
pub async fn replace(tx: &mut Tx, room: &RoomName, previous: i64, snapshot: &SnapshotRow, now: Millis) -> Result<bool> {
    let done = sqlx::query(
        "insert into room_snapshots (room, seq, state, created_at) values ($1, $2, $3, $4)
         on conflict (room) do update set seq = excluded.seq, state = excluded.state, created_at = excluded.created_at
         where room_snapshots.seq = $5",
    )
    .bind(room)
    .bind(snapshot.seq)
    .bind(snapshot.state.as_slice())
    .bind(now)
    .bind(previous)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps raw history that the snapshot covers.
pub async fn insert_segment(tx: &mut Tx, room: &RoomName, from: i64, to: i64, payload: &[u8]) -> Result<()> {
    sqlx::query("insert into room_segments (room, from_seq, to_seq, payload) values ($1, $2, $3, $4)")
        .bind(room)
        .bind(from)
        .bind(to)
        .bind(payload)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The raw history of a room, oldest first: first and last entry, compressed records.
pub async fn list_segments(db: &AnyPool, room: &RoomName) -> Result<Vec<(i64, i64, Vec<u8>)>> {
    Ok(sqlx::query_as("select from_seq, to_seq, payload from room_segments where room = $1 order by from_seq")
        .bind(room)
        .fetch_all(db)
        .await?)
}
