//! Adds a version to a document, or a document with its first version. There is no other door for versions.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use serde_json::json;
use storage::{ChunkRef, Stored};

use crate::{
    actions::{current_document, drive_locks::require_unlocked, quota, quota::Tally},
    app::App,
    audit,
    clock::Millis,
    db::{
        self, Tx, documents::Document, folders::Folder, jobs::NewJob, previews::NewPreview, uploads::Reservation,
        versions::Version,
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UserId},
    jobs::{
        self, hash_content::HashContent, list_chunks::ListChunks, prepare_content::PrepareContent, read_text::ReadText,
    },
    names::DocumentName,
    worker::{board::BOARD, room::PAGE},
};

/// Level of what is new: 内部 internal.
const FIRST_LEVEL: i64 = 1;

/// Content that is in the store and is to become a version.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Hex.
    pub content_id: String,
    pub size_bytes: i64,
    /// Hex; empty when it is not known: it is then taken from an equal content or computed later.
    pub sha256: String,
    pub media_type: String,
    pub note: String,
    /// Of a page: the last journal entry that the content contains.
    pub room_seq: Option<i64>,
    /// What the content is made of. Empty when it was not looked up: a job does so then.
    pub chunks: Vec<ChunkRef>,
    /// Why nothing can be shown or searched of it, when its first bytes told: a code and a sentence.
    pub fault: Option<(String, String)>,
}

impl NewVersion {
    /// A version of what was just stored.
    pub fn of(stored: &Stored, media_type: impl Into<String>) -> Self {
        Self {
            content_id: stored.content.to_string(),
            size_bytes: stored.size_bytes as i64,
            sha256: hex::encode(stored.sha256),
            media_type: media_type.into(),
            note: String::new(),
            room_seq: None,
            chunks: Vec::new(),
            fault: None,
        }
    }

    /// The same with what its author says about it.
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// Adds `new` as the newest version of `document`. 409 `document_changed` when somebody added one since it was read.
pub async fn add_version(app: &App, author: &UserId, document: &Document, new: NewVersion) -> Result<Version> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = append(app, &mut tx, author, document, new, None, now).await?;
    db::changes::append(&mut tx, &document.id, now);
    tx.commit().await?;
    app.jobs.wake();
    Ok(version)
}

/// A document that is to be in `folder`, without versions. It still has to be added.
pub fn new_document(
    author: &UserId,
    folder: &Folder,
    kind: &str,
    name: &DocumentName,
    clearance: i64,
    now: Millis,
) -> Document {
    Document {
        id: DocumentId::new(),
        folder_id: folder.id.clone(),
        kind: kind.to_owned(),
        name: name.to_string(),
        name_key: name.key(),
        head: 0,
        // Nobody loses sight of what they have just made.
        level: FIRST_LEVEL.min(clearance),
        scope_id: folder.scope_id.clone(),
        inherits: 1,
        created_by: author.clone(),
        created_at: now,
        updated_by: author.clone(),
        updated_at: now,
        trashed_at: None,
        trash_id: None,
        attached_to: None,
    }
}

/// A file that is to belong to `page`, without versions. It still has to be added.
pub fn new_attached(author: &UserId, page: &Document, name: &DocumentName, now: Millis) -> Document {
    Document {
        id: DocumentId::new(),
        kind: "file".to_owned(),
        name: name.to_string(),
        name_key: name.key(),
        head: 0,
        created_by: author.clone(),
        created_at: now,
        updated_by: author.clone(),
        updated_at: now,
        attached_to: Some(page.id.clone()),
        ..page.clone()
    }
}

/// Number of the first version of a document.
pub const FIRST: i64 = 1;

/// A document that comes with its first version.
pub struct NewFile {
    pub author: UserId,
    /// Without versions.
    pub document: Document,
    /// That it is in.
    pub library: FolderId,
    pub new: NewVersion,
    /// What an upload has reserved for it.
    pub reserved: Option<Reservation>,
}

