//! Adds a version to a document, or a document with its first version. There is no other door for versions.

use serde_json::json;
use storage::{ChunkRef, Stored};

use crate::{
    actions::{current_document, current_folder, quota, require_unlocked},
    app::App,
    audit,
    clock::Millis,
    db::{self, Tx, documents::Document, folders::Folder, uploads::Reservation, versions::Version},
    error::{Error, Result},
    ids::{DocumentId, UserId},
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

/// A document that is to be in `folder`: it still has to be added. Its name must be free, the tree locked.
pub async fn new_document(
    tx: &mut Tx,
    author: &UserId,
    folder: &Folder,
    kind: &str,
    name: &DocumentName,
    clearance: i64,
    now: Millis,
) -> Result<Document> {
    let folder = current_folder(tx, &folder.id).await?;
    Ok(Document {
        id: DocumentId::new(),
        folder_id: folder.id,
        kind: kind.to_owned(),
        name: name.to_string(),
        name_key: name.key(),
        head: 0,
        // Nobody loses sight of what they have just made.
        level: FIRST_LEVEL.min(clearance),
        scope_id: folder.scope_id,
        inherits: 1,
        created_by: author.clone(),
        created_at: now,
        updated_by: author.clone(),
        updated_at: now,
        trashed_at: None,
        trash_id: None,
        attached_to: None,
    })
}

/// A file that is to belong to `page`: it still has to be added. The tree must be locked.
pub async fn new_attached(
    tx: &mut Tx,
    author: &UserId,
    page: &DocumentId,
    name: &DocumentName,
    now: Millis,
) -> Result<Document> {
    let page = current_document(tx, page).await?;
    Ok(Document {
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
        ..page
    })
}

/// Adds a document with its first version, inside the transaction of whoever calls, with the tree locked. `reserved`: what
/// an upload has reserved for it. 507 when the library or the author may keep no more.
pub async fn append_first(
    app: &App,
    tx: &mut Tx,
    author: &UserId,
    document: &Document,
    new: NewVersion,
    reserved: Option<&Reservation>,
    now: Millis,
) -> Result<Version> {
    refuse_level(app, document.level)?;
    db::documents::insert(tx, &Document { head: 1, ..document.clone() }).await?;
    write(app, tx, author, document, new, reserved, now).await
}

/// Adds the next version, inside the transaction of whoever calls. The tree is locked from here on: what a version counts for
/// is the library that it is in. 507 when that or the author may keep no more.
pub async fn append(
    app: &App,
    tx: &mut Tx,
    author: &UserId,
    document: &Document,
    new: NewVersion,
    reserved: Option<&Reservation>,
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
    write(app, tx, author, &Document { folder_id, ..document.clone() }, new, reserved, now).await
}

/// The rows of the version behind `document.head`.
async fn write(
    app: &App,
    tx: &mut Tx,
    author: &UserId,
    document: &Document,
    new: NewVersion,
    reserved: Option<&Reservation>,
    now: Millis,
) -> Result<Version> {
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
    let unlocked_bytes = db::versions::insert(tx, &version).await?;
    quota::charge(app, tx, &document.folder_id, author, version.size_bytes + unlocked_bytes, reserved).await?;
    if version.sha256.is_empty() {
        jobs::enqueue(tx, &HashContent { content_id: version.content_id.clone() }, now, now).await?;
    }
    if !document.is_live() {
        list_chunks(tx, &version, &new.chunks, now).await?;
        app.preview().turns.came();
    }
    if !document.is_live() || [PAGE, BOARD].contains(&version.media_type.as_str()) {
        let fault = new.fault.as_ref().map(|(code, message)| (code.as_str(), message.as_str()));
        prepare(tx, &version, &document.name, fault, now).await?;
    }
    let sha256 = Some(&version.sha256).filter(|known| !known.is_empty());
    let details = json!({ "number": version.number, "sha256": sha256, "size_bytes": version.size_bytes });
    let event = audit::Event::new("version_added").document(&document.id).folder(&document.folder_id).details(details);
    audit::record(tx, Some(author), now, event);
    Ok(version)
}

/// Notes what the content is made of, so that its readers' next uploads send only what is new.
async fn list_chunks(tx: &mut Tx, version: &Version, chunks: &[ChunkRef], now: Millis) -> Result<()> {
    if version.size_bytes == 0 {
        return Ok(());
    }
    // One row is written as quickly as it is looked for.
    if chunks.len() != 1 && db::content_chunks::exists(tx, &version.content_id).await? {
        return Ok(());
    }
    if chunks.is_empty() {
        return jobs::enqueue(tx, &ListChunks { content_id: Some(version.content_id.clone()) }, now, now).await;
    }
    db::content_chunks::insert(tx, &version.content_id, chunks).await
}

/// Asks for pages and text of the content, once for equal contents, unless `fault` says why there can be none.
pub(super) async fn prepare(
    tx: &mut Tx,
    version: &Version,
    name: &str,
    fault: Option<(&str, &str)>,
    now: Millis,
) -> Result<()> {
    let (content_id, media_type) = (&version.content_id, &version.media_type);
    let fault = match version.size_bytes {
        0 => Some(("document_empty", "the file is empty: there is nothing to show or to search")),
        _ => fault,
    };
    if !db::previews::insert(tx, content_id, media_type, fault, now).await? || fault.is_some() {
        return Ok(());
    }
    let job = PrepareContent { content_id: content_id.clone(), media_type: media_type.clone(), name: name.to_owned() };
    jobs::enqueue(tx, &job, now, now).await?;
    if ReadText::is_worthwhile(media_type, version.size_bytes) {
        let PrepareContent { content_id, media_type, name } = job;
        let first = ReadText { content_id, media_type, name };
        jobs::enqueue(tx, &first, now + ReadText::delay_ms(version.size_bytes), now).await?;
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
