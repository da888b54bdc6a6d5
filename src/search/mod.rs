//! How does the index stay equal to the database? It follows the table `changes`.
//!
//! The last commit of the index names the last change it contains. After a crash the follower goes on from there; an
//! index that was lost, damaged or written by an older version starts at 0 and is built anew from stored text, while
//! searches go on. Each node has an index of its own, so nothing is shared and nothing has to be handed over.

mod document;
mod pace;

pub use document::page_text_key;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use document::Loaded;
use indexer::index::{self, Index, Merging, Options, Position};
use pace::Pace;
use tokio::sync::{Mutex, Notify, watch};

use crate::{app::App, db, ids::DocumentId};

/// How often the follower looks by itself: changes of other nodes wake nobody here.
const POLL: Duration = Duration::from_millis(500);
/// Changes that go into one commit at most.
const BATCH: i64 = 500;
/// Documents whose text is read from the store and made ready for the index at once.
const AT_ONCE: usize = 6;
/// While an index is built anew, what is in it can be found after so many documents.
const REBUILD_COMMIT: u64 = 10_000;
/// Wait after a failure of the database, the store or the disk.
const PAUSE: Duration = Duration::from_secs(2);

/// How far the building of an index is, in documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// The index of this node.
pub struct Search {
    index: Arc<Index>,
    position: AtomicU64,
    rebuilding: watch::Sender<Option<Progress>>,
    wanted: AtomicBool,
    changed: Notify,
    /// One at a time brings the index forward.
    following: Mutex<()>,
}

impl Search {
    /// Opens the index in `dir`. One that knows more than the database, whose newest change is `newest`, belongs to
    /// another or a later state of it: it is built anew.
    pub fn open(dir: &Path, newest: u64) -> anyhow::Result<Self> {
        let (index, Position(position)) = Index::open(dir)?;
        Ok(Self {
            index: Arc::new(index),
            position: AtomicU64::new(position),
            rebuilding: watch::Sender::new(None),
            wanted: AtomicBool::new(position == 0 || position > newest),
            changed: Notify::new(),
            following: Mutex::new(()),
        })
    }

    /// The index itself; its calls block.
    pub fn index(&self) -> Arc<Index> {
        self.index.clone()
    }

    /// How far the index is while it is being built anew: results may be incomplete.
    pub fn rebuilding(&self) -> Option<Progress> {
        *self.rebuilding.borrow()
    }

    /// The last change that searches see.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Tells the follower that there are changes.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Asks for the index to be built anew.
    pub fn rebuild(&self) {
        self.wanted.store(true, Ordering::Release);
        self.wake();
    }
}

