//! Table `usage`: how much do libraries and people keep, and how much may they? Lock rows of libraries before those of people.

use sqlx::{Any, AnyPool, Executor};

use crate::{
    db::Tx,
    error::Result,
    ids::{DocumentId, FolderId, UserId},
};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    Library(&'a FolderId),
    User(&'a UserId),
}

/// A row: how much somebody keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    pub used_bytes: i64,
    pub reserved_bytes: i64,
    /// `None`: what the settings say; -1: unlimited.
    pub quota_bytes: Option<i64>,
}

/// By how much a row changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    pub used_bytes: i64,
    pub reserved_bytes: i64,
}

/// A row that is not what the versions and uploads say.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Difference {
    pub owner_kind: String,
    pub owner_id: String,
    pub used_bytes: i64,
    pub reserved_bytes: i64,
    pub true_used_bytes: i64,
    pub true_reserved_bytes: i64,
}

impl Owner<'_> {
    /// As in the table.
    pub fn kind(&self) -> &'static str {
        match self {
            Owner::Library(_) => "library",
            Owner::User(_) => "user",
        }
    }

    fn id(&self) -> &str {
        match self {
            Owner::Library(id) => id.as_str(),
            Owner::User(id) => id.as_str(),
        }
    }
}

/// Changes a row; with `default_limit` only when nothing more is used and reserved than before, or what is afterwards is within
/// the limit (below 0: there is none); `false` when it is not. The row is made when it is missing.
pub async fn add(tx: &mut Tx, owner: Owner<'_>, delta: Delta, default_limit: Option<i64>) -> Result<bool> {
    if update(tx, owner, delta, default_limit).await? {
        return Ok(true);
    }
    // Somebody else may be making it: then this waits for them.
    sqlx::query(
        "insert into usage (owner_kind, owner_id) values ($1, $2) on conflict (owner_kind, owner_id) do nothing",
    )
    .bind(owner.kind())
    .bind(owner.id())
    .execute(&mut **tx)
    .await?;
    update(tx, owner, delta, default_limit).await
}

/// Changes the rows of a library and of a person at once, each only when nothing more is used and reserved than before, or what
/// is afterwards is within its limit; returns the kinds of those that were changed. The other row is missing or would have too
/// much.
pub async fn add_to_both(
    tx: &mut Tx,
    library: &FolderId,
    user: &UserId,
    delta: Delta,
    default_library_limit: i64,
    default_user_limit: i64,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "update usage set used_bytes = used_bytes + $3, reserved_bytes = reserved_bytes + $4
         where ((owner_kind = 'library' and owner_id = $1) or (owner_kind = 'user' and owner_id = $2))
           and ($3 + $4 <= 0 or coalesce(quota_bytes, case owner_kind when 'library' then $5 else $6 end) < 0
                or used_bytes + reserved_bytes + $3 + $4
                    <= coalesce(quota_bytes, case owner_kind when 'library' then $5 else $6 end))
         returning owner_kind",
    )
    .bind(library)
    .bind(user)
    .bind(delta.used_bytes)
    .bind(delta.reserved_bytes)
    .bind(default_library_limit)
    .bind(default_user_limit)
    .fetch_all(&mut **tx)
    .await?)
}

async fn update(tx: &mut Tx, owner: Owner<'_>, delta: Delta, default_limit: Option<i64>) -> Result<bool> {
    let updated = sqlx::query(
        "update usage set used_bytes = used_bytes + $3, reserved_bytes = reserved_bytes + $4
         where owner_kind = $1 and owner_id = $2
           and ($5 = 0 or $3 + $4 <= 0 or coalesce(quota_bytes, $6) < 0
                or used_bytes + reserved_bytes + $3 + $4 <= coalesce(quota_bytes, $6))",
    )
    .bind(owner.kind())
    .bind(owner.id())
    .bind(delta.used_bytes)
    .bind(delta.reserved_bytes)
    .bind(i64::from(default_limit.is_some()))
    .bind(default_limit.unwrap_or(-1))
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// How much `owner` keeps.
pub async fn find<'c>(db: impl Executor<'c, Database = Any>, owner: Owner<'_>) -> Result<Usage> {
    let row = sqlx::query_as(
        "select used_bytes, reserved_bytes, quota_bytes from usage where owner_kind = $1 and owner_id = $2",
    )
    .bind(owner.kind())
    .bind(owner.id())
    .fetch_optional(db)
    .await?;
    Ok(row.unwrap_or_default())
}

