//! Table `document_properties`: which values do documents have? Change it under [`super::folders::lock_tree`] only: which
//! library a document is in decides what has to be unique.

use sqlx::{Any, AnyPool, Executor, any::AnyArguments, query::Query};

use crate::{
    auth::policy::Role,
    db::{JOIN_MAX, Tx, joined},
    error::Result,
    ids::{DocumentId, FolderId, PropertyId, UserId},
};

/// A value as stored.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct ValueRow {
    pub document_id: DocumentId,
    pub property_id: PropertyId,
    pub position: i64,
    pub value: String,
    pub value_key: String,
    /// Of numbers, and of dates as epoch milliseconds.
    pub number: Option<f64>,
    /// The key while the value has to be unique.
    pub unique_key: Option<String>,
}

/// Two documents that would have one value of a unique property.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Collision {
    pub property_id: PropertyId,
    pub property_name: String,
    pub document_id: DocumentId,
    pub other_id: DocumentId,
}

/// Sets a value; one at the same position gives way.
pub async fn upsert(tx: &mut Tx, row: &ValueRow) -> Result<()> {
    let upsert = sqlx::query(
        "insert into document_properties (document_id, property_id, position, value, value_key, number, unique_key)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (document_id, property_id, position) do update
         set value = excluded.value, value_key = excluded.value_key, number = excluded.number,
             unique_key = excluded.unique_key",
    )
    .bind(&row.document_id)
    .bind(&row.property_id)
    .bind(row.position)
    .bind(&row.value)
    .bind(&row.value_key);
    bind_number(upsert, row.number).bind(&row.unique_key).execute(&mut **tx).await?;
    Ok(())
}

/// Deletes the values of a document's property from `position` on.
pub async fn delete_from(tx: &mut Tx, document: &DocumentId, property: &PropertyId, position: i64) -> Result<()> {
    sqlx::query("delete from document_properties where document_id = $1 and property_id = $2 and position >= $3")
        .bind(document)
        .bind(property)
        .bind(position)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lists all values of documents (at most [`JOIN_MAX`]), dormant ones too, by document in the order asked for.
pub async fn list<'c>(db: impl Executor<'c, Database = Any>, documents: &[DocumentId]) -> Result<Vec<ValueRow>> {
    debug_assert!(documents.len() <= JOIN_MAX);
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select v.document_id, v.property_id, v.position, v.value, v.value_key, v.number, v.unique_key
         from wanted join document_properties v on v.document_id = wanted.id
         order by wanted.n, v.property_id, v.position"
    ))
    .bind(joined(documents.iter().map(DocumentId::as_str)))
    .fetch_all(db)
    .await?)
}

/// Finds the document that has a value which has to be unique.
pub async fn find_holder(tx: &mut Tx, property: &PropertyId, key: &str) -> Result<Option<DocumentId>> {
    Ok(sqlx::query_scalar("select document_id from document_properties where property_id = $1 and unique_key = $2")
        .bind(property)
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Lists the documents below `folder` and out of the trash that have this value, at most `limit`.
pub async fn list_documents_by_key(
    db: &AnyPool,
    folder: &FolderId,
    property: &PropertyId,
    key: &str,
    limit: i64,
) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(
        "with recursive found(document_id, folder_id) as (
            select d.id, d.folder_id from document_properties v
            join documents d on d.id = v.document_id and d.trashed_at is null and d.attached_to is null
            where v.property_id = $2 and v.value_key = $3),
         line(document_id, folder_id) as (
            select document_id, folder_id from found
            union select line.document_id, f.parent_id from line join folders f on f.id = line.folder_id
            where line.folder_id <> $1 and f.parent_id is not null)
         select document_id from line where folder_id = $1 order by document_id limit $4",
    )
    .bind(folder)
    .bind(property)
    .bind(key)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the documents that have values of a property.
pub async fn list_documents(tx: &mut Tx, property: &PropertyId) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(
        "select distinct document_id from document_properties where property_id = $1 order by document_id",
    )
    .bind(property)
    .fetch_all(&mut **tx)
    .await?)
}

