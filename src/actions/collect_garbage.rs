//! Which bytes does nothing refer to any more, and how do they go without ever taking one that somebody needs?
//!
//! Mark and sweep, in one pass. *Mark*: everything that the database refers to is followed to its chunks. *Sweep*: every
//! object is listed and compared. What is not marked and older than the grace period is **condemned** (a row with the time). What
//! is not marked and was condemned at least one grace period before this pass began becomes **dying**, is removed from the
//! store, and then its row goes. What is marked is taken off the list.
//!
//! # Why nothing is lost
//!
//! A writer claims every object before it looks whether it exists (`storage/src/guard.rs`). A claim takes a condemned row
//! away; when the row is dying it waits until the row is gone, and then looks, or takes the row over. Of two, the claim and the sweep, one
//! changes the row first: both are single statements with a condition. The claim holds for half a grace period; within it the writer
//! notes what it used (the state of an upload, a version), or claims and looks again.
//!
//! - *Claimed, then condemned, not noted yet.* It was condemned after the claim, so its removal needs a mark that begins at
//!   least one grace period later. By then it is noted, and the mark sees it.
//! - *Condemned, then claimed.* The row is gone. Being condemned anew is the case above.
//! - *Marked as unused, then claimed and noted, then condemned by the same pass*, which looked too early: the case above; the
//!   next mark sees it, and takes it off the list.
//! - *Noted while a mark runs, behind its back.* Whatever that mark may remove was condemned a grace period before it began; the
//!   claim is at most half a grace period older than the note, so it came later and took the row away.
//! - *A reference that moves while a mark runs*: roots are read in the direction in which references move, unfinished uploads
//!   before versions. An upload's state is forgotten only after its version is there. A version that is made of another
//!   version (restore) finds that one still there in its own transaction, see `restore_version.rs`.
//! - *Two sweeps at once*, a job and the command line, or of two nodes: each removal is begun by one of them.
//! - *A sweep that dies*, or stands still in the middle, or is slow: a writer that has waited for two seconds **rescues** the object. Its row then
//!   belongs to no sweep, and what the writer stores it stores twice, the second time under a name that no removal knows.
//!   Readers look there when the first is gone. It does not matter when the removal arrives.
//! - *The end of that*: a sweep sends removals only within [`SEND_WITHIN`] after the rows became dying; a request ends by
//!   itself within seconds, in the server it may last longer. [`REMOVAL_OVER_MS`] later the object is put back under its
//!   first name where it is gone, and only then the second goes, and the row. A dying row that nobody took goes to the next sweep.
//! - *A removal that arrives late*, because its request was sent twice: the row stays as if the sweep had died
//!   ([`Removed::Perhaps`]).
//! - *Bytes that cannot be followed*: when a list that is in use, or the state of an upload, cannot be read, nobody knows its
//!   chunks. Then no chunk is condemned or removed until that is repaired or nothing needs it any more.
//! - *A process that stands still for more than half a grace period between the end of an upload's bytes and its version*:
//!   not covered. The grace period is a day by default; that step takes milliseconds.
//!
//! Nothing here relies on conditional writes of the store.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use storage::sweep::{Family, Listed, Reached, Removed, SortedPart};

use crate::{
    actions::reach,
    app::App,
    audit,
    clock::Millis,
    db::{self, garbage::Condemned},
    error::{Error, Result},
    ids::{DocumentId, UploadId},
};

/// After this no removal of a batch is begun any more.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// How long after the beginning of a removal no request for it arrives any more, whatever became of the one who sent them. Nobody
/// waits for that, so it is long.
const REMOVAL_OVER_MS: Millis = 10 * 60 * 1000;
/// Objects whose removal begins in one transaction.
const BATCH: usize = 100;
/// Removals sent at a time.
const REMOVALS_AT_ONCE: usize = 8;
/// Rows read at a time.
const PAGE: i64 = 1000;
/// Files that nobody has finished writing are younger than this, whatever the grace period.
const UNFINISHED: Duration = Duration::from_secs(10 * 60);
/// The name of the report.
pub const REPORT: &str = "garbage";

