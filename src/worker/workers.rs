//! Who has the child processes? The service, from the first task on: a command that parses nothing starts none.

use tokio::sync::OnceCell;

use super::{Answer, PoolConfig, Task, WorkerError, WorkerPool};

/// The pool, started when it is first needed.
pub struct Workers {
    config: PoolConfig,
    pool: OnceCell<WorkerPool>,
}

impl Workers {
    /// Remembers how the pool is to be set up.
    pub fn new(config: PoolConfig) -> Self {
        Self { config, pool: OnceCell::new() }
    }

    /// The running pool.
    pub async fn pool(&self) -> Result<&WorkerPool, WorkerError> {
        self.pool.get_or_try_init(|| WorkerPool::start(self.config.clone())).await
    }

    /// Does a task in a child process.
    pub async fn run(&self, task: Task) -> Result<Answer, WorkerError> {
        self.pool().await?.run(task).await
    }

    /// Ends the children; what they are doing is done again after the next start.
    pub async fn stop(&self) {
        if let Some(pool) = self.pool.get() {
            pool.stop().await;
        }
    }
}
