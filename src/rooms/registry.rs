//! Which rooms are open on this node? Opens a room for its first member, closes it after the last, and reaches all of them.

use std::{
    collections::{HashMap, hash_map},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    auth::CurrentUser,
    clock::Clock,
    db::Db,
    error::{Error, Result},
    ids::UserId,
    rooms::{
        RoomName,
        chores::Chore,
        journal::Journal,
        members::Member,
        metrics::RoomMetrics,
        nodes::{News, Nodes},
        outbox::Outbox,
        room::{self, Control, Inbound},
        update,
    },
};

/// Messages that may wait for a room; its connections wait beyond.
const INBOX: usize = 1024;

/// All open rooms; cheap to clone.
#[derive(Clone)]
pub struct Rooms(Arc<Inner>);

struct Inner {
    db: Db,
    journal: Journal,
    chores: mpsc::UnboundedSender<Chore>,
    nodes: Nodes,
    metrics: RoomMetrics,
    duties: Mutex<Option<Duties>>,
    open: Mutex<Open>,
    /// Told whenever a room has closed.
    closed: Notify,
    links: Mutex<HashMap<u64, Arc<Link>>>,
    next_connection: AtomicU64,
}

/// What rooms ask to be done, and what they have to say to other nodes.
type Duties = (mpsc::UnboundedReceiver<Chore>, mpsc::Receiver<String>);

#[derive(Default)]
struct Open {
    rooms: HashMap<RoomName, Handle>,
    stopping: bool,
}

#[derive(Clone)]
struct Handle {
    control: mpsc::UnboundedSender<Control>,
    inbox: mpsc::Sender<Inbound>,
}

/// A connection as the watch over rights sees it.
pub struct Link {
    pub connection: u64,
    pub user: CurrentUser,
    pub room: RoomName,
    pub outbox: Outbox,
    /// Looked at for every message.
    pub may_write: AtomicBool,
}

/// A member's way to its room. Dropping it leaves the room.
pub(super) struct Seat {
    pub link: Arc<Link>,
    pub inbox: mpsc::Sender<Inbound>,
    control: mpsc::UnboundedSender<Control>,
    rooms: Rooms,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.rooms.lock_links().remove(&self.link.connection);
        // A room that is gone has nobody left.
        let _ = self.control.send(Control::Leave { connection: self.link.connection });
    }
}

impl Rooms {
    /// The rooms of a service that starts.
    pub fn new(db: Db, clock: Clock) -> Self {
        // The writer ends with the last room; shutdown waits for the rooms.
        let (nodes, saying) = Nodes::new(&db);
        let metrics = RoomMetrics::default();
        let journal = Journal::start(db.clone(), clock, nodes.clone(), metrics.clone(), &TaskTracker::new());
        let (chores, asked) = mpsc::unbounded_channel();
        let inner = Inner {
            db,
            journal,
            chores,
            nodes,
            metrics,
            duties: Mutex::new(Some((asked, saying))),
            open: Mutex::default(),
            closed: Notify::new(),
            links: Mutex::default(),
            next_connection: AtomicU64::new(1),
        };
        Self(Arc::new(inner))
    }

    /// What rooms ask for; there is one who does it.
    pub(super) fn take_duties(&self) -> Option<Duties> {
        self.0.duties.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Brings a member into a room; `None` when the service is stopping.
    pub(super) fn join(&self, room: &RoomName, user: CurrentUser, member: Member) -> Option<Seat> {
        let connection = self.0.next_connection.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Link {
            connection,
            user,
            room: room.clone(),
            outbox: member.outbox.clone(),
            may_write: AtomicBool::new(member.is_editor),
        });
        let handle = self.tell_open(room, Control::Join { connection, member })?;
        self.lock_links().insert(connection, link.clone());
        Some(Seat { link, inbox: handle.inbox, control: handle.control, rooms: self.clone() })
    }

