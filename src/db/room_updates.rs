//! Table `room_updates`: what was edited since the last snapshot? The journal of all rooms.

use std::{collections::HashMap, sync::LazyLock};

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, rows::Statements},
    error::Result,
    ids::UserId,
    rooms::RoomName,
};

/// One journal entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UpdateRow {
    pub seq: i64,
    pub author_id: UserId,
    pub at: Millis,
    pub payload: Vec<u8>,
}

/// An entry to be written.
pub struct NewUpdate<'a> {
    pub room: &'a RoomName,
    pub seq: i64,
    pub author_id: &'a UserId,
    pub at: Millis,
    pub payload: &'a [u8],
}

static NUMBER: LazyLock<Statements> = LazyLock::new(|| {
    let or_add =
        "on conflict (room) do update set last_seq = rooms.last_seq + excluded.last_seq returning room, last_seq";
    Statements::new("insert into rooms (room, last_seq)", 2, or_add)
});

static INSERT: LazyLock<Statements> =
    LazyLock::new(|| Statements::new("insert into room_updates (room, seq, author_id, at, payload)", 5, ""));

/// Takes sequence numbers: for each room and count, returns the last number given. Rooms must be sorted, so that nodes
/// that write to the same rooms wait for each other instead of deadlocking.
pub async fn take_numbers(tx: &mut Tx, rooms: &[(RoomName, i64)]) -> Result<HashMap<RoomName, i64>> {
    let mut last = HashMap::with_capacity(rooms.len());
    for (statement, piece) in NUMBER.pieces(rooms) {
        let mut query = sqlx::query_as::<_, (RoomName, i64)>(statement);
        for (room, count) in piece {
            query = query.bind(room).bind(*count);
        }
        last.extend(query.fetch_all(&mut **tx).await?);
    }
    Ok(last)
}

/// Appends entries.
pub async fn insert(tx: &mut Tx, updates: &[NewUpdate<'_>]) -> Result<()> {
    for (statement, piece) in INSERT.pieces(updates) {
        let mut query = sqlx::query(statement);
        for update in piece {
            query =
                query.bind(update.room).bind(update.seq).bind(update.author_id).bind(update.at).bind(update.payload);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Lists a room's entries after `after`, in order.
pub async fn list(db: &AnyPool, room: &RoomName, after: i64, limit: i64) -> Result<Vec<UpdateRow>> {
    Ok(sqlx::query_as(
        "select seq, author_id, at, payload from room_updates where room = $1 and seq > $2 order by seq limit $3",
    )
    .bind(room)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the last entries of a room up to `until`, in order.
pub async fn list_back(db: &AnyPool, room: &RoomName, until: i64, limit: i64) -> Result<Vec<UpdateRow>> {
    let mut rows: Vec<UpdateRow> = sqlx::query_as(
        "select seq, author_id, at, payload from room_updates where room = $1 and seq <= $2 order by seq desc limit $3",
    )
    .bind(room)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.reverse();
    Ok(rows)
}

/// Removes a room's entries up to `seq`, which a snapshot and a segment now hold.
pub async fn delete_until(tx: &mut Tx, room: &RoomName, seq: i64) -> Result<()> {
    sqlx::query("delete from room_updates where room = $1 and seq <= $2")
        .bind(room)
        .bind(seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
