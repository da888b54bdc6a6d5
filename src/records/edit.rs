//! What is to change of a document, and what changes by that? Compared with what is stored; nothing is written here.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::{
    Records,
    value::{Property, Value, parse_tag},
};
use crate::{
    db::{document_properties::ValueRow, document_tags::TagRow, documents::Document},
    error::{Error, Result},
    ids::{DocumentId, PropertyId},
};

/// Tags of one document.
pub const TAGS_MAX: usize = 50;
/// Characters of a value that the audit log keeps.
const AUDITED_CHARS: usize = 200;

/// A tag as people read it, and its key.
pub type Tag = (String, String);

/// What is to change of one document; what is not mentioned stays.
#[derive(Clone, Debug, Default)]
pub struct RecordEdit {
    /// All tags; `None` leaves them.
    pub tags: Option<Vec<Tag>>,
    pub add_tags: Vec<Tag>,
    pub remove_tags: Vec<Tag>,
    /// Values as typed; none to empty a field.
    pub properties: Vec<(PropertyId, Vec<String>)>,
    pub level: Option<i64>,
}

/// What changes of one document.
pub struct Plan {
    pub document: Document,
    pub level: Option<i64>,
    pub tags: Option<TagChange>,
    pub properties: Vec<ValueChange>,
}

/// Another list of tags.
pub struct TagChange {
    pub before: Vec<TagRow>,
    pub after: Vec<Tag>,
}

/// Other values of a property.
pub struct ValueChange {
    pub property: Property,
    pub before: Vec<ValueRow>,
    pub after: Vec<Value>,
}

impl RecordEdit {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.tags.is_none()
            && self.add_tags.is_empty()
            && self.remove_tags.is_empty()
            && self.properties.is_empty()
            && self.level.is_none()
    }

    /// Whether tags or values are to change.
    pub fn concerns_record(&self) -> bool {
        !(Self { level: None, ..self.clone() }).is_empty()
    }
}

/// Parses tags; each once.
pub fn parse_tags(given: &[String]) -> Result<Vec<Tag>> {
    let mut tags: Vec<Tag> = Vec::new();
    for text in given {
        let tag = parse_tag(text)?;
        if !tags.iter().any(|(_, key)| *key == tag.1) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

impl Plan {
    /// Compares what is asked for with what is stored.
    pub fn new(document: Document, edit: &RecordEdit, records: &Records) -> Result<Self> {
        let tags = tag_change(&document.id, edit, records)?;
        let mut properties = Vec::new();
        for (id, given) in &edit.properties {
            let all = records.properties(&document.folder_id);
            let property = all.iter().find(|property| property.row.id == *id).ok_or_else(|| unknown(id))?;
            properties.extend(value_change(&document.id, property, given, records)?);
        }
        let level = edit.level.filter(|level| *level != document.level);
        Ok(Self { document, level, tags, properties })
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.level.is_none() && self.is_record_empty()
    }

    /// Whether neither tags nor values change.
    pub fn is_record_empty(&self) -> bool {
        self.tags.is_none() && self.properties.is_empty()
    }

    /// What the audit log keeps of the change of tags and values.
    pub fn details(&self) -> Json {
        let mut details = Map::new();
        if let Some(tags) = &self.tags {
            let names = |tags: &mut dyn Iterator<Item = &String>| tags.cloned().collect::<Vec<_>>();
            let from = names(&mut tags.before.iter().map(|row| &row.tag));
            let to = names(&mut tags.after.iter().map(|(tag, _)| tag));
            details.insert("tags".into(), json!({ "from": from, "to": to }));
        }
        let shortened = |text: &str| text.chars().take(AUDITED_CHARS).collect::<String>();
        let properties: Map<String, Json> = self
            .properties
            .iter()
            .map(|change| {
                let from: Vec<_> = change.before.iter().map(|row| shortened(&row.value)).collect();
                let to: Vec<_> = change.after.iter().map(|value| shortened(&value.text)).collect();
                (
                    change.property.row.id.to_string(),
                    json!({ "name": change.property.row.name, "from": from, "to": to }),
                )
            })
            .collect();
        if !properties.is_empty() {
            details.insert("properties".into(), properties.into());
        }
        details.into()
    }
}

impl ValueChange {
    /// The key that the document gives up, and the one that it claims, of a property that has to be unique.
    pub fn claim(&self) -> Option<(Option<&str>, Option<&str>)> {
        if self.property.row.is_unique == 0 {
            return None;
        }
        let before = self.before.first().map(|row| row.value_key.as_str());
        let after = self.after.first().map(|value| value.key.as_str());
        (before != after).then_some((before, after))
    }

    /// The rows that are to be stored.
    pub fn rows(&self, document: &DocumentId) -> impl Iterator<Item = ValueRow> {
        let is_unique = self.property.row.is_unique == 1;
        self.after.iter().enumerate().map(move |(position, value)| ValueRow {
            document_id: document.clone(),
            property_id: self.property.row.id.clone(),
            position: position as i64,
            value: value.text.clone(),
            value_key: value.key.clone(),
            number: value.number,
            unique_key: is_unique.then(|| value.key.clone()),
        })
    }
}

fn unknown(id: &PropertyId) -> Error {
    Error::invalid("property_unknown", "the library of this document has no such field")
        .field("properties")
        .with("property_id", id.as_str())
}

fn value_change(
    document: &DocumentId,
    property: &Property,
    given: &[String],
    records: &Records,
) -> Result<Option<ValueChange>> {
    let before: Vec<ValueRow> = records.values(document, &property.row.id).into_iter().cloned().collect();
    let after = property.parse(given)?;
    if property.row.is_required == 1 && after.is_empty() && !before.is_empty() {
        return Err(property.required());
    }
    let same = before.iter().map(|row| &row.value).eq(after.iter().map(|value| &value.text));
    Ok((!same).then(|| ValueChange { property: property.clone(), before, after }))
}

fn tag_change(document: &DocumentId, edit: &RecordEdit, records: &Records) -> Result<Option<TagChange>> {
    let before = records.tags(document);
    let stored: HashMap<&str, &str> = before.iter().map(|row| (row.tag_key.as_str(), row.tag.as_str())).collect();
    let mut after: Vec<Tag> = match &edit.tags {
        Some(tags) => tags.clone(),
        None => before.iter().map(|row| (row.tag.clone(), row.tag_key.clone())).collect(),
    };
    after.retain(|(_, key)| !edit.remove_tags.iter().any(|(_, removed)| removed == key));
    for (tag, key) in &edit.add_tags {
        if !after.iter().any(|(_, known)| known == key) {
            // A tag that is there keeps the way it is written.
            after
                .push((stored.get(key.as_str()).map_or_else(|| tag.clone(), |known| (*known).to_owned()), key.clone()));
        }
    }
    let same = before.iter().map(|row| &row.tag).eq(after.iter().map(|(tag, _)| tag));
    if same {
        return Ok(None);
    }
    if after.len() > TAGS_MAX {
        return Err(Error::invalid("too_many_tags", "a document may have 50 tags").field("tags"));
    }
    Ok(Some(TagChange { before: before.to_vec(), after }))
}
