//! Is everything there that the database promises, byte for byte? Reads and hashes it again.
//!
//! First every list is followed, then every chunk is read once, however many versions share it; only when something is wrong are
//! the versions looked for that it is wrong for. What nothing refers to is read as well: an upload may rely on it tomorrow. Nothing is ever deleted. What is damaged is noted: a later upload of the same
//! bytes puts them in the place of the damaged ones (`storage/src/guard.rs`).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{
    ChunkId, ContentId, Store,
    sweep::{Family, Health, Ids, Listed, SortedPart, key_of_chunk},
};
use tokio::time::Instant;

use crate::{
    actions::reach::{Unreadable, reach_all},
    app::App,
    audit,
    db::{self, garbage::Referrer, versions::Use},
    error::{Error, Result},
};

/// Chunks read at a time.
const READS_AT_ONCE: usize = 8;
/// Rows read at a time.
const PAGE: i64 = 1000;
/// Damage that the stored report lists; all of it is counted.
const LISTED: usize = 1000;
/// The name of the report.
pub const REPORT: &str = "verify";

/// What was found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Report {
    pub versions: u64,
    pub contents: u64,
    pub chunks: u64,
    /// Stored bytes of the chunks that were read.
    pub bytes: u64,
    /// Chunks and lists that are missing or are not what was stored.
    pub damaged_objects: u64,
    /// Contents that have such.
    pub damaged_contents: u64,
    pub damaged_versions: u64,
    /// The first thousand places where it shows.
    pub damage: Vec<Damage>,
}

/// A place where damage shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Damage {
    /// `version`, `preview`, `upload`, `key` or `unused`.
    pub kind: String,
    /// Of a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Of a preview, what its pages are drawn from, or the object with their text; of an upload, its id; else the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For programs. Reports of earlier releases have none and are read as `damaged`.
    #[serde(default)]
    #[schema(required)]
    pub code: DamageCode,
    /// For people.
    pub reason: String,
}

/// What is wrong with what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DamageCode {
    Missing,
    #[default]
    Damaged,
}

/// What is wrong, and where exactly, in words.
#[derive(Clone, Debug)]
struct Flaw {
    code: DamageCode,
    reason: String,
}

impl Flaw {
    fn damaged(reason: impl Into<String>) -> Self {
        Self { code: DamageCode::Damaged, reason: reason.into() }
    }

    fn of_health(health: Health, reason: impl Into<String>) -> Self {
        let code = if health == Health::Missing { DamageCode::Missing } else { DamageCode::Damaged };
        Self { code, reason: reason.into() }
    }

    /// One of a content's chunks.
    fn of_chunk(content: ContentId, chunk: ChunkId, health: Health) -> Self {
        let chunk = Some(chunk);
        let error = match health {
            Health::Missing => storage::Error::Missing { content, chunk },
            _ => storage::Error::Damaged { content, chunk },
        };
        Self::of_health(health, error.to_string())
    }
}

impl Damage {
    fn of_version(affected: Use, flaw: &Flaw) -> Self {
        Self {
            kind: "version".into(),
            document_id: Some(affected.document_id.to_string()),
            document_name: Some(affected.document_name),
            version: Some(affected.number),
            id: None,
            code: flaw.code,
            reason: flaw.reason.clone(),
        }
    }

    fn of(kind: &str, id: &str, flaw: Flaw) -> Self {
        let Flaw { code, reason } = flaw;
        let (kind, id) = (kind.to_owned(), Some(id.to_owned()));
        Self { kind, document_id: None, document_name: None, version: None, id, code, reason }
    }

    /// Where it is, without names: for the log.
    pub fn place(&self) -> String {
        match (&self.document_id, self.version, &self.id) {
            (Some(document), Some(version), _) => format!("document {document} version {version}: {}", self.reason),
            (.., Some(id)) => format!("{} {id}: {}", self.kind, self.reason),
            _ => self.reason.clone(),
        }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.document_id, &self.document_name, self.version) {
            (Some(document), Some(name), Some(version)) => {
                write!(f, "document {document} ({name:?}) version {version}: {}", self.reason)
            }
            _ => f.write_str(&self.place()),
        }
    }
}

/// How fast to read.
pub struct Pace {
    bytes_per_second: u64,
    began: Instant,
    bytes: u64,
}

impl Pace {
    /// At most so fast; 0: as fast as it goes.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, began: Instant::now(), bytes: 0 }
    }

    async fn take(&mut self, bytes: u64) {
        self.bytes += bytes;
        if self.bytes_per_second > 0 {
            let due = Duration::from_secs_f64(self.bytes as f64 / self.bytes_per_second as f64);
            tokio::time::sleep_until(self.began + due).await;
        }
    }
}