/// Adds documents with their first versions, inside the transaction of whoever calls, with the tree locked. 507 when a
/// library or an author may keep no more. Returns them as they were written.
pub async fn append_first(
    app: &App,
    tx: &mut Tx,
    files: Vec<NewFile>,
    now: Millis,
) -> Result<Vec<(Document, Version)>> {
    let mut written = Vec::with_capacity(files.len());
    for NewFile { author, document, library, new, reserved } in files {
        refuse_level(app, document.level)?;
        let (version, chunks, fault) = version_of(tx, &author, &document, new, now).await?;
        written.push(Written { version, document, library, chunks, fault, reserved, unlocked_bytes: 0 });
    }
    let documents: Vec<Document> = written.iter().map(|one| Document { head: FIRST, ..one.document.clone() }).collect();
    let versions: Vec<Version> = written.iter().map(|one| one.version.clone()).collect();
    db::documents::insert_all(tx, &documents).await?;
    db::versions::insert_first(tx, &versions).await?;
    note(app, tx, written, now).await?;
    Ok(documents.into_iter().zip(versions).collect())
}

/// Adds the next version, inside the transaction of whoever calls. The tree is locked from here on: what a version counts for
/// is the library that it is in. 507 when that or the author may keep no more.
pub async fn append(
    app: &App,
    tx: &mut Tx,
    author: &UserId,
    document: &Document,
    new: NewVersion,
    reserved: Option<Reservation>,
    now: Millis,
) -> Result<Version> {
    refuse_level(app, document.level)?;
    db::folders::lock_tree(tx).await?;
    if !document.is_live() {
        require_unlocked(tx, &document.id, author, now).await?;
    }
    if !db::documents::update_head(tx, &document.id, document.head, author, now).await? {
        current_document(tx, &document.id).await?;
        return Err(Error::conflict("document_changed", "somebody else added a version in the meantime"));
    }
    let folder_id = current_document(tx, &document.id).await?.folder_id;
    let library = quota::library_in(tx, &folder_id).await?;
    let document = Document { folder_id, ..document.clone() };
    let (version, chunks, fault) = version_of(tx, author, &document, new, now).await?;
    let unlocked_bytes = db::versions::insert(tx, &version).await?;
    let written = Written { version: version.clone(), document, library, chunks, fault, reserved, unlocked_bytes };
    note(app, tx, vec![written], now).await?;
    Ok(version)
}

/// A version that was written, and what it brings about.
struct Written {
    version: Version,
    document: Document,
    library: FolderId,
    chunks: Vec<ChunkRef>,
    fault: Option<(String, String)>,
    reserved: Option<Reservation>,
    /// Of what it is shown from, when that was opened before.
    unlocked_bytes: i64,
}

/// The row of the version behind `document.head`, its chunks, and why nothing can be made of it.
async fn version_of(
    tx: &mut Tx,
    author: &UserId,
    document: &Document,
    new: NewVersion,
    now: Millis,
) -> Result<(Version, Vec<ChunkRef>, Option<(String, String)>)> {
    let known_sha256 = match new.sha256.is_empty() {
        true => db::versions::find_sha256(tx, &new.content_id).await?,
        false => Some(new.sha256),
    };
    let version = Version {
        document_id: document.id.clone(),
        number: document.head + 1,
        content_id: new.content_id,
        size_bytes: new.size_bytes,
        sha256: known_sha256.unwrap_or_default(),
        media_type: new.media_type,
        author_id: author.clone(),
        note: new.note,
        created_at: now,
        room_seq: new.room_seq,
        unlocked_id: None,
    };
    Ok((version, new.chunks, new.fault))
}

/// Counts what was written, and asks for what is to be made of it.
async fn note(app: &App, tx: &mut Tx, written: Vec<Written>, now: Millis) -> Result<()> {
    let mut tally = Tally::default();
    for Written { version, library, reserved, unlocked_bytes, .. } in &written {
        tally.add_version(library, &version.author_id, version.size_bytes + unlocked_bytes, reserved.as_ref());
    }
    tally.write(app, tx).await?;
    let files = || written.iter().filter(|one| !one.document.is_live());
    files().for_each(|_| app.preview().turns.came());
    let mut jobs = Jobs::default();
    for version in written.iter().map(|one| &one.version).filter(|version| version.sha256.is_empty()) {
        jobs.add(&HashContent { content_id: version.content_id.clone() }, now);
    }
    list_chunks(tx, files(), &mut jobs, now).await?;
    let shown = |one: &&Written| !one.document.is_live() || [PAGE, BOARD].contains(&one.version.media_type.as_str());
    let shown = written.iter().filter(shown).map(|one| (&one.version, one.document.name.as_str(), one.fault.clone()));
    prepare_all(tx, shown, &mut jobs, now).await?;
    jobs.write(tx, now).await?;
    for Written { version, document, .. } in &written {
        let sha256 = Some(&version.sha256).filter(|known| !known.is_empty());
        let details = json!({ "number": version.number, "sha256": sha256, "size_bytes": version.size_bytes });
        let event = audit::Event::new("version_added").document(&document.id).folder(&document.folder_id);
        audit::record(tx, Some(&version.author_id), now, event.details(details));
    }
    Ok(())
}

