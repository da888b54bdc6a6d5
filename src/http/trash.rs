//! `/trash`: what was thrown away, back again, or deleted for good.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        purge::{Progress, begin, purge_entry},
        restore_trash::{Restored, restore_document, restore_entry},
    },
    app::App,
    auth::policy::{self, Action, Caller, FolderAccess},
    clock::Millis,
    db::{
        self,
        trash::{Entry, ListedEntry, Looker},
    },
    error::{Error, Result},
    http::{
        cursor,
        documents::{DocumentView, PersonView},
        extract::{Json, Path, Query},
        folders::{PathEntry, path_entries},
        page::{Items, limit_of},
    },
    ids::{DocumentId, FolderId, TrashId},
    jobs::expire_trash::DAY_MS,
};

/// Entries looked at together when all are deleted.
const BATCH: i64 = 100;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_trash, empty_trash))
        .routes(routes!(purge_trash))
        .routes(routes!(restore_trash))
        .routes(routes!(untrash_document))
}

/// Something that was thrown away, with all that went with it.
#[derive(Serialize, ToSchema)]
struct TrashEntryView {
    /// The id of the folder or document.
    id: TrashId,
    /// `folder`, `file`, `page` or `board`.
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// The folders that it was in, as far as the caller sees them, the topmost first.
    path: Vec<PathEntry>,
    /// Of a folder: documents that went with it.
    document_count: i64,
    /// Of all versions.
    size_bytes: i64,
    trashed_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    trashed_by: Option<PersonView>,
    /// When it will be deleted for good; absent: never by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_at: Option<Millis>,
    /// It or something in it is on hold: it cannot be deleted for good.
    held: bool,
    /// It is being deleted for good: how many of its documents are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged_count: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TrashQuery {
    cursor: Option<String>,
    /// At most so many, up to 1000; 100 by default.
    limit: Option<i64>,
}

/// Where something comes back to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct RestoreInput {
    /// Left out: where it was.
    folder_id: Option<FolderId>,
}

/// Where something lies again.
#[derive(Serialize, ToSchema)]
struct RestoredView {
    id: TrashId,
    /// `folder` or `document`.
    kind: String,
    /// Absent: it is a library.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    /// With a number when the name was used again.
    name: String,
}

/// What came of emptying the trash.
#[derive(Default, Serialize, ToSchema)]
struct EmptiedView {
    /// Entries that are being deleted.
    purged: i64,
    /// Entries that stay because something of them is on hold.
    held: i64,
}

/// Lists what the caller may take out of the trash, the last thrown away first.
#[utoipa::path(get, path = "/trash", tag = "trash", params(TrashQuery),
    responses((status = 200, body = Items<TrashEntryView>)))]
async fn list_trash(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TrashQuery>,
) -> Result<Json<Items<TrashEntryView>>> {
    let limit = limit_of(query.limit)?;
    let before: (Millis, String) = match &query.cursor {
        Some(cursor) => cursor::decode(cursor)?,
        None => (Millis::MAX, String::new()),
    };
    let mut listed = list(&app, &caller, (before.0, &before.1), limit + 1).await?;
    let more = listed.len() as i64 > limit;
    listed.truncate(limit as usize);
    let last = listed.last().filter(|_| more).map(|last| (last.entry.trashed_at, last.entry.id.to_string()));
    let places: Vec<FolderId> = listed.iter().filter_map(|entry| entry.place_id.clone()).collect();
    let access = FolderAccess::load(&app.db, &caller, &places).await?;
    let days = i64::from(app.config.trash_days);
    let items = listed.into_iter().map(|entry| TrashEntryView::new(entry, &access, days)).collect();
    Ok(Json(Items { items, next_cursor: last.as_ref().map(cursor::encode) }))
}

async fn list(app: &App, caller: &Caller, before: (Millis, &str), limit: i64) -> Result<Vec<ListedEntry>> {
    let looker = Looker {
        user: &caller.id,
        sees_all: caller.is_admin,
        least_role: Action::Delete.least_role().number(),
        clearance: caller.clearance,
    };
    db::trash::list(app.db.read(), &looker, before, limit).await
}

