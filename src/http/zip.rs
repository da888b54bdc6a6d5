//! `/folders/{id}/zip` and `/zip`: a folder, or what somebody chose, as one file.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    archive::{self, Entry, Source, names::Taken},
    audit,
    auth::policy::{self, Action, Caller, DocumentAccess, Role},
    dav::shortcut,
    db::{self, dav_listing::ListedDocument, documents::is_live, folders::Folder},
    error::{Error, Result},
    http::{
        content::disposition,
        extract::{Path, RepeatedQuery},
        folders::find_folder,
    },
    ids::{DocumentId, FolderId},
};

/// Entries of one archive.
const MAX_ENTRIES: usize = 100_000;
/// Length of all their paths together.
const MAX_PATHS_BYTES: usize = 64 << 20;
/// Chosen at once.
const MAX_CHOSEN: usize = 1000;
/// Events of the audit log in one transaction.
const EVENTS: usize = 500;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_folder_zip)).routes(routes!(read_zip, post_zip))
}

/// What is to be in the archive.
#[derive(Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Chosen {
    /// Documents, by id.
    document: Vec<DocumentId>,
    /// Folders with everything in them, by id.
    folder: Vec<FolderId>,
    /// What the file is to be called, without `.zip`.
    name: Option<String>,
}

/// Gives a folder with everything in it as a zip file. What the caller may not download is left out; pages and boards are
/// links to themselves.
#[utoipa::path(get, path = "/folders/{id}/zip", tag = "content", params(("id" = FolderId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn read_folder_zip(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<FolderId>,
) -> Result<Response> {
    let chosen = Chosen { folder: vec![id], ..Chosen::default() };
    answer(&app, &caller, &method, &headers, chosen).await
}

/// Gives what is chosen as a zip file.
#[utoipa::path(get, path = "/zip", tag = "content", params(Chosen),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn read_zip(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    RepeatedQuery(chosen): RepeatedQuery<Chosen>,
) -> Result<Response> {
    answer(&app, &caller, &method, &headers, chosen).await
}

/// The same for more than fits into an address: a form, so that a browser saves the answer as it comes.
#[utoipa::path(post, path = "/zip", tag = "content",
    request_body(content = Chosen, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn post_zip(State(app): State<App>, caller: Caller, headers: HeaderMap, body: String) -> Result<Response> {
    answer(&app, &caller, &Method::POST, &headers, Chosen::of_form(&body)?).await
}

impl Chosen {
    /// Reads what a browser sends of a form.
    fn of_form(body: &str) -> Result<Self> {
        let mut chosen = Self::default();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8();
            let value = value.map_err(|_| Error::invalid("input_invalid", "the form is not UTF-8"))?.into_owned();
            match key {
                "document" => chosen.document.push(value.parse()?),
                "folder" => chosen.folder.push(value.parse()?),
                "name" => chosen.name = Some(value).filter(|name| !name.is_empty()),
                _ => {}
            }
        }
        Ok(chosen)
    }
}

