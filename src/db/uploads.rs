//! Table `uploads`: which files are on their way? `offset_bytes` never promises more than the store has made durable.

use std::{collections::HashMap, sync::LazyLock};

use sqlx::AnyPool;
use storage::Point;

use crate::{
    clock::Millis,
    db::{Db, Tx, joined, rows::Statements},
    error::{Error, Result},
    ids::{DocumentId, FolderId, UploadId, UserId},
};

/// An upload as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Upload {
    pub id: UploadId,
    pub user_id: UserId,
    pub folder_id: Option<FolderId>,
    pub document_id: Option<DocumentId>,
    /// The page or board that the new document is to belong to.
    pub attached_to: Option<DocumentId>,
    pub name: String,
    pub note: String,
    /// `Upload-Metadata` as it was sent; empty: it began before that was kept.
    pub metadata: String,
    /// `None`: the client does not know yet.
    pub size_bytes: Option<i64>,
    pub offset_bytes: i64,
    /// With the offset it names the state in the store.
    pub state_token: i64,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub finished_document_id: Option<DocumentId>,
    pub finished_version: Option<i64>,
    /// Where its bytes are reserved; `None`: it began before that was done.
    pub library_id: Option<FolderId>,
    pub reserved_bytes: i64,
    /// Not in the table.
    #[sqlx(skip)]
    pub standing: Standing,
}

/// Who knows of an upload?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It has a row.
    #[default]
    Written,
    /// There is no row yet: its address says everything.
    Announced,
    /// Only the request that begins it and is to bring it whole.
    Coming,
}

/// The version that a cancelled upload became. Its row stays for as long as its address would be good without.
const CANCELLED: i64 = 0;

impl Upload {
    /// Whether the table has it.
    pub fn is_written(&self) -> bool {
        self.standing == Standing::Written
    }

    /// Where it can go on.
    pub fn point(&self) -> Point {
        point(self.offset_bytes, self.state_token)
    }
}

/// What an upload has reserved, and whose.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Reservation {
    pub library_id: Option<FolderId>,
    pub user_id: UserId,
    pub reserved_bytes: i64,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let before =
        "insert into uploads (id, user_id, folder_id, document_id, name, note, size_bytes, created_at, expires_at,
                                       attached_to, library_id, reserved_bytes, offset_bytes, finished_document_id,
                                       finished_version, metadata)";
    Statements::new(before, 16, "")
});

static FINISH: LazyLock<Statements> = LazyLock::new(|| {
    let after = ")
        update uploads set offset_bytes = done.size, size_bytes = done.size, reserved_bytes = 0,
            finished_document_id = done.document, finished_version = done.version
        from done where uploads.id = done.upload and finished_version is null and reserved_bytes = done.reserved
        returning id, received_bytes";
    Statements::new("with done(upload, reserved, size, document, version) as (", 5, after)
});

/// Adds uploads; 409 when another node wrote one of them.
pub async fn insert_all(tx: &mut Tx, uploads: &[Upload]) -> Result<()> {
    for (statement, uploads) in INSERT.pieces(uploads) {
        let mut query = sqlx::query(statement);
        for upload in uploads {
            query = query
                .bind(&upload.id)
                .bind(&upload.user_id)
                .bind(&upload.folder_id)
                .bind(&upload.document_id)
                .bind(&upload.name)
                .bind(&upload.note)
                .bind(upload.size_bytes)
                .bind(upload.created_at)
                .bind(upload.expires_at)
                .bind(&upload.attached_to)
                .bind(&upload.library_id)
                .bind(upload.reserved_bytes)
                .bind(upload.offset_bytes)
                .bind(&upload.finished_document_id)
                .bind(upload.finished_version)
                .bind(&upload.metadata);
        }
        query.execute(&mut **tx).await.map_err(|error| match error.as_database_error() {
            Some(known) if known.is_unique_violation() => finished_elsewhere().because(error),
            _ => error.into(),
        })?;
    }
    Ok(())
}

