//! `/records/export`: the documents that a search finds, as a table.

use std::path::Path;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use crate::{
    app::App,
    audit,
    auth::policy::{self, Caller},
    db,
    error::{Error, Result},
    exchange::turns::{self, Turn},
    http::{
        content::disposition,
        documents::DocumentView,
        extract::{Query, RepeatedQuery},
        search::search_error,
        search_input::SearchQuery,
    },
    ids::{DocumentId, FolderId, PropertyId},
    records::{Definitions, value::Property},
};

use super::table::{Cell, OutColumn, Sheet, csv_head, csv_rows, row};

/// Rows of one table.
const ROWS_MAX: usize = 100_000;
/// Columns of one table.
const COLUMNS_MAX: usize = 100;
/// Rows that are looked up at once.
const ROWS_AT_ONCE: usize = 500;
/// Parts that wait for a slow reader.
const AHEAD: usize = 4;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `csv` (UTF-8) or `xlsx`.
    format: String,
    /// Separated by commas, in order: `id`, `name`, `path`, `tags`, `level`, `type`, `author`, `updated_at`, `created_at`, `size`,
    /// `pages`, `property:<id>`, and `properties` for all fields of the library that `in` names. Left out:
    /// `id,name,path,tags,level,properties`.
    columns: Option<String>,
}

