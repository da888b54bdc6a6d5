//! Deletes for good what lies in the trash: the rows of all tables, in transactions of bounded size, so that others go on writing
//! in between. It begins with a mark on the entry, from which nothing of it comes back any more, and goes on after a crash.
//! The audit log remembers what each document was. The bytes go later, when the store is swept.

use serde_json::json;

use crate::{
    actions::{hold, quota},
    app::App,
    audit::{self, Event},
    clock::Millis,
    db::{self, Tx, purge::Remains, trash::Entry, uploads::Reservation},
    error::{Error, Result},
    ids::{DocumentId, TrashId, UploadId, UserId},
    jobs::{self, purge_trash::PurgeTrash},
};

/// Documents in one transaction.
const BATCH: i64 = 100;
/// Attachments in one transaction.
const ATTACHED: i64 = 400;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Done,
    More,
}

/// Deletes an entry for good: small ones at once, of others the first part; the rest is a job. `by` is `None` for the server
/// itself. 409 when it is held.
pub async fn purge_entry(app: &App, by: Option<&UserId>, entry: &Entry) -> Result<Progress> {
    begin(app, by, entry).await?;
    let progress = purge_some(app, &entry.id).await?;
    app.jobs.wake();
    Ok(progress)
}

/// Marks the entry and asks for the job.
pub async fn begin(app: &App, by: Option<&UserId>, entry: &Entry) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let entry = db::trash::find(&mut *tx, &entry.id).await?.ok_or_else(|| Error::not_found("trash_entry"))?;
    refuse_held(&mut tx, &entry).await?;
    db::trash::update_purging(&mut tx, &entry.id, by, now).await?;
    jobs::enqueue(&mut tx, &PurgeTrash { id: entry.id }, now, now).await?;
    tx.commit().await
}

/// Deletes the next documents of an entry that is marked; at last its folders and itself.
pub async fn purge_some(app: &App, id: &TrashId) -> Result<Progress> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let entry = db::trash::find(&mut *tx, id).await?.filter(|entry| entry.purging_at.is_some());
    let Some(entry) = entry else { return Ok(Progress::Done) };
    if let Err(held) = refuse_held(&mut tx, &entry).await {
        tracing::warn!(trash.id = %id, error = %held, "something is on hold, what is left of it stays in the trash");
        db::trash::stop_purging(&mut tx, id).await?;
        tx.commit().await?;
        return Ok(Progress::Done);
    }
    let documents = next_documents(&mut tx, &entry).await?;
    let (gone, uploads) = match documents.is_empty() {
        true => (Progress::Done, finish(&mut tx, &entry, now).await?),
        false => (Progress::More, delete(&mut tx, &entry, &documents, now).await?),
    };
    tx.commit().await?;
    for upload in uploads {
        if let Err(error) = app.store.forget(upload.as_str()).await {
            tracing::warn!(upload.id = %upload, error = %error, "the state of an upload stays until the store is swept");
        }
    }
    match gone {
        // Most entries are one document: that is all in one call.
        Progress::More if entry.kind == "document" => Box::pin(purge_some(app, id)).await,
        progress => Ok(progress),
    }
}

async fn refuse_held(tx: &mut Tx, entry: &Entry) -> Result<()> {
    match entry.kind.as_str() {
        "folder" => hold::refuse_held_folder(tx, &entry.id.folder()).await,
        _ => hold::refuse_held_document(tx, &entry.id.document()).await,
    }
}

/// Some documents of the entry. What is attached comes before what it is attached to, so that nothing goes uncounted.
async fn next_documents(tx: &mut Tx, entry: &Entry) -> Result<Vec<DocumentId>> {
    let mut documents = match entry.kind.as_str() {
        "folder" => db::purge::list_below(&mut **tx, &entry.id.folder(), BATCH).await?,
        _ => {
            let document = db::documents::find_any(&mut **tx, &entry.id.document()).await?;
            document.into_iter().map(|document| document.id).collect()
        }
    };
    if documents.is_empty() {
        return Ok(documents);
    }
    let attached = db::purge::list_attached(&mut **tx, &documents, ATTACHED).await?;
    if attached.len() as i64 == ATTACHED {
        return Ok(attached);
    }
    documents.splice(0..0, attached);
    Ok(documents)
}

async fn delete(tx: &mut Tx, entry: &Entry, documents: &[DocumentId], now: Millis) -> Result<Vec<UploadId>> {
    let remains = db::purge::list_remains(tx, documents).await?;
    let Some(first) = remains.first() else { return Ok(Vec::new()) };
    let library = quota::library_in(tx, &first.folder_id).await?;
    let uploads = db::purge::delete_uploads(tx, documents).await?;
    let uploads = release(tx, uploads).await?;
    let by_author = db::purge::sizes_by_author(tx, documents).await?;
    quota::refund(tx, &library, &by_author).await?;
    db::purge::delete_previews(tx, documents).await?;
    db::purge::delete_content_facts(tx, documents).await?;
    db::purge::delete_documents(tx, documents).await?;
    let own = remains.iter().filter(|remains| remains.attached_to.is_none());
    db::trash::add_purged(tx, &entry.id, own.count() as i64).await?;
    // The entry itself goes last; those of documents that were thrown away before it go with them.
    let others: Vec<DocumentId> = documents.iter().filter(|id| TrashId::from(*id) != entry.id).cloned().collect();
    db::trash::delete_of_documents(tx, &others).await?;
    let events = remains.iter().map(|remains| event_of(entry, remains)).collect();
    audit::record_all(tx, entry.purging_by.as_ref(), now, events);
    db::changes::append_all(tx, documents, now);
    Ok(uploads)
}

/// What is to be known of a document for ever.
fn event_of(entry: &Entry, remains: &Remains) -> Event {
    let details = json!({
        "name": remains.name,
        "versions": remains.version_count,
        "size_bytes": remains.size_bytes,
        "sha256": remains.sha256,
        "attached_to": remains.attached_to,
        "trashed_at": entry.trashed_at,
    });
    Event::new("document_purged").document(&remains.id).folder(&remains.folder_id).details(details)
}

async fn finish(tx: &mut Tx, entry: &Entry, now: Millis) -> Result<Vec<UploadId>> {
    let mut uploads = Vec::new();
    if entry.kind == "folder" {
        let id = entry.id.folder();
        let folder = db::folders::find_any(&mut **tx, &id).await?;
        let below = db::purge::delete_uploads_below(tx, &id).await?;
        uploads = release(tx, below).await?;
        db::purge::delete_folders(tx, &id).await?;
        let details = json!({
            "name": folder.as_ref().map(|folder| &folder.name),
            "parent_id": folder.as_ref().and_then(|folder| folder.parent_id.as_ref()),
            "documents": entry.purged_count,
            "trashed_at": entry.trashed_at,
        });
        let event = Event::new("folder_purged").folder(&id).details(details);
        audit::record(tx, entry.purging_by.as_ref(), now, event);
    }
    db::trash::delete(tx, &entry.id).await?;
    Ok(uploads)
}

/// Gives back what the uploads had reserved; returns those whose bytes are still on their way.
async fn release(tx: &mut Tx, uploads: Vec<(UploadId, Reservation)>) -> Result<Vec<UploadId>> {
    let mut sorted = uploads;
    sorted.sort_by(|(_, one), (_, other)| (&one.library_id, &one.user_id).cmp(&(&other.library_id, &other.user_id)));
    for (_, reservation) in &sorted {
        quota::release(tx, reservation).await?;
    }
    Ok(sorted.into_iter().map(|(id, _)| id).collect())
}