impl TrashEntryView {
    fn new(listed: ListedEntry, access: &FolderAccess, days: i64) -> Self {
        let ListedEntry { entry, name, target_kind, media_type, place_id, trasher_name, is_held } = listed;
        let path = place_id.map(|place| access.path(&place)).unwrap_or_default();
        Self {
            kind: target_kind,
            name,
            media_type,
            path: path_entries(path),
            document_count: entry.document_count,
            size_bytes: entry.size_bytes,
            trashed_at: entry.trashed_at,
            trashed_by: entry.trashed_by.zip(trasher_name).map(|(id, name)| PersonView { id, name }),
            purge_at: (days > 0 && is_held == 0).then(|| entry.trashed_at + days * DAY_MS),
            held: is_held == 1,
            purged_count: entry.purging_at.map(|_| entry.purged_count),
            id: entry.id,
        }
    }
}

/// Takes an entry out of the trash: a folder comes back with exactly what went with it. 409 `place_gone` when the folder where it
/// was is in the trash itself; the error may name a `folder_id` instead.
#[utoipa::path(post, path = "/trash/{id}/restore", tag = "trash", params(("id" = TrashId, Path)),
    request_body = RestoreInput, responses((status = 200, body = RestoredView)))]
async fn restore_trash(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TrashId>,
    Json(input): Json<RestoreInput>,
) -> Result<Json<RestoredView>> {
    let entry = find(&app, &id).await?;
    let Restored { folder_id, name } = restore_entry(&app, &caller, &entry, input.folder_id.as_ref()).await?;
    Ok(Json(RestoredView { id, kind: entry.kind, folder_id, name }))
}

/// Deletes an entry of the trash for good, with everything that lies in it. 204: it is gone; 202: it is large and goes by and
/// by. 409 when something of it is on hold.
#[utoipa::path(delete, path = "/trash/{id}", tag = "trash", params(("id" = TrashId, Path)),
    responses((status = 204), (status = 202)))]
async fn purge_trash(State(app): State<App>, caller: Caller, Path(id): Path<TrashId>) -> Result<StatusCode> {
    let entry = find(&app, &id).await?;
    allow_purge(&app, &caller, &entry).await?;
    Ok(match purge_entry(&app, Some(&caller.id), &entry).await? {
        Progress::Done => StatusCode::NO_CONTENT,
        Progress::More => StatusCode::ACCEPTED,
    })
}

/// Deletes everything for good that the caller sees in the trash, except what is on hold.
#[utoipa::path(delete, path = "/trash", tag = "trash", responses((status = 202, body = EmptiedView)))]
async fn empty_trash(State(app): State<App>, caller: Caller) -> Result<(StatusCode, Json<EmptiedView>)> {
    let mut emptied = EmptiedView::default();
    let (mut at, mut id) = (Millis::MAX, String::new());
    loop {
        let listed = list(&app, &caller, (at, &id), BATCH).await?;
        let Some(last) = listed.last() else { break };
        (at, id) = (last.entry.trashed_at, last.entry.id.to_string());
        for ListedEntry { entry, .. } in listed {
            match begin(&app, Some(&caller.id), &entry).await {
                Ok(()) => emptied.purged += 1,
                Err(error) if matches!(error.code(), "document_held" | "folder_held") => emptied.held += 1,
                // It went with the folder that it lay in.
                Err(error) if error.code() == "trash_entry_not_found" => {}
                Err(error) => return Err(error),
            }
        }
    }
    app.jobs.wake();
    Ok((StatusCode::ACCEPTED, Json(emptied)))
}

async fn find(app: &App, id: &TrashId) -> Result<Entry> {
    db::trash::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("trash_entry"))
}

/// Whoever manages what was thrown away may delete it for good.
async fn allow_purge(app: &App, caller: &Caller, entry: &Entry) -> Result<()> {
    if entry.kind == "folder" {
        let folder = db::folders::find_any(app.db.read(), &entry.id.folder()).await?;
        let folder = folder.ok_or_else(|| Error::not_found("trash_entry"))?;
        policy::allow(&app.db, caller, Action::Purge, &folder).await?;
    } else {
        let document = db::documents::find_any(app.db.read(), &entry.id.document()).await?;
        let document = document.ok_or_else(|| Error::not_found("trash_entry"))?;
        policy::allow(&app.db, caller, Action::Purge, &document).await?;
    }
    Ok(())
}

/// Takes a document out of the trash, also by itself out of a folder that it went with.
#[utoipa::path(post, path = "/documents/{id}/untrash", tag = "trash", params(("id" = DocumentId, Path)),
    request_body = RestoreInput, responses((status = 200, body = DocumentView)))]
async fn untrash_document(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(input): Json<RestoreInput>,
) -> Result<Json<DocumentView>> {
    restore_document(&app, &caller, &id, input.folder_id.as_ref()).await?;
    Ok(Json(DocumentView::one(&app, &caller, &id).await?))
}
