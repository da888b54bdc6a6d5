//! Tables `groups` and `group_members`: which departments are there, and who belongs to them?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, users::User},
    error::Result,
    ids::{GroupId, UserId},
};

/// A department as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Group {
    pub id: GroupId,
    pub parent_id: Option<GroupId>,
    pub name: String,
    pub member_count: i64,
}

/// Adds a group; false when its parent has one of this name.
pub async fn insert(
    tx: &mut Tx,
    id: &GroupId,
    parent: Option<&GroupId>,
    name: &str,
    name_key: &str,
    now: Millis,
) -> Result<bool> {
    let inserted = sqlx::query(
        "insert into groups (id, parent_id, name, name_key, created_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(id)
    .bind(parent)
    .bind(name)
    .bind(name_key)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Lists all groups with their numbers of direct members, by name.
pub async fn list(db: &AnyPool) -> Result<Vec<Group>> {
    Ok(sqlx::query_as(
        "select groups.id, groups.parent_id, groups.name,
            (select count(*) from group_members where group_id = groups.id) as member_count
         from groups order by groups.name_key, groups.id",
    )
    .fetch_all(db)
    .await?)
}

/// Finds a group as this transaction sees it.
pub async fn find(tx: &mut Tx, id: &GroupId) -> Result<Option<Group>> {
    Ok(sqlx::query_as(
        "select groups.id, groups.parent_id, groups.name,
            (select count(*) from group_members where group_id = groups.id) as member_count
         from groups where groups.id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Tells whether a sibling has the name already.
pub async fn name_taken(tx: &mut Tx, parent: Option<&GroupId>, name_key: &str, except: &GroupId) -> Result<bool> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from groups where coalesce(parent_id, '') = coalesce($1, '') and name_key = $2 and id <> $3",
    )
    .bind(parent)
    .bind(name_key)
    .bind(except)
    .fetch_one(&mut **tx)
    .await?;
    Ok(count > 0)
}

/// Tells whether `group` is `ancestor` or below it.
pub async fn is_below(tx: &mut Tx, group: &GroupId, ancestor: &GroupId) -> Result<bool> {
    let count: i64 = sqlx::query_scalar(
        "with recursive above (id, parent_id) as (
            select id, parent_id from groups where id = $1
            union all
            select groups.id, groups.parent_id from groups join above on groups.id = above.parent_id)
         select count(*) from above where id = $2",
    )
    .bind(group)
    .bind(ancestor)
    .fetch_one(&mut **tx)
    .await?;
    Ok(count > 0)
}

/// Sets name and parent.
pub async fn update(tx: &mut Tx, id: &GroupId, parent: Option<&GroupId>, name: &str, name_key: &str) -> Result<()> {
    sqlx::query("update groups set parent_id = $2, name = $3, name_key = $4 where id = $1")
        .bind(id)
        .bind(parent)
        .bind(name)
        .bind(name_key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Counts the groups directly below.
pub async fn count_children(tx: &mut Tx, id: &GroupId) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from groups where parent_id = $1").bind(id).fetch_one(&mut **tx).await?)
}

/// Removes what was granted to a group.
pub async fn delete_grants(tx: &mut Tx, id: &GroupId) -> Result<()> {
    sqlx::query("delete from grants where subject_kind = 'group' and subject_id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes a group and its memberships; false when there is none.
pub async fn delete(tx: &mut Tx, id: &GroupId) -> Result<bool> {
    Ok(sqlx::query("delete from groups where id = $1").bind(id).execute(&mut **tx).await?.rows_affected() > 0)
}

/// Tells whether there is such a group.
pub async fn exists(db: &AnyPool, id: &GroupId) -> Result<bool> {
    let count: i64 = sqlx::query_scalar("select count(*) from groups where id = $1").bind(id).fetch_one(db).await?;
    Ok(count > 0)
}

/// Lists the direct members by name.
pub async fn list_members(db: &AnyPool, id: &GroupId) -> Result<Vec<User>> {
    Ok(sqlx::query_as(
        "select users.id, users.name, users.display_name, users.is_admin, users.clearance, users.created_at,
            users.disabled_at
         from users join group_members on group_members.user_id = users.id
         where group_members.group_id = $1 order by users.name_key",
    )
    .bind(id)
    .fetch_all(db)
    .await?)
}

/// Adds a member; false when it is one.
pub async fn insert_member(tx: &mut Tx, group: &GroupId, user: &UserId) -> Result<bool> {
    let inserted = sqlx::query("insert into group_members (group_id, user_id) values ($1, $2) on conflict do nothing")
        .bind(group)
        .bind(user)
        .execute(&mut **tx)
        .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Removes a member; false when it was none.
pub async fn delete_member(tx: &mut Tx, group: &GroupId, user: &UserId) -> Result<bool> {
    let deleted = sqlx::query("delete from group_members where group_id = $1 and user_id = $2")
        .bind(group)
        .bind(user)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() > 0)
}