/// Lists the libraries that are not in the trash, or all people, by name, with how much they keep.
pub async fn list(db: &AnyPool, of_libraries: bool) -> Result<Vec<(String, String, i64, i64, Option<i64>)>> {
    let statement = match of_libraries {
        true => {
            "select f.id, f.name, coalesce(u.used_bytes, 0), coalesce(u.reserved_bytes, 0), u.quota_bytes
             from folders f left join usage u on u.owner_kind = 'library' and u.owner_id = f.id
             where f.parent_id is null and f.trashed_at is null order by f.name_key, f.id"
        }
        false => {
            "select p.id, p.display_name, coalesce(u.used_bytes, 0), coalesce(u.reserved_bytes, 0), u.quota_bytes
             from users p left join usage u on u.owner_kind = 'user' and u.owner_id = p.id order by p.name_key"
        }
    };
    Ok(sqlx::query_as(statement).fetch_all(db).await?)
}

/// Sets how much `owner` may keep: `None` what the settings say, -1 any amount.
pub async fn update_quota(tx: &mut Tx, owner: Owner<'_>, quota_bytes: Option<i64>) -> Result<()> {
    let quota_text = quota_bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    sqlx::query(
        "insert into usage (owner_kind, owner_id, quota_bytes) values ($1, $2, cast(nullif($3, '') as bigint))
         on conflict (owner_kind, owner_id) do update set quota_bytes = excluded.quota_bytes",
    )
    .bind(owner.kind())
    .bind(owner.id())
    .bind(quota_text)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What all versions of a document and of what is attached to it count.
pub async fn size_of_document(tx: &mut Tx, id: &DocumentId) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "select cast(coalesce(sum(v.size_bytes + v.unlocked_bytes), 0) as bigint)
         from documents d join versions v on v.document_id = d.id where d.id = $1 or d.attached_to = $1",
    )
    .bind(id)
    .fetch_one(&mut **tx)
    .await?)
}

/// What all versions in a folder and below it count, also in the trash.
pub async fn size_below(tx: &mut Tx, id: &FolderId) -> Result<i64> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        " select cast(coalesce(sum(v.size_bytes + v.unlocked_bytes), 0) as bigint)
         from below join documents d on d.folder_id = below.id join versions v on v.document_id = d.id"
    ))
    .bind(id)
    .fetch_one(&mut **tx)
    .await?)
}

/// Compares all rows with the versions and uploads, in one statement and so at one moment; lists what differs.
pub async fn list_differences(db: &AnyPool) -> Result<Vec<Difference>> {
    Ok(sqlx::query_as(
        "with recursive tree(id, library_id) as (
            select f.id, f.id from folders f where f.parent_id is null
            union all select f.id, tree.library_id from tree join folders f on f.parent_id = tree.id),
         parts(owner_kind, owner_id, stored_used, stored_reserved, used, reserved) as (
            select owner_kind, owner_id, used_bytes, reserved_bytes, 0, 0 from usage
            union all select 'user', v.author_id, 0, 0, v.size_bytes + v.unlocked_bytes, 0 from versions v
            union all select 'library', tree.library_id, 0, 0, v.size_bytes + v.unlocked_bytes, 0
            from tree join documents d on d.folder_id = tree.id join versions v on v.document_id = d.id
            union all select 'user', user_id, 0, 0, 0, reserved_bytes from uploads where reserved_bytes > 0
            union all select 'library', library_id, 0, 0, 0, reserved_bytes from uploads where reserved_bytes > 0)
         select owner_kind, owner_id, cast(sum(stored_used) as bigint) as used_bytes,
                cast(sum(stored_reserved) as bigint) as reserved_bytes, cast(sum(used) as bigint) as true_used_bytes,
                cast(sum(reserved) as bigint) as true_reserved_bytes
         from parts group by owner_kind, owner_id
         having sum(stored_used) <> sum(used) or sum(stored_reserved) <> sum(reserved)
         order by owner_kind, owner_id",
    )
    .fetch_all(db)
    .await?)
}

/// Moves a row by what was found to differ. What changed since then stays counted.
pub async fn correct(tx: &mut Tx, difference: &Difference) -> Result<()> {
    sqlx::query(
        "insert into usage (owner_kind, owner_id, used_bytes, reserved_bytes) values ($1, $2, $3, $4)
         on conflict (owner_kind, owner_id) do update set used_bytes = usage.used_bytes + excluded.used_bytes,
            reserved_bytes = usage.reserved_bytes + excluded.reserved_bytes",
    )
    .bind(&difference.owner_kind)
    .bind(&difference.owner_id)
    .bind(difference.true_used_bytes - difference.used_bytes)
    .bind(difference.true_reserved_bytes - difference.reserved_bytes)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what a library kept that is gone for good.
pub async fn delete_library(tx: &mut Tx, id: &FolderId) -> Result<()> {
    sqlx::query("delete from usage where owner_kind = 'library' and owner_id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}