/// Lists the documents that have this value of a property.
pub async fn list_documents_with(
    tx: &mut Tx,
    property: &PropertyId,
    value: &str,
    key: &str,
) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(
        "select distinct document_id from document_properties
         where property_id = $1 and value_key = $2 and value = $3 order by document_id",
    )
    .bind(property)
    .bind(key)
    .bind(value)
    .fetch_all(&mut **tx)
    .await?)
}

/// Lists the different values of a property after `after`, in order.
pub async fn list_distinct(tx: &mut Tx, property: &PropertyId, after: &str, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select distinct value from document_properties where property_id = $1 and value > $2 order by value limit $3",
    )
    .bind(property)
    .bind(after)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?)
}

/// Whether a document has several values of a property.
pub async fn has_several(tx: &mut Tx, property: &PropertyId) -> Result<bool> {
    let found: Option<DocumentId> = sqlx::query_scalar(
        "select document_id from document_properties where property_id = $1 and position > 0 limit 1",
    )
    .bind(property)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// Writes a value differently wherever it stands.
pub async fn update_value(
    tx: &mut Tx,
    property: &PropertyId,
    from: (&str, &str),
    to: (&str, &str, Option<f64>),
) -> Result<()> {
    let update = sqlx::query(
        "update document_properties set value = $4, value_key = $5, number = $6
         where property_id = $1 and value_key = $2 and value = $3",
    )
    .bind(property)
    .bind(from.1)
    .bind(from.0)
    .bind(to.0)
    .bind(to.1);
    bind_number(update, to.2).execute(&mut **tx).await?;
    Ok(())
}

/// Binds a number that may be missing. sqlx takes the one width for the other when a number is missing: PostgreSQL would prepare
/// the statement for a `real` and refuse the next `double precision`.
fn bind_number<'q>(query: Query<'q, Any, AnyArguments>, number: Option<f64>) -> Query<'q, Any, AnyArguments> {
    match number {
        Some(number) => query.bind(number),
        None => query.bind(Option::<f32>::None),
    }
}

/// Deletes all values of a property; returns how many.
pub async fn delete_all(tx: &mut Tx, property: &PropertyId) -> Result<u64> {
    let deleted = sqlx::query("delete from document_properties where property_id = $1").bind(property);
    Ok(deleted.execute(&mut **tx).await?.rows_affected())
}

/// Gives up that the values of a property are unique.
pub async fn release_property(tx: &mut Tx, property: &PropertyId) -> Result<()> {
    sqlx::query("update document_properties set unique_key = null where property_id = $1 and unique_key is not null")
        .bind(property)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lists documents below `folder` that `user` sees and that lack a required property of `library`, after `after`.
#[allow(clippy::too_many_arguments)] // One statement with that many parameters.
pub async fn list_incomplete(
    db: &AnyPool,
    folder: &FolderId,
    library: &FolderId,
    user: &UserId,
    sees_all: bool,
    clearance: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        mine!(),
        ", ",
        reached!(),
        ", below(id) as (
            select f.id from folders f where f.id = $5
            union select f.id from below join folders f on f.parent_id = below.id)
         select d.id from documents d join below on below.id = d.folder_id
         where d.trashed_at is null and d.attached_to is null and d.level <= $4 and d.id > $7
           and ($3 = 1 or d.scope_id in (select scope_id from reached))
           and exists (
            select 1 from properties p where p.library_id = $6 and p.is_required = 1 and not exists (
                select 1 from document_properties v where v.document_id = d.id and v.property_id = p.id))
         order by d.id limit $8"
    ))
    .bind(Role::Previewer.number())
    .bind(user)
    .bind(i64::from(sees_all))
    .bind(clearance)
    .bind(folder)
    .bind(library)
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Whether two documents in the library, out of the trash, have one value of a property.
pub async fn has_repeated(tx: &mut Tx, property: &PropertyId, library: &FolderId) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        " select v.value_key from document_properties v
         join documents d on d.id = v.document_id and d.trashed_at is null
         join below on below.id = d.folder_id
         where v.property_id = $2 group by v.value_key having count(*) > 1 limit 1"
    ))
    .bind(library)
    .bind(property)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// Lets the values of a property be unique among the documents in the library that are out of the trash.