/// A number of objects and what they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Amount {
    pub objects: u64,
    /// As stored.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// What a pass found and did; of a dry run, what it would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GarbageReport {
    pub is_dry_run: bool,
    /// In use, or too young to be judged.
    pub kept: Amount,
    /// Of these, chunks.
    pub kept_chunks: Amount,
    /// Found unused for the first time: removed when that is still so after the grace period.
    pub condemned: Amount,
    /// Found unused before, within the grace period.
    pub waiting: Amount,
    /// Removed.
    pub freed: Amount,
    /// Of these, chunks.
    pub freed_chunks: Amount,
    /// Unfinished uploads that ended or expired, whose state was removed.
    pub uploads: u64,
    /// Files that a killed process had begun.
    pub unfinished: Amount,
    /// Previews of contents that nothing refers to.
    pub previews: u64,
    /// What is in use and cannot be read: as long as there is such, no chunk is removed.
    pub unreadable: Vec<String>,
}

impl std::fmt::Display for GarbageReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kept, kept_chunks, condemned, waiting, freed, freed_chunks, unfinished, .. } = self;
        let freed_word = if self.is_dry_run { "would be freed" } else { "freed" };
        writeln!(f, "in use: {} objects, {} bytes ({} chunks)", kept.objects, kept.bytes, kept_chunks.objects)?;
        writeln!(f, "newly condemned: {} objects, {} bytes", condemned.objects, condemned.bytes)?;
        writeln!(f, "waiting for the grace period: {} objects, {} bytes", waiting.objects, waiting.bytes)?;
        writeln!(
            f,
            "{freed_word}: {} objects, {} bytes ({} chunks, {} bytes)",
            freed.objects, freed.bytes, freed_chunks.objects, freed_chunks.bytes
        )?;
        writeln!(
            f,
            "states of ended uploads: {}, files of killed processes: {} ({} bytes), previews of nothing: {}",
            self.uploads, unfinished.objects, unfinished.bytes, self.previews
        )?;
        for what in &self.unreadable {
            writeln!(f, "no chunk is removed because this is in use and cannot be read: {what}")?;
        }
        Ok(())
    }
}

/// Where a pass stands. Tests stop it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The mark is done, nothing was compared yet.
    Marked,
    /// Rows have become dying, nothing was removed yet.
    Dying,
    /// Objects were removed, their rows are still there.
    Removed,
}

/// Whoever wants to know where a pass stands; it goes on when the future is done.
pub type Watch = Arc<dyn Fn(Step) -> BoxFuture<'static, ()> + Send + Sync>;

/// Does one pass.
pub async fn collect_garbage(app: &App, is_dry_run: bool) -> Result<GarbageReport> {
    collect_watched(app, is_dry_run, Arc::new(|_| Box::pin(std::future::ready(())))).await
}

