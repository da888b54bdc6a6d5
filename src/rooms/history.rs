//! What happened in a room, and what did it say at a moment? Reads the raw history: segments, then the journal.
//!
//! Nothing is built here. The timeline counts what updates say about themselves (`update::walk`); the state at a moment is made
//! by the isolated child from the nearest stored version and the updates after it.

use bytes::Bytes;
use futures::{Stream, stream};

use crate::{
    app::App,
    clock::Millis,
    db::{self, Db, room_updates::UpdateRow},
    error::{Error, Result},
    ids::{DocumentId, UserId},
    rooms::{
        RoomName, fold,
        lib0::{put_buffer, put_uint},
        segment, update,
    },
    worker::room::PAGE as PAGE_STATE,
};

/// Who writes nothing for so long begins a new burst.
const PAUSE_MS: Millis = 5 * 60 * 1000;
/// A burst does not reach over the hour, so that long sessions have moments too …
const SLICE_MS: Millis = 60 * 60 * 1000;
/// … nor over so many entries. Both are borders of the clock and of the count: they stay where they are while work goes on.
const SLICE_ENTRIES: i64 = 2_000;
/// Journal entries read at once.
const PAGE: i64 = 1_000;
/// Tries to find an entry that a compaction is moving.
const TRIES: usize = 8;
/// A moment is built from at most so much history since the version before it.
const MOMENT_MAX_BYTES: usize = 128 << 20;
const MOMENT_MAX_ENTRIES: usize = 1_000_000;
/// Largest stored state that a moment is built upon.
const STATE_MAX_BYTES: u64 = 256 << 20;
/// First byte of the stream of updates: the layout that follows.
const LAYOUT: u8 = 1;

/// How far a room's history can be read.
#[derive(Clone, Debug)]
pub struct End {
    /// The newest entry that is shown.
    pub seq: i64,
    /// Why later entries are not shown.
    pub quarantined: Option<String>,
}

/// Contiguous work on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    pub from_seq: i64,
    pub to_seq: i64,
    pub from_at: Millis,
    pub to_at: Millis,
    /// Who did how much, the most first.
    pub shares: Vec<Share>,
}

/// What one person did in a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub author: UserId,
    pub updates: i64,
    /// Characters, and one for each element or mark.
    pub inserted: i64,
    pub deleted: i64,
}

/// Finds the last entry that can be shown. A room in quarantine is shown up to its last good state.
pub async fn end(db: &Db, room: &RoomName) -> Result<End> {
    let row = db::rooms::find(db.read(), room).await?;
    let seq = match row.quarantined {
        None => row.last_seq,
        Some(_) => db::room_snapshots::find(db.read(), room).await?.map_or(0, |snapshot| snapshot.seq),
    };
    Ok(End { seq, quarantined: row.quarantined })
}

/// Lists what happened before entry `before`, newest first; and whether there is more.
pub async fn bursts(db: &Db, room: &RoomName, before: i64, limit: usize) -> Result<(Vec<Burst>, bool)> {
    let (mut bursts, mut seq) = (Vec::<Burst>::new(), before - 1);
    while seq > 0 {
        let rows = read_back(db, room, seq).await?;
        let Some(first) = rows.first() else { break };
        seq = first.seq - 1;
        let counting = move || count(bursts, &rows);
        bursts = tokio::task::spawn_blocking(counting).await.map_err(Error::internal)?;
        if bursts.len() > limit {
            bursts.truncate(limit);
            bursts.iter_mut().for_each(Burst::sort);
            return Ok((bursts, true));
        }
    }
    bursts.iter_mut().for_each(Burst::sort);
    Ok((bursts, false))
}

/// Puts entries before the oldest burst.
fn count(mut bursts: Vec<Burst>, rows: &[UpdateRow]) -> Vec<Burst> {
    for row in rows.iter().rev() {
        match bursts.last_mut() {
            Some(burst) if burst.continues(row) => burst.add(row),
            _ => {
                let mut burst =
                    Burst { from_seq: row.seq, to_seq: row.seq, from_at: row.at, to_at: row.at, shares: Vec::new() };
                burst.add(row);
                bursts.push(burst);
            }
        }
    }
    bursts
}

impl Burst {
    /// Whether the entry before the burst belongs to it.
    fn continues(&self, row: &UpdateRow) -> bool {
        self.from_at - row.at <= PAUSE_MS
            && self.from_at.div_euclid(SLICE_MS) == row.at.div_euclid(SLICE_MS)
            && (self.from_seq - 1) / SLICE_ENTRIES == (row.seq - 1) / SLICE_ENTRIES
    }

