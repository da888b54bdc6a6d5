//! Makes the notes of a document known across documents, with the authors that the journal names.

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    clock::Millis,
    db::{
        self,
        annotations::{NewMessage, NewThread},
    },
    error::Result,
    ids::{DocumentId, UserId},
    jobs::{Job, compact_room::CompactRoom, enqueue},
    rooms::{RoomName, authors::Authors, fold},
    worker::{NotedMessage, NotedThread, RoomMake},
};

/// Somebody wrote in the notes of a document.
#[derive(Debug, Serialize, Deserialize)]
pub struct MirrorNotes {
    pub document: DocumentId,
}

impl Job for MirrorNotes {
    const KIND: &'static str = "mirror_notes";
    const PARALLEL: usize = 2;

    fn key(&self) -> String {
        self.document.to_string()
    }

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let room = RoomName::notes(&self.document);
        let row = db::rooms::find(app.db.read(), &room).await?;
        let document = db::documents::find_any(app.db.read(), &self.document).await?;
        if row.last_seq <= row.indexed_seq || row.quarantined.is_some() || document.is_none() {
            return Ok(());
        }
        let content = fold::read(app, &room).await?;
        let made = match fold::make(app, RoomMake::Notes, content.updates()).await {
            Ok(made) => made,
            Err(error) => {
                // Folding finds out which update it is and puts the room into quarantine.
                ask_for_fold(app, &room).await?;
                return Err(error.into());
            }
        };
        let threads: Vec<NotedThread> = serde_json::from_slice(&made)?;
        let authors = Authors::read(&app.db, &room).await?;
        let now = app.clock.now();
        let threads: Vec<NewThread> = threads.into_iter().map(|thread| judge_thread(&authors, thread, now)).collect();
        let mut tx = app.db.begin().await?;
        // Another node may have mirrored a newer state meanwhile.
        if db::rooms::update_indexed(&mut tx, &room, content.seq()).await? {
            db::annotations::replace(&mut tx, &self.document, &threads, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn ask_for_fold(app: &App, room: &RoomName) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    enqueue(&mut tx, &CompactRoom { room: room.clone() }, now, now).await?;
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

fn judge_thread(authors: &Authors, thread: NotedThread, now: Millis) -> NewThread {
    let messages: Vec<NewMessage> =
        thread.messages.into_iter().map(|message| judge_message(authors, message, now)).collect();
    NewThread {
        id: thread.id,
        quote: thread.quote,
        author_id: messages.first().and_then(|first| first.author_id.clone()),
        assignee_id: thread.assignee.and_then(person),
        resolved_by: thread.resolved_by.and_then(person),
        resolved_at: thread.resolved_at.map(|at| at.clamp(0, now)),
        created_at: thread.created_at.clamp(0, now),
        messages,
    }
}

/// Finds out who wrote a message. Forged is what somebody else than the claimed author wrote, wholly or in part.
fn judge_message(authors: &Authors, message: NotedMessage, now: Millis) -> NewMessage {
    let claimed_id = message.claimed.and_then(person);
    let runs = message.items.as_deref().unwrap_or_default();
    let writers: Vec<Option<&UserId>> =
        runs.iter().flat_map(|(client, clock, len)| authors.of_run(*client, *clock, *len)).collect();
    let other = writers.iter().find(|writer| **writer != claimed_id.as_ref()).copied();
    let (author_id, is_forged) = match other {
        _ if writers.is_empty() => (None, true),
        Some(other) => (other.cloned(), true),
        None => (claimed_id.clone(), false),
    };
    NewMessage {
        id: message.id,
        author_id,
        claimed_id,
        is_forged,
        text: message.text,
        at: message.at.clamp(0, now),
        edited_at: message.edited_at.map(|at| at.clamp(0, now)),
    }
}

fn person(id: String) -> Option<UserId> {
    id.parse().ok()
}