/// Does one pass, which `watch` may hold up.
pub async fn collect_watched(app: &App, is_dry_run: bool, watch: Watch) -> Result<GarbageReport> {
    let began_at = app.clock.now();
    let mut report = GarbageReport { is_dry_run, ..GarbageReport::default() };
    report.previews = remove_unused_previews(app, is_dry_run).await?;
    let marked = reach::reach_all(app).await?;
    watch(Step::Marked).await;
    let run = uuid::Uuid::now_v7().to_string();
    report.unreadable = marked.unreadable.iter().map(ToString::to_string).collect();
    let grace_ms = app.config.gc_grace_ms;
    let mut sweep = Sweep {
        app,
        watch,
        run,
        report,
        condemn_before: began_at - grace_ms,
        reached: marked.reached,
        owners: marked.owners,
        parts: HashMap::new(),
    };
    // Lists before chunks: a pass that is cut off leaves no list whose chunks are gone.
    for family in [Family::Contents, Family::Derived, Family::Chunks] {
        if family == Family::Chunks && !sweep.report.unreadable.is_empty() {
            tracing::warn!(
                unreadable = sweep.report.unreadable.len(),
                "chunks are not swept: something cannot be read"
            );
            continue;
        }
        sweep.parts.clear();
        for prefix in family.prefixes() {
            sweep.family(family, &prefix).await?;
        }
    }
    let mut report = sweep.report;
    if !is_dry_run {
        end_rescues(app).await?;
    }
    report.uploads = forget_ended_uploads(app, began_at - grace_ms, is_dry_run).await?;
    let older = UNFINISHED.max(Duration::from_millis(grace_ms as u64));
    let (objects, bytes) = app.store.remove_unfinished(older, is_dry_run).await?;
    report.unfinished = Amount { objects, bytes };
    if !is_dry_run {
        record(app, &report).await?;
    }
    Ok(report)
}

/// One pass over the objects.
struct Sweep<'a> {
    app: &'a App,
    watch: Watch,
    run: String,
    report: GarbageReport,
    /// What was written or condemned later waits.
    condemn_before: Millis,
    reached: Reached,
    /// What derived objects belong to.
    owners: storage::sweep::Ids,
    /// Sorted parts that are in use: of chunks and lists one at a time.
    parts: HashMap<u8, SortedPart>,
}

