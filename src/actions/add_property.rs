//! Adds properties to a library.

use serde_json::json;

use crate::{
    actions::current_folder,
    app::App,
    audit,
    auth::policy::Caller,
    db::{self, Tx, folders::Folder, properties::PropertyRow},
    error::{Error, Result},
    ids::{FolderId, PropertyId},
    records::{
        definition::{PROPERTIES_MAX, PropertyName},
        preset::Field,
        value::Kind,
    },
};

/// A property that was checked.
pub struct NewProperty {
    pub name: PropertyName,
    pub kind: Kind,
    pub options: Vec<String>,
    pub required: bool,
    pub facet: bool,
    pub unique: bool,
    /// Place in the order; `None`: the last.
    pub position: Option<usize>,
}

/// Adds a property to `library`.
pub async fn add_property(app: &App, by: &Caller, library: &Folder, new: NewProperty) -> Result<PropertyId> {
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    current_folder(&mut tx, &library.id).await?;
    let others = db::properties::list(&mut *tx, &library.id).await?;
    require_free_name(&others, None, &new.name)?;
    let id = insert(app, by, &mut tx, &library.id, &new, others.len()).await?;
    if let Some(position) = new.position {
        reorder(&mut tx, &library.id, &id, position).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Adds the fields of a set that `library` does not have yet.
pub async fn add_preset(app: &App, by: &Caller, library: &Folder, fields: &[Field]) -> Result<()> {
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    current_folder(&mut tx, &library.id).await?;
    let others = db::properties::list(&mut *tx, &library.id).await?;
    let mut count = others.len();
    for field in fields {
        let name = PropertyName::parse(field.name)?;
        if others.iter().any(|other| other.name_key == name.key) {
            continue;
        }
        let new = NewProperty {
            name,
            kind: field.kind,
            options: field.options.iter().map(|option| (*option).to_owned()).collect(),
            required: field.required,
            facet: field.facet,
            unique: field.unique,
            position: None,
        };
        insert(app, by, &mut tx, &library.id, &new, count).await?;
        count += 1;
    }
    tx.commit().await
}

async fn insert(
    app: &App,
    by: &Caller,
    tx: &mut Tx,
    library: &FolderId,
    new: &NewProperty,
    count: usize,
) -> Result<PropertyId> {
    if count >= PROPERTIES_MAX {
        return Err(Error::conflict("too_many_properties", "a library may have 60 fields"));
    }
    let now = app.clock.now();
    let row = PropertyRow {
        id: PropertyId::new(),
        library_id: library.clone(),
        name: new.name.text.clone(),
        name_key: new.name.key.clone(),
        kind: new.kind.name().to_owned(),
        options: json!(new.options).to_string(),
        is_required: i64::from(new.required),
        is_facet: i64::from(new.facet),
        is_unique: i64::from(new.unique),
        position: count as i64,
        created_by: by.id.clone(),
        created_at: now,
        updated_at: now,
    };
    db::properties::insert(tx, &row).await?;
    let details = json!({
        "property_id": row.id, "name": row.name, "kind": row.kind, "options": new.options,
        "required": new.required, "facet": new.facet, "unique": new.unique,
    });
    let event = audit::Event::new("property_added").folder(library).details(details);
    audit::record(tx, Some(&by.id), now, event);
    Ok(row.id)
}

/// Refuses a name that another property of the library has.
pub fn require_free_name(others: &[PropertyRow], own: Option<&PropertyId>, name: &PropertyName) -> Result<()> {
    match others.iter().find(|other| other.name_key == name.key && Some(&other.id) != own) {
        Some(other) => Err(Error::conflict("property_name_taken", "this library has a field of this name already")
            .field("name")
            .with("property_id", other.id.as_str())),
        None => Ok(()),
    }
}

/// Puts a property to `position` in the order of its library.
pub async fn reorder(tx: &mut Tx, library: &FolderId, id: &PropertyId, position: usize) -> Result<()> {
    let mut rows = db::properties::list(&mut **tx, library).await?;
    let Some(at) = rows.iter().position(|row| row.id == *id) else { return Ok(()) };
    let moved = rows.remove(at);
    rows.insert(position.min(rows.len()), moved);
    for (position, mut row) in rows.into_iter().enumerate() {
        if row.position != position as i64 {
            row.position = position as i64;
            db::properties::update(tx, &row).await?;
        }
    }
    Ok(())
}
