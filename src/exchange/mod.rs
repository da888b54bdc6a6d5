//! How do pages leave as files, and how do files become pages? The server gathers what the caller may read, the isolated
//! child converts, and the result goes to the caller; nothing is kept.
//!
//! Files become pages in the caller's browser: this module gives HTML, the editor makes nodes of it and writes them into a
//! new page's room like anything that is typed.

mod pictures;
pub mod turns;

use std::path::{Path, PathBuf};

use storage::ContentId;
use tempfile::TempDir;

use crate::{
    app::App,
    auth::policy::Caller,
    db::{self, documents::Document, versions::Version},
    error::{Error, Result},
    preview::worker_error,
    rooms::{RoomName, fold},
    worker::{Answer, ExportFormat, RoomMake, Task, Warning, WorkerError, codes, pictures::write_parcel, room::pack},
};

pub use pictures::Shown;

/// A file that was made; gone with its folder.
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its type.
    pub media_type: String,
    /// What is not as it was.
    pub warnings: Vec<Warning>,
    /// The pictures that are in it.
    pub pictures: Vec<Shown>,
    _folder: TempDir,
}

/// Makes a file of what a page says now, with the pictures that the caller may read.
pub async fn export(app: &App, caller: &Caller, page: &Document, format: ExportFormat) -> Result<Made> {
    let _turn = turns::take(&caller.id)?;
    let updates = present_state(app, page).await?;
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    let list = fold::make(app, RoomMake::Pictures, updates.iter().copied()).await.map_err(failure)?;
    let wanted: Vec<String> = serde_json::from_slice(&list).map_err(Error::internal)?;
    let folder = tempfile::tempdir_in(app.config.scratch()).map_err(Error::internal)?;
    let shown = pictures::fetch(app, pictures::Whose::Caller(caller), &wanted, folder.path()).await?;
    let input = folder.path().join("parcel");
    parcel(&input, &pack(updates.iter().copied()), &shown).await?;
    let task = Task::Export { format, input, title: page.name.clone(), out: folder.path().join("out") };
    convert(app, task, folder, shown).await
}

/// Makes HTML for the editor of a file's version.
pub async fn import(app: &App, caller: &Caller, document: &Document, version: &Version) -> Result<Made> {
    let _turn = turns::take(&caller.id)?;
    let folder = tempfile::tempdir_in(app.config.scratch()).map_err(Error::internal)?;
    let input = folder.path().join("input");
    let content: ContentId = version.content_id.parse().map_err(Error::internal)?;
    app.store.copy_to_file(&content, &input).await?;
    let task = Task::Import { input, name: document.name.clone(), out: folder.path().join("out") };
    convert(app, task, folder, Vec::new()).await
}

/// Writes a stored page as the child wants it, with the pictures that everybody sees who sees the page.
pub async fn parcel_of_version(app: &App, page: &Document, state: &[u8], folder: &Path) -> anyhow::Result<PathBuf> {
    let list = fold::make(app, RoomMake::Pictures, [state]).await?;
    let wanted: Vec<String> = serde_json::from_slice(&list)?;
    let shown = pictures::fetch(app, pictures::Whose::Page(page), &wanted, folder).await?;
    let input = folder.join("parcel");
    parcel(&input, &pack([state]), &shown).await?;
    Ok(input)
}

async fn parcel(to: &Path, updates: &[u8], shown: &[Shown]) -> Result<()> {
    let (to, updates) = (to.to_owned(), updates.to_owned());
    let files: Vec<_> = shown.iter().map(|shown| (shown.id.to_string(), shown.file.clone())).collect();
    let written = tokio::task::spawn_blocking(move || write_parcel(&to, &updates, &files)).await;
    written.map_err(Error::internal)?.map_err(Error::internal)
}

async fn convert(app: &App, task: Task, folder: TempDir, pictures: Vec<Shown>) -> Result<Made> {
    match app.workers.run(task).await.map_err(failure)? {
        Answer::Converted { file, media_type, warnings } => {
            Ok(Made { file, media_type, warnings, pictures, _folder: folder })
        }
        other => Err(Error::internal(anyhow::anyhow!("a converter answered {other:?}"))),
    }
}

/// What the page says now. Of a room with updates that cannot be applied: what was good before them.
async fn present_state(app: &App, page: &Document) -> Result<Vec<Vec<u8>>> {
    let room = RoomName::from(&page.id);
    if db::rooms::find(app.db.read(), &room).await?.quarantined.is_some() {
        return Ok(vec![fold::fold(app, &room).await?.state]);
    }
    Ok(fold::read(app, &room).await?.updates().map(<[u8]>::to_vec).collect())
}

/// A missing program is told by its name: the administrator can do something about it.
fn failure(error: WorkerError) -> Error {
    match error.code.as_str() {
        codes::PANDOC_MISSING => Error::unavailable("pandoc_missing", error),
        codes::OFFICE_MISSING => Error::unavailable("office_missing", error),
        _ => worker_error(error),
    }
}
