//! Tables `condemned_objects`, `damaged_objects`, `storage_reports`: what may go from the store, what is broken in it, and
//! what was found the last time?
//!
//! A row of `condemned_objects` moves in one direction only, condemned → dying → gone, each step by one guarded statement;
//! a claim takes a condemned row away instead. A dying one whose removal does not end it takes over: the run is [`RESCUED`] then. `actions/collect_garbage.rs` tells why that is safe.

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Connection, Tx},
    error::Result,
};

/// In the place of a run: no sweep ends this removal, a writer has kept the object under a second name.
const RESCUED: &str = "rescued";

/// Something that is noted about an object.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Note {
    /// `condemned`, `dying` or `damaged`.
    pub state: String,
    pub at: Millis,
    /// Dying: who removes it.
    pub run: Option<String>,
}

impl Note {
    /// Whether the object is stored under a second name as well.
    pub fn is_rescued(&self) -> bool {
        self.run.as_deref() == Some(RESCUED)
    }
}

/// An object that may go.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Condemned {
    pub key: String,
    pub state: String,
    pub at: Millis,
    pub size_bytes: i64,
    pub run: Option<String>,
}

impl Condemned {
    /// Whether the object is stored under a second name as well, and not to be removed.
    pub fn is_rescued(&self) -> bool {
        self.run.as_deref() == Some(RESCUED)
    }
}

/// An object that was found damaged.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct DamagedObject {
    pub key: String,
    pub found_at: Millis,
    /// `damaged` or `missing`.
    pub reason: String,
}

/// Everything that is noted about one object.
pub async fn find_notes(db: &mut Connection, key: &str) -> Result<Vec<Note>> {
    Ok(sqlx::query_as(
        "select state, at, run from condemned_objects where key = $1
         union all select 'damaged' as state, found_at as at, cast(null as text) as run from damaged_objects where key = $1",
    )
    .bind(key)
    .fetch_all(db)
    .await?)
}

