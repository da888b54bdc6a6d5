//! What do rooms ask to be done later? Gathers their wishes and writes them as jobs, many in one transaction.

use std::{collections::HashSet, time::Duration};

use tokio::sync::mpsc;

use crate::{
    app::App,
    clock::Millis,
    db::{self, Tx},
    error::Result,
    ids::UserId,
    jobs::{compact_room::CompactRoom, enqueue, index_room::IndexRoom, save_page::SavePage},
    rooms::RoomName,
};

/// How long wishes gather.
const GATHER: Duration = Duration::from_millis(200);
/// A version is made so long after the last editor left: a reload of the page is no reason for one.
const SAVE_AFTER_MS: i64 = 10_000;

/// Something that a room wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Chore {
    /// The journal is long: fold it into the snapshot.
    Fold(RoomName),
    /// The text changed: make it searchable.
    Index(RoomName),
    /// The last editor, named here or before, has left: keep a version.
    Save(RoomName, UserId),
}

/// Writes jobs for what rooms ask, until the service has stopped its rooms.
pub async fn run(app: App, mut asked: mpsc::UnboundedReceiver<Chore>) {
    loop {
        let stopped = tokio::select! {
            chore = asked.recv() => {
                let Some(chore) = chore else { return };
                let mut chores = HashSet::from([chore]);
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = app.shutdown.cancelled() => {}
                }
                drain(&mut asked, &mut chores);
                write_logged(&app, &chores).await;
                false
            }
            () = app.shutdown.cancelled() => true,
        };
        if stopped {
            app.rooms.stop().await;
            let mut chores = HashSet::new();
            drain(&mut asked, &mut chores);
            return write_logged(&app, &chores).await;
        }
    }
}

fn drain(asked: &mut mpsc::UnboundedReceiver<Chore>, chores: &mut HashSet<Chore>) {
    while let Ok(chore) = asked.try_recv() {
        chores.insert(chore);
    }
}

async fn write_logged(app: &App, chores: &HashSet<Chore>) {
    // The next start, or the next edit, asks again.
    if let Err(error) = write(app, chores).await {
        tracing::error!(%error, "work of rooms cannot be queued");
    }
}

async fn write(app: &App, chores: &HashSet<Chore>) -> Result<()> {
    if chores.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    for chore in chores {
        match chore.clone() {
            Chore::Fold(room) => enqueue(&mut tx, &CompactRoom { room }, now, now).await?,
            Chore::Index(room) => ask_for_index(&mut tx, &room, now).await?,
            Chore::Save(room, author) => ask_for_version(&mut tx, &room, Some(author), now).await?,
        }
    }
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

async fn ask_for_index(tx: &mut Tx, room: &RoomName, now: Millis) -> Result<()> {
    match room.is_body() {
        true => enqueue(tx, &IndexRoom { room: room.document() }, now, now).await,
        false => Ok(()),
    }
}

/// Notes have no versions: their history is in the journal.
async fn ask_for_version(tx: &mut Tx, room: &RoomName, author: Option<UserId>, now: Millis) -> Result<()> {
    match room.is_body() {
        true => enqueue(tx, &SavePage { room: room.document(), author }, now + SAVE_AFTER_MS, now).await,
        false => Ok(()),
    }
}

/// Queues what a crash left undone.
pub async fn resume(app: &App) -> Result<()> {
    let rooms = db::rooms::list_behind(app.db.read()).await?;
    let now = app.clock.now();
    for some in rooms.chunks(100) {
        let mut tx = app.db.begin().await?;
        for room in some {
            ask_for_index(&mut tx, room, now).await?;
            ask_for_version(&mut tx, room, None, now).await?;
        }
        tx.commit().await?;
    }
    app.jobs.wake();
    Ok(())
}
