//! What happens in one open document? A task that owns its durable content and its members; it holds no document.
//!
//! Edits are handed to the journal in batches, one batch at a time. After the commit they go to the other members, and their
//! senders learn that they are saved. When a commit fails nobody is told: the room closes, and clients
//! that connect again send what was not saved.

use std::{collections::HashMap, future::pending, pin::Pin, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::{
    db::journal::RoomEdits,
    error::{Error, Result},
    ids::UserId,
    rooms::{
        RoomName,
        awareness::{Awareness, Entry},
        chores::Chore,
        journal::WriteFailed,
        loader::{self, Content, Piece},
        members::{Member, Members},
        nodes::News,
        protocol::{self, CloseCode},
        registry::Rooms,
        update::{Facts, StateVector},
    },
};

/// Updates that wait for the journal; beyond, connections are not read.
const PENDING_MAX: usize = 4096;
/// Bytes that wait for the journal.
const PENDING_MAX_BYTES: usize = 16 << 20;
/// The tail is folded into the snapshot when it has so many entries …
const FOLD_AT_ENTRIES: usize = 500;
/// … or so many bytes.
const FOLD_AT_BYTES: usize = 1 << 20;
/// A room whose content is larger takes no more edits.
const CONTENT_MAX_BYTES: usize = 128 << 20;
/// From the first edit after a pause to its being searched.
const INDEX_AFTER: Duration = Duration::from_secs(1);
/// The same while editing goes on.
const INDEX_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Where many rooms are open, each waits this long for every one of them: about twenty texts a second are made.
const INDEX_FOR_EACH_ROOM: Duration = Duration::from_millis(50);

/// After so many updates in one batch the next one gathers for so long: each batch costs every member a frame.
const GATHER: [(usize, Duration); 3] =
    [(128, Duration::from_millis(20)), (32, Duration::from_millis(10)), (8, Duration::from_millis(5))];

/// What the server tells a room. Never blocks, is looked at first.
pub(super) enum Control {
    Join {
        connection: u64,
        member: Member,
    },
    Leave {
        connection: u64,
    },
    /// An update made by the server in a person's name; answered after it is durable.
    Append {
        author: UserId,
        update: Bytes,
        facts: Facts,
        done: oneshot::Sender<Result<i64>>,
    },
    /// The snapshot was renewed, or the room was put into quarantine.
    Reload,
    /// Something happened on another node.
    News(News),
    Shutdown,
}

/// What a member's client says.
pub(super) enum Inbound {
    SyncStep1 { connection: u64, has: StateVector },
    Update { connection: u64, author: UserId, may_write: bool, payload_len: usize, frame: Bytes, facts: Facts },
    Awareness { connection: u64, entries: Vec<Entry> },
    QueryAwareness { connection: u64 },
}

/// An update on its way to the journal.
struct Waiting {
    source: Source,
    author: UserId,
    /// `None`: everything in it is durable already.
    update: Option<(Bytes, usize, Facts)>,
}

enum Source {
    Member(u64),
    Server(oneshot::Sender<Result<i64>>),
}

type Flight = Pin<Box<dyn Future<Output = Result<i64, WriteFailed>> + Send>>;

/// The task's state.
pub(super) struct Room {
    id: RoomName,
    rooms: Rooms,
    content: Content,
    members: Members,
    awareness: Awareness,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// The batch that is being written, and the write.
    flight: Option<(Vec<Waiting>, Flight)>,
    /// The next batch is not taken to the journal before this time.
    gather_until: Option<Instant>,
    /// Newest entry that another node was heard to have written; looked at when nothing is on its way.
    elsewhere: i64,
    fold_asked: bool,
    index_at: Option<Instant>,
    indexed_at: Option<Instant>,
    /// Who wrote since the last version was asked for.
    unsaved_by: Option<UserId>,
    ending: bool,
}

/// Runs a room until nobody is left in it.
pub(super) async fn run(
    rooms: Rooms,
    id: RoomName,
    mut control: mpsc::UnboundedReceiver<Control>,
    mut inbox: mpsc::Receiver<Inbound>,
) {
    let content = match Content::load(rooms.db(), &id).await {
        Ok(content) => content,
        Err(error) => {
            tracing::error!(room = %id, %error, "room cannot be opened");
            rooms.forget(&id);
            return refuse_all(control).await;
        }
    };
    let mut room = Room::new(rooms, id, content);
    room.rooms.nodes().say(&room.id, News::Opened);
    loop {
        tokio::select! {
            biased;
            Some(message) = control.recv() => room.on_control(message).await,
            outcome = landed(&mut room.flight) => room.on_written(outcome).await,
            () = until(room.index_at) => room.ask_for_index(),
            () = until(room.gather_until) => room.gather_until = None,
            Some(first) = inbox.recv(), if room.has_space() => {
                let mut next = Some(first);
                while let Some(message) = next {
                    // Its sender joined before it spoke, but on the other channel.
                    while let Ok(message) = control.try_recv() {
                        room.on_control(message).await;
                    }
                    room.on_inbound(message);
                    next = if room.has_space() { inbox.try_recv().ok() } else { None };
                }
            }
        }
        room.take_off();
        room.tell_cursors();
        if room.is_idle()
            && inbox.is_empty()
            && room.rooms.forget_if(&room.id, || control.is_empty() && inbox.is_empty())
        {
            return;
        }
    }
}

/// Tells those who wait to join that there is nothing to join.
async fn refuse_all(mut control: mpsc::UnboundedReceiver<Control>) {
    control.close();
    while let Some(message) = control.recv().await {
        if let Control::Join { member, .. } = message {
            member.outbox.close(CloseCode::Restarting, "the room cannot be opened now");
        }
    }
}

async fn landed(flight: &mut Option<(Vec<Waiting>, Flight)>) -> Result<i64, WriteFailed> {
    match flight {
        Some((_, write)) => write.await,
        None => pending().await,
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => pending().await,
    }
}

impl Room {
    fn new(rooms: Rooms, id: RoomName, content: Content) -> Self {
        Self {
            id,
            rooms,
            content,
            members: Members::default(),
            awareness: Awareness::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            flight: None,
            gather_until: None,
            elsewhere: 0,
            fold_asked: false,
            index_at: None,
            indexed_at: None,
            unsaved_by: None,
            ending: false,
        }
    }

    fn has_space(&self) -> bool {
        self.waiting.len() < PENDING_MAX && self.waiting_bytes < PENDING_MAX_BYTES
    }

    fn is_idle(&self) -> bool {
        self.members.is_empty() && self.waiting.is_empty() && self.flight.is_none()
    }

    async fn on_control(&mut self, message: Control) {
        match message {
            Control::Join { connection, member } => self.join(connection, member),
            Control::Leave { connection } => self.leave(connection),
            Control::Append { author, update, facts, done } => self.on_append(author, update, facts, done),
            Control::Reload => self.reload().await,
            Control::News(news) => self.on_news(news).await,
            Control::Shutdown => {
                self.ending = true;
                self.members.close(CloseCode::Restarting, "the server restarts");
            }
        }
    }

    fn join(&mut self, connection: u64, member: Member) {
        if self.ending {
            return member.outbox.close(CloseCode::Restarting, "the server restarts");
        }
        if self.content.quarantined.is_none() {
            member.outbox.answer([protocol::sync_step1(&self.content.coverage.state_vector())]);
        }
        member.outbox.answer(self.awareness.everybody());
        self.members.add(connection, member);
    }

    fn leave(&mut self, connection: u64) {
        let Some(member) = self.members.remove(connection) else { return };
        self.awareness.leave(connection);
        if member.is_editor && !self.members.has_editor() {
            self.ask_for_version();
        }
    }

    fn on_append(&mut self, author: UserId, update: Bytes, facts: Facts, done: oneshot::Sender<Result<i64>>) {
        if let Some((_, message)) = self.refuses_edits() {
            let _ = done.send(Err(Error::conflict("room_read_only", message)));
            return;
        }
        let payload_len = update.len();
        let frame = protocol::update(&update);
        self.wait(Waiting { source: Source::Server(done), author, update: Some((frame, payload_len, facts)) });
    }

    async fn reload(&mut self) {
        self.fold_asked = false;
        let state = crate::db::rooms::find(self.rooms.db().read(), &self.id).await;
        if state.is_ok_and(|row| row.quarantined != self.content.quarantined) {
            return self.start_afresh("the state of the room changed");
        }
        if let Err(error) = self.content.reload_snapshot(self.rooms.db(), &self.id).await {
            tracing::error!(room = %self.id, %error, "snapshot cannot be read");
        }
    }

    fn on_inbound(&mut self, message: Inbound) {
        match message {
            Inbound::SyncStep1 { connection, has } => {
                if let Some(member) = self.members.get_mut(connection) {
                    member.follows = true;
                    member.outbox.answer(self.content.answer(&has));
                }
            }
            Inbound::Update { connection, author, may_write, payload_len, frame, facts } => {
                self.on_update(connection, author, may_write, (frame, payload_len, facts));
            }
            Inbound::Awareness { connection, entries } => self.on_awareness(connection, entries),
            Inbound::QueryAwareness { connection } => {
                if let Some(member) = self.members.get(connection) {
                    member.outbox.answer(self.awareness.everybody());
                }
            }
        }
    }

    /// An update that brings nothing is fine from anybody: clients answer the server's step 1 with one.
    fn on_update(&mut self, connection: u64, author: UserId, may_write: bool, update: (Bytes, usize, Facts)) {
        let source = Source::Member(connection);
        if self.content.coverage.covers(&update.2) {
            return self.wait(Waiting { source, author, update: None });
        }
        let refusal = match may_write {
            true => self.refuses_edits(),
            false => Some(("edit_not_allowed", "your role does not allow editing this document".to_owned())),
        };
        match refusal {
            Some((code, message)) => self.refuse(connection, code, &message),
            None => self.wait(Waiting { source, author, update: Some(update) }),
        }
    }

    fn refuses_edits(&self) -> Option<(&'static str, String)> {
        if let Some(reason) = &self.content.quarantined {
            return Some(("room_quarantined", format!("the document is read-only: {reason}")));
        }
        let full = self.content.size_bytes() > CONTENT_MAX_BYTES;
        full.then(|| ("room_too_large", "the document is too large to be edited further".to_owned()))
    }

    fn refuse(&mut self, connection: u64, code: &str, message: &str) {
        let Some(member) = self.members.get_mut(connection) else { return };
        member.was_refused = true;
        member.refuse(code, message);
    }

    fn on_awareness(&mut self, connection: u64, entries: Vec<Entry>) {
        let Some(member) = self.members.get(connection) else { return };
        if let Some(refusal) = self.awareness.apply(connection, &member.identity, entries) {
            member.refuse(refusal.code, refusal.message);
        }
    }

    /// Tells where cursors are. Those that moved with an edit are told after it: they point into it.
    fn tell_cursors(&mut self) {
        if self.flight.is_some() {
            return;
        }
        if let Some((message, news)) = self.awareness.take_news() {
            // Also to the sender: plain clients take a connection on which nothing comes back for dead.
            self.members.tell(&message);
            self.rooms.nodes().say(&self.id, News::Awareness(news));
        }
    }

    async fn on_news(&mut self, news: News) {
        match news {
            News::Written(seq) => {
                self.elsewhere = self.elsewhere.max(seq);
                self.look_elsewhere().await;
            }
            News::Awareness(entries) => {
                if let Some(message) = self.awareness.hear(entries) {
                    self.members.tell(&message);
                }
            }
            News::Opened => self.rooms.nodes().say(&self.id, News::Awareness(self.awareness.everybody_here())),
            News::Renewed => self.reload().await,
        }
    }

    /// Reads what other nodes wrote. While an own batch is on its way its entries cannot be told from theirs: later.
    async fn look_elsewhere(&mut self) {
        if self.flight.is_some() || self.elsewhere <= self.content.last_seq {
            return;
        }
        let until = std::mem::take(&mut self.elsewhere);
        if let Err(error) = self.catch_up(until).await {
            tracing::error!(room = %self.id, %error, "edits of another node cannot be read");
            self.start_afresh("edits of others could not be read, connect again");
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        self.waiting_bytes += waiting.update.as_ref().map_or(0, |update| update.1);
        self.waiting.push(waiting);
    }

    /// Hands what waits to the journal, unless a batch is on its way.
    fn take_off(&mut self) {
        if self.flight.is_some() || self.gather_until.is_some() || self.waiting.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let gather = GATHER.iter().find(|(updates, _)| batch.len() >= *updates);
        self.gather_until = gather.map(|(_, time)| Instant::now() + *time);
        let edits: Vec<(UserId, Bytes)> = batch
            .iter()
            .filter_map(|waiting| {
                let (frame, len, _) = waiting.update.as_ref()?;
                Some((waiting.author.clone(), frame.slice(frame.len() - len..)))
            })
            .collect();
        if edits.is_empty() {
            return self.settle(batch, self.content.last_seq);
        }
        let write = self.rooms.journal().append(RoomEdits { room: self.id.clone(), edits });
        self.flight = Some((batch, Box::pin(write)));
    }

    async fn on_written(&mut self, outcome: Result<i64, WriteFailed>) {
        let Some((batch, _)) = self.flight.take() else { return };
        let count = batch.iter().filter(|waiting| waiting.update.is_some()).count() as i64;
        match outcome {
            Ok(last) if self.catch_up(last - count).await.is_ok() => self.settle(batch, last - count),
            _ => self.start_afresh("the last edits could not be saved, connect again to send them once more"),
        }
        self.look_elsewhere().await;
    }

    /// Tells members what another node wrote, up to entry `until`.
    async fn catch_up(&mut self, until: i64) -> Result<()> {
        if until <= self.content.last_seq {
            return Ok(());
        }
        let rows = loader::list_tail(self.rooms.db(), &self.id, self.content.last_seq).await?;
        let rows: Vec<_> = rows.into_iter().take_while(|row| row.seq <= until).collect();
        let is_whole = rows.first().is_none_or(|first| first.seq == self.content.last_seq + 1);
        let reaches = until == i64::MAX || rows.last().is_some_and(|last| last.seq == until);
        if !is_whole || !reaches {
            return self.read_anew().await;
        }
        for row in rows {
            let piece = Piece::read(row.seq, &row.payload)?;
            self.members.tell(&piece.frame);
            self.content.push(piece);
        }
        Ok(())
    }

    /// Another node folded entries that were not seen here: they come with the snapshot.
    async fn read_anew(&mut self) -> Result<()> {
        let known = self.content.last_seq;
        self.content = Content::load(self.rooms.db(), &self.id).await?;
        self.content.since(known).for_each(|piece| self.members.tell(&piece.frame));
        Ok(())
    }

    /// Shows a durable batch to the others and tells its senders. `before` is the entry before the batch.
    fn settle(&mut self, batch: Vec<Waiting>, before: i64) {
        let (mut seq, mut saved, mut senders) = (before, HashMap::<u64, u64>::new(), Vec::new());
        let known = self.content.tail.len();
        for waiting in batch {
            if let Some((frame, payload_len, facts)) = waiting.update {
                seq += 1;
                senders.push(match &waiting.source {
                    Source::Member(connection) => Some(*connection),
                    Source::Server(_) => None,
                });
                self.content.push(Piece::new(seq, frame, payload_len, facts));
                self.unsaved_by = Some(waiting.author);
                self.index_soon();
            }
            match waiting.source {
                Source::Member(connection) => *saved.entry(connection).or_default() += 1,
                Source::Server(done) => {
                    let _ = done.send(Ok(seq));
                }
            }
        }
        let news: Vec<(Option<u64>, &Piece)> = senders.into_iter().zip(&self.content.tail[known..]).collect();
        self.members.show(&news);
        self.members.acknowledge(saved);
        self.after_growth();
    }

    fn after_growth(&mut self) {
        let long = self.content.tail.len() >= FOLD_AT_ENTRIES || self.content.tail_bytes >= FOLD_AT_BYTES;
        if long && !self.fold_asked {
            self.fold_asked = true;
            self.rooms.ask(Chore::Fold(self.id.clone()));
        }
        // The last editor may have left while the write was on its way.
        if self.unsaved_by.is_some() && !self.members.has_editor() {
            self.ask_for_version();
        }
    }

    fn index_soon(&mut self) {
        if self.index_at.is_none() {
            let again_after = INDEX_AGAIN_AFTER.max(INDEX_FOR_EACH_ROOM * self.rooms.count().0 as u32);
            let busy = self.indexed_at.is_some_and(|at| at.elapsed() < 2 * again_after);
            self.index_at = Some(Instant::now() + if busy { again_after } else { INDEX_AFTER });
        }
    }

    fn ask_for_index(&mut self) {
        self.index_at = None;
        self.indexed_at = Some(Instant::now());
        self.rooms.ask(Chore::Index(self.id.clone()));
    }

    fn ask_for_version(&mut self) {
        if let Some(author) = self.unsaved_by.take() {
            self.rooms.ask(Chore::Save(self.id.clone(), author));
            if self.index_at.is_some() {
                self.ask_for_index();
            }
        }
    }

    /// Ends this room without telling what waits: clients connect again and find the database's truth.
    fn start_afresh(&mut self, reason: &str) {
        self.members.close(CloseCode::Restarting, reason);
        self.members.clear();
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.flight = None;
        self.ending = true;
    }
}

impl Drop for Room {
    /// A room that ends by a panic leaves nobody waiting.
    fn drop(&mut self) {
        self.members.close(CloseCode::Restarting, "the room starts afresh");
    }
}
