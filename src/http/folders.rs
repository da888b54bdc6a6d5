//! `/folders`: libraries, the folders in them, and what lies there.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{create_folder, is_seen, relocate, rename, set_inherits::set_folder_inherits, trash::trash_folder},
    app::App,
    auth::policy::{self, Action, Caller, FolderAccess, Role},
    clock::Millis,
    db::{self, folders::Folder},
    error::{Error, Result},
    http::{
        cursor,
        documents::DocumentView,
        extract::{Json, Path, Query},
        page::Items,
    },
    ids::{DocumentId, FolderId},
    names::{self, FolderName},
};

/// Entries of a folder in one answer, unless fewer are asked for.
const CHILDREN_MAX: i64 = 500;
/// Names asked about at once.
const CONFLICTS_MAX: usize = 1000;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_folders, create_folder))
        .routes(routes!(read_folder, update_folder, delete_folder))
        .routes(routes!(list_children))
        .routes(routes!(list_conflicts))
}

/// A folder on the way to something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PathEntry {
    pub id: FolderId,
    pub name: String,
}

/// A folder as the caller sees it.
#[derive(Serialize, ToSchema)]
pub struct FolderView {
    id: FolderId,
    /// The folder above, if the caller sees it.
    parent_id: Option<FolderId>,
    name: String,
    /// From the topmost folder that the caller sees down to this one.
    path: Vec<PathEntry>,
    /// Whether grants from above reach it.
    inherits: bool,
    /// Whether it is on hold, by itself or from above: nothing of it goes.
    held: bool,
    role: Role,
    abilities: Vec<Action>,
    created_at: Millis,
    updated_at: Millis,
}

/// What can be changed of a folder; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct FolderPatch {
    name: Option<String>,
    parent_id: Option<FolderId>,
    inherits: Option<bool>,
}

/// A new folder.
#[derive(Deserialize, ToSchema)]
struct FolderInput {
    name: String,
    /// Left out: a library.
    parent_id: Option<FolderId>,
}

/// What lies in a folder: folders first, all by name.
#[derive(Serialize, ToSchema)]
struct ChildrenView {
    folders: Vec<FolderView>,
    documents: Vec<DocumentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChildrenQuery {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// Names that are to be put into a folder.
#[derive(Deserialize, ToSchema)]
struct ConflictsInput {
    names: Vec<String>,
}

/// A name that exists already.
#[derive(Serialize, ToSchema)]
struct ConflictView {
    name: String,
    document_id: DocumentId,
}

/// The part of the list that a cursor names.
#[derive(Serialize, Deserialize)]
enum After {
    Folder(String, String),
    Document(String, String),
}

impl FolderView {
    /// Shows folders, in the order asked for; hidden ones are left out.
    pub async fn list(app: &App, caller: &Caller, ids: &[FolderId]) -> Result<Vec<Self>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let folders = db::folders::list(app.db.read(), ids).await?;
        let access = FolderAccess::load(&app.db, caller, ids).await?;
        Ok(folders.into_iter().filter_map(|folder| Self::new(folder, &access)).collect())
    }

    /// Shows one folder.
    pub async fn one(app: &App, caller: &Caller, id: &FolderId) -> Result<Self> {
        let mut views = Self::list(app, caller, std::slice::from_ref(id)).await?;
        views.pop().ok_or_else(|| Error::not_found("folder"))
    }

    fn new(folder: Folder, access: &FolderAccess) -> Option<Self> {
        let role = access.role(&folder.id)?;
        let path = path_entries(access.path(&folder.id));
        let sees_parent = path.len() > 1;
        let is_library = folder.parent_id.is_none();
        let held = access.is_held(&folder.id);
        Some(Self {
            id: folder.id,
            parent_id: folder.parent_id.filter(|_| sees_parent),
            name: folder.name,
            path,
            inherits: folder.inherits == 1,
            held,
            role,
            abilities: policy::abilities_on_folder(role, is_library),
            created_at: folder.created_at,
            updated_at: folder.updated_at,
        })
    }
}

/// A path as views show it.
pub fn path_entries(path: Vec<(FolderId, String)>) -> Vec<PathEntry> {
    path.into_iter().map(|(id, name)| PathEntry { id, name }).collect()
}

/// Finds a folder that is not in the trash.
pub async fn find_folder(app: &App, id: &FolderId) -> Result<Folder> {
    db::folders::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("folder"))
}

