//! `/documents/{id}/history`: who worked on a page when, and every single edit of it.

use std::collections::HashMap;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::headers::{ETag, HeaderMapExt, IfNoneMatch};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit,
    auth::policy::{self, Action, Caller},
    clock::Millis,
    db::{self, documents::Document, versions::Moment},
    error::{Error, Result},
    http::{
        documents::{PersonView, find_document},
        extract::{Json, Path, Query},
        page::limit_of,
    },
    ids::{DocumentId, UserId},
    rooms::{
        RoomName,
        history::{self, Burst, End},
    },
};

/// Media type of the stream of updates; `rooms::history::updates` describes the layout.
const UPDATES: &str = "application/vnd.wenshu.history";
/// Versions named in one answer.
const MOMENTS: i64 = 500;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_history)).routes(routes!(read_updates))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// What happened before this entry; the end of the history when absent.
    before: Option<i64>,
    /// At most so many bursts, up to 1000; 100 by default.
    limit: Option<i64>,
}

/// The timeline of a page.
#[derive(Serialize, ToSchema)]
struct HistoryView {
    /// Number of the newest entry that can be read; 0: nothing was ever written.
    last_seq: i64,
    /// Later entries cannot be applied; the page is read-only as it was at `last_seq`.
    quarantined: bool,
    /// Newest first.
    bursts: Vec<BurstView>,
    /// Versions that lie in these bursts, newest first.
    moments: Vec<MomentView>,
    /// The `before` of what is older.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// Contiguous work: without a pause of five minutes, within one hour of the clock, at most 2000 entries.
#[derive(Serialize, ToSchema)]
struct BurstView {
    from_seq: i64,
    to_seq: i64,
    from_at: Millis,
    to_at: Millis,
    /// Who did the most comes first.
    authors: Vec<ShareView>,
}

/// What one person did in a burst.
#[derive(Serialize, ToSchema)]
struct ShareView {
    id: UserId,
    name: String,
    updates: i64,
    /// Characters, and one for each element or mark.
    inserted: i64,
    deleted: i64,
}

/// A version as a point of the history.
#[derive(Serialize, ToSchema)]
struct MomentView {
    /// Number of the version.
    number: i64,
    /// The last entry that it contains.
    seq: i64,
    note: String,
    author: PersonView,
    created_at: Millis,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UpdatesQuery {
    /// Entries after this one; 0 by default.
    #[serde(default)]
    after: i64,
    /// Entries up to this one; up to the end of the history when absent.
    until: Option<i64>,
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        let Moment { number, room_seq, note, author_id, author_name, created_at } = moment;
        Self { number, seq: room_seq, note, author: PersonView { id: author_id, name: author_name }, created_at }
    }
}

/// Finds a document that has a history and whose history the caller may read.
async fn find_readable(app: &App, caller: &Caller, id: &DocumentId) -> Result<(Document, End)> {
    let document = find_document(app, id).await?;
    policy::allow(&app.db, caller, Action::ReadHistory, &document).await?;
    if document.kind == "file" {
        return Err(Error::conflict("not_a_page", "a file has versions, but no history of edits"));
    }
    let end = history::end(&app.db, &RoomName::from(&document.id)).await?;
    Ok((document, end))
}

/// Shows who worked on a page when, newest first. It takes an editor: deleted text is not for readers.
#[utoipa::path(get, path = "/documents/{id}/history", tag = "history", params(("id" = DocumentId, Path), HistoryQuery),
    responses((status = 200, body = HistoryView)))]
async fn read_history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryView>> {
    let (document, end) = find_readable(&app, &caller, &id).await?;
    let limit = limit_of(query.limit)?;
    let before = query.before.unwrap_or(i64::MAX).clamp(1, end.seq + 1);
    let (bursts, more) = history::bursts(&app.db, &RoomName::from(&document.id), before, limit as usize).await?;
    let oldest = bursts.last().map_or(before, |burst| burst.from_seq);
    let moments = db::versions::list_moments(app.db.read(), &document.id, oldest, before - 1, MOMENTS).await?;
    Ok(Json(HistoryView {
        last_seq: end.seq,
        quarantined: end.quarantined.is_some(),
        bursts: view_bursts(&app, bursts).await?,
        moments: moments.into_iter().map(MomentView::from).collect(),
        next_before: more.then_some(oldest),
    }))
}

async fn view_bursts(app: &App, bursts: Vec<Burst>) -> Result<Vec<BurstView>> {
    let mut names = HashMap::<UserId, String>::new();
    let mut views = Vec::with_capacity(bursts.len());
    for burst in bursts {
        let mut authors = Vec::with_capacity(burst.shares.len());
        for share in burst.shares {
            if !names.contains_key(&share.author) {
                let user = db::users::find(app.db.read(), &share.author).await?;
                names.insert(share.author.clone(), user.map(|user| user.display_name).unwrap_or_default());
            }
            let name = names.get(&share.author).cloned().unwrap_or_default();
            let (updates, inserted, deleted) = (share.updates, share.inserted, share.deleted);
            authors.push(ShareView { id: share.author, name, updates, inserted, deleted });
        }
        let Burst { from_seq, to_seq, from_at, to_at, .. } = burst;
        views.push(BurstView { from_seq, to_seq, from_at, to_at, authors });
    }
    Ok(views)
}

/// Gives every edit of a page, with author and time, as a binary stream in lib0's encoding: a byte 1, varuint number of the
/// first entry; then records. A record that begins with varuint 0 introduces an author (varstring id, varstring name), who
/// is called by its place from then on, the first one 1. A record that begins with an author's number is the next entry:
/// varuint milliseconds since the entry before (zigzag; the first: since 1970), varbuffer Yjs update (v1).
///
/// Entries never change, so the entity tag of a range stays.
#[utoipa::path(get, path = "/documents/{id}/history/updates", tag = "history",
    params(("id" = DocumentId, Path), UpdatesQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.wenshu.history"), (status = 304)))]
async fn read_updates(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<DocumentId>,
    Query(query): Query<UpdatesQuery>,
) -> Result<Response> {
    let (document, end) = find_readable(&app, &caller, &id).await?;
    let (after, until) = (query.after, query.until.unwrap_or(end.seq));
    if after < 0 || after > until || until > end.seq {
        return Err(Error::invalid("seq_invalid", "the history has no such entries").field("until"));
    }
    let tag: ETag = format!("\"{}-{after}-{until}\"", document.id).parse().map_err(Error::internal)?;
    let mut answer = HeaderMap::new();
    answer.typed_insert(tag.clone());
    // Kept by the browser, but asked for each time: the right to read it may have ended.
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if headers.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(UPDATES));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    record_reading(&app, &caller, &document, after, until).await?;
    // The first part is read before the answer begins, so that damage is told with its code.
    let mut parts = Box::pin(history::updates(app.db.clone(), RoomName::from(&document.id), after, until));
    let first = parts.next().await.transpose()?;
    Ok((answer, Body::from_stream(stream::iter(first.map(Ok)).chain(parts))).into_response())
}

async fn record_reading(app: &App, caller: &Caller, document: &Document, after: i64, until: i64) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let event = audit::Event::new("history_read").document(&document.id).folder(&document.folder_id);
    let event = event.details(json!({ "after": after, "until": until }));
    audit::record(&mut tx, Some(&caller.id), app.clock.now(), event);
    tx.commit().await
}
