//! What does every part share? The handles that handlers, jobs and rooms get.

use std::{ops::Deref, sync::Arc};

use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::Clock, config::Config, db::Db};

/// The running service; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts behind [`App`].
pub struct Parts {
    pub config: Config,
    pub db: Db,
    pub clock: Clock,
    pub jobs: JobSignal,
    /// Tasks that shutdown waits for.
    pub tasks: TaskTracker,
    /// Cancelled when the service is to stop.
    pub shutdown: CancellationToken,
}

/// Tells the runner that a job was added.
#[derive(Default)]
pub struct JobSignal(Notify);

impl JobSignal {
    /// Wakes the runner.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody calls [`JobSignal::wake`].
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
