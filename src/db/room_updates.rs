//! Table `room_updates`: what was edited since the last snapshot? The journal of all rooms.

use std::{collections::HashMap, sync::LazyLock};

use sqlx::AnyPool;

use crate::{clock::Millis, db::Tx, error::Result, ids::UserId, rooms::RoomName};

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

/// Rows per statement, largest first: few texts, so that both engines keep them prepared.
const CHUNKS: [usize; 5] = [256, 64, 16, 4, 1];

static NUMBER: LazyLock<[String; 5]> = LazyLock::new(|| {
    CHUNKS.map(|rows| {
        format!(
            "insert into rooms (room, last_seq) values {} \
             on conflict (room) do update set last_seq = rooms.last_seq + excluded.last_seq returning room, last_seq",
            groups(rows, 2)
        )
    })
});

static INSERT: LazyLock<[String; 5]> = LazyLock::new(|| {
    CHUNKS
        .map(|rows| format!("insert into room_updates (room, seq, author_id, at, payload) values {}", groups(rows, 5)))
});

/// `($1, $2), ($3, $4)` …
fn groups(rows: usize, columns: usize) -> String {
    let group = |row: usize| {
        let names: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", names.join(", "))
    };
    (0..rows).map(group).collect::<Vec<_>>().join(", ")
}

/// Splits `items` into pieces of the sizes in [`CHUNKS`]; each comes with its size's index.
fn chunks<T>(mut items: &[T]) -> Vec<(usize, &[T])> {
    let mut pieces = Vec::new();
    while !items.is_empty() {
        let size = CHUNKS.iter().position(|size| *size <= items.len()).expect("the last size is 1");
        let (piece, rest) = items.split_at(CHUNKS[size]);
        pieces.push((size, piece));
        items = rest;
    }
    pieces
}

/// Takes sequence numbers: for each room and count, returns the last number given. Rooms must be sorted, so that nodes
/// that write to the same rooms wait for each other instead of deadlocking.
pub async fn take_numbers(tx: &mut Tx, rooms: &[(RoomName, i64)]) -> Result<HashMap<RoomName, i64>> {
    let mut last = HashMap::with_capacity(rooms.len());
    for (size, piece) in chunks(rooms) {
        let mut query = sqlx::query_as::<_, (RoomName, i64)>(NUMBER[size].as_str());
        for (room, count) in piece {
            query = query.bind(room).bind(*count);
        }
        last.extend(query.fetch_all(&mut **tx).await?);
    }
    Ok(last)
}

/// Appends entries.
pub async fn insert(tx: &mut Tx, updates: &[NewUpdate<'_>]) -> Result<()> {
    for (size, piece) in chunks(updates) {
        let mut query = sqlx::query(INSERT[size].as_str());
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

/// Removes a room's entries up to `seq`, which a snapshot and a segment now hold.
pub async fn delete_until(tx: &mut Tx, room: &RoomName, seq: i64) -> Result<()> {
    sqlx::query("delete from room_updates where room = $1 and seq <= $2")
        .bind(room)
        .bind(seq)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
