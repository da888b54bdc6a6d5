//! What happens to our rooms on other nodes? Nodes on one PostgreSQL tell each other of commits, cursors and new snapshots.
//!
//! A commit is told by its own transaction, so it is told exactly when it happened. What is lost with a connection is made up
//! for by looking into the journal again: notices only say where to look.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    app::App,
    db::{Db, Engine, Tx, notices},
    error::Result,
    ids::UserId,
    rooms::{RoomName, awareness::Entry},
};

/// Pause before the connection is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Notices that may wait to be said; more cursors than that are dropped, they move on anyway.
const QUEUE: usize = 1024;

/// What one node tells the others.
#[derive(Debug, Serialize, Deserialize)]
struct Notice {
    node: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Rooms and their newest journal entries.
    Written(Vec<(RoomName, i64)>),
    Room(RoomName, News),
}

/// Something that happened to a room on another node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// The journal goes on at least to this entry; `i64::MAX`: look how far.
    Written(i64),
    /// Where people's cursors are.
    Awareness(Vec<(UserId, Entry)>),
    /// A node opened the room and wants to know who is there.
    Opened,
    /// The snapshot was renewed, or the room was put into quarantine.
    Renewed,
}

/// This node among the others; cheap to clone.
#[derive(Clone)]
pub struct Nodes {
    id: u64,
    /// There are no others on SQLite.
    alone: bool,
    said: mpsc::Sender<String>,
}

impl Nodes {
    /// A node that has nothing to say yet, and what it is going to say.
    pub fn new(db: &Db) -> (Self, mpsc::Receiver<String>) {
        let (said, saying) = mpsc::channel(QUEUE);
        (Self { id: rand::random(), alone: db.engine() == Engine::Sqlite, said }, saying)
    }

    /// Tells others of a commit, as part of it.
    pub async fn record(&self, tx: &mut Tx, rooms: &[(RoomName, i64)]) -> Result<()> {
        if self.alone {
            return Ok(());
        }
        // A name and a number take about 60 bytes.
        for some in rooms.chunks(notices::TEXT_MAX_BYTES / 80) {
            notices::insert(tx, &self.text(What::Written(some.to_vec()))).await?;
        }
        Ok(())
    }

    /// Tells others what cannot be read from the database.
    pub fn say(&self, room: &RoomName, news: News) {
        if self.alone {
            return;
        }
        let text = self.text(What::Room(room.clone(), news));
        if text.len() <= notices::TEXT_MAX_BYTES {
            let _ = self.said.try_send(text);
        }
    }

    fn text(&self, what: What) -> String {
        serde_json::to_string(&Notice { node: self.id, what }).expect("a notice is plain JSON")
    }
}

/// Says what rooms have to say, and brings rooms what other nodes say, until the service stops.
pub async fn run(app: App, mut saying: mpsc::Receiver<String>) {
    let speak = async {
        while let Some(text) = saying.recv().await {
            if let Err(error) = notices::say(&app.db, &text).await {
                tracing::warn!(%error, "other nodes cannot be told");
            }
        }
    };
    tokio::select! {
        () = speak => {}
        () = listen(&app) => {}
        () = app.shutdown.cancelled() => {}
    }
}

async fn listen(app: &App) {
    loop {
        match hear_all(app).await {
            Ok(()) => return std::future::pending().await,
            Err(error) => tracing::warn!(%error, "other nodes cannot be heard"),
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Ends well when there are no other nodes.
async fn hear_all(app: &App) -> Result<()> {
    let Some(mut listener) = notices::Listener::open(&app.db).await? else { return Ok(()) };
    app.rooms.tell_all(&News::Written(i64::MAX));
    loop {
        match listener.hear().await? {
            Some(text) => take_in(app, &text),
            None => app.rooms.tell_all(&News::Written(i64::MAX)),
        }
    }
}

fn take_in(app: &App, text: &str) {
    let Ok(notice) = serde_json::from_str::<Notice>(text) else {
        return tracing::warn!("a notice of another node cannot be read");
    };
    if notice.node == app.rooms.nodes().id {
        return;
    }
    match notice.what {
        What::Written(rooms) => {
            rooms.into_iter().for_each(|(room, seq)| app.rooms.tell_news(&room, News::Written(seq)))
        }
        What::Room(room, news) => app.rooms.tell_news(&room, news),
    }
}