impl Sweep<'_> {
    /// Compares what lies below `prefix`.
    async fn family(&mut self, family: Family, prefix: &str) -> Result<()> {
        let rows =
            db::garbage::list_condemned(self.app.db.read(), &format!("{prefix}/"), &format!("{prefix}0")).await?;
        let (rescued, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(Condemned::is_rescued);
        let rescued: HashSet<String> = rescued.into_iter().map(|row| row.key).collect();
        let mut rows: HashMap<String, Condemned> = rows.into_iter().map(|row| (row.key.clone(), row)).collect();
        if family != Family::Derived {
            self.parts.clear();
        }
        let (mut condemn, mut remove) = (Vec::new(), Vec::new());
        let listed = self.app.store.list_below(prefix);
        let mut listed = std::pin::pin!(listed);
        while let Some(object) = listed.try_next().await? {
            if rescued.contains(&object.key) {
                self.keep(family, &object);
                continue;
            }
            let row = rows.remove(&object.key);
            if self.is_used(family, &object)? {
                self.keep(family, &object);
                if let Some(row) = row {
                    self.release(&row).await?;
                }
                continue;
            }
            match row {
                Some(row) if self.may_go(&row) => remove.push(object),
                Some(_) => self.report.waiting.add(object.size_bytes),
                None if object.modified_at <= self.condemn_before => condemn.push(object),
                None => self.keep(family, &object),
            }
            if condemn.len() >= BATCH {
                self.condemn(&mut condemn).await?;
            }
            if remove.len() >= BATCH {
                self.remove(family, &mut remove).await?;
            }
        }
        self.condemn(&mut condemn).await?;
        self.remove(family, &mut remove).await?;
        // What is on the list and was not listed is gone.
        for row in rows.into_values() {
            self.release(&row).await?;
        }
        Ok(())
    }

    fn keep(&mut self, family: Family, object: &Listed) {
        self.report.kept.add(object.size_bytes);
        if family == Family::Chunks {
            self.report.kept_chunks.add(object.size_bytes);
        }
    }

    /// What this program did not put there counts as used.
    fn is_used(&mut self, family: Family, object: &Listed) -> Result<bool> {
        let id = match family {
            Family::Derived => owner_of(&object.key),
            _ => object.id(),
        };
        let Some(id) = id else { return Ok(true) };
        if !self.parts.contains_key(&id[0]) {
            let ids = match family {
                Family::Contents => &mut self.reached.contents,
                Family::Chunks => &mut self.reached.chunks,
                Family::Derived => &mut self.owners,
            };
            self.parts.insert(id[0], ids.part(id[0])?);
        }
        Ok(self.parts[&id[0]].contains(&id))
    }

    fn may_go(&self, row: &Condemned) -> bool {
        match row.state.as_str() {
            "condemned" => row.at <= self.condemn_before,
            _ => row.at + REMOVAL_OVER_MS < self.app.clock.now(),
        }
    }

    async fn condemn(&mut self, objects: &mut Vec<Listed>) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        objects.iter().for_each(|object| self.report.condemned.add(object.size_bytes));
        if !self.report.is_dry_run {
            let mut tx = self.app.db.begin().await?;
            let now = self.app.clock.now();
            for object in objects.iter() {
                db::garbage::condemn(&mut tx, &object.key, object.size_bytes as i64, now).await?;
            }
            tx.commit().await?;
        }
        objects.clear();
        Ok(())
    }

    /// Takes a row off the list whose object is used or gone.
    async fn release(&mut self, row: &Condemned) -> Result<()> {
        if self.report.is_dry_run {
            return Ok(());
        }
        let mut tx = self.app.db.begin().await?;
        match row.state.as_str() {
            "condemned" => drop(db::garbage::release(&mut tx, &row.key).await?),
            _ if self.may_go(row) => db::garbage::bury(&mut tx, &row.key, row.at).await?,
            // Another sweep is at it.
            _ => {}
        }
        tx.commit().await
    }

    async fn remove(&mut self, family: Family, objects: &mut Vec<Listed>) -> Result<()> {
        let objects = std::mem::take(objects);
        if self.report.is_dry_run || objects.is_empty() {
            objects.iter().for_each(|object| self.freed(family, object));
            return Ok(());
        }
        // Counted from before the rows change.
        let (began, now) = (Instant::now(), self.app.clock.now());
        let mut dying = Vec::with_capacity(objects.len());
        let mut tx = self.app.db.begin().await?;
        for object in objects {
            let (condemned, stopped) = (self.condemn_before, now - REMOVAL_OVER_MS - 1);
            if db::garbage::begin_removal(&mut tx, &object.key, condemned, stopped, &self.run, now).await? {
                dying.push(object);
            }
        }
        tx.commit().await?;
        (self.watch)(Step::Dying).await;
        let run = self.run.clone();
        let keys: Vec<String> = dying.iter().map(|object| object.key.clone()).collect();
        let removals = stream::iter(keys).map(|key| {
            let app = self.app.clone();
            async move {
                let in_time =
                    began.elapsed() < SEND_WITHIN && app.clock.now() - now < SEND_WITHIN.as_millis() as Millis;
                match in_time {
                    true => app.store.remove(&key).await.map(Some),
                    false => Ok(None),
                }
            }
        });
        let outcomes: Vec<Option<Removed>> = removals.buffered(REMOVALS_AT_ONCE).try_collect().await?;
        (self.watch)(Step::Removed).await;
        let mut tx = self.app.db.begin().await?;
        for (object, outcome) in dying.iter().zip(outcomes) {
            match outcome {
                Some(Removed::Surely) => db::garbage::end_removal(&mut tx, &object.key, &run).await?,
                Some(Removed::Perhaps) => {}
                None => db::garbage::put_off_removal(&mut tx, &object.key, &run).await?,
            }
            match outcome {
                Some(_) => self.freed(family, object),
                None => self.report.waiting.add(object.size_bytes),
            }
        }
        tx.commit().await
    }

    fn freed(&mut self, family: Family, object: &Listed) {
        self.report.freed.add(object.size_bytes);
        if family == Family::Chunks {
            self.report.freed_chunks.add(object.size_bytes);
        }
    }
}