/// What is wrong with the store, before it is told.
struct Findings {
    report: Report,
    chunks: HashMap<ChunkId, Health>,
    unreadable: Vec<Unreadable>,
    /// The objects that can be repaired or written anew: of each group one is there.
    objects: Vec<Vec<(String, Health)>>,
    /// Of these, what no version refers to: damage that is told as it is.
    others: Vec<Damage>,
}

/// Checks everything once and tells `found` of all damage. Fails when the store does not answer: that is no damage.
pub async fn verify(app: &App, pace: Pace, found: impl FnMut(&Damage) + Send) -> Result<Report> {
    let before = app.clock.now();
    let mut findings = look(app, pace).await?;
    name(app, &mut findings, found).await?;
    record(app, &findings, before).await?;
    Ok(findings.report)
}

async fn look(app: &App, mut pace: Pace) -> Result<Findings> {
    let mut marked = reach_all(app).await?;
    let mut report = Report { versions: db::versions::count(app.db.read()).await? as u64, ..Report::default() };
    let (mut objects, mut skipped) = (Vec::new(), HashSet::new());
    for unreadable in &marked.unreadable {
        if let Unreadable::Content { id, .. } = unreadable
            && let Ok(content) = id.parse::<ContentId>()
        {
            skipped.insert(ChunkId::from_bytes(*content.as_bytes()));
            objects.push(app.store.unreadable_keys(&content).await?);
        }
    }
    let mut bad = HashMap::new();
    for first in 0..=u8::MAX {
        report.contents += marked.reached.contents.part(first)?.len() as u64;
        let part = marked.reached.chunks.part(first)?;
        let ids = part.iter().map(|id| ChunkId::from_bytes(*id)).filter(|id| !skipped.contains(id));
        let ids: Vec<ChunkId> = ids.collect();
        let mut read = stream::iter(ids)
            .map(|id| async move { app.store.verify_chunk(&id).await.map(|health| (id, health)) })
            .buffer_unordered(READS_AT_ONCE);
        while let Some((id, health)) = read.try_next().await? {
            report.chunks += 1;
            match health {
                Health::Sound { stored_bytes } => {
                    report.bytes += stored_bytes;
                    pace.take(stored_bytes).await;
                }
                broken => {
                    bad.insert(id, broken);
                    objects.push(vec![(key_of_chunk(&id), broken)]);
                }
            }
        }
    }
    let mut others = Vec::new();
    for (family, reached) in [("contents", &mut marked.reached.contents), ("chunks", &mut marked.reached.chunks)] {
        for key in look_below(app, &mut pace, family, Some(reached)).await? {
            others.push(Damage::of("unused", &key, Flaw::damaged("nothing refers to it, and it is damaged")));
        }
    }
    others.extend(look_at_others(app, &mut pace).await?);
    objects.extend(others.iter().filter_map(|damage| Some(vec![(damage.id.clone()?, Health::Damaged)])));
    report.damaged_objects = objects.len() as u64;
    Ok(Findings { report, chunks: bad, unreadable: marked.unreadable, objects, others })
}

/// What was made of contents, and the keys.
async fn look_at_others(app: &App, pace: &mut Pace) -> Result<Vec<Damage>> {
    let mut damaged = Vec::new();
    for prefix in Family::Derived.prefixes() {
        let keys = look_below(app, pace, &prefix, None).await?;
        let flaw = || Flaw::damaged("the text of pages is damaged");
        damaged.extend(keys.iter().map(|key| Damage::of("preview", key, flaw())));
    }
    let keys = app.store.damaged_keys().await?;
    let flaw = || Flaw::damaged("the keys of the storage are damaged, and still open");
    damaged.extend(keys.iter().map(|key| Damage::of("key", key, flaw())));
    Ok(damaged)
}

/// What is not read already, of objects that come in the order of their first bytes, or nearly.
struct Unread<'a> {
    reached: Option<&'a mut Ids>,
    part: Option<(u8, SortedPart)>,
}

impl Unread<'_> {
    fn filter(&mut self, object: Listed) -> storage::Result<Option<Listed>> {
        let Some(reached) = &mut self.reached else { return Ok(Some(object)) };
        // What this program did not put there has no id.
        let Some(id) = object.id() else { return Ok(None) };
        let part = match self.part.take() {
            Some((first, part)) if first == id[0] => part,
            _ => reached.part(id[0])?,
        };
        let is_read = part.contains(&id);
        self.part = Some((id[0], part));
        Ok((!is_read).then_some(object))
    }
}

