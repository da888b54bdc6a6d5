//! How is a task done so that nothing of it stays in the child? In a copy of the child that ends with the task.
//!
//! A copy (`fork`) costs a fraction of a new child, and is inside the same walls: what a hostile document does to its memory
//! is gone before the next one comes.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use nix::{
    libc,
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, fork, pipe},
};

use super::{
    task::{Answer, WorkerError, codes},
    wire,
};

/// Does `work` in a copy of this process and returns its answer, or what the copy died of.
pub fn apart(work: impl FnOnce() -> Result<Answer, WorkerError>) -> Result<Answer, WorkerError> {
    let failed = |error: nix::Error| WorkerError::unavailable("copying the worker", io::Error::from(error));
    let (answers, answering) = pipe().map_err(failed)?;
    // SAFETY: the other threads of this process wait, one for this thread and one in `poll`; neither holds a lock that
    // the copy could wait for.
    match unsafe { fork() }.map_err(failed)? {
        ForkResult::Child => {
            drop(answers);
            let result = catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|_| Err(WorkerError::new(codes::CRASHED, "the parser failed on this document")));
            let written = wire::write(&mut File::from(answering), &result);
            // SAFETY: ends the copy without what the original has registered for its own end.
            unsafe { libc::_exit(i32::from(written.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(answering);
            let answer = wire::read::<Result<Answer, WorkerError>>(&mut File::from(answers));
            let status = waitpid(child, None).map_err(failed)?;
            match (answer, status) {
                (Ok(Some(result)), WaitStatus::Exited(_, 0)) => result,
                (_, WaitStatus::Signaled(_, nix::sys::signal::Signal::SIGXCPU, _)) => {
                    Err(WorkerError::new(codes::TIMED_OUT, "the document took too much processor time"))
                }
                _ => Err(WorkerError::new(codes::CRASHED, "the parser crashed on this document")),
            }
        }
    }
}