    /// Journals an update in a person's name and shows it to everybody in the room. Resolves when it is durable, to
    /// the number of its entry.
    pub async fn append(&self, room: &RoomName, author: UserId, update: Bytes) -> Result<i64> {
        let facts = update::check(&update).map_err(|why| Error::internal(anyhow::anyhow!("an own update: {why}")))?;
        let (done, written) = oneshot::channel();
        let lost = || Error::unavailable("journal_unavailable", anyhow::anyhow!("the room closed during the write"));
        self.tell_open(room, Control::Append { author, update, facts, done }).ok_or_else(lost)?;
        written.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Tells an open room, here and on other nodes, that its snapshot or its state changed in the database.
    pub fn reload(&self, room: &RoomName) {
        self.tell_if_open(room, Control::Reload);
        self.0.nodes.say(room, News::Renewed);
    }

    /// Tells a room, if it is open here, what happened on another node.
    pub(super) fn tell_news(&self, room: &RoomName, news: News) {
        self.tell_if_open(room, Control::News(news));
    }

    /// Tells all rooms that are open here.
    pub(super) fn tell_all(&self, news: &News) {
        self.lock().rooms.values().for_each(|handle| drop(handle.control.send(Control::News(news.clone()))));
    }

    fn tell_if_open(&self, room: &RoomName, message: Control) {
        if let Some(handle) = self.lock().rooms.get(room) {
            // A room that is just ending reads anew when it opens again.
            let _ = handle.control.send(message);
        }
    }

    /// Opens the room when it is not, and sends it a message, so that it cannot close before it has seen it.
    fn tell_open(&self, room: &RoomName, message: Control) -> Option<Handle> {
        let mut open = self.lock();
        if open.stopping {
            return None;
        }
        let handle = match open.rooms.entry(room.clone()) {
            hash_map::Entry::Occupied(entry) if !entry.get().control.is_closed() => entry.into_mut(),
            // A closed handle is what a panic in the room leaves.
            hash_map::Entry::Occupied(mut entry) => {
                entry.insert(self.open(room));
                entry.into_mut()
            }
            hash_map::Entry::Vacant(entry) => entry.insert(self.open(room)),
        };
        // Open handles take messages: a room closes under the lock that is held here.
        let _ = handle.control.send(message);
        Some(handle.clone())
    }

    fn open(&self, room: &RoomName) -> Handle {
        let (control, controls) = mpsc::unbounded_channel();
        let (inbox, messages) = mpsc::channel(INBOX);
        tokio::spawn(room::run(self.clone(), room.clone(), controls, messages));
        Handle { control, inbox }
    }

    /// Takes a room out of the list if nothing was sent to it meanwhile.
    pub(super) fn forget_if(&self, room: &RoomName, is_idle: impl FnOnce() -> bool) -> bool {
        let mut open = self.lock();
        let idle = is_idle();
        if idle {
            open.rooms.remove(room);
            self.0.closed.notify_waiters();
        }
        idle
    }

    /// Takes a room out of the list that could not be opened.
    pub(super) fn forget(&self, room: &RoomName) {
        self.forget_if(room, || true);
    }

    /// Closes all rooms: clients are told to connect again, what they sent is written.
    pub async fn stop(&self) {
        loop {
            let closed = self.0.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            {
                let mut open = self.lock();
                if !open.stopping {
                    open.stopping = true;
                    open.rooms.values().for_each(|handle| drop(handle.control.send(Control::Shutdown)));
                }
                open.rooms.retain(|_, handle| !handle.control.is_closed());
                if open.rooms.is_empty() {
                    return;
                }
            }
            closed.await;
        }
    }

    /// Shows the rooms' numbers in `registry`.
    pub fn register_metrics(&self, registry: &prometheus::Registry) {
        self.0.metrics.register(registry);
    }

    /// Counts what is open now.
    pub fn count_for_metrics(&self) {
        let (rooms, connections) = self.count();
        self.0.metrics.open.set(rooms as i64);
        self.0.metrics.connections.set(connections as i64);
    }

    /// How many rooms are open and how many connections there are.
    pub fn count(&self) -> (usize, usize) {
        (self.lock().rooms.len(), self.lock_links().len())
    }

    /// Everybody who is connected.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.lock_links().values().cloned().collect()
    }

    /// Whether somebody who may write is in the room.
    pub fn has_editors(&self, room: &RoomName) -> bool {
        self.lock_links().values().any(|link| link.room == *room && link.may_write.load(Ordering::Relaxed))
    }

    pub(super) fn ask(&self, chore: Chore) {
        // Without a receiver the service is ending; the next start finds what was left.
        let _ = self.0.chores.send(chore);
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    /// This node among the others.
    pub(super) fn nodes(&self) -> &Nodes {
        &self.0.nodes
    }

    pub(super) fn journal(&self) -> Journal {
        self.0.journal.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_links(&self) -> MutexGuard<'_, HashMap<u64, Arc<Link>>> {
        self.0.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
