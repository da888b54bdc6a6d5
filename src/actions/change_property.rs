//! Changes what a property is, and with it the values that documents have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::{
    actions::add_property::{reorder, require_free_name},
    app::App,
    audit,
    auth::policy::Caller,
    db::{self, Tx, document_properties::ValueRow, properties::PropertyRow},
    error::{Error, Result},
    ids::{DocumentId, PropertyId},
    records::{
        definition::{PropertyName, check_unique, parse_options},
        value::{Kind, Property, key_of},
    },
};

/// Different values that are looked at in one statement.
const BATCH: i64 = 1000;

/// What is to change; what is `None` stays.
#[derive(Default)]
pub struct PropertyChange {
    pub name: Option<PropertyName>,
    pub kind: Option<Kind>,
    pub options: Option<Vec<String>>,
    /// For options that are gone: what stands in their place; `None`: nothing.
    pub replace: BTreeMap<String, Option<String>>,
    pub required: Option<bool>,
    pub facet: Option<bool>,
    pub unique: Option<bool>,
    pub position: Option<usize>,
}

/// Changes a property. Values follow: those of a renamed option are renamed, a new kind converts them all or is refused.
pub async fn change_property(app: &App, by: &Caller, id: &PropertyId, change: PropertyChange) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let row = db::properties::find(&mut *tx, id).await?.ok_or_else(|| Error::not_found("property"))?;
    let before = Property::try_from(row)?;
    let after = changed(&mut tx, &before, &change, now).await?;
    let is_claimed_anew = before.row.is_unique != after.row.is_unique
        || (after.row.is_unique == 1 && (before.kind != after.kind || before.options != after.options));
    if is_claimed_anew {
        db::document_properties::release_property(&mut tx, id).await?;
    }
    db::properties::update(&mut tx, &after.row).await?;
    let mut touched = BTreeSet::new();
    let mut replaced = Map::new();
    if before.kind.has_options() && before.options != after.options {
        replace_options(&mut tx, &before, &after, &change, &mut touched, &mut replaced).await?;
    }
    if before.kind != after.kind {
        convert(&mut tx, &before, &after).await?;
    }
    if is_claimed_anew && after.row.is_unique == 1 {
        claim(&mut tx, &after).await?;
    }
    if let Some(position) = change.position {
        reorder(&mut tx, &after.row.library_id, id, position).await?;
    }
    if let Some(details) = details(&before, &after, change.position, replaced) {
        let event = audit::Event::new("property_changed").folder(&after.row.library_id).details(details);
        audit::record(&mut tx, Some(&by.id), now, event);
    }
    let is_shown_otherwise =
        before.kind != after.kind || before.row.is_facet != after.row.is_facet || before.row.name != after.row.name;
    let documents: Vec<DocumentId> = match is_shown_otherwise {
        true => db::document_properties::list_documents(&mut tx, id).await?,
        false => touched.into_iter().collect(),
    };
    db::changes::append_all(&mut tx, &documents, now);
    tx.commit().await
}

/// The property as it is to be.
async fn changed(tx: &mut Tx, before: &Property, change: &PropertyChange, now: i64) -> Result<Property> {
    let kind = change.kind.unwrap_or(before.kind);
    let kept = if before.kind.has_options() && kind.has_options() { before.options.clone() } else { Vec::new() };
    let options = parse_options(kind, change.options.as_ref().unwrap_or(&kept))?;
    let is_unique = change.unique.unwrap_or(before.row.is_unique == 1);
    check_unique(kind, is_unique)?;
    if let Some(name) = &change.name {
        let others = db::properties::list(&mut **tx, &before.row.library_id).await?;
        require_free_name(&others, Some(&before.row.id), name)?;
    }
    let name = change.name.clone();
    let row = PropertyRow {
        name: name.as_ref().map_or_else(|| before.row.name.clone(), |name| name.text.clone()),
        name_key: name.map_or_else(|| before.row.name_key.clone(), |name| name.key),
        kind: kind.name().to_owned(),
        options: json!(options).to_string(),
        is_required: change.required.map_or(before.row.is_required, i64::from),
        is_facet: change.facet.map_or(before.row.is_facet, i64::from),
        is_unique: i64::from(is_unique),
        updated_at: now,
        ..before.row.clone()
    };
    Ok(Property { row, kind, options })
}

