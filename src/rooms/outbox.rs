//! What is on its way to a client? A bounded queue between a room, which never waits, and a connection, which may be slow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::rooms::protocol::CloseCode;

/// A client that lets more than this pile up is cut off; connecting again brings it up to date at less cost.
const QUEUE_MAX_BYTES: usize = 8 << 20;

/// The queue of one connection; cheap to clone.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    news: Notify,
}

#[derive(Default)]
struct Queue {
    frames: Vec<Bytes>,
    /// Of what others caused; the answer to the client's own question has no limit.
    bytes: usize,
    closed: Option<(CloseCode, String)>,
}

/// What the connection is to send now.
pub struct Outgoing {
    pub frames: Vec<Bytes>,
    pub close: Option<(CloseCode, String)>,
}

impl Outbox {
    /// Queues answers to the client itself.
    pub fn answer(&self, frames: impl IntoIterator<Item = Bytes>) {
        self.lock().frames.extend(frames);
        self.0.news.notify_one();
    }

    /// Queues what others did; closes the connection when it does not keep up.
    pub fn tell(&self, frame: &Bytes) {
        let mut queue = self.lock();
        if queue.closed.is_some() {
            return;
        }
        queue.bytes += frame.len();
        if queue.bytes > QUEUE_MAX_BYTES {
            queue.frames.clear();
            queue.closed = Some((CloseCode::TooSlow, "too much is waiting to be read, connect again".into()));
        } else {
            queue.frames.push(frame.clone());
        }
        drop(queue);
        self.0.news.notify_one();
    }

    /// Ends the connection after what is queued. The first reason counts.
    pub fn close(&self, code: CloseCode, reason: impl Into<String>) {
        let mut queue = self.lock();
        queue.closed.get_or_insert((code, reason.into()));
        drop(queue);
        self.0.news.notify_one();
    }

    /// Waits until something is queued, and takes it.
    pub async fn take(&self) -> Outgoing {
        loop {
            let news = self.0.news.notified();
            {
                let mut queue = self.lock();
                if !queue.frames.is_empty() || queue.closed.is_some() {
                    queue.bytes = 0;
                    return Outgoing { frames: std::mem::take(&mut queue.frames), close: queue.closed.clone() };
                }
            }
            news.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
