//! How is work brought to its end when whoever asked for it goes away?
//!
//! It is done by the task that waits for it, since bytes that change tasks wake two of them; when that task is dropped, the
//! rest is done by one of its own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// Does `work`, or leaves the rest of it to a task of `tasks` when it is dropped.
pub fn see_through<T: Send + 'static>(
    tasks: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = T> + Send {
    Work { tasks: tasks.clone(), _token: tasks.token(), rest: Some(Box::pin(work)) }
}

struct Work<T: Send + 'static> {
    tasks: TaskTracker,
    /// The server stops after it.
    _token: TaskTrackerToken,
    rest: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T: Send + 'static> Future for Work<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(rest) = &mut self.rest else { return Poll::Pending };
        let polled = rest.as_mut().poll(context);
        if polled.is_ready() {
            self.rest = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Work<T> {
    fn drop(&mut self) {
        // What has panicked has no rest.
        let rest = self.rest.take().filter(|_| !std::thread::panicking());
        if let (Some(rest), Ok(_)) = (rest, Handle::try_current()) {
            self.tasks.spawn(async move { drop(rest.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn work_ends_with_or_without_the_one_who_asked() {
        let (tasks, done) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
        let work = |done: Arc<AtomicUsize>| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            done.fetch_add(1, Ordering::SeqCst) + 1
        };
        assert_eq!(see_through(&tasks, work(done.clone())).await, 1);
        let left = tokio::time::timeout(Duration::from_millis(1), see_through(&tasks, work(done.clone()))).await;
        assert!(left.is_err());
        drop(see_through(&tasks, work(done.clone())));
        tasks.close();
        tasks.wait().await;
        assert_eq!(done.load(Ordering::SeqCst), 3);
    }
}
