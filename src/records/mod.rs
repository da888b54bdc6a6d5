//! What does an archive know of a document beside its content? Tags, and the values of the properties that its library
//! defines.
//!
//! `value` parses what people type into canonical values, `definition` what a property may be, `preset` has the usual
//! fields of Chinese archives, `columns` and `import` read tables. Everything that changes goes through `actions/edit_records`: the form of one document, bulk
//! edits, and tables that are imported.

pub mod columns;
pub mod definition;
pub mod edit;
pub mod import;
pub mod preset;
pub mod value;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sqlx::AnyPool;

use crate::{
    db::{self, Connection, JOIN_MAX, document_properties::ValueRow, document_tags::TagRow},
    error::Result,
    ids::{DocumentId, FolderId, PropertyId},
};
use value::Property;

/// The properties that hold in folders.
#[derive(Default)]
pub struct Definitions(HashMap<FolderId, Arc<Vec<Property>>>);

/// Tags and values of some documents, as stored.
#[derive(Default)]
pub struct Records {
    definitions: Definitions,
    tags: HashMap<DocumentId, Vec<TagRow>>,
    values: HashMap<DocumentId, Vec<ValueRow>>,
}

/// The values of one property.
pub struct Filled<'a> {
    pub property: &'a Property,
    /// At least one.
    pub values: Vec<&'a ValueRow>,
}

impl Definitions {
    /// Reads the properties of the libraries that `folders` are in.
    pub async fn load(connection: &mut Connection, folders: impl IntoIterator<Item = &FolderId>) -> Result<Self> {
        let folders: Vec<FolderId> = folders.into_iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let mut lists: HashMap<FolderId, Vec<Property>> = HashMap::new();
        for folders in folders.chunks(JOIN_MAX) {
            for row in db::properties::list_of_folders(&mut *connection, folders).await? {
                lists.entry(row.folder_id).or_default().push(row.property.try_into()?);
            }
        }
        Ok(Self(lists.into_iter().map(|(folder, list)| (folder, Arc::new(list))).collect()))
    }

    /// Whether no folder has any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The properties that hold in one of the folders, in order.
    pub fn of(&self, folder: &FolderId) -> &[Property] {
        self.0.get(folder).map_or(&[], |list| list.as_slice())
    }

    /// The list itself, to be kept.
    pub fn shared(&self, folder: &FolderId) -> Arc<Vec<Property>> {
        self.0.get(folder).cloned().unwrap_or_default()
    }
}

impl Records {
    /// Reads what is known of documents and of the folders they are in: three queries for each thousand.
    pub async fn load(connection: &mut Connection, documents: &[(&DocumentId, &FolderId)]) -> Result<Self> {
        let definitions = Definitions::load(connection, documents.iter().map(|(_, folder)| *folder)).await?;
        let mut records = Self { definitions, ..Self::default() };
        let ids: Vec<DocumentId> = documents.iter().map(|(id, _)| (*id).clone()).collect();
        records.read_tags(connection, &ids).await?;
        records.read_values(connection, &ids).await?;
        Ok(records)
    }

    /// Does what [`Records::load`] does, with questions asked at once.
    pub async fn read(db: &AnyPool, documents: &[(&DocumentId, &FolderId)]) -> Result<Self> {
        let ids: Vec<DocumentId> = documents.iter().map(|(id, _)| (*id).clone()).collect();
        let folders = documents.iter().map(|(_, folder)| *folder);
        let mut records = Self::default();
        let (definitions, ()) =
            tokio::try_join!(async { Definitions::load(&mut db.acquire().await?.into(), folders).await }, async {
                records.read_tags(&mut db.acquire().await?.into(), &ids).await
            },)?;
        records.definitions = definitions;
        if !records.definitions.is_empty() {
            records.read_values(&mut db.acquire().await?.into(), &ids).await?;
        }
        Ok(records)
    }

    async fn read_tags(&mut self, connection: &mut Connection, ids: &[DocumentId]) -> Result<()> {
        for ids in ids.chunks(JOIN_MAX) {
            for row in db::document_tags::list(&mut *connection, ids).await? {
                self.tags.entry(row.document_id.clone()).or_default().push(row);
            }
        }
        Ok(())
    }

    /// Where there are no fields all values are dormant.
    async fn read_values(&mut self, connection: &mut Connection, ids: &[DocumentId]) -> Result<()> {
        if self.definitions.is_empty() {
            return Ok(());
        }
        for ids in ids.chunks(JOIN_MAX) {
            for row in db::document_properties::list(&mut *connection, ids).await? {
                self.values.entry(row.document_id.clone()).or_default().push(row);
            }
        }
        Ok(())
    }

    /// Reads what is known of documents wherever they are.
    pub async fn load_by_ids(connection: &mut Connection, ids: &[DocumentId]) -> Result<Self> {
        let documents = db::documents::list(&mut *connection, ids).await?;
        let places: Vec<_> = documents.iter().map(|document| (&document.id, &document.folder_id)).collect();
        Self::load(connection, &places).await
    }

    /// The tags of a document in order.
    pub fn tags(&self, document: &DocumentId) -> &[TagRow] {
        self.tags.get(document).map_or(&[], Vec::as_slice)
    }

    /// The values of one property of a document.
    pub fn values(&self, document: &DocumentId, property: &PropertyId) -> Vec<&ValueRow> {
        let values = self.values.get(document).into_iter().flatten();
        values.filter(|value| value.property_id == *property).collect()
    }

    /// The properties that hold in the document's folder, in order.
    pub fn properties(&self, folder: &FolderId) -> &[Property] {
        self.definitions.of(folder)
    }

    /// What is filled in of the properties that hold in the document's folder, in order. Values of other libraries are dormant.
    pub fn filled(&self, document: &DocumentId, folder: &FolderId) -> Vec<Filled<'_>> {
        if !self.values.contains_key(document) {
            return Vec::new();
        }
        let filled = self.properties(folder).iter().filter_map(|property| {
            let values = self.values(document, &property.row.id);
            (!values.is_empty()).then_some(Filled { property, values })
        });
        filled.collect()
    }

    /// The properties that a document ought to have and has not.
    pub fn missing(&self, document: &DocumentId, folder: &FolderId) -> Vec<PropertyId> {
        let required = self.properties(folder).iter().filter(|property| property.row.is_required == 1);
        let missing = required.filter(|property| self.values(document, &property.row.id).is_empty());
        missing.map(|property| property.row.id.clone()).collect()
    }
}