/// Lists the libraries that the caller sees, and folders shared with the caller whose parent is hidden.
#[utoipa::path(get, path = "/folders", tag = "folders", responses((status = 200, body = Items<FolderView>)))]
async fn list_folders(State(app): State<App>, caller: Caller) -> Result<Json<Items<FolderView>>> {
    let candidates = match caller.is_admin {
        true => db::folders::list_libraries(app.db.read()).await?,
        false => db::grants::list_granted_folders(app.db.read(), &caller.id).await?,
    };
    let mut roots = FolderView::list(&app, &caller, &candidates).await?;
    roots.retain(|folder| folder.parent_id.is_none());
    roots.sort_by_cached_key(|folder| (names::key(&folder.name), folder.id.clone()));
    Ok(Json(Items::all(roots)))
}

/// Makes a folder, or without parent a library that the caller manages.
#[utoipa::path(post, path = "/folders", tag = "folders", request_body = FolderInput,
    responses((status = 201, body = FolderView)))]
async fn create_folder(
    State(app): State<App>,
    caller: Caller,
    Json(input): Json<FolderInput>,
) -> Result<(StatusCode, Json<FolderView>)> {
    let parent = match &input.parent_id {
        Some(id) => Some(find_folder(&app, id).await?),
        None => None,
    };
    if let Some(parent) = &parent {
        policy::allow(&app.db, &caller, Action::CreateFolder, parent).await?;
    }
    let name = FolderName::parse(&input.name)?;
    let folder = create_folder::create_folder(&app, &caller, parent.as_ref(), &name).await?;
    Ok((StatusCode::CREATED, Json(FolderView::one(&app, &caller, &folder.id).await?)))
}

/// Shows a folder.
#[utoipa::path(get, path = "/folders/{id}", tag = "folders", params(("id" = FolderId, Path)),
    responses((status = 200, body = FolderView)))]
async fn read_folder(State(app): State<App>, caller: Caller, Path(id): Path<FolderId>) -> Result<Json<FolderView>> {
    let folder = find_folder(&app, &id).await?;
    Ok(Json(FolderView::one(&app, &caller, &folder.id).await?))
}

/// Renames a folder, moves it, or lets grants from above reach it or not.
#[utoipa::path(patch, path = "/folders/{id}", tag = "folders", params(("id" = FolderId, Path)),
    request_body = FolderPatch, responses((status = 200, body = FolderView)))]
async fn update_folder(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<FolderPatch>,
) -> Result<Json<FolderView>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    let name = input.name.as_deref().map(FolderName::parse).transpose()?;
    if name.is_some() {
        policy::allow(&app.db, &caller, Action::Rename, &folder).await?;
    }
    if input.inherits.is_some() {
        policy::allow(&app.db, &caller, Action::Share, &folder).await?;
    }
    if let Some(parent) = &input.parent_id {
        let destination = find_folder(&app, parent).await?;
        policy::allow_move(&app.db, &caller, &folder, &destination).await?;
        relocate::place_folder(&app, &caller.id, &folder, &destination, name.as_ref(), None).await?;
    } else if let Some(name) = name {
        rename::rename_folder(&app, &caller.id, &folder, &name).await?;
    }
    if let Some(inherits) = input.inherits {
        set_folder_inherits(&app, &caller, &folder, inherits).await?;
    }
    Ok(Json(FolderView::one(&app, &caller, &id).await?))
}

