//! What goes into the index of one document? Its row, the folders above it, and its stored text.

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

/// Loads what the index is to hold of a document; `None` when it is not to be found any more.
pub async fn load(app: &App, id: DocumentId, records: &Records) -> anyhow::Result<(DocumentId, Option<IndexDocument>)> {
    let Some(row) = db::search::find(app.db.read(), &id).await? else { return Ok((id, None)) };
    let above = db::search::list_above(app.db.read(), &row.folder_id).await?;
    if above.iter().any(|(_, _, trashed_at)| trashed_at.is_some()) {
        return Ok((id, None));
    }
    let text = load_text(app, &row).await?;
    let (folder_ids, names): (Vec<String>, Vec<String>) =
        above.into_iter().map(|(id, name, _)| (id.to_string(), name)).unzip();
    let document = IndexDocument {
        id: row.id.to_string(),
        kind: row.kind,
        name: row.name,
        folder_ids,
        path: names.join("/"),
        tags: records.tags(&id).iter().map(|row| row.tag.clone()).collect(),
        author: row.author,
        media_type: row.media_type.unwrap_or_default(),
        level: row.level,
        scope: row.scope_id,
        pages: text.pages.into_iter().map(|page| page.text).collect(),
        extra: text.extra,
        created_at: row.created_at,
        updated_at: row.updated_at,
        size_bytes: row.size_bytes.unwrap_or(0),
        headings: text.headings,
        properties: properties(records, &id, &row.folder_id),
    };
    Ok((id, Some(document)))
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
