//! `/folders/{id}/records/import`: a table that fills in archive fields.

use std::path::Path as FilePath;

use axum::{body::Body, extract::State};
use futures::StreamExt;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use utoipa::IntoParams;

use crate::{
    actions::edit_records::Mode,
    app::App,
    auth::policy::{self, Action, Caller},
    error::{Error, REQUEST_ID, Result},
    exchange::turns,
    http::{
        extract::{Json, Path, Query},
        folders::find_folder,
    },
    ids::FolderId,
    records::import::{ImportOptions, ImportReport, MatchBy, import},
};

/// Largest table.
const TABLE_MAX_BYTES: u64 = 64 << 20;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Given and not `0`: nothing is written, the report says what would come of it.
    dry_run: Option<String>,
    /// By what rows are matched with documents: `id`, `name`, or the id of a field. Left out: by the column of ids, by that of
    /// a unique field, or by that of names, whichever is there first.
    r#match: Option<String>,
    /// `keep` (default): an empty cell leaves the field as it is; `clear`: it empties the field.
    empty: Option<String>,
}

/// Fills in tags, levels and archive fields of the documents below a folder from a table: CSV in any encoding, or an Excel
/// workbook (.xlsx, .xls). The first row names the columns: `id`, `文件名`, `路径`, `标签`, `密级`, and fields by their names. Rows that
/// are wrong are reported and left out, all others are taken; a row is taken as a whole.
#[utoipa::path(post, path = "/folders/{id}/records/import", tag = "records",
    params(("id" = FolderId, Path), ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportReport)))]
pub(super) async fn import_records(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<FolderId>,
    Query(query): Query<ImportQuery>,
    body: Body,
) -> Result<Json<ImportReport>> {
    let folder = find_folder(&app, &id).await?;
    policy::allow(&app.db, &caller, Action::Read, &folder).await?;
    let options = query.options()?;
    let turn = turns::take(&caller.id)?;
    let scratch = tempfile::tempdir_in(app.config.scratch()).map_err(Error::internal)?;
    let input = scratch.path().join("table");
    receive(body, &input).await?;
    let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
    let tasks = app.tasks.clone();
    // A caller who goes away does not leave a table half taken.
    let work = REQUEST_ID.scope(request_id, async move {
        let (_turn, _scratch) = (turn, scratch);
        import(&app, &caller, &folder, &input, options).await
    });
    Ok(Json(tasks.spawn(work).await.map_err(Error::internal)??))
}

impl ImportQuery {
    fn options(&self) -> Result<ImportOptions> {
        let is_dry = self.dry_run.as_deref().is_some_and(|text| !matches!(text, "0" | "false"));
        let match_by = match self.r#match.as_deref() {
            None | Some("") => None,
            Some("id") => Some(MatchBy::Id),
            Some("name") => Some(MatchBy::Name),
            Some(id) => {
                let unknown =
                    |_| Error::invalid("match_invalid", "match by id, name, or the id of a field").field("match");
                Some(MatchBy::Property(id.parse().map_err(unknown)?))
            }
        };
        let clear_empty = match self.empty.as_deref() {
            None | Some("keep") => false,
            Some("clear") => true,
            Some(_) => return Err(Error::invalid("query_invalid", "empty is keep or clear").field("empty")),
        };
        Ok(ImportOptions { mode: if is_dry { Mode::Try } else { Mode::Apply }, match_by, clear_empty })
    }
}

async fn receive(body: Body, to: &FilePath) -> Result<()> {
    let mut file = tokio::fs::File::create(to).await.map_err(Error::internal)?;
    let mut body = body.into_data_stream();
    let mut received = 0;
    while let Some(bytes) = body.next().await {
        let bytes =
            bytes.map_err(|error| Error::invalid("body_unreadable", "the body could not be read").because(error))?;
        received += bytes.len() as u64;
        if received > TABLE_MAX_BYTES {
            return Err(Error::too_large("table_too_large", "a table may have 64 MiB"));
        }
        file.write_all(&bytes).await.map_err(Error::internal)?;
    }
    file.flush().await.map_err(Error::internal)
}
