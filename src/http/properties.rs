//! `/folders/{id}/properties` and `/properties`: which archive fields a library has.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        add_property::{self, NewProperty},
        change_property::{self, PropertyChange},
        delete_property,
    },
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, folders::Folder},
    error::{Error, Result},
    http::{
        documents::find_document,
        extract::{Json, Path},
        folders::find_folder,
        page::Items,
    },
    ids::{DocumentId, FolderId, PropertyId},
    records::{
        definition::{PropertyName, check_unique, parse_options},
        preset,
        value::{Kind, Property},
    },
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_properties, create_property))
        .routes(routes!(add_preset))
        .routes(routes!(list_document_properties))
        .routes(routes!(update_property, delete_property))
}

/// An archive field of a library.
#[derive(Serialize, ToSchema)]
pub struct PropertyView {
    id: PropertyId,
    library_id: FolderId,
    name: String,
    kind: Kind,
    /// What can be chosen, in order.
    options: Vec<String>,
    /// A document without it is shown as incomplete; what was filled in cannot be emptied.
    required: bool,
    /// Its values are counted beside search results.
    facet: bool,
    /// No two documents of the library have the same value.
    unique: bool,
    /// From 0.
    position: i64,
}

impl From<Property> for PropertyView {
    fn from(property: Property) -> Self {
        Self {
            kind: property.kind,
            options: property.options,
            required: property.row.is_required == 1,
            facet: property.row.is_facet == 1,
            unique: property.row.is_unique == 1,
            position: property.row.position,
            id: property.row.id,
            library_id: property.row.library_id,
            name: property.row.name,
        }
    }
}

/// A new archive field.
#[derive(Deserialize, ToSchema)]
struct PropertyInput {
    name: String,
    kind: Kind,
    /// For `choice` and `choices`.
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    facet: bool,
    #[serde(default)]
    unique: bool,
    /// Left out: the last.
    position: Option<usize>,
}

/// What can be changed of an archive field; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct PropertyPatch {
    name: Option<String>,
    /// Every value has to fit the new kind.
    kind: Option<Kind>,
    /// All options, in order.
    options: Option<Vec<String>>,
    /// For options that are gone: the option that stands in their place from now on, or `null` to empty the field.
    #[serde(default)]
    replace: BTreeMap<String, Option<String>>,
    required: Option<bool>,
    facet: Option<bool>,
    unique: Option<bool>,
    /// From 0; the others move.
    position: Option<usize>,
}

/// A set of archive fields.
#[derive(Deserialize, ToSchema)]
struct PresetInput {
    /// `dossier`: the usual fields of Chinese archives (DA/T 18).
    set: String,
}

/// Lists the archive fields of the library that a folder is in, in order.
#[utoipa::path(get, path = "/folders/{id}/properties", tag = "properties", params(("id" = FolderId, Path)),
    responses((status = 200, body = Items<PropertyView>)))]
async fn list_properties(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
) -> Result<Json<Items<PropertyView>>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    views(&app, &folder.id).await
}

/// Lists the archive fields that a document can have, in order; also for those who see nothing of its library.
#[utoipa::path(get, path = "/documents/{id}/properties", tag = "properties", params(("id" = DocumentId, Path)),
    responses((status = 200, body = Items<PropertyView>)))]
async fn list_document_properties(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Items<PropertyView>>> {
    let document = find_document(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &document).await?;
    views(&app, &document.folder_id).await
}

/// Adds an archive field to a library.
#[utoipa::path(post, path = "/folders/{id}/properties", tag = "properties", params(("id" = FolderId, Path)),
    request_body = PropertyInput, responses((status = 201, body = PropertyView)))]
async fn create_property(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<PropertyInput>,
) -> Result<(StatusCode, Json<PropertyView>)> {
    let library = find_library(&app, &caller, &id).await?;
    check_unique(input.kind, input.unique)?;
    let new = NewProperty {
        name: PropertyName::parse(&input.name)?,
        kind: input.kind,
        options: parse_options(input.kind, &input.options)?,
        required: input.required,
        facet: input.facet,
        unique: input.unique,
        position: input.position,
    };
    let id = add_property::add_property(&app, &caller, &library, new).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &id).await?)))
}

