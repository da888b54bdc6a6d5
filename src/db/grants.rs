//! Table `grants`: who was given which role where?

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, joined},
    error::Result,
    ids::UserId,
};

/// Who a role is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `user` or `group`.
    pub kind: &'a str,
    pub id: &'a str,
}

/// A grant with the name of the person or group, as shown.
#[derive(Debug, sqlx::FromRow)]
pub struct NamedGrant {
    pub scope_id: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_name: String,
    pub role: i64,
}

/// Gives `subject` the role; one given before is replaced. `scope_kind` is `folder` or `document`.
pub async fn put(
    tx: &mut Tx,
    scope_kind: &str,
    scope_id: &str,
    subject: Subject<'_>,
    role: i64,
    by: &UserId,
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "insert into grants (scope_kind, scope_id, subject_kind, subject_id, role, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (scope_id, subject_kind, subject_id) do update set
            role = excluded.role, created_by = excluded.created_by, created_at = excluded.created_at",
    )
    .bind(scope_kind)
    .bind(scope_id)
    .bind(subject.kind)
    .bind(subject.id)
    .bind(role)
    .bind(by)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a grant back; `false` when there was none.
pub async fn delete(tx: &mut Tx, scope_id: &str, subject: Subject<'_>) -> Result<bool> {
    let deleted = sqlx::query("delete from grants where scope_id = $1 and subject_kind = $2 and subject_id = $3")
        .bind(scope_id)
        .bind(subject.kind)
        .bind(subject.id)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Whether there is a person or group to give a role to. Disabled accounts keep what they have, but get nothing new.
pub async fn subject_exists(db: &AnyPool, subject: Subject<'_>) -> Result<bool> {
    let found: Option<String> = sqlx::query_scalar(
        "select id from users where $1 = 'user' and id = $2 and disabled_at is null
         union all select id from groups where $1 = 'group' and id = $2",
    )
    .bind(subject.kind)
    .bind(subject.id)
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Lists the grants on `scopes`, groups before people, by name.
pub async fn list(db: &AnyPool, scopes: &[&str]) -> Result<Vec<NamedGrant>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select g.scope_id, g.subject_kind, g.subject_id, coalesce(u.display_name, team.name, '') as subject_name, g.role
         from wanted join grants g on g.scope_id = wanted.id
         left join users u on g.subject_kind = 'user' and u.id = g.subject_id
         left join groups team on g.subject_kind = 'group' and team.id = g.subject_id
         where u.id is not null or team.id is not null
         order by wanted.n, g.subject_kind, coalesce(u.name_key, team.name_key), g.subject_id"
    ))
    .bind(joined(scopes.iter().copied()))
    .fetch_all(db)
    .await?)
}

/// The highest role that `user` was granted on `scope` itself, in person or through a group.
pub async fn own_role(db: &AnyPool, user: &UserId, scope: &str) -> Result<Option<i64>> {
    Ok(list_own_roles(db, user, &[scope]).await?.pop().map(|(_, role)| role))
}

/// [`own_role`] of each of `scopes`; those without are left out.
pub async fn list_own_roles(db: &AnyPool, user: &UserId, scopes: &[&str]) -> Result<Vec<(String, i64)>> {
    if scopes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        ", ",
        mine!(),
        ", own(id, role) as (select wanted.id, ",
        own_role!("wanted.id"),
        " from wanted) select id, role from own where role is not null"
    ))
    .bind(joined(scopes.iter().copied()))
    .bind(user)
    .fetch_all(db)
    .await?)
}

/// Lists the folders on which `user` was granted something, in person or through a group.
pub async fn list_granted_folders(db: &AnyPool, user: &UserId) -> Result<Vec<crate::ids::FolderId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        mine!("$1"),
        " select distinct f.id from grants g join folders f on f.id = g.scope_id
         where f.trashed_at is null
           and ((g.subject_kind = 'user' and g.subject_id = $1)
                or (g.subject_kind = 'group' and g.subject_id in (select id from mine)))"
    ))
    .bind(user)
    .fetch_all(db)
    .await?)
}

/// Lists the scopes on which `user` has at least `least_role`: those granted, and the scopes below that inherit.
pub async fn list_reached_scopes(db: &AnyPool, user: &UserId, least_role: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(concat!("with recursive ", mine!(), ", ", reached!(), " select scope_id from reached"))
        .bind(least_role)
        .bind(user)
        .fetch_all(db)
        .await?)
}
