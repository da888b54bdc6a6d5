//! `/annotations`: what colleagues noted beside documents, and what waits for the caller.
//!
//! Threads are written in the notes rooms; this is the mirror that the journal vouches for.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::policy::{self, Action, Caller, DocumentAccess},
    clock::Millis,
    db::{
        self,
        annotations::{Message, Thread},
    },
    error::{Error, Result},
    http::{
        cursor,
        documents::{PersonView, find_document},
        extract::{Json, Path, Query},
        page::{Items, limit_of},
    },
    ids::{DocumentId, UserId},
};

/// Threads looked at together when the caller's are gathered.
const TOGETHER: i64 = 200;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_document_annotations)).routes(routes!(list_annotations))
}

/// Which threads are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StateFilter {
    #[default]
    Open,
    Resolved,
    All,
}

impl StateFilter {
    fn open(self) -> Option<bool> {
        match self {
            Self::Open => Some(true),
            Self::Resolved => Some(false),
            Self::All => None,
        }
    }
}

/// Whether something is still to be done about a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ThreadState {
    Open,
    Resolved,
}

/// A thread of notes.
#[derive(Serialize, ToSchema)]
struct AnnotationView {
    id: String,
    /// The text that it is about, as it was then.
    quote: String,
    state: ThreadState,
    /// Who began it, by the journal.
    created_by: Option<PersonView>,
    created_at: Millis,
    assignee: Option<PersonView>,
    resolved_by: Option<PersonView>,
    resolved_at: Option<Millis>,
    messages: Vec<AnnotationMessageView>,
}

/// A message of a thread.
#[derive(Serialize, ToSchema)]
struct AnnotationMessageView {
    id: String,
    /// Who wrote it, by the journal; absent when the journal does not tell.
    author: Option<PersonView>,
    /// Who the message says wrote it.
    claimed_author: Option<PersonView>,
    /// The two differ: somebody wrote in another person's name.
    is_forged: bool,
    text: String,
    at: Millis,
    edited_at: Option<Millis>,
}

/// A thread that waits for the caller.
#[derive(Serialize, ToSchema)]
struct AssignedAnnotationView {
    document_id: DocumentId,
    document_name: String,
    id: String,
    quote: String,
    state: ThreadState,
    created_by: Option<PersonView>,
    created_at: Millis,
    /// What the first message says.
    text: String,
    message_count: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DocumentAnnotationsQuery {
    /// `open`, `resolved` or `all`, which is meant without it.
    #[param(inline)]
    state: Option<StateFilter>,
    cursor: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AnnotationsQuery {
    /// Whom they wait for: `me`.
    assigned_to: String,
    /// `open`, which is meant without it, `resolved` or `all`.
    #[param(inline)]
    state: Option<StateFilter>,
    cursor: Option<String>,
    limit: Option<i64>,
}

fn person(id: Option<UserId>, name: Option<String>) -> Option<PersonView> {
    Some(PersonView { id: id?, name: name? })
}

fn state_of(thread: &Thread) -> ThreadState {
    if thread.resolved_at.is_some() { ThreadState::Resolved } else { ThreadState::Open }
}

impl AnnotationView {
    fn new(thread: Thread, messages: Vec<AnnotationMessageView>) -> Self {
        Self {
            state: state_of(&thread),
            id: thread.id,
            quote: thread.quote,
            created_by: person(thread.author_id, thread.author_name),
            created_at: thread.created_at,
            assignee: person(thread.assignee_id, thread.assignee_name),
            resolved_by: person(thread.resolved_by, thread.resolver_name),
            resolved_at: thread.resolved_at,
            messages,
        }
    }
}

impl From<Message> for AnnotationMessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            author: person(message.author_id, message.author_name),
            claimed_author: person(message.claimed_id, message.claimed_name),
            is_forged: message.is_forged == 1,
            text: message.text,
            at: message.at,
            edited_at: message.edited_at,
        }
    }
}

impl AssignedAnnotationView {
    fn new(thread: Thread, document_name: String) -> Self {
        Self {
            state: state_of(&thread),
            document_id: thread.document_id,
            document_name,
            id: thread.id,
            quote: thread.quote,
            created_by: person(thread.author_id, thread.author_name),
            created_at: thread.created_at,
            text: thread.first_text.unwrap_or_default(),
            message_count: thread.message_count,
        }
    }
}

/// Lists what was noted beside a document, oldest first.
#[utoipa::path(get, path = "/documents/{id}/annotations", tag = "annotations",
    params(("id" = DocumentId, Path), DocumentAnnotationsQuery), responses((status = 200, body = Items<AnnotationView>)))]