async fn answer(app: &App, caller: &Caller, method: &Method, headers: &HeaderMap, chosen: Chosen) -> Result<Response> {
    if chosen.document.len() + chosen.folder.len() > MAX_CHOSEN {
        return Err(Error::too_large("too_many_chosen", "at most 1000 documents and folders at once"));
    }
    let mut gathering = Gathering {
        app,
        caller,
        origin: shortcut::origin(app, headers),
        taken: Taken::default(),
        entries: Vec::new(),
        paths_bytes: 0,
        read: Vec::new(),
    };
    let mut name = chosen.name;
    for id in &chosen.folder {
        let folder = find_folder(app, id).await?;
        let role = policy::allow(&app.db, caller, Action::Read, &folder).await?;
        name.get_or_insert_with(|| folder.name.clone());
        gathering.add_folder(&folder, role).await?;
    }
    gathering.add_documents(&chosen.document).await?;
    let Gathering { entries, read, .. } = gathering;
    if entries.is_empty() {
        return Err(Error::invalid("nothing_chosen", "name a document or a folder").field("document"));
    }
    let entries: Arc<[Entry]> = entries.into();
    let file = format!("{}.zip", name.as_deref().unwrap_or("wenshu"));
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_LENGTH, HeaderValue::from(archive::length(&entries))),
        (header::CONTENT_DISPOSITION, disposition(false, &file)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // It is made while it is sent; this also keeps it from being compressed on the way.
        (header::ACCEPT_RANGES, HeaderValue::from_static("none")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    if method == Method::HEAD {
        return Ok((StatusCode::OK, HeaderMap::from_iter(head)).into_response());
    }
    record(app, caller, &read).await?;
    let mut bytes = archive::stream(app.store.clone(), entries);
    // What fails at once is told with its code.
    let first = bytes.next().await.transpose()?;
    let body = Body::from_stream(stream::iter(first.map(Ok)).chain(bytes));
    Ok((StatusCode::OK, HeaderMap::from_iter(head), body).into_response())
}

/// Remembers what was given out, like each download by itself.
async fn record(app: &App, caller: &Caller, read: &[(DocumentId, FolderId, i64)]) -> Result<()> {
    let now = app.clock.now();
    for batch in read.chunks(EVENTS) {
        let events = batch.iter().map(|(document, folder, number)| {
            let details = json!({ "number": number, "archive": true });
            audit::Event::new("content_downloaded").document(document).folder(folder).details(details)
        });
        let mut tx = app.db.begin().await?;
        audit::record_all(&mut tx, Some(&caller.id), now, events.collect());
        tx.commit().await?;
    }
    Ok(())
}

/// What was found so far.
struct Gathering<'a> {
    app: &'a App,
    caller: &'a Caller,
    /// Where links lead.
    origin: String,
    /// Names at the top of the archive.
    taken: Taken,
    entries: Vec<Entry>,
    /// Of their paths.
    paths_bytes: usize,
    /// Documents whose content is given out, with folder and version.
    read: Vec<(DocumentId, FolderId, i64)>,
}

/// A folder that is in the archive.
struct Place {
    path: String,
    role: Role,
    taken: Taken,
}