/// Jobs that are asked for, each once.
#[derive(Default)]
struct Jobs(BTreeMap<(&'static str, String), NewJob>);

impl Jobs {
    fn add(&mut self, job: &impl jobs::Job, run_at: Millis) {
        let job = jobs::plan(job, run_at);
        self.0.entry((job.kind, job.key.clone())).or_insert(job);
    }

    async fn write(self, tx: &mut Tx, now: Millis) -> Result<()> {
        db::jobs::insert_all(tx, &self.0.into_values().collect::<Vec<_>>(), now).await
    }
}

/// Notes what the contents are made of, so that their readers' next uploads send only what is new.
async fn list_chunks(tx: &mut Tx, written: impl Iterator<Item = &Written>, jobs: &mut Jobs, now: Millis) -> Result<()> {
    let mut small = Vec::new();
    for Written { version, chunks, .. } in written.filter(|one| one.version.size_bytes > 0) {
        match chunks[..] {
            [chunk] => small.push((version.content_id.as_str(), chunk)),
            _ if db::content_chunks::exists(tx, &version.content_id).await? => {}
            [] => jobs.add(&ListChunks { content_id: Some(version.content_id.clone()) }, now),
            _ => db::content_chunks::insert(tx, &version.content_id, chunks).await?,
        }
    }
    db::content_chunks::insert_small(tx, &small).await
}

/// Asks for pages and text of the content, once for equal contents.
pub(super) async fn prepare(tx: &mut Tx, version: &Version, name: &str, now: Millis) -> Result<()> {
    let mut jobs = Jobs::default();
    prepare_all(tx, [(version, name, None)].into_iter(), &mut jobs, now).await?;
    jobs.write(tx, now).await
}

async fn prepare_all<'a>(
    tx: &mut Tx,
    shown: impl Iterator<Item = (&'a Version, &'a str, Option<(String, String)>)>,
    jobs: &mut Jobs,
    now: Millis,
) -> Result<()> {
    let mut previews: Vec<NewPreview> = Vec::new();
    let mut sources = HashMap::new();
    for (version, name, fault) in shown {
        let (content_id, media_type) = (version.content_id.clone(), version.media_type.clone());
        if let Entry::Vacant(entry) = sources.entry((content_id.clone(), media_type.clone())) {
            let empty = || ("document_empty".into(), "the file is empty: there is nothing to show or to search".into());
            let fault = if version.size_bytes == 0 { Some(empty()) } else { fault };
            entry.insert((version.size_bytes, name, fault.is_some()));
            previews.push(NewPreview { content_id, media_type, fault });
        }
    }
    // In one order, so that nodes that wait for each other's rows do so one way round.
    previews
        .sort_unstable_by(|one, other| (&one.content_id, &one.media_type).cmp(&(&other.content_id, &other.media_type)));
    for known in db::previews::insert_all(tx, &previews, now).await? {
        let (size_bytes, name, is_settled) = sources[&known];
        if is_settled {
            continue;
        }
        let (content_id, media_type) = known;
        let job = PrepareContent { content_id, media_type, name: name.to_owned() };
        jobs.add(&job, now);
        if ReadText::is_worthwhile(&job.media_type, size_bytes) {
            let PrepareContent { content_id, media_type, name } = job;
            jobs.add(&ReadText { content_id, media_type, name }, now + ReadText::delay_ms(size_bytes));
        }
    }
    Ok(())
}

/// Documents of a level that this installation is not trusted with get no content.
pub fn refuse_level(app: &App, level: i64) -> Result<()> {
    match app.config.refused_level {
        Some(refused) if level >= refused => {
            Err(Error::forbidden("level_refused", "documents of this level may not be kept on this server")
                .field("level"))
        }
        _ => Ok(()),
    }
}