/// Follows the changes until shutdown.
pub async fn follow(app: App) {
    // Whoever changes a document has work for later, too.
    let mut wakes = app.jobs.listen();
    let mut pace = Pace::default();
    while !app.shutdown.is_cancelled() {
        let wait = match follow_once(&app, &mut pace).await {
            Ok(Followed::More) => continue,
            // Nobody's wake ends a rest: what comes meanwhile shares the next commit.
            Ok(Followed::Committed { rest }) => {
                tokio::select! {
                    () = tokio::time::sleep(rest) => {}
                    () = app.shutdown.cancelled() => {}
                }
                continue;
            }
            Ok(Followed::Nothing) => POLL,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the search index falls behind, it tries again");
                PAUSE
            }
        };
        tokio::select! {
            () = app.search().changed.notified() => {}
            _ = wakes.changed() => {}
            () = tokio::time::sleep(wait) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// What the follower found to do.
enum Followed {
    Nothing,
    /// There is more than goes into one commit.
    More,
    Committed {
        rest: Duration,
    },
}

/// Takes what has changed into the index, in one commit.
async fn follow_once(app: &App, pace: &mut Pace) -> anyhow::Result<Followed> {
    let _alone = app.search().following.lock().await;
    rebuild_if_wanted(app).await?;
    let started = Instant::now();
    match advance(app).await? {
        0 if pace.calm() => {
            // What was put off while changes came.
            merge(app, Merging::Eager).await?;
            commit(app, app.search().position()).await?;
            Ok(Followed::Nothing)
        }
        0 => Ok(Followed::Nothing),
        BATCH => Ok(Followed::More),
        _ => {
            let was_busy = pace.is_busy();
            let rest = pace.after_commit(started.elapsed());
            if pace.is_busy() && !was_busy {
                merge(app, Merging::PutOff).await?;
            }
            Ok(Followed::Committed { rest })
        }
    }
}

async fn merge(app: &App, merging: Merging) -> anyhow::Result<()> {
    with_index(app, move |index| {
        index.set_merging(merging);
        Ok(())
    })
    .await
}

/// Brings the index up to the newest change.
pub async fn catch_up(app: &App) -> anyhow::Result<()> {
    let _alone = app.search().following.lock().await;
    rebuild_if_wanted(app).await?;
    while advance(app).await? > 0 {}
    Ok(())
}

/// Takes the next changes into the index, in one commit; returns how many they were.
async fn advance(app: &App) -> anyhow::Result<i64> {
    let after = app.search().position() as i64;
    let changes = db::changes::list(app.db.read(), after, BATCH).await?;
    let Some(last) = changes.last().map(|change| change.seq) else { return Ok(0) };
    let count = changes.len() as i64;
    let documents: BTreeSet<DocumentId> = changes.into_iter().map(|change| change.document_id).collect();
    put_all(app, documents.into_iter().collect()).await?;
    commit(app, last as u64).await?;
    Ok(count)
}

async fn rebuild_if_wanted(app: &App) -> anyhow::Result<()> {
    if app.search().wanted.swap(false, Ordering::AcqRel)
        && let Err(error) = rebuild(app).await
    {
        app.search().wanted.store(true, Ordering::Release);
        return Err(error);
    }
    Ok(())
}

/// Builds the index from the database and the stored text.
async fn rebuild(app: &App) -> anyhow::Result<()> {
    // What changes from here on is followed afterwards; a document that is indexed twice is one document.
    let start = db::changes::last(app.db.read()).await?;
    if start == 0 && app.search().position() == 0 {
        return Ok(());
    }
    let total = db::search::count(app.db.read()).await? as u64;
    app.search().rebuilding.send_replace(Some(Progress { done: 0, total }));
    let result = rebuild_to(app, start as u64).await;
    app.search().rebuilding.send_replace(None);
    if result.is_err() {
        // What is to come needs no such resources.
        with_index(app, |index| index.resize(Options::default())).await?;
    }
    result
}

async fn rebuild_to(app: &App, position: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    with_index(app, Index::clear).await?;
    app.search().position.store(0, Ordering::Release);
    with_index(app, |index| index.resize(Options::bulk())).await?;
    let (mut after, mut done, mut committed) = (String::new(), 0, 0);
    loop {
        let ids = db::search::list_ids(app.db.read(), &after, BATCH).await?;
        let Some(last) = ids.last() else { break };
        after = last.to_string();
        done += ids.len() as u64;
        put_all(app, ids).await?;
        app.search().rebuilding.send_modify(|progress| {
            *progress = progress.map(|Progress { total, .. }| Progress { done, total: total.max(done) });
        });
        if done - committed >= REBUILD_COMMIT {
            // Position 0 until all are in: a crash in between begins anew.
            commit(app, 0).await?;
            committed = done;
        }
        anyhow::ensure!(!app.shutdown.is_cancelled(), "the service stops");
    }
    commit(app, position).await?;
    // Merges that began on the way are over before the last one.
    with_index(app, |index| index.resize(Options::default())).await?;
    with_index(app, Index::merge_all).await?;
    tracing::info!(
        documents = done,
        duration_ms = started.elapsed().as_millis() as u64,
        "the search index was built anew"
    );
    Ok(())
}

async fn put_all(app: &App, ids: Vec<DocumentId>) -> anyhow::Result<()> {
    use futures::{StreamExt, TryStreamExt};
    let loaded = &Loaded::load(app, ids).await?;
    futures::stream::iter(loaded.ids().to_vec().into_iter().map(|id| async move {
        let document = loaded.document(app, &id).await?;
        with_index(app, move |index| match document {
            Some(document) => index.put(&document),
            None => index.delete(id.as_str()),
        })
        .await
    }))
    .buffer_unordered(AT_ONCE)
    .try_collect()
    .await
}

async fn commit(app: &App, position: u64) -> anyhow::Result<()> {
    with_index(app, move |index| index.commit(position)).await?;
    app.search().position.store(position, Ordering::Release);
    Ok(())
}

/// Calls the index, whose calls block, away from the async threads.
async fn with_index<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Index) -> index::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let index = app.search().index();
    Ok(tokio::task::spawn_blocking(move || work(&index)).await??)
}