async fn list_document_annotations(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<DocumentAnnotationsQuery>,
) -> Result<Json<Items<AnnotationView>>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::ReadAnnotations, &document).await?;
    let limit = limit_of(query.limit)?;
    let after: (Millis, String) = query.cursor.as_deref().map(cursor::decode).transpose()?.unwrap_or_default();
    let open = query.state.unwrap_or(StateFilter::All).open();
    let mut threads = db::annotations::list(app.db.read(), &id, open, (after.0, &after.1), limit + 1).await?;
    let more = threads.len() as i64 > limit;
    threads.truncate(limit as usize);
    let next_cursor = threads.last().filter(|_| more).map(|last| cursor::encode(&(last.created_at, &last.id)));
    Ok(Json(Items { items: with_messages(&app, &id, threads).await?, next_cursor }))
}

async fn with_messages(app: &App, document: &DocumentId, threads: Vec<Thread>) -> Result<Vec<AnnotationView>> {
    let (Some(first), Some(last)) = (threads.first(), threads.last()) else { return Ok(Vec::new()) };
    let (from, to) = ((first.created_at, first.id.as_str()), (last.created_at, last.id.as_str()));
    let mut messages = db::annotations::list_messages(app.db.read(), document, from, to).await?.into_iter().peekable();
    let mut views = Vec::with_capacity(threads.len());
    for thread in threads {
        // Both lists are in one order; threads of the other state were left out of the first.
        while messages.next_if(|message| message.thread_id != thread.id).is_some() {}
        let mut own = Vec::new();
        while let Some(message) = messages.next_if(|message| message.thread_id == thread.id) {
            own.push(message.into());
        }
        views.push(AnnotationView::new(thread, own));
    }
    Ok(views)
}

/// Lists threads that wait for the caller in documents that the caller may read, newest first.
#[utoipa::path(get, path = "/annotations", tag = "annotations", params(AnnotationsQuery),
    responses((status = 200, body = Items<AssignedAnnotationView>)))]
async fn list_annotations(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AnnotationsQuery>,
) -> Result<Json<Items<AssignedAnnotationView>>> {
    if query.assigned_to != "me" {
        return Err(
            Error::invalid("assigned_to_invalid", "only your own assignments can be listed: `me`").field("assigned_to")
        );
    }
    let limit = limit_of(query.limit)? as usize;
    let mut before: (Millis, String, String) = match query.cursor.as_deref() {
        Some(text) => cursor::decode(text)?,
        None => (Millis::MAX, String::new(), String::new()),
    };
    let open = query.state.unwrap_or_default().open();
    let mut items = Vec::new();
    let mut next_cursor = None;
    'gather: loop {
        let key = (before.0, before.1.as_str(), before.2.as_str());
        let threads = db::annotations::list_assigned(app.db.read(), &caller.id, open, key, TOGETHER).await?;
        let is_last = (threads.len() as i64) < TOGETHER;
        for (thread, name) in readable(&app, &caller, threads, &mut before).await? {
            if items.len() == limit {
                next_cursor = items.last().map(|last: &AssignedAnnotationView| {
                    cursor::encode(&(last.created_at, &last.document_id, &last.id))
                });
                break 'gather;
            }
            items.push(AssignedAnnotationView::new(thread, name));
        }
        if is_last {
            break;
        }
    }
    Ok(Json(Items { items, next_cursor }))
}

/// Those of `threads` that the caller may read, with their documents' names. Moves `before` behind the last one.
async fn readable(
    app: &App,
    caller: &Caller,
    threads: Vec<Thread>,
    before: &mut (Millis, String, String),
) -> Result<Vec<(Thread, String)>> {
    if let Some(last) = threads.last() {
        *before = (last.created_at, last.document_id.to_string(), last.id.clone());
    }
    let mut ids: Vec<DocumentId> = threads.iter().map(|thread| thread.document_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let documents = db::documents::list(app.db.read(), &ids).await?;
    let access = DocumentAccess::load(&app.db, caller, &documents).await?;
    let least = Action::ReadAnnotations.least_role();
    let name = |id: &DocumentId| documents.iter().find(|document| document.id == *id).map(|one| one.name.clone());
    let may = |id: &DocumentId| access.role(id).is_some_and(|role| role >= least);
    Ok(threads
        .into_iter()
        .filter(|thread| may(&thread.document_id))
        .filter_map(|thread| name(&thread.document_id).map(|name| (thread, name)))
        .collect())
}