    fn add(&mut self, row: &UpdateRow) {
        (self.from_seq, self.from_at) = (row.seq, row.at);
        let facts = update::walk(&row.payload).unwrap_or_default();
        let inserted: i64 = facts.sections.iter().map(|section| i64::from(section.end - section.start)).sum();
        let deleted: i64 = facts.deletes.iter().map(|(_, start, end)| i64::from(end - start)).sum();
        let at = self.shares.iter().position(|share| share.author == row.author_id).unwrap_or_else(|| {
            self.shares.push(Share { author: row.author_id.clone(), updates: 0, inserted: 0, deleted: 0 });
            self.shares.len() - 1
        });
        let share = &mut self.shares[at];
        share.updates += 1;
        share.inserted += inserted;
        share.deleted += deleted;
    }

    fn sort(&mut self) {
        self.shares.sort_by_key(|share| std::cmp::Reverse(share.inserted + share.deleted));
    }
}

/// Entries that lie together and of which `seq` is the last; empty when there is no such entry.
async fn read_back(db: &Db, room: &RoomName, seq: i64) -> Result<Vec<UpdateRow>> {
    for _ in 0..TRIES {
        if let Some(mut rows) = find_segment(db, room, seq).await? {
            rows.retain(|row| row.seq <= seq);
            return Ok(rows);
        }
        let rows = db::room_updates::list_back(db.read(), room, seq, PAGE).await?;
        // Otherwise a compaction moved it between the two reads.
        if rows.last().is_some_and(|last| last.seq == seq) {
            return Ok(rows);
        }
    }
    Err(Error::internal(anyhow::anyhow!("the history of room {room} lacks entry {seq}")))
}

/// Entries that lie together and begin with `seq`.
async fn read_on(db: &Db, room: &RoomName, seq: i64) -> Result<Vec<UpdateRow>> {
    for _ in 0..TRIES {
        if let Some(mut rows) = find_segment(db, room, seq).await? {
            rows.retain(|row| row.seq >= seq);
            return Ok(rows);
        }
        let rows = db::room_updates::list(db.read(), room, seq - 1, PAGE).await?;
        if rows.first().is_some_and(|first| first.seq == seq) {
            return Ok(rows);
        }
    }
    Err(Error::internal(anyhow::anyhow!("the history of room {room} lacks entry {seq}")))
}

async fn find_segment(db: &Db, room: &RoomName, seq: i64) -> Result<Option<Vec<UpdateRow>>> {
    let Some(packed) = db::room_snapshots::find_segment(db.read(), room, seq).await? else { return Ok(None) };
    let rows = tokio::task::spawn_blocking(move || segment::unpack(&packed)).await.map_err(Error::internal)??;
    Ok(Some(rows))
}

/// Streams the entries after `after` up to `until`, one segment at a time.
///
/// The layout, in lib0's encoding: a byte 1, varuint number of the first entry; then records that begin with a varuint `n`.
/// `n = 0` introduces an author: varstring id, varstring display name; authors count from 1 in the order of their
/// introduction. `n > 0` is the next entry, by author `n`: varuint milliseconds since the entry before (zigzag:
/// `2d` or `-2d - 1`; since the epoch for the first), varbuffer update (Yjs v1). Numbers of entries have no holes.
pub fn updates(db: Db, room: RoomName, after: i64, until: i64) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let mut head = vec![LAYOUT];
    put_uint(&mut head, after as u64 + 1);
    let writer = Writer { db, room, next: after + 1, until, at: 0, authors: Vec::new(), out: head };
    stream::try_unfold(writer, |mut writer| async move {
        let part = writer.part().await?;
        Ok(part.map(|part| (part, writer)))
    })
}

struct Writer {
    db: Db,
    room: RoomName,
    next: i64,
    until: i64,
    at: Millis,
    authors: Vec<UserId>,
    out: Vec<u8>,
}

impl Writer {
    async fn part(&mut self) -> Result<Option<Bytes>> {
        if self.next <= self.until {
            let rows = read_on(&self.db, &self.room, self.next).await?;
            let until = self.until;
            for row in rows.iter().take_while(|row| row.seq <= until) {
                self.put(row).await?;
            }
        }
        let part = std::mem::take(&mut self.out);
        Ok((!part.is_empty()).then(|| part.into()))
    }