/// Condemns an object; one that is condemned or dying already stays as it is.
pub async fn condemn(tx: &mut Tx, key: &str, size_bytes: i64, now: Millis) -> Result<()> {
    sqlx::query(
        "insert into condemned_objects (key, state, at, size_bytes) values ($1, 'condemned', $2, $3)
         on conflict (key) do nothing",
    )
    .bind(key)
    .bind(now)
    .bind(size_bytes)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a condemned object off the list; `false` when it is not condemned any more.
pub async fn release(tx: &mut Tx, key: &str) -> Result<bool> {
    let deleted = sqlx::query("delete from condemned_objects where key = $1 and state = 'condemned'")
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Takes a dying object off the list that is in this state since `at`: its removal is over, or was given up.
pub async fn bury(tx: &mut Tx, key: &str, at: Millis) -> Result<()> {
    sqlx::query("delete from condemned_objects where key = $1 and state = 'dying' and at = $2")
        .bind(key)
        .bind(at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes an object from the sweep `run` that does not end its removal; `false` when it has ended, or somebody was quicker.
pub async fn rescue(tx: &mut Tx, key: &str, run: &str, now: Millis) -> Result<bool> {
    let updated =
        sqlx::query("update condemned_objects set run = $3, at = $4 where key = $1 and state = 'dying' and run = $2")
            .bind(key)
            .bind(run)
            .bind(RESCUED)
            .bind(now)
            .execute(&mut **tx)
            .await?;
    Ok(updated.rows_affected() == 1)
}

/// Lists objects after `after` that were rescued until `until`.
pub async fn list_rescued(db: &AnyPool, after: &str, until: Millis, limit: i64) -> Result<Vec<Condemned>> {
    Ok(sqlx::query_as(
        "select key, state, at, size_bytes, run from condemned_objects
         where key > $1 and state = 'dying' and run = $2 and at <= $3 order by key limit $4",
    )
    .bind(after)
    .bind(RESCUED)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Begins the removal of an object that was condemned until `condemned_until`, or whose removal stopped before
/// `dying_until`. `false` when somebody has claimed it, or removes it.
pub async fn begin_removal(
    tx: &mut Tx,
    key: &str,
    condemned_until: Millis,
    dying_until: Millis,
    run: &str,
    now: Millis,
) -> Result<bool> {
    let updated = sqlx::query(
        "update condemned_objects set state = 'dying', at = $4, run = $5
         where key = $1
           and ((state = 'condemned' and at <= $2) or (state = 'dying' and at <= $3 and run <> $6))",
    )
    .bind(key)
    .bind(condemned_until)
    .bind(dying_until)
    .bind(now)
    .bind(run)
    .bind(RESCUED)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Takes back the removal of an object, of which nothing was sent.
pub async fn put_off_removal(tx: &mut Tx, key: &str, run: &str) -> Result<()> {
    sqlx::query(
        "update condemned_objects set state = 'condemned', run = null where key = $1 and state = 'dying' and run = $2",
    )
    .bind(key)
    .bind(run)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes off the list what `run` has removed.
pub async fn end_removal(tx: &mut Tx, key: &str, run: &str) -> Result<()> {
    sqlx::query("delete from condemned_objects where key = $1 and state = 'dying' and run = $2")
        .bind(key)
        .bind(run)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Lists what is condemned or dying between two keys.
pub async fn list_condemned(db: &AnyPool, from: &str, to: &str) -> Result<Vec<Condemned>> {
    Ok(sqlx::query_as(
        "select key, state, at, size_bytes, run from condemned_objects where key >= $1 and key < $2 order by key",
    )
    .bind(from)
    .bind(to)
    .fetch_all(db)
    .await?)
}

/// How many objects are condemned or dying, and their bytes.
pub async fn count_condemned(db: &AnyPool) -> Result<(i64, i64)> {
    Ok(sqlx::query_as(
        "select count(*), cast(coalesce(sum(size_bytes), 0) as bigint) from condemned_objects
         where run is null or run <> $1",
    )
    .bind(RESCUED)
    .fetch_one(db)
    .await?)
}

/// Notes that an object is damaged.
pub async fn insert_damaged(tx: &mut Tx, key: &str, reason: &str, now: Millis) -> Result<()> {
    sqlx::query(
        "insert into damaged_objects (key, found_at, reason) values ($1, $2, $3)
         on conflict (key) do update set reason = excluded.reason",
    )
    .bind(key)
    .bind(now)
    .bind(reason)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that an object is whole again.
pub async fn delete_damaged(tx: &mut Tx, key: &str) -> Result<()> {
    sqlx::query("delete from damaged_objects where key = $1").bind(key).execute(&mut **tx).await?;
    Ok(())
}

/// Lists damaged objects after `after`.
pub async fn list_damaged(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<DamagedObject>> {
    Ok(sqlx::query_as("select key, found_at, reason from damaged_objects where key > $1 order by key limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// Keeps the last report of a kind.
pub async fn save_report(tx: &mut Tx, kind: &str, report: &str, now: Millis) -> Result<()> {
    sqlx::query(
        "insert into storage_reports (kind, at, report) values ($1, $2, $3)
         on conflict (kind) do update set at = excluded.at, report = excluded.report",
    )
    .bind(kind)
    .bind(now)
    .bind(report)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The last report of a kind.
pub async fn find_report(db: &AnyPool, kind: &str) -> Result<Option<(Millis, String)>> {
    Ok(sqlx::query_as("select at, report from storage_reports where kind = $1").bind(kind).fetch_optional(db).await?)
}

/// Where contents are referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referrer {
    /// Files on drives that are not documents yet; before versions, which they become.
    Drives,
    /// Versions, by what was uploaded.
    Versions,
    /// Versions of protected files, by what they are shown from.
    Unlocked,
    /// Previews, by what pages are drawn from.
    Renditions,
}

impl Referrer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Drives, Self::Versions, Self::Unlocked, Self::Renditions];
}

/// Lists contents after `after` that `of` refers to, each once.
pub async fn list_roots(db: &AnyPool, of: Referrer, after: &str, limit: i64) -> Result<Vec<String>> {
    let sql = match of {
        Referrer::Drives => {
            "select distinct content_id from dav_overlay where content_id > $1 order by content_id limit $2"
        }
        Referrer::Versions => {
            "select distinct content_id from versions where content_id > $1 order by content_id limit $2"
        }
        Referrer::Unlocked => {
            "select distinct unlocked_id from versions where unlocked_id > $1 order by unlocked_id limit $2"
        }
        Referrer::Renditions => {
            "select distinct rendition from previews where rendition > $1 order by rendition limit $2"
        }
    };
    Ok(sqlx::query_scalar(sql).bind(after).bind(limit).fetch_all(db).await?)
}
