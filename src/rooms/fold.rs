//! What does a room's journal come to? The isolated child builds the document; the result replaces the journal only
//! after it was read back there and checked here.

use std::path::Path;

use crate::{
    app::App,
    db::{self, room_snapshots::SnapshotRow, room_updates::UpdateRow},
    error::{Error, Result},
    rooms::{
        RoomName, loader, segment,
        update::{self, Coverage},
    },
    worker::{Answer, RoomMake, Task, WorkerError, room::pack},
};

/// Journal entries folded at once.
const FOLD_MAX_ENTRIES: i64 = 20_000;
const LEVEL: i32 = 3;

/// A room's state.
pub struct Folded {
    /// Newest journal entry in it.
    pub seq: i64,
    /// One Yjs update (v1).
    pub state: Vec<u8>,
    /// Set when later entries cannot be applied.
    pub quarantined: Option<String>,
}

/// Folds the journal of a room into its snapshot and returns that. Entries that cannot be applied stay where they are,
/// and the room becomes read-only with what was good before them.
pub async fn fold(app: &App, room: &RoomName) -> Result<Folded> {
    loop {
        let row = db::rooms::find(app.db.read(), room).await?;
        let snapshot = db::room_snapshots::find(app.db.read(), room).await?;
        let before = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
        let state = snapshot.map_or(Ok(update::EMPTY.to_vec()), |snapshot| loader::unpack(&snapshot.state))?;
        let rows = match row.quarantined {
            None => db::room_updates::list(app.db.read(), room, before, FOLD_MAX_ENTRIES).await?,
            Some(_) => Vec::new(),
        };
        if rows.is_empty() {
            return Ok(Folded { seq: before, state, quarantined: row.quarantined });
        }
        let (good, state, reason) = longest_good(app, &state, &rows).await?;
        // Another node may have been quicker; then the loop looks again.
        if good > 0 && !replace(app, room, before, &rows[..good], &state).await? {
            continue;
        }
        if let Some(reason) = reason {
            quarantine(app, room, &reason).await?;
        }
        app.rooms.reload(room);
    }
}

/// What a room consists of, read without opening it.
pub struct Content {
    base: Vec<u8>,
    base_seq: i64,
    rows: Vec<UpdateRow>,
}

impl Content {
    /// All updates in order.
    pub fn updates(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.base.as_slice()).chain(self.rows.iter().map(|row| row.payload.as_slice()))
    }

    /// Newest journal entry.
    pub fn seq(&self) -> i64 {
        self.rows.last().map_or(self.base_seq, |row| row.seq)
    }

    /// Who made the newest entry, unless it is in the snapshot already.
    pub fn last_author(&self) -> Option<&crate::ids::UserId> {
        self.rows.last().map(|row| &row.author_id)
    }
}

/// Reads a room's snapshot and the entries after it.
pub async fn read(app: &App, room: &RoomName) -> Result<Content> {
    let (snapshot, rows, _) = loader::read(&app.db, room).await?;
    let base_seq = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    let base = snapshot.map_or(Ok(update::EMPTY.to_vec()), |snapshot| loader::unpack(&snapshot.state))?;
    Ok(Content { base, base_seq, rows })
}

/// How many of the entries can be applied, the state after them, and why the next one cannot.
async fn longest_good(app: &App, base: &[u8], rows: &[UpdateRow]) -> Result<(usize, Vec<u8>, Option<String>)> {
    let whole = match try_fold(app, base, rows).await? {
        Ok(state) => return Ok((rows.len(), state, None)),
        // Once more: a machine that is short of memory or time is not the document's fault.
        Err(_) => try_fold(app, base, rows).await?,
    };
    let Err(mut reason) = whole else { return Ok((rows.len(), whole.expect("it is not an error"), None)) };
    let (mut good, mut bad, mut state) = (0, rows.len(), base.to_vec());
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        match try_fold(app, base, &rows[..middle]).await? {
            Ok(folded) => (good, state) = (middle, folded),
            Err(error) => (bad, reason) = (middle, error),
        }
    }
    let seq = rows[good].seq;
    tracing::error!(room.seq = seq, error = %reason, "an update cannot be applied");
    Ok((good, state, Some(format!("update {seq} cannot be applied ({})", reason.code))))
}

/// Folds entries; the inner error is the document's fault.
pub(super) async fn try_fold(app: &App, base: &[u8], rows: &[UpdateRow]) -> Result<Result<Vec<u8>, WorkerError>> {
    let updates = || std::iter::once(base).chain(rows.iter().map(|row| row.payload.as_slice()));
    let state = match make(app, RoomMake::State, updates()).await {
        Ok(state) => state,
        Err(error) if error.is_final() => return Ok(Err(error)),
        Err(error) => return Err(Error::unavailable("worker_unavailable", error)),
    };
    let lost = |what: &str| Ok(Err(WorkerError::new("document_damaged", what)));
    let Ok(facts) = update::walk(&state) else { return lost("the folded state is malformed") };
    let (mut folded, mut raw) = (Coverage::default(), Coverage::default());
    folded.add(&facts);
    for update in updates() {
        match update::walk(update) {
            Ok(facts) => raw.add(&facts),
            Err(_) => return lost("an update is malformed"),
        }
    }
    if folded.includes(&raw) { Ok(Ok(state)) } else { lost("the folded state lacks something") }
}

/// Lets the child make something of updates.
pub async fn make<'a>(
    app: &App,
    make: RoomMake,
    updates: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, WorkerError> {
    let broken = |error: std::io::Error| WorkerError::new(crate::worker::codes::UNAVAILABLE, error.to_string());
    let folder = tempfile::tempdir().map_err(broken)?;
    let (input, out) = (folder.path().join("updates"), folder.path().join("out"));
    tokio::fs::write(&input, pack(updates)).await.map_err(broken)?;
    let Answer::Room { file } = app.workers.run(Task::Room { make, input, out: out.clone() }).await? else {
        return Err(WorkerError::new(crate::worker::codes::CRASHED, "the worker answered something else"));
    };
    tokio::fs::read(out.join(Path::new(&file))).await.map_err(broken)
}

async fn replace(app: &App, room: &RoomName, before: i64, rows: &[UpdateRow], state: &[u8]) -> Result<bool> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(true) };
    let state = zstd::bulk::compress(state, LEVEL).map_err(Error::internal)?;
    let history = segment::pack(rows)?;
    let mut tx = app.db.begin().await?;
    let snapshot = SnapshotRow { seq: last.seq, state };
    if !db::room_snapshots::replace(&mut tx, room, before, &snapshot, app.clock.now()).await? {
        return Ok(false);
    }
    db::room_snapshots::insert_segment(&mut tx, room, first.seq, last.seq, &history).await?;
    db::room_updates::delete_until(&mut tx, room, last.seq).await?;
    tx.commit().await?;
    Ok(true)
}

async fn quarantine(app: &App, room: &RoomName, reason: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    db::rooms::update_quarantined(&mut tx, room, Some(reason)).await?;
    let event = crate::audit::Event::new("room_quarantined").document(&room.document());
    let event = event.details(serde_json::json!({ "reason": reason }));
    crate::audit::record(&mut tx, None, app.clock.now(), event);
    tx.commit().await
}
