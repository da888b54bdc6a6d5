//! Which pictures of a page may its file show? Those that the person who takes it away may read; for previews, which are the
//! same for everybody, those to which the same people have access as to the page.

use std::path::{Path, PathBuf};

use storage::ContentId;

use crate::{
    app::App,
    auth::policy::{self, Action, Caller},
    db::{self, documents::Document},
    error::{Error, Result},
    ids::DocumentId,
};

/// Pictures in one file.
const MAX_PICTURES: usize = 500;
/// Bytes of one picture.
const MAX_BYTES: i64 = 50 << 20;
/// Bytes of all pictures of one file.
const MAX_ALL_BYTES: i64 = 200 << 20;

/// By whose rights pictures are chosen.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// One person's.
    Caller(&'a Caller),
    /// Those of whoever may look at this page.
    Page(&'a Document),
}

/// A picture that may be shown.
pub struct Shown {
    /// Its document.
    pub id: DocumentId,
    /// Number of the version.
    pub version: i64,
    /// A copy of its content.
    pub file: PathBuf,
}

/// Copies the pictures among `wanted` that may be shown into `folder`. What may not, or is none, is left out.
pub async fn fetch(app: &App, whose: Whose<'_>, wanted: &[String], folder: &Path) -> Result<Vec<Shown>> {
    let mut shown = Vec::new();
    let mut left = MAX_ALL_BYTES;
    for id in wanted.iter().take(MAX_PICTURES).filter_map(|id| id.parse::<DocumentId>().ok()) {
        let Some(document) = db::documents::find(app.db.read(), &id).await? else { continue };
        if document.kind != "file" || !may_show(app, whose, &document).await? {
            continue;
        }
        let Some(version) = db::versions::find(app.db.read(), &id, document.head).await? else { continue };
        if !version.media_type.starts_with("image/") || version.size_bytes > MAX_BYTES.min(left) {
            continue;
        }
        left -= version.size_bytes;
        let content: ContentId = version.content_id.parse().map_err(Error::internal)?;
        let file = folder.join(format!("picture-{}", shown.len()));
        app.store.copy_to_file(&content, &file).await?;
        shown.push(Shown { id, version: version.number, file });
    }
    Ok(shown)
}

async fn may_show(app: &App, whose: Whose<'_>, picture: &Document) -> Result<bool> {
    match whose {
        Whose::Caller(caller) => match policy::allow(&app.db, caller, Action::Download, picture).await {
            Ok(_) => Ok(true),
            Err(error) if error.status().is_client_error() => Ok(false),
            Err(error) => Err(error),
        },
        // One scope has one set of grants.
        Whose::Page(page) => Ok(picture.scope_id == page.scope_id && picture.level <= page.level),
    }
}
