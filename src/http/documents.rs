//! `/documents`: files, pages and boards.

use std::collections::HashMap;

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        create_page,
        edit_records::{Claims, Mode, edit_records},
        for_eyes_of, relocate, rename,
        set_inherits::set_document_inherits,
        set_level::set_level,
        trash::trash_document,
    },
    app::App,
    auth::policy::{self, Action, Caller, DocumentAccess, Role},
    clock::Millis,
    db::{
        self,
        documents::{Document, DocumentAndHead, Head, is_live},
    },
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        folders::{PathEntry, find_folder, path_entries},
    },
    ids::{DocumentId, FolderId, PropertyId, UserId},
    names::DocumentName,
    records::{
        Filled, Records,
        edit::{RecordEdit, parse_tags},
        value::Kind,
    },
    worker::{board::BOARD, room::PAGE},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_document)).routes(routes!(
        read_document,
        update_document,
        delete_document
    ))
}

/// A person, by the name that colleagues know.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PersonView {
    pub id: UserId,
    pub name: String,
}

/// How far the pages and the text of a content are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProcessingView {
    /// `waiting`, `ready` or `failed`.
    pub state: String,
    /// Failed: the stable code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Ready, and pages that are pictures are still being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognising: Option<RecognisingView>,
}

/// How many of the pages that are pictures were read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecognisingView {
    pub done: i64,
    pub total: i64,
}

/// The values of an archive field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PropertyValuesView {
    pub property_id: PropertyId,
    pub name: String,
    pub kind: Kind,
    /// At least one, as text: numbers in decimal, dates as `YYYY-MM-DD`.
    pub values: Vec<String>,
}

/// A document as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentView {
    pub id: DocumentId,
    /// `file`, `page` or `board`.
    pub kind: String,
    pub name: String,
    pub folder_id: FolderId,
    /// The folders that the caller sees above it, the topmost first.
    pub path: Vec<PathEntry>,
    pub media_type: String,
    pub size_bytes: i64,
    pub level: i64,
    /// Number of the newest version; 0: a page of which none was saved yet.
    pub version: i64,
    pub created_at: Millis,
    pub created_by: PersonView,
    pub updated_at: Millis,
    pub updated_by: PersonView,
    pub processing: ProcessingView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_count: Option<i64>,
    /// Whether grants from above reach it.
    pub inherits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trashed_at: Option<Millis>,
    /// Whether it is on hold, by itself or from above: nothing of it goes.
    pub held: bool,
    /// The page or board that it belongs to: a picture there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<DocumentId>,
    pub tags: Vec<String>,
    /// What is filled in of the archive fields of its library, in their order.
    pub properties: Vec<PropertyValuesView>,
    /// Required fields that are not filled in.
    pub missing_properties: Vec<PropertyId>,
    pub role: Role,
    pub abilities: Vec<Action>,
    /// Whoever works on it on a drive and has locked it for themselves; told of one document, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<LockView>,
}

/// A lock that keeps others from changing a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LockView {
    pub user: PersonView,
    /// When it ends unless it is renewed.
    pub until: Millis,
}

/// A new page or board.
#[derive(Deserialize, ToSchema)]
struct DocumentInput {
    /// `page` or `board`; files come as uploads.
    kind: String,
    folder_id: FolderId,
    name: String,
}

/// What can be changed of a document; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct DocumentPatch {
    name: Option<String>,
    folder_id: Option<FolderId>,
    /// 0 公开, 1 内部, 2 秘密, 3 机密.
    level: Option<i64>,
    /// Whether grants from above reach it.
    inherits: Option<bool>,
    /// All tags, in order.
    tags: Option<Vec<String>>,
    /// Values of archive fields by the field's id; `null` or nothing in the list empties the field.
    #[schema(value_type = Option<HashMap<String, Option<Vec<String>>>>)]
    properties: Option<HashMap<PropertyId, Option<Vec<String>>>>,
}

impl DocumentPatch {
    /// What is to change of tags and archive fields.
    fn record(&self) -> Result<RecordEdit> {
        let tags = self.tags.as_deref().map(parse_tags).transpose()?;
        let properties = self.properties.iter().flatten();
        let properties = properties.map(|(id, values)| (id.clone(), values.clone().unwrap_or_default())).collect();
        Ok(RecordEdit { tags, properties, ..RecordEdit::default() })
    }
}

