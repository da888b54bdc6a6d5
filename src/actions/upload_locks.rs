//! Who is writing to which upload? One request at a time. A request whose client is silent gives way to the next one:
//! a phone that changed networks comes back before its old connection is known to be dead.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::StatusCode;
use moka::future::Cache;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    db::uploads::Upload,
    error::{Error, Result},
    ids::{UploadId, UserId},
};

/// How long an upload that was just begun is remembered: the first bytes follow at once.
const REMEMBERED: Duration = Duration::from_secs(30);
const MOST_REMEMBERED: u64 = 10_000;
/// Silence after which a request may be pushed aside.
const SILENT: Duration = Duration::from_secs(2);
/// How long the next request waits for one that was pushed aside to put away what it has.
const GIVING_WAY: Duration = Duration::from_secs(10);

/// The uploads being written in this process. Between nodes the guarded offset in the database decides.
#[derive(Clone)]
pub struct UploadLocks {
    held: Arc<Mutex<HashMap<UploadId, Arc<Holder>>>>,
    silent: Duration,
    /// As they were written, before anything came for them.
    begun: Cache<UploadId, Upload>,
}

impl Default for UploadLocks {
    fn default() -> Self {
        let begun = Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build();
        Self { held: Arc::default(), silent: SILENT, begun }
    }
}

struct Holder {
    /// When the client last sent something.
    heard: Mutex<Instant>,
    /// Cancelled: put away what is there and make room.
    give_way: CancellationToken,
    /// Cancelled when the lock is free again.
    released: CancellationToken,
}

/// The right to write to one upload, until dropped.
pub struct UploadLock {
    locks: UploadLocks,
    id: UploadId,
    holder: Arc<Holder>,
}

impl UploadLocks {
    /// Takes the lock, or 423 `upload_locked`.
    pub async fn lock(&self, id: &UploadId) -> Result<UploadLock> {
        let other = match self.try_lock(id) {
            Ok(lock) => return Ok(lock),
            Err(other) => other,
        };
        if other.heard.lock().expect("no holder panics").elapsed() < self.silent {
            return Err(locked());
        }
        other.give_way.cancel();
        tokio::time::timeout(GIVING_WAY, other.released.cancelled()).await.map_err(|_| locked())?;
        self.try_lock(id).map_err(|_| locked())
    }

    /// Keeps an upload that was just begun, for the request with its first bytes.
    pub async fn remember(&self, upload: &Upload) {
        self.begun.insert(upload.id.clone(), upload.clone()).await;
    }

    /// Takes an upload of `user` for which nothing came since it was begun here. What another node may have done with it
    /// meanwhile shows when it is written.
    pub async fn recall(&self, id: &UploadId, user: &UserId) -> Option<Upload> {
        self.begun.get(id).await.filter(|upload| upload.user_id == *user)?;
        self.begun.remove(id).await
    }

    fn try_lock(&self, id: &UploadId) -> Result<UploadLock, Arc<Holder>> {
        let mut held = self.held.lock().expect("no holder panics");
        if let Some(other) = held.get(id) {
            return Err(other.clone());
        }
        let holder = Arc::new(Holder {
            heard: Mutex::new(Instant::now()),
            give_way: CancellationToken::new(),
            released: CancellationToken::new(),
        });
        held.insert(id.clone(), holder.clone());
        Ok(UploadLock { locks: self.clone(), id: id.clone(), holder })
    }
}

impl UploadLock {
    /// Notes that the client has sent something.
    pub fn heard(&self) {
        *self.holder.heard.lock().expect("no holder panics") = Instant::now();
    }

    /// Waits until another request wants to go on with this upload and this one has been silent.
    pub async fn wanted(&self) {
        self.holder.give_way.cancelled().await;
    }
}

impl Drop for UploadLock {
    fn drop(&mut self) {
        self.locks.held.lock().expect("no holder panics").remove(&self.id);
        self.holder.released.cancel();
    }
}

fn locked() -> Error {
    Error::new(StatusCode::LOCKED, "upload_locked", "another request is writing to this upload")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_request_waits_for_silence() {
        let id = UploadId::new();
        let talking = UploadLocks { silent: Duration::MAX, ..UploadLocks::default() };
        let _first = talking.lock(&id).await.unwrap();
        assert_eq!(talking.lock(&id).await.err().unwrap().code(), "upload_locked");

        let silent = UploadLocks { silent: Duration::ZERO, ..UploadLocks::default() };
        let first = silent.lock(&id).await.unwrap();
        let gives_way = tokio::spawn(async move { first.wanted().await });
        drop(silent.lock(&id).await.unwrap());
        gives_way.await.unwrap();
        silent.lock(&id).await.unwrap();
    }
}