/// Adds a set of usual archive fields to a library; fields that it has already, by name, stay as they are.
#[utoipa::path(post, path = "/folders/{id}/properties/preset", tag = "properties", params(("id" = FolderId, Path)),
    request_body = PresetInput, responses((status = 200, body = Items<PropertyView>)))]
async fn add_preset(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Json(input): Json<PresetInput>,
) -> Result<Json<Items<PropertyView>>> {
    let library = find_library(&app, &caller, &id).await?;
    let unknown = || Error::invalid("preset_unknown", "there is no such set of fields").field("set");
    let fields = preset::fields(&input.set).ok_or_else(unknown)?;
    add_property::add_preset(&app, &caller, &library, fields).await?;
    views(&app, &library.id).await
}

/// Changes an archive field. Values follow: a renamed option is renamed everywhere, a new kind converts all values or is
/// refused.
#[utoipa::path(patch, path = "/properties/{id}", tag = "properties", params(("id" = PropertyId, Path)),
    request_body = PropertyPatch, responses((status = 200, body = PropertyView)))]
async fn update_property(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PropertyId>,
    Json(input): Json<PropertyPatch>,
) -> Result<Json<PropertyView>> {
    require_definable(&app, &caller, &id).await?;
    let change = PropertyChange {
        name: input.name.as_deref().map(PropertyName::parse).transpose()?,
        kind: input.kind,
        options: input.options,
        replace: input.replace,
        required: input.required,
        facet: input.facet,
        unique: input.unique,
        position: input.position,
    };
    change_property::change_property(&app, &caller, &id, change).await?;
    Ok(Json(view(&app, &id).await?))
}

/// Deletes an archive field with the values of all documents.
#[utoipa::path(delete, path = "/properties/{id}", tag = "properties", params(("id" = PropertyId, Path)),
    responses((status = 204)))]
async fn delete_property(State(app): State<App>, caller: Caller, Path(id): Path<PropertyId>) -> Result<StatusCode> {
    require_definable(&app, &caller, &id).await?;
    delete_property::delete_property(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The library whose fields the caller may define.
async fn find_library(app: &App, caller: &Caller, id: &FolderId) -> Result<Folder> {
    let folder = find_folder(app, id).await?;
    policy::allow(&app.db, caller, Action::DefineProperties, &folder).await?;
    match folder.parent_id {
        None => Ok(folder),
        Some(_) => Err(Error::conflict("folder_is_not_library", "only libraries have archive fields of their own")),
    }
}

/// What the caller may not see of the library is no field either.
async fn require_definable(app: &App, caller: &Caller, id: &PropertyId) -> Result<()> {
    let hidden = || Error::not_found("property");
    let row = db::properties::find(app.db.read(), id).await?.ok_or_else(hidden)?;
    let library = db::folders::find(app.db.read(), &row.library_id).await?.ok_or_else(hidden)?;
    let role = policy::role_on(&app.db, caller, &library).await?.ok_or_else(hidden)?;
    policy::check(Some(role), Action::DefineProperties, &library)?;
    Ok(())
}

async fn view(app: &App, id: &PropertyId) -> Result<PropertyView> {
    let row = db::properties::find(app.db.read(), id).await?.ok_or_else(|| Error::not_found("property"))?;
    Ok(Property::try_from(row)?.into())
}

async fn views(app: &App, folder: &FolderId) -> Result<Json<Items<PropertyView>>> {
    let Some(library) = db::properties::find_library(app.db.read(), folder).await? else {
        return Ok(Json(Items::all(Vec::new())));
    };
    let rows = db::properties::list(app.db.read(), &library).await?;
    let views = rows.into_iter().map(|row| Property::try_from(row).map(PropertyView::from));
    Ok(Json(Items::all(views.collect::<Result<_>>()?)))
}