    async fn put(&mut self, row: &UpdateRow) -> Result<()> {
        if row.seq != self.next {
            return Err(Error::internal(anyhow::anyhow!("the history of room {} has a hole", self.room)));
        }
        let number = match self.authors.iter().position(|author| *author == row.author_id) {
            Some(at) => at + 1,
            None => self.introduce(&row.author_id).await?,
        };
        put_uint(&mut self.out, number as u64);
        let since = row.at - self.at;
        put_uint(&mut self.out, ((since << 1) ^ (since >> 63)) as u64);
        put_buffer(&mut self.out, &row.payload);
        (self.next, self.at) = (row.seq + 1, row.at);
        Ok(())
    }

    async fn introduce(&mut self, author: &UserId) -> Result<usize> {
        let user = db::users::find(self.db.read(), author).await?;
        put_uint(&mut self.out, 0);
        put_buffer(&mut self.out, author.as_str().as_bytes());
        put_buffer(&mut self.out, user.map(|user| user.display_name).unwrap_or_default().as_bytes());
        self.authors.push(author.clone());
        Ok(self.authors.len())
    }
}

/// What the page said after entry `seq`, as one update. Made by the child from the last version before and what followed:
/// 413 `history_too_long` when that is more than one task may take.
pub async fn state_at(app: &App, page: &DocumentId, seq: i64) -> Result<Vec<u8>> {
    // Only versions that are states can be built upon.
    let (from, base) = match db::versions::find_before_entry(app.db.read(), page, seq, PAGE_STATE).await? {
        Some(version) => {
            let content = version.content_id.parse().map_err(|_| Error::internal(anyhow::anyhow!("a content id")))?;
            (version.room_seq.unwrap_or_default(), app.store.read_all(&content, STATE_MAX_BYTES).await?.to_vec())
        }
        None => (0, update::EMPTY.to_vec()),
    };
    let room = RoomName::from(page);
    let (mut rows, mut bytes) = (Vec::new(), base.len());
    while from + (rows.len() as i64) < seq {
        let more = read_on(&app.db, &room, from + 1 + rows.len() as i64).await?;
        rows.extend(more.into_iter().take_while(|row| row.seq <= seq).inspect(|row| bytes += row.payload.len()));
        if bytes > MOMENT_MAX_BYTES || rows.len() > MOMENT_MAX_ENTRIES {
            let message = "too much was written between this moment and the version before it";
            return Err(Error::too_large("history_too_long", message));
        }
    }
    if rows.is_empty() {
        return Ok(base);
    }
    let state = fold::try_fold(app, &base, &rows).await?;
    state.map_err(|error| Error::conflict("moment_unreadable", "this moment cannot be rebuilt").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, at: Millis, author: &UserId) -> UpdateRow {
        // One string of three characters, one deleted range of two.
        let payload = b"\x01\x01\x07\x00\x04\x01\x01t\x03abc\x01\x09\x01\x00\x02".to_vec();
        UpdateRow { seq, author_id: author.clone(), at, payload }
    }

    #[test]
    fn pauses_hours_and_counts_divide_work_into_bursts() {
        let (ada, bob) = (UserId::new(), UserId::new());
        let hour = 470_000 * SLICE_MS;
        let rows = [
            row(1_998, hour - 2_000, &ada),
            row(1_999, hour + 1_000, &ada),
            row(2_000, hour + 2_000, &bob),
            row(2_001, hour + 3_000, &bob),
            row(2_002, hour + 3_000 + PAUSE_MS, &ada),
            row(2_003, hour + 4_000 + 2 * PAUSE_MS, &bob),
        ];
        let whole = count(Vec::new(), &rows);
        let ranges: Vec<_> = whole.iter().map(|burst| (burst.from_seq, burst.to_seq)).collect();
        assert_eq!(ranges, [(2_003, 2_003), (2_001, 2_002), (1_999, 2_000), (1_998, 1_998)]);
        let shares: Vec<_> =
            whole[2].shares.iter().map(|share| (share.author.clone(), share.inserted, share.deleted)).collect();
        assert_eq!(shares, [(bob, 3, 2), (ada, 3, 2)]);
        // However it is cut into pieces, the borders are the same.
        for cut in 1..rows.len() {
            assert_eq!(count(count(Vec::new(), &rows[cut..]), &rows[..cut]), whole);
        }
    }
}
