//! What does every part share? The handles that handlers, jobs and rooms get.

use std::{fs::File, ops::Deref, sync::Arc};

use storage::Store;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    actions::{intake::Intake, upload_address::Seal, upload_locks::UploadLocks},
    audit::readings::Readings,
    auth::{basic::Verified, guests::Guests},
    clock::Clock,
    config::Config,
    db::Db,
    http::health::Readiness,
    preview::Preview,
    rooms::{Rooms, http_transport::HttpPeers},
    search::Search,
    telemetry::Metrics,
    worker::Workers,
};

/// The running service; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts behind [`App`].
pub struct Parts {
    pub config: Config,
    pub db: Db,
    pub store: Store,
    pub clock: Clock,
    pub jobs: JobSignal,
    pub rooms: Rooms,
    /// Who takes part in a room without a WebSocket.
    pub http_peers: HttpPeers,
    /// What is known of those who come into rooms.
    pub guests: Guests,
    /// Passwords that drives have shown a short while ago.
    pub verified: Verified,
    /// Which uploads are being written right now.
    pub uploads: UploadLocks,
    /// What the addresses of those are sealed with about which nothing is written yet.
    pub seal: Seal,
    /// How they get into the database.
    pub intake: Intake,
    /// What people are in the middle of reading.
    pub readings: Readings,
    pub metrics: Metrics,
    pub readiness: Readiness,
    pub workers: Workers,
    /// What only the process has that holds the data folder.
    pub node: Option<Node>,
    /// Tasks that shutdown waits for.
    pub tasks: TaskTracker,
    /// Cancelled when the service is to stop: take no new work, finish or put back what runs.
    pub shutdown: CancellationToken,
    /// Locked as long as this process serves from the data folder; `None` in commands beside it.
    pub data_lock: Option<File>,
}

/// Index and caches in the data folder.
pub struct Node {
    pub preview: Preview,
    pub search: Search,
}

/// Tells the runner that a job was added.
pub struct JobSignal(watch::Sender<()>);

impl Default for JobSignal {
    fn default() -> Self {
        Self(watch::channel(()).0)
    }
}

impl JobSignal {
    /// Wakes the runner.
    pub fn wake(&self) {
        self.0.send_replace(());
    }

    /// What a runner waits on; it remembers a wake that came while the runner was busy.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Pictures of pages.
    pub fn preview(&self) -> &Preview {
        &self.node().preview
    }

    /// The search index.
    pub fn search(&self) -> &Search {
        &self.node().search
    }

    fn node(&self) -> &Node {
        self.node.as_ref().expect("requests and jobs run only in the process that holds the data folder")
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
