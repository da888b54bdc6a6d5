//! On which thread is something done that keeps one busy, or waits for the disk?
//!
//! Each on a thread of the blocking pool, side by side. Handing it over costs as much as hashing some of a chunk, so what belongs
//! to one small content is done in one go: [`in_one`] runs it on one such thread, and there [`blocking`] hands nothing over. Whoever
//! uses the store may have other work done there, too ([`may_wait`]).

use std::cell::Cell;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

thread_local! {
    static MAY_WAIT: Cell<bool> = const { Cell::new(false) };
}

/// Tells whether this thread belongs to the caller, so that nobody else waits while it does: see [`Store::in_one`](crate::Store::in_one).
pub fn may_wait() -> bool {
    MAY_WAIT.get()
}

/// Does work that takes a thread for itself.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if may_wait() {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)
}

/// Does all that `work` does on one thread. It goes on when nobody waits for it any more.
pub(crate) fn in_one<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        MAY_WAIT.set(true);
        let _reset = Reset;
        runtime.block_on(work)
    })
}

/// The thread does other things later.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        MAY_WAIT.set(false);
    }
}
