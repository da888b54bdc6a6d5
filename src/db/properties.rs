//! Table `properties`: what does a library want to know of its documents?

use sqlx::{Any, AnyPool, Executor};

use crate::{
    clock::Millis,
    db::{JOIN_MAX, Tx, joined},
    error::Result,
    ids::{FolderId, PropertyId, UserId},
};

/// A property as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PropertyRow {
    pub id: PropertyId,
    pub library_id: FolderId,
    pub name: String,
    pub name_key: String,
    pub kind: String,
    /// JSON list.
    pub options: String,
    pub is_required: i64,
    pub is_facet: i64,
    pub is_unique: i64,
    pub position: i64,
    pub created_by: UserId,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// A property, and a folder in whose library it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PropertyOfFolder {
    pub folder_id: FolderId,
    #[sqlx(flatten)]
    pub property: PropertyRow,
}

/// Adds a property.
pub async fn insert(tx: &mut Tx, row: &PropertyRow) -> Result<()> {
    sqlx::query(
        "insert into properties (id, library_id, name, name_key, kind, options, is_required, is_facet, is_unique,
                                 position, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(&row.id)
    .bind(&row.library_id)
    .bind(&row.name)
    .bind(&row.name_key)
    .bind(&row.kind)
    .bind(&row.options)
    .bind(row.is_required)
    .bind(row.is_facet)
    .bind(row.is_unique)
    .bind(row.position)
    .bind(&row.created_by)
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a property.
pub async fn find<'c>(db: impl Executor<'c, Database = Any>, id: &PropertyId) -> Result<Option<PropertyRow>> {
    Ok(sqlx::query_as(
        "select id, library_id, name, name_key, kind, options, is_required, is_facet, is_unique, position, created_by,
                created_at, updated_at
         from properties where id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?)
}

/// Lists the properties of a library in order.
pub async fn list<'c>(db: impl Executor<'c, Database = Any>, library: &FolderId) -> Result<Vec<PropertyRow>> {
    Ok(sqlx::query_as(
        "select id, library_id, name, name_key, kind, options, is_required, is_facet, is_unique, position, created_by,
                created_at, updated_at
         from properties where library_id = $1 order by position, id",
    )
    .bind(library)
    .fetch_all(db)
    .await?)
}

/// Lists the properties of the libraries that `folders` (at most [`JOIN_MAX`]) are in, by folder and in order.
pub async fn list_of_folders<'c>(
    db: impl Executor<'c, Database = Any>,
    folders: &[FolderId],
) -> Result<Vec<PropertyOfFolder>> {
    debug_assert!(folders.len() <= JOIN_MAX);
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        ", line(start_id, id, parent_id) as (
            select f.id, f.id, f.parent_id from wanted join folders f on f.id = wanted.id
            union all
            select line.start_id, f.id, f.parent_id from line join folders f on f.id = line.parent_id)
         select line.start_id as folder_id, p.id, p.library_id, p.name, p.name_key, p.kind, p.options, p.is_required,
                p.is_facet, p.is_unique, p.position, p.created_by, p.created_at, p.updated_at
         from line join properties p on p.library_id = line.id
         where line.parent_id is null order by line.start_id, p.position, p.id"
    ))
    .bind(joined(folders.iter().map(FolderId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Finds the library that a folder is in.
pub async fn find_library<'c>(db: impl Executor<'c, Database = Any>, folder: &FolderId) -> Result<Option<FolderId>> {
    Ok(sqlx::query_scalar(
        "with recursive line(id, parent_id) as (
            select f.id, f.parent_id from folders f where f.id = $1
            union all select f.id, f.parent_id from line join folders f on f.id = line.parent_id)
         select id from line where parent_id is null",
    )
    .bind(folder)
    .fetch_optional(db)
    .await?)
}

/// Changes everything that can change of a property.
pub async fn update(tx: &mut Tx, row: &PropertyRow) -> Result<()> {
    sqlx::query(
        "update properties set name = $2, name_key = $3, kind = $4, options = $5, is_required = $6, is_facet = $7,
                is_unique = $8, position = $9, updated_at = $10
         where id = $1",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(&row.name_key)
    .bind(&row.kind)
    .bind(&row.options)
    .bind(row.is_required)
    .bind(row.is_facet)
    .bind(row.is_unique)
    .bind(row.position)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a property; its values have to be gone.
pub async fn delete(tx: &mut Tx, id: &PropertyId) -> Result<()> {
    sqlx::query("delete from properties where id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// By which name queries may ask for a property.
#[derive(Debug, sqlx::FromRow)]
pub struct NameRow {
    pub library_id: FolderId,
    pub name: String,
    pub id: PropertyId,
    pub kind: String,
}

/// Lists the names by which queries may ask for properties: of the libraries in which there are some.
pub async fn list_names(db: &AnyPool) -> Result<Vec<NameRow>> {
    Ok(sqlx::query_as("select library_id, name, id, kind from properties order by library_id, position, id")
        .fetch_all(db)
        .await?)
}

/// Lists the names of some properties.
pub async fn list_some_names(db: &AnyPool, ids: &[PropertyId]) -> Result<Vec<(PropertyId, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select p.id, p.name from wanted join properties p on p.id = wanted.id"
    ))
    .bind(joined(ids.iter().map(PropertyId::as_str)))
    .fetch_all(db)
    .await?)
}