impl ProcessingView {
    /// The state of a content of a document of `kind`. Pages are shown by the editor: there is nothing to wait for.
    pub fn new(kind: &str, state: Option<String>, code: Option<String>, message: Option<String>) -> Self {
        let unknown = if is_live(kind) { "ready" } else { "waiting" };
        Self { state: state.unwrap_or_else(|| unknown.to_owned()), code, message, recognising: None }
    }

    /// The same with how far recognition is.
    fn with_recognition(mut self, done: Option<i64>, total: Option<i64>) -> Self {
        let unfinished = done.zip(total).filter(|(done, total)| done < total && self.state == "ready");
        self.recognising = unfinished.map(|(done, total)| RecognisingView { done, total });
        self
    }
}

impl DocumentView {
    /// Shows documents, in the order asked for; those that are hidden from the caller are left out.
    pub async fn list(app: &App, caller: &Caller, ids: &[DocumentId]) -> Result<Vec<Self>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (documents, heads): (Vec<Document>, Vec<Head>) = db::documents::list_with_heads(app.db.read(), ids)
            .await?
            .into_iter()
            .map(|DocumentAndHead { document, head }| (document, head))
            .unzip();
        let places: Vec<_> = documents.iter().map(|document| (&document.id, &document.folder_id)).collect();
        // At once: a list of hits is waited for.
        let (access, records) = tokio::try_join!(
            DocumentAccess::load(&app.db, caller, &documents),
            Records::read(app.db.read(), &places),
        )?;
        let views = documents.into_iter().zip(heads);
        let views = views.filter_map(|(document, head)| Self::new(document, head, &access, &records));
        Ok(views.collect())
    }

    /// Shows one document.
    pub async fn one(app: &App, caller: &Caller, id: &DocumentId) -> Result<Self> {
        let mut views = Self::list(app, caller, std::slice::from_ref(id)).await?;
        let mut view = views.pop().ok_or_else(|| Error::not_found("document"))?;
        let holders = db::dav_locks::list_holders(app.db.read(), std::slice::from_ref(id), app.clock.now()).await?;
        view.locked_by = holders.into_iter().next().map(|holder| LockView {
            user: PersonView { id: holder.user_id, name: holder.user_name },
            until: holder.expires_at,
        });
        Ok(view)
    }

    fn new(document: Document, head: Head, access: &DocumentAccess, records: &Records) -> Option<Self> {
        let role = access.role(&document.id)?;
        let filled = records.filled(&document.id, &document.folder_id).into_iter();
        let missing_properties = match document.attached_to {
            Some(_) => Vec::new(),
            None => records.missing(&document.id, &document.folder_id),
        };
        let abilities = policy::abilities_on_document(role, &document);
        Some(Self {
            path: path_entries(access.path(&document.folder_id)),
            media_type: head.media_type.unwrap_or_else(|| first_media_type(&document.kind).to_owned()),
            size_bytes: head.size_bytes.unwrap_or_default(),
            processing: ProcessingView::new(
                &document.kind,
                head.preview_state,
                head.preview_code,
                head.preview_message,
            )
            .with_recognition(head.recognise_done, head.recognise_total),
            page_count: head.page_count,
            held: head.is_held == 1 || access.is_held(&document.folder_id),
            created_by: PersonView { id: document.created_by, name: head.creator_name },
            updated_by: PersonView { id: document.updated_by, name: head.updater_name },
            abilities,
            role,
            tags: records.tags(&document.id).iter().map(|row| row.tag.clone()).collect(),
            properties: filled.map(PropertyValuesView::from).collect(),
            missing_properties,
            locked_by: None,
            id: document.id,
            kind: document.kind,
            name: document.name,
            folder_id: document.folder_id,
            level: document.level,
            version: document.head,
            created_at: document.created_at,
            updated_at: document.updated_at,
            inherits: document.inherits == 1,
            trashed_at: document.trashed_at,
            attached_to: document.attached_to,
        })
    }
}

impl From<Filled<'_>> for PropertyValuesView {
    fn from(filled: Filled<'_>) -> Self {
        Self {
            property_id: filled.property.row.id.clone(),
            name: filled.property.row.name.clone(),
            kind: filled.property.kind,
            values: filled.values.into_iter().map(|row| row.value.clone()).collect(),
        }
    }
}

/// The type of what has no version yet.
fn first_media_type(kind: &str) -> &'static str {
    if kind == "board" { BOARD } else { PAGE }
}

/// Finds a document that is not in the trash.
pub async fn find_document(app: &App, id: &DocumentId) -> Result<Document> {
    db::documents::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("document"))
}