/// Reads the objects below a prefix that are not `reached`, and returns the keys of those that are damaged.
async fn look_below(app: &App, pace: &mut Pace, prefix: &str, reached: Option<&mut Ids>) -> Result<Vec<String>> {
    let mut unread = Unread { reached, part: None };
    let listed = app.store.list_below(prefix);
    let listed = listed.try_filter_map(move |object| std::future::ready(unread.filter(object)));
    let read = listed
        .map_ok(|object| async move { app.store.verify_object(&object.key).await.map(|health| (health, object.key)) });
    let mut read = std::pin::pin!(read.try_buffer_unordered(READS_AT_ONCE));
    let mut damaged = Vec::new();
    while let Some((health, key)) = read.try_next().await? {
        match health {
            Health::Sound { stored_bytes } => pace.take(stored_bytes).await,
            Health::Damaged => damaged.push(key),
            // It went between the two looks.
            Health::Missing => {}
        }
    }
    Ok(damaged)
}

/// Finds out whom the damage concerns.
async fn name(app: &App, findings: &mut Findings, mut found: impl FnMut(&Damage) + Send) -> Result<()> {
    if findings.chunks.is_empty() && findings.unreadable.is_empty() && findings.others.is_empty() {
        return Ok(());
    }
    let mut contents: BTreeMap<String, Flaw> = BTreeMap::new();
    let mut tell = |report: &mut Report, damage: Damage| {
        found(&damage);
        report.damaged_versions += u64::from(damage.kind == "version");
        if report.damage.len() < LISTED {
            report.damage.push(damage);
        }
    };
    for damage in findings.others.drain(..) {
        tell(&mut findings.report, damage);
    }
    for unreadable in &findings.unreadable {
        match unreadable {
            Unreadable::Content { id, is_missing, reason } => {
                let health = if *is_missing { Health::Missing } else { Health::Damaged };
                contents.insert(id.clone(), Flaw::of_health(health, reason.clone()));
            }
            Unreadable::Upload(id) => {
                tell(&mut findings.report, Damage::of("upload", id.as_str(), Flaw::damaged(unreadable.to_string())));
            }
        }
    }
    if !findings.chunks.is_empty() {
        contents.extend(contents_with(app, &findings.chunks).await?);
        for (upload, flaw) in uploads_with(app, &findings.chunks).await? {
            tell(&mut findings.report, Damage::of("upload", &upload, flaw));
        }
    }
    findings.report.damaged_contents = contents.len() as u64;
    for (content, flaw) in contents {
        let uses = db::versions::list_uses(app.db.read(), &content).await?;
        if uses.is_empty() {
            tell(&mut findings.report, Damage::of("preview", &content, flaw.clone()));
        }
        for affected in uses {
            tell(&mut findings.report, Damage::of_version(affected, &flaw));
        }
    }
    Ok(())
}

/// The contents in use that have one of these chunks, with the reason.
async fn contents_with(app: &App, bad: &HashMap<ChunkId, Health>) -> Result<BTreeMap<String, Flaw>> {
    let mut found = BTreeMap::new();
    for referrer in Referrer::ALL {
        let mut after = String::new();
        loop {
            let roots = db::garbage::list_roots(app.db.read(), referrer, &after, PAGE).await?;
            let Some(last) = roots.last() else { break };
            after = last.clone();
            for root in roots {
                let Ok(content) = root.parse::<ContentId>() else { continue };
                // What cannot be followed is told already.
                let Ok(manifest) = app.store.manifest(&content).await else { continue };
                let broken = manifest.chunks().iter().find_map(|chunk| Some((chunk.id, *bad.get(&chunk.id)?)));
                if let Some((chunk, health)) = broken {
                    found.insert(root, Flaw::of_chunk(content, chunk, health));
                }
            }
        }
    }
    Ok(found)
}