/// 409: another node wrote to the upload, or finished it, or it was cancelled. What was written for it is taken back.
pub fn finished_elsewhere() -> Error {
    Error::conflict("upload_offset_mismatch", "this upload was written to, finished or cancelled elsewhere")
}

/// Notes that an upload without a row is none any more, as long as its address would be good.
pub async fn insert_cancelled(tx: &mut Tx, upload: &Upload) -> Result<()> {
    let nothing = Upload {
        name: String::new(),
        note: String::new(),
        metadata: String::new(),
        offset_bytes: 0,
        reserved_bytes: 0,
        finished_document_id: None,
        finished_version: Some(CANCELLED),
        ..upload.clone()
    };
    insert_all(tx, &[nothing]).await
}

/// Cancels the uploads that became documents which are to be gone for good: nothing of them is to come back.
pub async fn cancel_finished(tx: &mut Tx, documents: &[DocumentId]) -> Result<()> {
    sqlx::query(concat!(
        "with recursive ",
        wanted!(),
        " update uploads set finished_document_id = null, finished_version = $2, name = '', note = '', metadata = ''
         where finished_document_id in (select id from wanted)"
    ))
    .bind(joined(documents.iter().map(DocumentId::as_str)))
    .bind(CANCELLED)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds an upload of `user`; nobody sees another's.
pub async fn find(db: &AnyPool, id: &UploadId, user: &UserId) -> Result<Option<Upload>> {
    Ok(sqlx::query_as(
        "select id, user_id, folder_id, document_id, attached_to, name, note, metadata, size_bytes, offset_bytes, state_token, created_at, expires_at,
                finished_document_id, finished_version, library_id, reserved_bytes
         from uploads where id = $1 and user_id = $2 and (finished_version is null or finished_version > 0)",
    )
    .bind(id)
    .bind(user)
    .fetch_optional(db)
    .await?)
}

/// Tells whether an upload is there, or was and is cancelled.
pub async fn exists(db: &AnyPool, id: &UploadId) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("select created_at from uploads where id = $1").bind(id).fetch_optional(db).await?;
    Ok(found.is_some())
}

/// Sets the length of an upload that was created without; `false` when it has one.
pub async fn update_size(tx: &mut Tx, id: &UploadId, size_bytes: i64) -> Result<bool> {
    let updated = sqlx::query("update uploads set size_bytes = $2 where id = $1 and size_bytes is null")
        .bind(id)
        .bind(size_bytes)
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected() == 1)
}