/// Puts objects back under their first names that writers have kept under second ones, as soon as no removal can arrive.
async fn end_rescues(app: &App) -> Result<()> {
    let until = app.clock.now() - REMOVAL_OVER_MS;
    let mut after = String::new();
    loop {
        let rescued = db::garbage::list_rescued(app.db.read(), &after, until, PAGE).await?;
        let Some(last) = rescued.last() else { break };
        after = last.key.clone();
        for row in rescued {
            if app.store.restore_spare(&row.key).await? == Removed::Surely {
                let mut tx = app.db.begin().await?;
                db::garbage::bury(&mut tx, &row.key, row.at).await?;
                tx.commit().await?;
            }
        }
    }
    // A writer may have asked before the row went, and written after.
    for key in app.store.list_spares().await? {
        if db::garbage::find_notes(&mut app.db.look().await?, &key).await?.iter().any(db::garbage::Note::is_rescued) {
            continue;
        }
        match app.store.restore_spare(&key).await {
            // What this program did not put there stays.
            Ok(_) | Err(storage::Error::InvalidKey { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The id of what a derived object belongs to; `None` for objects of unknown kinds, which stay.
fn owner_of(key: &str) -> Option<[u8; 32]> {
    let mut parts = key.strip_prefix("derived/text/")?.split('/');
    match (parts.next()?, parts.next()?) {
        ("page", document) => document.parse().ok().map(|document| owner_page(&document)),
        (content, _) => content.parse::<storage::ContentId>().ok().map(|content| *content.as_bytes()),
    }
}

/// Documents have ids of another kind than contents.
pub fn owner_page(document: &DocumentId) -> [u8; 32] {
    Sha256::digest(document.as_str()).into()
}

/// Removes what is known of the pages and the text of contents that nothing refers to; what they were made into is garbage
/// then.
async fn remove_unused_previews(app: &App, is_dry_run: bool) -> Result<u64> {
    let (mut removed, mut after) = (0, (String::new(), String::new()));
    loop {
        let unused = db::previews::list_unused(app.db.read(), &after, PAGE).await?;
        let Some(last) = unused.last().cloned() else { return Ok(removed) };
        for (content_id, media_type) in unused {
            if is_dry_run {
                removed += 1;
                continue;
            }
            let mut tx = app.db.begin().await?;
            removed += u64::from(db::previews::delete_unused(&mut tx, &content_id, &media_type).await?);
            tx.commit().await?;
        }
        after = last;
    }
}

/// Removes the states of uploads that are finished, cancelled or expired. Their ids never come back.
async fn forget_ended_uploads(app: &App, before: Millis, is_dry_run: bool) -> Result<u64> {
    let mut newest: HashMap<String, Millis> = HashMap::new();
    app.store
        .list_suspended(|upload, object| {
            let at = newest.entry(upload.to_owned()).or_default();
            *at = (*at).max(object.modified_at);
        })
        .await?;
    let mut forgotten = 0;
    for (upload, at) in newest {
        // What this program did not put there stays.
        let Ok(id) = upload.parse::<UploadId>() else { continue };
        if at > before || db::uploads::is_unfinished(app.db.read(), &id).await? {
            continue;
        }
        if !is_dry_run {
            app.store.forget(&upload).await?;
        }
        forgotten += 1;
    }
    Ok(forgotten)
}

async fn record(app: &App, report: &GarbageReport) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let text = serde_json::to_string(report).map_err(Error::internal)?;
    db::garbage::save_report(&mut tx, REPORT, &text, now).await?;
    if report.freed.objects + report.uploads + report.unfinished.objects > 0 {
        let details = json!({
            "objects": report.freed.objects,
            "bytes": report.freed.bytes,
            "chunks": report.freed_chunks.objects,
            "uploads": report.uploads,
            "unfinished_files": report.unfinished.objects,
            "previews": report.previews,
        });
        audit::record(&mut tx, None, now, audit::Event::new("garbage_collected").details(details));
    }
    tx.commit().await
}
