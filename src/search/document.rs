//! What goes into the index of one document? Its row, the folders above it, and its stored text.

use std::collections::{BTreeSet, HashMap, HashSet};

use indexer::index::{IndexDocument, Property};

use crate::{
    app::App,
    db::{self, document_properties::ValueRow, documents::is_live, search::Searchable},
    ids::{DocumentId, FolderId},
    preview::text::{self, PreparedText},
    records::Records,
};

/// Where the text of a live page or board lies in the store.
pub fn page_text_key(id: &DocumentId) -> String {
    format!("text/page/{id}")
}

/// What the database knows of some documents: read in a few queries for all of them.
pub struct Loaded {
    ids: Vec<DocumentId>,
    rows: HashMap<DocumentId, Searchable>,
    /// The folders above a folder, library first, itself last; missing when one of them is in the trash.
    above: HashMap<FolderId, Vec<String>>,
    records: Records,
}

impl Loaded {
    /// Reads what is known of `ids`.
    pub async fn load(app: &App, ids: Vec<DocumentId>) -> anyhow::Result<Self> {
        let rows = db::search::list(app.db.read(), &ids).await?;
        let folders: BTreeSet<FolderId> = rows.iter().map(|row| row.folder_id.clone()).collect();
        let folders: Vec<FolderId> = folders.into_iter().collect();
        let mut above: HashMap<FolderId, Vec<String>> = HashMap::new();
        let mut trashed: HashSet<FolderId> = HashSet::new();
        for row in db::search::list_above(app.db.read(), &folders).await? {
            if row.trashed_at.is_some() {
                trashed.insert(row.start_id.clone());
            }
            above.entry(row.start_id).or_default().push(row.id.to_string());
        }
        above.retain(|folder, _| !trashed.contains(folder));
        let records = Records::load_by_ids(&mut app.db.read().acquire().await?.into(), &ids).await?;
        let rows = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        Ok(Self { ids, rows, above, records })
    }

    pub fn ids(&self) -> &[DocumentId] {
        &self.ids
    }

    /// Loads the text of one of the documents and returns what the index is to hold; `None` when it is not to be found any
    /// more.
    pub async fn document(&self, app: &App, id: &DocumentId) -> anyhow::Result<Option<IndexDocument>> {
        let Some(row) = self.rows.get(id) else { return Ok(None) };
        let Some(folder_ids) = self.above.get(&row.folder_id) else { return Ok(None) };
        let text = load_text(app, row).await?;
        Ok(Some(IndexDocument {
            id: row.id.to_string(),
            kind: row.kind.clone(),
            name: row.name.clone(),
            folder_ids: folder_ids.clone(),
            tags: self.records.tags(id).iter().map(|row| row.tag.clone()).collect(),
            properties: properties(&self.records, id, &row.folder_id),
            author: row.author.clone(),
            media_type: row.media_type.clone().unwrap_or_default(),
            level: row.level,
            scope: row.scope_id.clone(),
            headings: text.headings,
            pages: text.pages.into_iter().map(|page| page.text).collect(),
            extra: text.extra,
            created_at: row.created_at,
            updated_at: row.updated_at,
            size_bytes: row.size_bytes.unwrap_or(0),
        }))
    }
}

/// The values of the archive fields of its library: each value of several choices by itself.
fn properties(records: &Records, id: &DocumentId, folder: &FolderId) -> Vec<Property> {
    let filled = records.filled(id, folder).into_iter();
    let values = filled.flat_map(|filled| filled.values.into_iter().map(move |value| (filled.property, value)));
    let property = |(property, value): (&crate::records::value::Property, &ValueRow)| Property {
        id: property.row.id.to_string(),
        text: value.value.clone(),
        number: value.number,
        facet: property.row.is_facet == 1,
    };
    values.map(property).collect()
}

/// The stored text. A document whose text is damaged is found by its name: one document must not stop the others. A store
/// that does not answer is another matter: the follower waits for it.
async fn load_text(app: &App, row: &Searchable) -> anyhow::Result<PreparedText> {
    let key = if is_live(&row.kind) { Some(page_text_key(&row.id)) } else { row.text_key.clone() };
    let Some(key) = key else { return Ok(PreparedText::default()) };
    match text::load(&app.store, &key).await {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(error) if matches!(error.downcast_ref(), Some(storage::Error::Unavailable { .. })) => Err(error),
        Err(error) => {
            tracing::error!(document.id = %row.id, error = format!("{error:#}"), "stored text cannot be read");
            Ok(PreparedText::default())
        }
    }
}