impl Gathering<'_> {
    /// A folder and all below it that the caller sees.
    async fn add_folder(&mut self, top: &Folder, role: Role) -> Result<()> {
        let (app, caller, limit) = (self.app, self.caller, MAX_ENTRIES as i64 + 1);
        let folders = db::dav_listing::list_folders_below(app.db.read(), &top.id, &caller.id, limit).await?;
        let mut places: HashMap<FolderId, Place> = HashMap::new();
        for folder in folders {
            let (above, role) = match folder.parent_id.as_ref().filter(|_| folder.id != top.id) {
                None => (None, Some(role)),
                // Above it is something that the caller does not see.
                Some(parent) if !places.contains_key(parent) => continue,
                Some(parent) => {
                    let inherited = Some(places[parent].role).filter(|_| folder.inherits != 0);
                    let own = folder.own_role.and_then(Role::from_number);
                    (Some(parent), if caller.is_admin { Some(Role::Manager) } else { own.max(inherited) })
                }
            };
            let Some(role) = role else { continue };
            let path = match above.and_then(|parent| places.get_mut(parent)) {
                Some(parent) => format!("{}{}/", parent.path, parent.taken.give(&folder.name)),
                None => format!("{}/", self.taken.give(&folder.name)),
            };
            self.add(Entry { path: path.clone(), modified: folder.updated_at, source: Source::Folder })?;
            places.insert(folder.id, Place { path, role, taken: Taken::default() });
        }
        let documents =
            db::dav_listing::list_documents_below(app.db.read(), &top.id, &caller.id, caller.clearance, limit).await?;
        if documents.len() > MAX_ENTRIES {
            return Err(too_many());
        }
        for document in documents {
            let Some(place) = places.get_mut(&document.folder_id) else { continue };
            let inherited = Some(place.role).filter(|_| document.inherits != 0);
            let own = document.own_role.and_then(Role::from_number);
            let role = if caller.is_admin { Some(Role::Manager) } else { own.max(inherited) };
            if role.is_none_or(|role| role < least_role(&document.kind)) {
                continue;
            }
            let (shown, source) = self.source(&document)?;
            let path = format!("{}{}", place.path, place.taken.give(&shown));
            let modified = document.added_at.unwrap_or(document.updated_at);
            self.note_read(&document);
            self.add(Entry { path, modified, source })?;
        }
        Ok(())
    }

    /// Documents that were chosen one by one: those that may not be downloaded are refused.
    async fn add_documents(&mut self, ids: &[DocumentId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let documents = db::documents::list(self.app.db.read(), ids).await?;
        let access = DocumentAccess::load(&self.app.db, self.caller, &documents).await?;
        if documents.len() < ids.len() || documents.iter().any(|document| document.trashed_at.is_some()) {
            return Err(Error::not_found("document"));
        }
        for document in documents {
            let action = if document.is_live() { Action::Read } else { Action::Download };
            policy::check(access.role(&document.id), action, &document)?;
            let version = match document.is_live() {
                true => None,
                false => db::versions::find(self.app.db.read(), &document.id, document.head).await?,
            };
            let listed = ListedDocument {
                own_role: None,
                content_id: version.as_ref().map(|version| version.content_id.clone()),
                size_bytes: version.as_ref().map(|version| version.size_bytes),
                media_type: version.as_ref().map(|version| version.media_type.clone()),
                added_at: version.as_ref().map(|version| version.created_at),
                id: document.id,
                folder_id: document.folder_id,
                kind: document.kind,
                name: document.name,
                name_key: document.name_key,
                head: document.head,
                level: document.level,
                inherits: document.inherits,
                created_at: document.created_at,
                updated_at: document.updated_at,
            };
            let (shown, source) = self.source(&listed)?;
            let path = self.taken.give(&shown);
            self.note_read(&listed);
            self.add(Entry { path, modified: listed.added_at.unwrap_or(listed.updated_at), source })?;
        }
        Ok(())
    }

    /// The name in the archive, and where the bytes come from.
    fn source(&self, document: &ListedDocument) -> Result<(String, Source)> {
        if is_live(&document.kind) {
            let text = shortcut::text(&self.origin, &document.id);
            return Ok((shortcut::name(&document.name), Source::Text(Bytes::from(text))));
        }
        let (Some(id), Some(size)) = (&document.content_id, document.size_bytes) else {
            return Err(Error::internal(anyhow::anyhow!("file {} has no version", document.id)));
        };
        let id = id.parse().map_err(Error::internal)?;
        Ok((document.name.clone(), Source::Content { id, size_bytes: size as u64 }))
    }

    fn note_read(&mut self, document: &ListedDocument) {
        if !is_live(&document.kind) {
            self.read.push((document.id.clone(), document.folder_id.clone(), document.head));
        }
    }

    fn add(&mut self, entry: Entry) -> Result<()> {
        if entry.path.len() > archive::PATH_MAX_BYTES {
            let message = "folders lie so deep that no archive can name what is in them: download the inner ones";
            return Err(Error::too_large("archive_path_too_long", message));
        }
        self.paths_bytes += entry.path.len();
        if self.entries.len() >= MAX_ENTRIES || self.paths_bytes > MAX_PATHS_BYTES {
            return Err(too_many());
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// The least role that gets a document of `kind`.
fn least_role(kind: &str) -> Role {
    if is_live(kind) { Action::Read.least_role() } else { Action::Download.least_role() }
}

fn too_many() -> Error {
    Error::too_large("archive_too_large", "an archive has at most 100,000 entries: download parts of it")
}
