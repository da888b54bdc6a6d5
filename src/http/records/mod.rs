//! `/records`: tags and archive fields of many documents at once.

mod export;
mod import;
mod table;

use std::collections::{BTreeMap, HashSet};

use axum::{extract::State, middleware::from_fn};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::edit_records::{self, Claims, Mode},
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, JOIN_MAX},
    error::{Error, Result},
    http::{
        cursor,
        documents::{DocumentView, check_level},
        extract::{Json, Path, Query},
        folders::find_folder,
        page::{Items, limit_of},
        refusal,
    },
    ids::{DocumentId, FolderId, PropertyId},
    records::edit::{RecordEdit, parse_tags},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import::import_records))
        .layer(from_fn(refusal::let_finish))
        .routes(routes!(edit_records))
        .routes(routes!(list_incomplete))
        .routes(routes!(export::export_records))
}

/// Where a list goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct IncompleteQuery {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// What is to change of all the documents; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct RecordsInput {
    /// At most 1000, each once.
    document_ids: Vec<DocumentId>,
    #[serde(default)]
    add_tags: Vec<String>,
    #[serde(default)]
    remove_tags: Vec<String>,
    /// Values by the field's id; `null` or nothing in the list empties the field.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<Vec<String>>>)]
    properties: BTreeMap<PropertyId, Option<Vec<String>>>,
    /// 0 公开, 1 内部, 2 秘密, 3 机密.
    level: Option<i64>,
}

/// What came of one document.
#[derive(Serialize, ToSchema)]
struct OutcomeView {
    document_id: DocumentId,
    /// `ok`, or the code of the refusal.
    outcome: String,
    /// Whether anything is different now.
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The field that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    property_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    /// The document that has the value already, if the caller sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_by: Option<String>,
}

impl OutcomeView {
    fn new(document_id: DocumentId, outcome: edit_records::Outcome) -> Self {
        let (changed, error) = match outcome {
            Ok(changed) => (changed, None),
            Err(error) => (false, Some(error)),
        };
        let member = |key| error.as_ref().and_then(|error| error.member(key)).map(str::to_owned);
        Self {
            document_id,
            changed,
            outcome: error.as_ref().map_or("ok", |error| error.code()).to_owned(),
            message: error.as_ref().map(|error| error.message().to_owned()),
            property_id: member("property_id"),
            property: member("property"),
            taken_by: member("document_id"),
        }
    }
}

/// Lists the documents below a folder that lack a required field, the oldest first.
#[utoipa::path(get, path = "/folders/{id}/records/incomplete", tag = "records",
    params(("id" = FolderId, Path), IncompleteQuery), responses((status = 200, body = Items<DocumentView>)))]
async fn list_incomplete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Query(query): Query<IncompleteQuery>,
) -> Result<Json<Items<DocumentView>>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    let limit = limit_of(query.limit)?;
    let after: String = query.cursor.as_deref().map(cursor::decode).transpose()?.unwrap_or_default();
    let db = app.db.read();
    let Some(library) = db::properties::find_library(db, &id).await? else { return Ok(Json(Items::all(Vec::new()))) };
    let Caller { id: user, is_admin, clearance } = &caller;
    let found =
        db::document_properties::list_incomplete(db, &id, &library, user, *is_admin, *clearance, &after, limit).await?;
    let full = found.len() as i64 == limit;
    let next_cursor = found.last().filter(|_| full).map(|last| cursor::encode(&last.as_str()));
    Ok(Json(Items { items: DocumentView::list(&app, &caller, &found).await?, next_cursor }))
}

/// Changes tags, archive fields and the level of many documents at once. Each changes as a whole or not at all; the answer
/// tells what came of each, in the order asked.
#[utoipa::path(post, path = "/records/edit", tag = "records", request_body = RecordsInput,
    responses((status = 200, body = Items<OutcomeView>)))]
async fn edit_records(
    State(app): State<App>,
    caller: Caller,
    Json(input): Json<RecordsInput>,
) -> Result<Json<Items<OutcomeView>>> {
    let edit = RecordEdit {
        tags: None,
        add_tags: parse_tags(&input.add_tags)?,
        remove_tags: parse_tags(&input.remove_tags)?,
        properties: input.properties.into_iter().map(|(id, values)| (id, values.unwrap_or_default())).collect(),
        level: input.level,
    };
    if let Some(level) = edit.level {
        check_level(level)?;
    }
    let ids = input.document_ids;
    if ids.len() > JOIN_MAX || ids.iter().collect::<HashSet<_>>().len() < ids.len() {
        let message = "name at most 1000 documents, each once";
        return Err(Error::invalid("document_ids_invalid", message).field("document_ids"));
    }
    let edits: Vec<_> = ids.iter().map(|id| (id.clone(), &edit)).collect();
    let outcomes = edit_records::edit_records(&app, &caller, &edits, Mode::Apply, &mut Claims::default()).await?;
    let items = ids.into_iter().zip(outcomes).map(|(id, outcome)| OutcomeView::new(id, outcome));
    Ok(Json(Items::all(items.collect())))
}