/// Moves a folder with everything in it to the trash.
#[utoipa::path(delete, path = "/folders/{id}", tag = "folders", params(("id" = FolderId, Path)),
    responses((status = 204)))]
async fn delete_folder(State(app): State<App>, caller: Caller, Path(id): Path<FolderId>) -> Result<StatusCode> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Delete, &folder).await?;
    trash_folder(&app, &caller.id, &folder).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what lies in a folder.
#[utoipa::path(get, path = "/folders/{id}/children", tag = "folders", params(("id" = FolderId, Path), ChildrenQuery),
    responses((status = 200, body = ChildrenView)))]
async fn list_children(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Query(query): Query<ChildrenQuery>,
) -> Result<Json<ChildrenView>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    let limit = query.limit.unwrap_or(CHILDREN_MAX).clamp(1, CHILDREN_MAX);
    let after = match &query.cursor {
        Some(cursor) => cursor::decode(cursor)?,
        None => After::Folder(String::new(), String::new()),
    };
    let (folders, documents, next) = children(&app, &caller, &id, after, limit).await?;
    Ok(Json(ChildrenView {
        folders: FolderView::list(&app, &caller, &folders).await?,
        documents: DocumentView::list(&app, &caller, &documents).await?,
        next_cursor: next.as_ref().map(cursor::encode),
    }))
}

/// One page of ids: what is left of the folders, then documents; and the last key when there is more.
async fn children(
    app: &App,
    caller: &Caller,
    id: &FolderId,
    after: After,
    limit: i64,
) -> Result<(Vec<FolderId>, Vec<DocumentId>, Option<After>)> {
    let db = app.db.read();
    let mut folders = Vec::new();
    let (mut key, mut last) = (String::new(), String::new());
    match after {
        After::Folder(key, last) => {
            let after = (key.as_str(), last.as_str());
            folders = db::folders::list_children(db, id, &caller.id, caller.is_admin, after, limit + 1).await?;
        }
        After::Document(after_key, after_id) => (key, last) = (after_key, after_id),
    }
    if folders.len() as i64 > limit {
        folders.truncate(limit as usize);
        let next = folders.last().map(|(id, key)| After::Folder(key.clone(), id.to_string()));
        return Ok((ids(folders), Vec::new(), next));
    }
    let left = limit - folders.len() as i64;
    let after = (key.as_str(), last.as_str());
    let mut documents =
        db::documents::list_children(db, id, &caller.id, caller.is_admin, caller.clearance, after, left + 1).await?;
    let more = documents.len() as i64 > left;
    documents.truncate(left as usize);
    let next = more.then(|| match documents.last() {
        Some((id, key)) => After::Document(key.clone(), id.to_string()),
        None => After::Document(String::new(), String::new()),
    });
    Ok((ids(folders), ids(documents), next))
}

fn ids<T>(rows: Vec<(T, String)>) -> Vec<T> {
    rows.into_iter().map(|(id, _)| id).collect()
}

/// Tells which names of documents that the caller sees exist already in a folder, before files of these names are uploaded.
#[utoipa::path(post, path = "/folders/{id}/conflicts", tag = "folders", params(("id" = FolderId, Path)),
    request_body = ConflictsInput, responses((status = 200, body = Items<ConflictView>)))]
async fn list_conflicts(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<ConflictsInput>,
) -> Result<Json<Items<ConflictView>>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Upload, &folder).await?;
    if input.names.len() > CONFLICTS_MAX {
        return Err(Error::invalid("too_many_names", "ask about at most 1000 names at once").field("names"));
    }
    let mut items = Vec::new();
    for name in input.names {
        let key = names::DocumentName::parse(&name).map_or_else(|_| names::key(&name), |name| name.key());
        if let Some(document_id) = db::documents::find_by_name(app.db.read(), &id, &key).await?
            && is_seen(&app, &caller, &document_id).await?
        {
            items.push(ConflictView { name, document_id });
        }
    }
    Ok(Json(Items::all(items)))
}