/// Gives everything that a search finds as a table, up to 100,000 rows. What is found now and may be read now is in it. The table can be
/// edited and imported again.
#[utoipa::path(get, path = "/records/export", tag = "records", params(ExportQuery, SearchQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(super) async fn export_records(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
    RepeatedQuery(search): RepeatedQuery<SearchQuery>,
) -> Result<Response> {
    if !["csv", "xlsx"].contains(&query.format.as_str()) {
        return Err(Error::invalid("format_invalid", "the formats are csv and xlsx").field("format"));
    }
    let folder = search.folder.clone();
    let library = Library::load(&app, &caller, folder.as_ref()).await?;
    let columns = columns(&app, &caller, &library, query.columns.as_deref()).await?;
    let request = search.request(&app, &caller).await?;
    let index = app.search().index();
    let (ids, total) = tokio::task::spawn_blocking(move || index.list(&request, ROWS_MAX))
        .await
        .map_err(Error::internal)?
        .map_err(search_error)?;
    if total > ROWS_MAX as u64 {
        let message = "more documents are found than one table may have rows";
        return Err(Error::invalid("too_many_results", message).with("total", total).with("max", ROWS_MAX));
    }
    let turn = turns::take(&caller.id)?;
    let ids: Vec<DocumentId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    record(&app, &caller, folder.as_ref(), &query.format, ids.len()).await?;
    let name = format!("{}.{}", library.name.as_deref().unwrap_or("检索结果"), query.format);
    let table = Table { app, caller, columns, ids, _turn: turn };
    let (media_type, body, length) = match query.format.as_str() {
        "csv" => ("text/csv; charset=utf-8", table.csv(), None),
        _ => {
            let (body, length) = table.xlsx().await?;
            (XLSX, body, Some(length))
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition(false, &name));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok((StatusCode::OK, headers, body).into_response())
}

/// What the table is about, as far as the caller sees it.
#[derive(Default)]
struct Library {
    /// The name of the folder.
    name: Option<String>,
    properties: Vec<Property>,
}

impl Library {
    async fn load(app: &App, caller: &Caller, folder: Option<&FolderId>) -> Result<Self> {
        let Some(id) = folder else { return Ok(Self::default()) };
        let Some(folder) = db::folders::find(app.db.read(), id).await? else { return Ok(Self::default()) };
        if policy::role_on(&app.db, caller, &folder).await?.is_none() {
            return Ok(Self::default());
        }
        let definitions = Definitions::load(&mut app.db.read().acquire().await?.into(), [id]).await?;
        Ok(Self { name: Some(folder.name), properties: definitions.of(id).to_vec() })
    }
}

/// The columns that were asked for. A field that the caller cannot know of is none.
async fn columns(app: &App, caller: &Caller, library: &Library, asked: Option<&str>) -> Result<Vec<OutColumn>> {
    let asked = asked.filter(|text| !text.is_empty()).unwrap_or("id,name,path,tags,level,properties");
    let mut columns: Vec<OutColumn> = Vec::new();
    for name in asked.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let unknown = || {
            Error::invalid("columns_invalid", "one of the columns does not exist").field("columns").with("column", name)
        };
        let found: Vec<OutColumn> = match (OutColumn::fixed(name), name.strip_prefix("property:")) {
            (Some(column), _) => vec![column],
            (None, Some(id)) => {
                let id: PropertyId = id.parse().map_err(|_| unknown())?;
                let property = match library.properties.iter().find(|property| property.row.id == id) {
                    Some(property) => Some(property.clone()),
                    None => find_property(app, caller, &id).await?,
                };
                vec![OutColumn::property(&property.ok_or_else(unknown)?)]
            }
            (None, None) if name == "properties" => library.properties.iter().map(OutColumn::property).collect(),
            (None, None) => return Err(unknown()),
        };
        for column in found {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    if columns.is_empty() || columns.len() > COLUMNS_MAX {
        return Err(Error::invalid("columns_invalid", "a table has 1 to 100 columns").field("columns"));
    }
    Ok(columns)
}

async fn find_property(app: &App, caller: &Caller, id: &PropertyId) -> Result<Option<Property>> {
    let Some(row) = db::properties::find(app.db.read(), id).await? else { return Ok(None) };
    let Some(library) = db::folders::find(app.db.read(), &row.library_id).await? else { return Ok(None) };
    match policy::role_on(&app.db, caller, &library).await? {
        Some(_) => Property::try_from(row).map(Some),
        None => Ok(None),
    }
}

async fn record(app: &App, caller: &Caller, folder: Option<&FolderId>, format: &str, rows: usize) -> Result<()> {
    let event = audit::Event::new("records_exported").details(json!({ "format": format, "rows": rows }));
    let event = folder.into_iter().fold(event, |event, folder| event.folder(folder));
    let mut tx = app.db.begin().await?;
    audit::record(&mut tx, Some(&caller.id), app.clock.now(), event);
    tx.commit().await
}

/// A table that is being made.
struct Table {
    app: App,
    caller: Caller,
    columns: Vec<OutColumn>,
    ids: Vec<DocumentId>,
    _turn: Turn,
}

/// A piece of a table on its way out.
enum Part {
    Rows(Bytes),
    End,
}

impl Table {
    /// The rows of some documents, of those that the caller may see now.
    async fn rows(&self, ids: &[DocumentId]) -> Result<Vec<Vec<Cell>>> {
        let views = DocumentView::list(&self.app, &self.caller, ids).await?;
        Ok(views.iter().filter(|view| view.trashed_at.is_none()).map(|view| row(&self.columns, view)).collect())
    }

    /// Rows go out while others are looked up; nobody waits for the last before seeing the first.
    fn csv(self) -> Body {
        let (sender, receiver) = mpsc::channel::<Part>(AHEAD);
        let app = self.app.clone();
        app.tasks.clone().spawn(async move {
            tokio::select! {
                () = self.send(&sender) => {}
                () = app.shutdown.cancelled() => {}
            }
        });
        // A table that ends early must not look whole: without its end the connection breaks.
        let parts = futures::stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Part::Rows(rows)) => Some((Ok(rows), Some(receiver))),
                Some(Part::End) => None,
                None => Some((Err(std::io::Error::other("the table ends early")), None)),
            }
        });
        // Whoever compresses the body asks once more after its end.
        Body::from_stream(parts.fuse())
    }

    async fn send(&self, sender: &mpsc::Sender<Part>) {
        if sender.send(Part::Rows(csv_head(&self.columns).into())).await.is_err() {
            return;
        }
        for ids in self.ids.chunks(ROWS_AT_ONCE) {
            let rows = match self.rows(ids).await {
                Ok(rows) => csv_rows(&rows).into(),
                Err(error) => return tracing::error!(%error, "a table could not be finished"),
            };
            if sender.send(Part::Rows(rows)).await.is_err() {
                return;
            }
        }
        let _ = sender.send(Part::End).await;
    }

    async fn xlsx(self) -> Result<(Body, u64)> {
        let folder = tempfile::tempdir_in(self.app.config.scratch()).map_err(Error::internal)?;
        let (path, scratch) = (folder.path().join("table.xlsx"), folder.path().to_owned());
        let (sender, receiver) = mpsc::channel::<Vec<Vec<Cell>>>(AHEAD);
        let columns = self.columns.clone();
        let to = path.clone();
        let writing = tokio::task::spawn_blocking(move || write_sheet(&scratch, &to, &columns, receiver));
        for ids in self.ids.chunks(ROWS_AT_ONCE) {
            if sender.send(self.rows(ids).await?).await.is_err() {
                break;
            }
        }
        drop(sender);
        writing.await.map_err(Error::internal)?.map_err(Error::internal)?;
        let file = tokio::fs::File::open(&path).await.map_err(Error::internal)?;
        let length = file.metadata().await.map_err(Error::internal)?.len();
        // The open file outlives its folder.
        Ok((Body::from_stream(ReaderStream::new(file)), length))
    }
}

fn write_sheet(
    folder: &Path,
    to: &Path,
    columns: &[OutColumn],
    mut rows: mpsc::Receiver<Vec<Vec<Cell>>>,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    let mut sheet = Sheet::begin(folder, columns)?;
    while let Some(part) = rows.blocking_recv() {
        sheet.push(&part)?;
    }
    sheet.save(to)
}