/// Lets documents follow when options are renamed or gone.
async fn replace_options(
    tx: &mut Tx,
    before: &Property,
    after: &Property,
    change: &PropertyChange,
    touched: &mut BTreeSet<DocumentId>,
    replaced: &mut Map<String, Json>,
) -> Result<()> {
    let id = &before.row.id;
    for option in before.options.iter().filter(|option| !after.options.contains(option)) {
        let documents = db::document_properties::list_documents_with(tx, id, option, &key_of(option)).await?;
        let Some(target) = change.replace.get(option) else {
            // Another kind has no options: what stands there is converted as it is.
            if documents.is_empty() || !after.kind.has_options() {
                continue;
            }
            let message = "documents have this option: say what stands in its place";
            return Err(after
                .named(Error::conflict("property_option_in_use", message))
                .with("option", option.as_str()));
        };
        let target = match target {
            Some(target) => Some(after.option(target).ok_or_else(|| {
                let message = "what stands in the place of an option has to be one";
                after.named(Error::invalid("property_option_unknown", message)).with("option", target.as_str())
            })?),
            None if before.row.is_required == 1 && !documents.is_empty() => return Err(after.required()),
            None => None,
        };
        match (before.kind, target) {
            (Kind::Choice, Some(target)) => {
                let (from, to) = (key_of(option), key_of(target));
                db::document_properties::update_value(tx, id, (option, &from), (target, &to, None)).await?;
            }
            _ => {
                for document in &documents {
                    replace_on(tx, after, document, option, target).await?;
                }
            }
        }
        replaced.insert(option.clone(), json!({ "to": target, "documents": documents.len() }));
        touched.extend(documents);
    }
    Ok(())
}

/// Replaces an option of one document; several choices are put in order again.
async fn replace_on(tx: &mut Tx, after: &Property, document: &DocumentId, from: &str, to: Option<&str>) -> Result<()> {
    let id = &after.row.id;
    let stored = db::document_properties::list(&mut **tx, std::slice::from_ref(document)).await?;
    let mut values: Vec<String> = Vec::new();
    for row in stored.into_iter().filter(|row| row.property_id == *id) {
        let value = if row.value == from { to.map(str::to_owned) } else { Some(row.value) };
        values.extend(value.filter(|value| !values.contains(value)));
    }
    let order = |value: &String| after.options.iter().position(|option| option == value);
    values.sort_by_key(order);
    db::document_properties::delete_from(tx, document, id, 0).await?;
    for (position, value) in values.into_iter().enumerate() {
        let row = ValueRow {
            document_id: document.clone(),
            property_id: id.clone(),
            position: position as i64,
            value_key: key_of(&value),
            value,
            number: None,
            unique_key: None,
        };
        db::document_properties::upsert(tx, &row).await?;
    }
    Ok(())
}

/// Writes every value as the new kind has it, or refuses.
async fn convert(tx: &mut Tx, before: &Property, after: &Property) -> Result<()> {
    let id = &before.row.id;
    let refused = || {
        let message = "there are values that the new kind cannot have";
        after.named(Error::conflict("property_values_do_not_convert", message)).field("kind")
    };
    if before.kind == Kind::Choices && db::document_properties::has_several(tx, id).await? {
        return Err(refused());
    }
    let (mut last, mut converted) = (String::new(), Vec::new());
    loop {
        let values = db::document_properties::list_distinct(tx, id, &last, BATCH).await?;
        let Some(newest) = values.last() else { break };
        last = newest.clone();
        for value in values {
            let parsed = after.parse(std::slice::from_ref(&value)).ok().and_then(|mut parsed| parsed.pop());
            converted.push((value, parsed.ok_or_else(refused)?));
        }
    }
    for (from, to) in converted {
        let from_key = key_of(&from);
        db::document_properties::update_value(tx, id, (&from, &from_key), (&to.text, &to.key, to.number)).await?;
    }
    Ok(())
}

async fn claim(tx: &mut Tx, property: &Property) -> Result<()> {
    let (id, library) = (&property.row.id, &property.row.library_id);
    if db::document_properties::has_repeated(tx, id, library).await? {
        let message = "documents of this library have the same value";
        return Err(property.named(Error::conflict("property_values_not_unique", message)).field("unique"));
    }
    db::document_properties::claim_property(tx, id, library).await
}

/// What changed, for the audit log.
fn details(before: &Property, after: &Property, position: Option<usize>, replaced: Map<String, Json>) -> Option<Json> {
    let mut changes = Map::new();
    let mut note = |key: &str, from: Json, to: Json| {
        if from != to {
            changes.insert(key.to_owned(), json!({ "from": from, "to": to }));
        }
    };
    note("name", json!(before.row.name), json!(after.row.name));
    note("kind", json!(before.kind), json!(after.kind));
    note("options", json!(before.options), json!(after.options));
    note("required", json!(before.row.is_required == 1), json!(after.row.is_required == 1));
    note("facet", json!(before.row.is_facet == 1), json!(after.row.is_facet == 1));
    note("unique", json!(before.row.is_unique == 1), json!(after.row.is_unique == 1));
    if let Some(position) = position {
        note("position", json!(before.row.position), json!(position));
    }
    if changes.is_empty() {
        return None;
    }
    Some(json!({ "property_id": after.row.id, "name": after.row.name, "changes": changes, "replaced": replaced }))
}
