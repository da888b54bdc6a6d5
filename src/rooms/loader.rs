//! What does a room consist of? Its snapshot and the journal entries after it, read for opening the room.

use bytes::Bytes;

use crate::{
    db::{self, Db, room_updates::UpdateRow},
    error::{Error, Result},
    rooms::{
        RoomName, protocol,
        update::{self, Coverage, Facts, StateVector},
    },
};

/// A snapshot may unpack to this size.
pub const STATE_MAX_BYTES: usize = 256 << 20;
const PAGE: i64 = 1000;
/// Tries to read a snapshot and a tail that fit together while compactions move the border.
const TRIES: usize = 8;

/// An update as it is sent, and what is in it.
pub struct Piece {
    /// Newest journal entry that it contains.
    pub seq: i64,
    /// A sync `update` message.
    pub frame: Bytes,
    payload_len: usize,
    pub facts: Facts,
}

impl Piece {
    /// Frames an update that was checked.
    pub fn new(seq: i64, frame: Bytes, payload_len: usize, facts: Facts) -> Self {
        Self { seq, frame, payload_len, facts }
    }

    /// The update itself.
    pub fn payload(&self) -> Bytes {
        self.frame.slice(self.frame.len() - self.payload_len..)
    }

    /// Frames a stored update.
    pub fn read(seq: i64, payload: &[u8]) -> Result<Self> {
        let facts = update::walk(payload).map_err(|why| Error::internal(anyhow::anyhow!("a stored update: {why}")))?;
        Ok(Self::new(seq, protocol::update(payload), payload.len(), facts))
    }
}

/// The content of a room: everything durable, nothing else.
pub struct Content {
    pub snapshot: Option<Piece>,
    pub tail: Vec<Piece>,
    pub tail_bytes: usize,
    pub coverage: Coverage,
    pub last_seq: i64,
    /// Why the room is read-only. The tail is not shown then.
    pub quarantined: Option<String>,
}

impl Content {
    /// Reads a room.
    pub async fn load(db: &Db, room: &RoomName) -> Result<Self> {
        let (snapshot, rows, quarantined) = read(db, room).await?;
        // A large snapshot takes a while to unpack and to walk.
        tokio::task::spawn_blocking(move || Self::assemble(snapshot, rows, quarantined))
            .await
            .map_err(Error::internal)?
    }

    fn assemble(
        snapshot: Option<db::room_snapshots::SnapshotRow>,
        rows: Vec<UpdateRow>,
        quarantined: Option<String>,
    ) -> Result<Self> {
        let snapshot = snapshot.map(|row| Piece::read(row.seq, &unpack(&row.state)?)).transpose()?;
        let mut content = Self {
            last_seq: snapshot.as_ref().map_or(0, |piece| piece.seq),
            coverage: Coverage::default(),
            tail: Vec::new(),
            tail_bytes: 0,
            snapshot: None,
            quarantined,
        };
        if let Some(piece) = &snapshot {
            content.coverage.add(&piece.facts);
        }
        content.snapshot = snapshot;
        if content.quarantined.is_none() {
            for row in rows {
                content.push(Piece::read(row.seq, &row.payload)?);
            }
        }
        Ok(content)
    }

    /// Takes in a journal entry.
    pub fn push(&mut self, piece: Piece) {
        self.coverage.add(&piece.facts);
        self.last_seq = piece.seq;
        self.tail_bytes += piece.frame.len();
        self.tail.push(piece);
    }

    /// Takes a newer snapshot and drops the entries that it contains.
    pub async fn reload_snapshot(&mut self, db: &Db, room: &RoomName) -> Result<()> {
        let Some(row) = db::room_snapshots::find(db.read(), room).await? else { return Ok(()) };
        // A snapshot ahead of this node's tail holds updates that its clients were not told yet.
        if row.seq <= self.snapshot.as_ref().map_or(0, |piece| piece.seq) || row.seq > self.last_seq {
            return Ok(());
        }
        let unpacked = tokio::task::spawn_blocking(move || Piece::read(row.seq, &unpack(&row.state)?));
        let snapshot = unpacked.await.map_err(Error::internal)??;
        self.tail.retain(|piece| piece.seq > snapshot.seq);
        self.tail_bytes = self.tail.iter().map(|piece| piece.frame.len()).sum();
        self.snapshot = Some(snapshot);
        Ok(())
    }

    /// The pieces that have something newer than entry `known`.
    pub fn since(&self, known: i64) -> impl Iterator<Item = &Piece> {
        self.snapshot.iter().chain(&self.tail).filter(move |piece| piece.seq > known)
    }

    /// The messages that bring a client up to date. The last one is sync step 2: after it the client counts as
    /// synchronised, so everything else comes before.
    pub fn answer(&self, has: &StateVector) -> Vec<Bytes> {
        let mut frames: Vec<Bytes> =
            self.snapshot.iter().chain(&self.tail).filter_map(|piece| answer_of(piece, has)).collect();
        frames.push(protocol::sync_step2(update::EMPTY));
        frames
    }

    /// Bytes that the room holds in memory.
    pub fn size_bytes(&self) -> usize {
        self.tail_bytes + self.snapshot.as_ref().map_or(0, |piece| piece.frame.len())
    }
}

fn answer_of(piece: &Piece, has: &StateVector) -> Option<Bytes> {
    if has.is_empty() {
        return Some(piece.frame.clone());
    }
    if has.has_structs(&piece.facts) && piece.facts.deletes.is_empty() {
        return None;
    }
    update::difference(&piece.payload(), &piece.facts, has).map(|difference| protocol::update(&difference))
}

type Stored = (Option<db::room_snapshots::SnapshotRow>, Vec<UpdateRow>, Option<String>);

/// Reads snapshot and tail that fit together.
pub async fn read(db: &Db, room: &RoomName) -> Result<Stored> {
    for _ in 0..TRIES {
        let row = db::rooms::find(db.read(), room).await?;
        let snapshot = db::room_snapshots::find(db.read(), room).await?;
        if row.quarantined.is_some() {
            return Ok((snapshot, Vec::new(), row.quarantined));
        }
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        let rows = list_tail(db, room, from).await?;
        let last = rows.last().map_or(from, |last| last.seq);
        // A compaction between the two reads takes rows away from the beginning.
        if rows.first().is_none_or(|first| first.seq == from + 1) && last >= row.last_seq {
            return Ok((snapshot, rows, None));
        }
    }
    Err(Error::internal(anyhow::anyhow!("the journal of room {room} has a hole")))
}

/// All journal entries after `after`.
pub async fn list_tail(db: &Db, room: &RoomName, after: i64) -> Result<Vec<UpdateRow>> {
    let mut rows: Vec<UpdateRow> = Vec::new();
    loop {
        let from = rows.last().map_or(after, |last| last.seq);
        let page = db::room_updates::list(db.read(), room, from, PAGE).await?;
        let more = page.len() as i64 == PAGE;
        rows.extend(page);
        if !more {
            return Ok(rows);
        }
    }
}

/// Unpacks a stored state.
pub fn unpack(state: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::decompress(state, STATE_MAX_BYTES).map_err(Error::internal)
}
