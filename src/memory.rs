//! How does the process stay small? What the kernel and the allocators are told, at the start and while nothing is asked.

use std::{
    ffi::{c_int, c_long},
    time::Duration,
};

// Links the allocator that `main` names.
use mimalloc as _;
use nix::{libc, sys::prctl};

use crate::app::App;

/// Arenas of the system's allocator, which only SQLite and other libraries in C use.
const ARENAS: c_int = 2;
/// How often memory that is not in use any more goes back.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(10);

/// Mimalloc's option `purge_delay` and what it is by default, in milliseconds: how long freed memory stays in the process.
const PURGE_DELAY: c_int = 15;
const DEFAULT_PURGE_DELAY: c_long = 1000;
/// Uploads free as much within a second as they need in all.
const SHORT_PURGE_DELAY: c_long = 20;

unsafe extern "C" {
    /// Mimalloc's: returns free memory to the kernel.
    fn mi_collect(force: bool);
    fn mi_option_get(option: c_int) -> c_long;
    fn mi_option_set(option: c_int, value: c_long);
}

/// Sets the process up; its children inherit what the kernel was told.
pub fn keep_small() {
    // With huge pages a heap that is touched here and there takes 2 MB each time: 30 MB more at rest, and nothing is faster.
    let _ = prctl::set_thp_disable(true);
    // Else each of the database's threads keeps what it once needed.
    // SAFETY: sets parameters of the allocators; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        // Unless whoever runs the server has chosen.
        if mi_option_get(PURGE_DELAY) == DEFAULT_PURGE_DELAY {
            mi_option_set(PURGE_DELAY, SHORT_PURGE_DELAY);
        }
    }
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