/// Moves the upload from one durable state to the next; `false` when it is not at `from` any more: somebody else has
/// written.
pub async fn update_point(tx: &mut Tx, id: &UploadId, from: Point, to: Point, expires_at: Millis) -> Result<bool> {
    let updated = sqlx::query(
        "update uploads set offset_bytes = $4, state_token = $5, expires_at = $6
         where id = $1 and offset_bytes = $2 and state_token = $3 and finished_version is null",
    )
    .bind(id)
    .bind(from.offset as i64)
    .bind(from.token as i64)
    .bind(to.offset as i64)
    .bind(to.token as i64)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Lets an unfinished upload that has not expired at `now` rest until `expires_at`; `false` when there is none.
pub async fn extend(db: &Db, id: &UploadId, now: Millis, expires_at: Millis) -> Result<bool> {
    let mut tx = db.begin().await?;
    let updated = sqlx::query(
        "update uploads set expires_at = $3 where id = $1 and expires_at > $2 and finished_version is null",
    )
    .bind(id)
    .bind(now)
    .bind(expires_at)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(updated.rows_affected() == 1)
}

/// Counts a chunk of `size_bytes` that came; `false` when the upload would have more than `most_bytes`, or is finished.
pub async fn add_received(
    tx: &mut Tx,
    id: &UploadId,
    size_bytes: i64,
    most_bytes: i64,
    expires_at: Millis,
) -> Result<bool> {
    let updated = sqlx::query(
        "update uploads set received_bytes = received_bytes + $2, expires_at = $4
         where id = $1 and received_bytes + $2 <= $3 and finished_version is null",
    )
    .bind(id)
    .bind(size_bytes)
    .bind(most_bytes)
    .bind(expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// What an upload became.
pub struct Done<'a> {
    pub upload: &'a UploadId,
    /// What it is thought to have reserved.
    pub reserved_bytes: i64,
    pub size_bytes: i64,
    pub document: &'a DocumentId,
    pub version: i64,
}

/// Notes what uploads became; tells of each how many bytes came for it as chunks. Those that are missing in the answer are
/// finished already or cancelled, or have reserved something else.
pub async fn finish_all(tx: &mut Tx, done: &[Done<'_>]) -> Result<HashMap<UploadId, i64>> {
    let mut finished = HashMap::with_capacity(done.len());
    for (statement, done) in FINISH.pieces(done) {
        let mut query = sqlx::query_as::<_, (UploadId, i64)>(statement);
        for one in done {
            query = query
                .bind(one.upload)
                .bind(one.reserved_bytes)
                .bind(one.size_bytes)
                .bind(one.document)
                .bind(one.version);
        }
        finished.extend(query.fetch_all(&mut **tx).await?);
    }
    Ok(finished)
}

/// Notes how much is reserved for an upload.
pub async fn update_reserved(tx: &mut Tx, id: &UploadId, reserved_bytes: i64) -> Result<()> {
    sqlx::query("update uploads set reserved_bytes = $2 where id = $1")
        .bind(id)
        .bind(reserved_bytes)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Locks the row of an upload that is not finished and tells what it has reserved.
pub async fn lock_reservation(tx: &mut Tx, id: &UploadId) -> Result<Option<Reservation>> {
    Ok(sqlx::query_as(
        "update uploads set reserved_bytes = reserved_bytes where id = $1 and finished_version is null
         returning library_id, user_id, reserved_bytes",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Removes an upload that has expired at `now`; tells what it had reserved.
pub async fn delete_expired(tx: &mut Tx, id: &UploadId, now: Millis) -> Result<Option<Reservation>> {
    Ok(sqlx::query_as(
        "delete from uploads where id = $1 and expires_at <= $2 returning library_id, user_id, reserved_bytes",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Removes an upload; tells what it had reserved.
pub async fn delete(tx: &mut Tx, id: &UploadId) -> Result<Option<Reservation>> {
    Ok(sqlx::query_as("delete from uploads where id = $1 returning library_id, user_id, reserved_bytes")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Lists uploads that have expired at `now`.
pub async fn list_expired(db: &AnyPool, now: Millis, limit: i64) -> Result<Vec<UploadId>> {
    Ok(sqlx::query_scalar("select id from uploads where expires_at <= $1 order by expires_at limit $2")
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await?)
}

/// When the next upload expires.
pub async fn next_expiry(tx: &mut Tx) -> Result<Option<Millis>> {
    Ok(sqlx::query_scalar("select min(expires_at) from uploads").fetch_one(&mut **tx).await?)
}

/// Lists unfinished uploads after `after` with their durable states.
pub async fn list_unfinished(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<(UploadId, Point)>> {
    let found: Vec<(UploadId, i64, i64)> = sqlx::query_as(
        "select id, offset_bytes, state_token from uploads
         where id > $1 and finished_version is null order by id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|(id, offset, token)| (id, point(offset, token))).collect())
}

/// The durable state of an upload; `None` when it is finished or gone.
pub async fn find_point(db: &AnyPool, id: &UploadId) -> Result<Option<Point>> {
    let found: Option<(i64, i64)> =
        sqlx::query_as("select offset_bytes, state_token from uploads where id = $1 and finished_version is null")
            .bind(id)
            .fetch_optional(db)
            .await?;
    Ok(found.map(|(offset, token)| point(offset, token)))
}

fn point(offset: i64, token: i64) -> Point {
    Point { offset: offset as u64, token: token as u64 }
}

/// Tells whether an upload may still go on.
pub async fn is_unfinished(db: &AnyPool, id: &UploadId) -> Result<bool> {
    Ok(find_point(db, id).await?.is_some())
}
