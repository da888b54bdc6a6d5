//! What is done later, and how is it asked for? Each job is a row; it may run twice with the same result.

pub mod check_usage;
pub mod clean_up;
pub mod collect_garbage;
pub mod compact_room;
pub mod expire_trash;
pub mod hash_content;
pub mod index_room;
pub mod list_chunks;
pub mod mirror_notes;
pub mod prepare_content;
pub mod purge_trash;
pub mod read_text;
pub mod recognise_text;
pub mod remove_expired_uploads;
pub mod runner;
pub mod save_page;
pub mod thin_versions;
pub mod verify_storage;

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};

use crate::{app::App, clock::Millis, db, error::Result};

/// A piece of work that survives a restart. The file of each job implements this.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name in the table.
    const KIND: &'static str;
    /// Tries before it counts as failed.
    const MAX_ATTEMPTS: i64 = 5;
    /// How many of this kind run at once on one node.
    const PARALLEL: usize = 1;
    /// How long after its node fell silent another node may take the job, in milliseconds; a running job renews it.
    const LEASE_MS: i64 = 2 * 60 * 1000;

    /// What it is about: of several waiting jobs with one key a single one runs.
    fn key(&self) -> String;

    /// Does the work. An error is retried with back-off; work that can never succeed records that itself and returns `Ok`.
    fn run(self, app: &App) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Tells whoever waits for the work that all tries failed.
    fn gave_up(self, _app: &App) -> impl Future<Output = anyhow::Result<()>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Adds `job` to the transaction, due at `run_at`. Call `app.jobs.wake()` after the commit.
pub async fn enqueue<J: Job>(tx: &mut db::Tx, job: &J, run_at: Millis, now: Millis) -> Result<()> {
    db::jobs::insert_all(tx, &[plan(job, run_at)], now).await
}

/// `job` as [`db::jobs::insert_all`] takes it, due at `run_at`.
pub fn plan<J: Job>(job: &J, run_at: Millis) -> db::jobs::NewJob {
    let payload = serde_json::to_string(job).expect("a job is plain data");
    db::jobs::NewJob { kind: J::KIND, key: job.key(), payload, run_at }
}

/// The kinds of jobs that this program does: add a new one here.
pub fn all() -> runner::JobSet {
    runner::JobSet::default()
        .with::<remove_expired_uploads::RemoveExpiredUploads>()
        .with::<compact_room::CompactRoom>()
        .with::<index_room::IndexRoom>()
        .with::<mirror_notes::MirrorNotes>()
        .with::<save_page::SavePage>()
        .with::<clean_up::CleanUp>()
        .with::<purge_trash::PurgeTrash>()
        .with::<expire_trash::ExpireTrash>()
        .with::<thin_versions::ThinVersions>()
        .with::<check_usage::CheckUsage>()
        .with::<crate::dav::tidy::TidyDav>()
        .with::<prepare_content::PrepareContent>()
        .with::<read_text::ReadText>()
        .with::<recognise_text::RecogniseText>()
        .with::<collect_garbage::CollectGarbage>()
        .with::<verify_storage::VerifyStorage>()
        .with::<list_chunks::ListChunks>()
        .with::<hash_content::HashContent>()
}
