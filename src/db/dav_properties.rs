//! Table `dav_properties`: what do programs keep beside files and folders through WebDAV? Nobody here understands it.

use sqlx::AnyPool;

use crate::{db::Tx, error::Result, ids::FolderId};

/// A property as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Property {
    pub node_id: String,
    pub namespace: String,
    pub name: String,
    /// The element as XML.
    pub value: String,
}

/// Sets a property.
pub async fn put(tx: &mut Tx, property: &Property) -> Result<()> {
    sqlx::query(
        "insert into dav_properties (node_id, namespace, name, value) values ($1, $2, $3, $4)
         on conflict (node_id, namespace, name) do update set value = excluded.value",
    )
    .bind(&property.node_id)
    .bind(&property.namespace)
    .bind(&property.name)
    .bind(&property.value)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a property; one that is not there is fine.
pub async fn delete(tx: &mut Tx, node: &str, namespace: &str, name: &str) -> Result<()> {
    sqlx::query("delete from dav_properties where node_id = $1 and namespace = $2 and name = $3")
        .bind(node)
        .bind(namespace)
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Counts the properties of a node, as this transaction sees them.
pub async fn count(tx: &mut Tx, node: &str) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from dav_properties where node_id = $1")
        .bind(node)
        .fetch_one(&mut **tx)
        .await?)
}

/// Lists the properties of one node.
pub async fn list(db: &AnyPool, node: &str) -> Result<Vec<Property>> {
    Ok(sqlx::query_as(
        "select node_id, namespace, name, value from dav_properties where node_id = $1 order by namespace, name",
    )
    .bind(node)
    .fetch_all(db)
    .await?)
}

/// Lists the properties of everything directly in `folder`.
pub async fn list_in(db: &AnyPool, folder: &FolderId) -> Result<Vec<Property>> {
    Ok(sqlx::query_as(
        "select p.node_id, p.namespace, p.name, p.value from documents d
            join dav_properties p on p.node_id = d.id where d.folder_id = $1 and d.trashed_at is null
         union all select p.node_id, p.namespace, p.name, p.value from folders f
            join dav_properties p on p.node_id = f.id where f.parent_id = $1 and f.trashed_at is null
         union all select p.node_id, p.namespace, p.name, p.value from dav_overlay o
            join dav_properties p on p.node_id = o.id where o.folder_id = $1",
    )
    .bind(folder)
    .fetch_all(db)
    .await?)
}

/// Gives `to` all properties of `from`, in place of its own. What is copied to itself keeps them.
pub async fn copy(tx: &mut Tx, from: &str, to: &str) -> Result<()> {
    if from == to {
        return Ok(());
    }
    delete_all(tx, to).await?;
    sqlx::query(
        "insert into dav_properties (node_id, namespace, name, value)
         select $2, namespace, name, value from dav_properties where node_id = $1",
    )
    .bind(from)
    .bind(to)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes all properties of a node.
pub async fn delete_all(tx: &mut Tx, node: &str) -> Result<()> {
    sqlx::query("delete from dav_properties where node_id = $1").bind(node).execute(&mut **tx).await?;
    Ok(())
}
