//! Which uploads have an address and are not written yet? Their bytes mostly follow at once: then they are written together
//! with what they become, in one transaction instead of two.
//!
//! Whatever needs a row writes it, and so does a second without an end. A server that dies within that second forgets
//! addresses for which it had acknowledged no byte: the client begins again (tus: 404). Only where one process owns the
//! database; other nodes would not know the address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::join_all;

use crate::{
    app::App,
    db::{
        self, Engine,
        uploads::{Standing, Upload},
    },
    error::{Error, Result},
    ids::{UploadId, UserId},
};

/// How long an upload may do without a row.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// So much has to be left of every quota: what is announced reserves nothing.
const SPARE_BYTES: i64 = 1 << 30;
/// How long a server that stops waits for requests that still write to their uploads, and how often it looks.
const STOPPING: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The uploads that only this process knows.
#[derive(Clone, Default)]
pub struct Announced(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    uploads: HashMap<UploadId, (Upload, Instant)>,
    /// Somebody writes those that wait too long.
    is_watched: bool,
}

impl Announced {
    /// Whether an upload of so many bytes may do without a row, when so many are `available` (`None`: no limit).
    pub fn suits(&self, app: &App, bytes: i64, available: Option<i64>) -> bool {
        let others = || self.state().uploads.values().filter_map(|(upload, _)| upload.size_bytes).sum::<i64>();
        app.db.engine() == Engine::Sqlite
            && !app.shutdown.is_cancelled()
            && available.is_none_or(|available| available - others() - bytes >= SPARE_BYTES)
    }

    /// Gives an upload an address; returns it as it is known now.
    pub fn add(&self, app: &App, upload: Upload) -> Upload {
        let upload = Upload { standing: Standing::Announced, ..upload };
        let mut state = self.state();
        state.uploads.insert(upload.id.clone(), (upload.clone(), Instant::now()));
        if !std::mem::replace(&mut state.is_watched, true) {
            app.tasks.spawn(watch(app.clone()));
        }
        upload
    }

    /// Forgets an upload: it is written, or cancelled. Returns it when it was here.
    pub fn remove(&self, id: &UploadId) -> Option<Upload> {
        self.state().uploads.remove(id).map(|(upload, _)| upload)
    }

    fn find(&self, id: &UploadId, user: &UserId) -> Option<Upload> {
        self.state().uploads.get(id).map(|(upload, _)| upload).filter(|upload| upload.user_id == *user).cloned()
    }

    /// Those that are here for at least `age`.
    fn waiting(&self, age: Duration) -> Vec<Upload> {
        let state = self.state();
        state.uploads.values().filter(|(_, since)| since.elapsed() >= age).map(|(upload, _)| upload.clone()).collect()
    }

    /// Whether there is none. Then the next one needs somebody who watches.
    fn is_empty(&self) -> bool {
        let mut state = self.state();
        state.is_watched = !state.uploads.is_empty();
        !state.is_watched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The upload of `user`, as far as it has come for good. 404 when there is none; nobody sees another's.
pub async fn find(app: &App, user: &UserId, id: &UploadId) -> Result<Upload> {
    // In this order: it leaves here when it is in the database.
    match app.announced.find(id, user) {
        Some(upload) => Ok(upload),
        None => db::uploads::find(app.db.read(), id, user).await?.ok_or_else(|| Error::not_found("upload")),
    }
}

/// Like [`find`], for what needs its row. 423 while a request brings its bytes.
pub async fn find_written(app: &App, user: &UserId, id: &UploadId) -> Result<Upload> {
    if app.announced.find(id, user).is_some() {
        let _lock = app.uploads.lock(id).await?;
        if let Some(upload) = app.announced.find(id, user) {
            return write(app, upload).await;
        }
    }
    find(app, user, id).await
}

/// Gives `upload` a row, with room for its bytes. The caller has its lock.
pub async fn write(app: &App, upload: Upload) -> Result<Upload> {
    let id = upload.id.clone();
    let written = app.intake.begin(app, upload).await;
    leave(app, &id, written).await
}

/// Passes on what became of an upload: when it is written, it is announced no longer.
pub async fn leave<T>(app: &App, id: &UploadId, written: Result<T>) -> Result<T> {
    // After an error of the commit nobody knows what is there, so it is looked for.
    if written.is_ok() || matches!(db::uploads::exists(app.db.read(), id).await, Ok(true)) {
        app.announced.remove(id);
    }
    written
}

/// Writes those that wait too long, as long as there are any.
async fn watch(app: App) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => write_waiting(&app, PATIENCE).await,
            () = app.shutdown.cancelled() => return stop(app).await,
        }
        if app.announced.is_empty() {
            return;
        }
    }
}

/// Writes everything: the address holds also after the restart.
async fn stop(app: App) {
    let began = Instant::now();
    loop {
        write_waiting(&app, Duration::ZERO).await;
        if app.announced.is_empty() || began.elapsed() >= STOPPING {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn write_waiting(app: &App, age: Duration) {
    join_all(app.announced.waiting(age).into_iter().map(|upload| write_resting(app, upload))).await;
}

/// Whoever writes to it sees to its row.
async fn write_resting(app: &App, upload: Upload) {
    let Some(_lock) = app.uploads.lock_if_free(&upload.id) else { return };
    let Some(upload) = app.announced.find(&upload.id, &upload.user_id) else { return };
    let id = upload.id.clone();
    if let Err(error) = write(app, upload).await {
        tracing::warn!(upload.id = %id, error = %error, "an upload that waits for its bytes is not written yet");
    }
}