pub async fn claim_property(tx: &mut Tx, property: &PropertyId, library: &FolderId) -> Result<()> {
    sqlx::query(concat!(
        "with recursive ",
        below!(),
        " update document_properties set unique_key = value_key
         where property_id = $2 and document_id in (
            select d.id from documents d join below on below.id = d.folder_id where d.trashed_at is null)"
    ))
    .bind(library)
    .bind(property)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives up what the documents below a folder had to themselves.
pub async fn release_below(tx: &mut Tx, folder: &FolderId) -> Result<()> {
    sqlx::query(concat!(
        "with recursive ",
        below!(),
        " update document_properties set unique_key = null
         where unique_key is not null and document_id in (
            select d.id from documents d join below on below.id = d.folder_id)"
    ))
    .bind(folder)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives up what a document had to itself.
pub async fn release_document(tx: &mut Tx, document: &DocumentId) -> Result<()> {
    sqlx::query("update document_properties set unique_key = null where document_id = $1 and unique_key is not null")
        .bind(document)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Finds a value that a document below `folder` would have twice in `library`: a document there has it, or another below.
pub async fn find_collision_below(tx: &mut Tx, folder: &FolderId, library: &FolderId) -> Result<Option<Collision>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        below!(),
        ", own(property_id, name, value_key, document_id) as (
            select v.property_id, p.name, v.value_key, v.document_id
            from properties p join document_properties v on v.property_id = p.id
            join documents d on d.id = v.document_id and d.trashed_at is null
            join below on below.id = d.folder_id
            where p.library_id = $2 and p.is_unique = 1)
         select own.property_id, own.name as property_name, own.document_id, other.document_id as other_id
         from own join document_properties other on other.property_id = own.property_id
            and other.value_key = own.value_key and other.document_id <> own.document_id
         where other.unique_key is not null or other.document_id in (select document_id from own)
         order by own.document_id limit 1"
    ))
    .bind(folder)
    .bind(library)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Claims what the documents below a folder have to themselves in `library`.
pub async fn claim_below(tx: &mut Tx, folder: &FolderId, library: &FolderId) -> Result<()> {
    sqlx::query(concat!(
        "with recursive ",
        below!(),
        " update document_properties set unique_key = value_key
         where property_id in (select id from properties where library_id = $2 and is_unique = 1)
           and document_id in (
            select d.id from documents d join below on below.id = d.folder_id where d.trashed_at is null)"
    ))
    .bind(folder)
    .bind(library)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a value that a document would have beside another one in `library`.
pub async fn find_collision(tx: &mut Tx, document: &DocumentId, library: &FolderId) -> Result<Option<Collision>> {
    Ok(sqlx::query_as(
        "select v.property_id, p.name as property_name, v.document_id, other.document_id as other_id
         from document_properties v join properties p on p.id = v.property_id
         join document_properties other on other.property_id = v.property_id and other.unique_key = v.value_key
         where v.document_id = $1 and p.library_id = $2 and p.is_unique = 1 and other.document_id <> $1
         order by p.position, p.id limit 1",
    )
    .bind(document)
    .bind(library)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Claims what a document has to itself in `library`.
pub async fn claim_document(tx: &mut Tx, document: &DocumentId, library: &FolderId) -> Result<()> {
    sqlx::query(
        "update document_properties set unique_key = value_key
         where document_id = $1
           and property_id in (select id from properties where library_id = $2 and is_unique = 1)",
    )
    .bind(document)
    .bind(library)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