async fn uploads_with(app: &App, bad: &HashMap<ChunkId, Health>) -> Result<Vec<(String, Flaw)>> {
    let flaw = |chunk, health| {
        let word = if health == Health::Missing { "missing" } else { "damaged" };
        Flaw::of_health(health, format!("its chunk {chunk} is {word}"))
    };
    let (mut found, mut after) = (Vec::new(), (String::new(), Vec::new()));
    loop {
        let received = db::upload_chunks::list_all(app.db.read(), &after, PAGE).await?;
        let Some(last) = received.last().cloned() else { break };
        after = last;
        for (upload, chunk) in received {
            let Ok(chunk) = chunk.try_into().map(ChunkId::from_bytes) else { continue };
            if let Some(&health) = bad.get(&chunk) {
                found.push((upload, flaw(chunk, health)));
            }
        }
    }
    let mut after = String::new();
    loop {
        let uploads = db::uploads::list_unfinished(app.db.read(), &after, PAGE).await?;
        let Some((last, _)) = uploads.last() else { return Ok(found) };
        after = last.to_string();
        for (upload, point) in uploads {
            // Those that went on meanwhile are as they were a moment ago.
            let Ok(chunks) = app.store.suspended_chunks(upload.as_str(), point).await else { continue };
            if let Some((chunk, health)) = chunks.iter().find_map(|chunk| Some((chunk.id, *bad.get(&chunk.id)?))) {
                found.push((upload.to_string(), flaw(chunk, health)));
            }
        }
    }
}

/// Notes what is damaged, and that the rest is not.
async fn record(app: &App, findings: &Findings, before: i64) -> Result<()> {
    let now = app.clock.now();
    let damaged: HashSet<&str> = findings.objects.iter().flatten().map(|(key, _)| key.as_str()).collect();
    let mut after = String::new();
    loop {
        let noted = db::garbage::list_damaged(app.db.read(), &after, PAGE).await?;
        let Some(last) = noted.last() else { break };
        after = last.key.clone();
        let mut tx = app.db.begin().await?;
        for whole in noted.iter().filter(|note| note.found_at < before && !damaged.contains(note.key.as_str())) {
            db::garbage::delete_damaged(&mut tx, &whole.key).await?;
        }
        tx.commit().await?;
    }
    let mut tx = app.db.begin().await?;
    for (key, health) in findings.objects.iter().flatten() {
        let reason = if *health == Health::Missing { "missing" } else { "damaged" };
        db::garbage::insert_damaged(&mut tx, key, reason, now).await?;
    }
    let report = &findings.report;
    let text = serde_json::to_string(report).map_err(Error::internal)?;
    db::garbage::save_report(&mut tx, REPORT, &text, now).await?;
    let details = json!({
        "versions": report.versions,
        "contents": report.contents,
        "chunks": report.chunks,
        "bytes": report.bytes,
        "damaged_objects": report.damaged_objects,
        "damaged_versions": report.damaged_versions,
    });
    audit::record(&mut tx, None, now, audit::Event::new("storage_verified").details(details));
    tx.commit().await
}

/// What a repair did; of a dry run, what it would have done.
#[derive(Debug, Default)]
pub struct Repair {
    pub repaired: Vec<String>,
    /// The copy has nothing better.
    pub left: Vec<String>,
}

/// Takes good copies of what is damaged from `copy`. The damaged bytes are kept below `damaged/`.
pub async fn repair(
    app: &App,
    copy: &Store,
    is_dry_run: bool,
    mut found: impl FnMut(&Damage) + Send,
) -> Result<Repair> {
    let mut done = Repair::default();
    loop {
        let before = app.clock.now();
        let mut findings = look(app, Pace::new(0)).await?;
        name(app, &mut findings, &mut found).await?;
        record(app, &findings, before).await?;
        let repaired_before = done.repaired.len();
        done.left.clear();
        for group in &findings.objects {
            repair_one(app, copy, group, is_dry_run, &mut done).await?;
        }
        // A list that was repaired shows chunks that nobody has looked at.
        if is_dry_run || done.repaired.len() == repaired_before {
            break;
        }
    }
    if !done.repaired.is_empty() && !is_dry_run {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let details = json!({ "objects": done.repaired.len(), "left": done.left.len() });
        audit::record(&mut tx, None, now, audit::Event::new("storage_repaired").details(details));
        tx.commit().await?;
    }
    Ok(done)
}

/// Of a group one object is to be there.
async fn repair_one(
    app: &App,
    copy: &Store,
    group: &[(String, Health)],
    is_dry_run: bool,
    done: &mut Repair,
) -> Result<()> {
    for (key, _) in group {
        let good = match is_dry_run {
            true => app.store.can_repair_from(copy, key).await?,
            false => app.store.repair_from(copy, key).await?,
        };
        if good {
            done.repaired.push(key.clone());
            if !is_dry_run {
                let mut tx = app.db.begin().await?;
                db::garbage::delete_damaged(&mut tx, key).await?;
                tx.commit().await?;
            }
            return Ok(());
        }
    }
    done.left.extend(group.first().map(|(key, _)| key.clone()));
    Ok(())
}