/// Makes a page or a board. Files come by `/uploads`.
#[utoipa::path(post, path = "/documents", tag = "documents", request_body = DocumentInput,
    responses((status = 201, body = DocumentView)))]
async fn create_document(
    State(app): State<App>,
    caller: Caller,
    Json(input): Json<DocumentInput>,
) -> Result<(StatusCode, Json<DocumentView>)> {
    let is_board = match input.kind.as_str() {
        "page" => false,
        "board" => true,
        _ => {
            let message = "only pages and boards are made here; files are uploaded";
            return Err(Error::invalid("kind_invalid", message).field("kind"));
        }
    };
    let folder = find_folder(&app, &input.folder_id).await?;
    policy::allow(&app.db, &caller, Action::Upload, &folder).await?;
    let name = DocumentName::parse(&input.name)?;
    let made = match is_board {
        true => create_page::create_board(&app, &caller, &folder, &name).await,
        false => create_page::create_page(&app, &caller, &folder, &name).await,
    };
    let page = match made {
        Ok(page) => page,
        Err(error) => return Err(for_eyes_of(&app, &caller, error).await),
    };
    Ok((StatusCode::CREATED, Json(DocumentView::one(&app, &caller, &page.id).await?)))
}

/// Shows a document.
#[utoipa::path(get, path = "/documents/{id}", tag = "documents", params(("id" = DocumentId, Path)),
    responses((status = 200, body = DocumentView)))]
async fn read_document(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<DocumentView>> {
    let document = find_document(&app, &id).await?;
    Ok(Json(DocumentView::one(&app, &caller, &document.id).await?))
}

/// Renames a document, moves it, sets its level, its tags and its archive fields, or lets grants from above reach it or not.
#[utoipa::path(patch, path = "/documents/{id}", tag = "documents", params(("id" = DocumentId, Path)),
    request_body = DocumentPatch, responses((status = 200, body = DocumentView)))]
async fn update_document(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(input): Json<DocumentPatch>,
) -> Result<Json<DocumentView>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &document).await?;
    let name = input.name.as_deref().map(DocumentName::parse).transpose()?;
    if name.is_some() {
        policy::allow(&app.db, &caller, Action::Rename, &document).await?;
    }
    if let Some(level) = input.level {
        check_level(level)?;
        policy::allow_level(&app.db, &caller, &document, level).await?;
    }
    if input.inherits.is_some() {
        policy::allow(&app.db, &caller, Action::Share, &document).await?;
    }
    let record = input.record()?;
    if !record.is_empty() {
        policy::allow(&app.db, &caller, Action::EditRecord, &document).await?;
    }
    if let Some(folder) = &input.folder_id {
        let destination = find_folder(&app, folder).await?;
        policy::allow_move(&app.db, &caller, &document, &destination).await?;
        let place = relocate::place_document(&app, &caller.id, &document, &destination, name.as_ref(), None);
        if let Err(error) = place.await {
            return Err(for_eyes_of(&app, &caller, error).await);
        }
    } else if let Some(name) = name
        && let Err(error) = rename::rename_document(&app, &caller.id, &document, &name).await
    {
        return Err(for_eyes_of(&app, &caller, error).await);
    }
    if !record.is_empty() {
        let edits = [(id.clone(), &record)];
        let outcomes = edit_records(&app, &caller, &edits, Mode::Apply, &mut Claims::default()).await?;
        outcomes.into_iter().next().expect("one document has one outcome")?;
    }
    if let Some(level) = input.level {
        set_level(&app, &caller.id, &document, level).await?;
    }
    if let Some(inherits) = input.inherits {
        set_document_inherits(&app, &caller, &document, inherits).await?;
    }
    Ok(Json(DocumentView::one(&app, &caller, &id).await?))
}

/// Refuses what is no level.
pub fn check_level(level: i64) -> Result<()> {
    if (0..=3).contains(&level) {
        return Ok(());
    }
    Err(Error::invalid("level_invalid", "levels are 0 to 3").field("level"))
}

/// Moves a document to the trash.
#[utoipa::path(delete, path = "/documents/{id}", tag = "documents", params(("id" = DocumentId, Path)),
    responses((status = 204)))]
async fn delete_document(State(app): State<App>, caller: Caller, Path(id): Path<DocumentId>) -> Result<StatusCode> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Delete, &document).await?;
    trash_document(&app, &caller.id, &document).await?;
    Ok(StatusCode::NO_CONTENT)
}
