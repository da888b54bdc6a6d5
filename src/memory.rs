//! How does the process stay small? What the kernel and the allocators are told, at the start and while nothing is asked.

use std::time::Duration;

// Links the allocator that `main` names.
use mimalloc as _;
use nix::{libc, sys::prctl};

use crate::app::App;

/// Arenas of the system's allocator, which only SQLite and other libraries in C use.
const ARENAS: libc::c_int = 2;
/// How often memory that is not in use any more goes back.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(10);

unsafe extern "C" {
    /// Mimalloc's: returns free memory to the kernel.
    fn mi_collect(force: bool);
}

/// Sets the process up; its children inherit what the kernel was told.
pub fn keep_small() {
    // With huge pages a heap that is touched here and there takes 2 MB each time: 30 MB more at rest, and nothing is faster.
    let _ = prctl::set_thp_disable(true);
    // Else each of the database's threads keeps what it once needed.
    // SAFETY: sets a parameter of the allocator; no other thread runs yet.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
}

/// Gives free memory back until the service stops: by themselves the allocators do it only while they are asked for more,
/// so what a busy hour has taken would stay for a quiet night.
pub async fn give_back(app: App) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(GIVE_BACK_EVERY) => {}
            () = app.shutdown.cancelled() => return,
        }
        // SAFETY: both may be called from any thread at any time.
        let collected = tokio::task::spawn_blocking(|| unsafe {
            mi_collect(true);
            libc::malloc_trim(0);
        });
        if collected.await.is_err() {
            return;
        }
    }
}
