//! Table `versions`: what was a document at each time? Of a row only the note changes, and once what it is shown from.

use std::sync::LazyLock;

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, rows::Statements},
    error::Result,
    ids::{DocumentId, UserId},
};

/// A version as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Version {
    pub document_id: DocumentId,
    pub number: i64,
    /// What the store knows the content by, in hex.
    pub content_id: String,
    pub size_bytes: i64,
    /// Hex; empty as long as it is not computed.
    pub sha256: String,
    pub media_type: String,
    pub author_id: UserId,
    pub note: String,
    pub created_at: Millis,
    /// Of a page: the last journal entry that the version contains.
    pub room_seq: Option<i64>,
    /// Of a protected file that somebody opened: the content without its password.
    pub unlocked_id: Option<String>,
}

impl Version {
    /// The content that pages and text are made from.
    pub fn shown_id(&self) -> &str {
        self.unlocked_id.as_deref().unwrap_or(&self.content_id)
    }
}

/// A version with what a list shows beside it.
#[derive(Debug, sqlx::FromRow)]
pub struct ListedVersion {
    #[sqlx(flatten)]
    pub version: Version,
    pub author_name: String,
    pub preview_state: Option<String>,
    pub preview_code: Option<String>,
    pub preview_message: Option<String>,
}

/// Where a content is used.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Use {
    pub document_id: DocumentId,
    pub number: i64,
    pub document_name: String,
}

/// Adds a version. What was opened once stays open when the same content comes back: returns the size of that.
pub async fn insert(tx: &mut Tx, version: &Version) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "insert into versions (document_id, number, content_id, size_bytes, sha256, media_type, author_id, note,
                               created_at, room_seq, unlocked_id, unlocked_bytes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                 (select max(w.unlocked_id) from versions w where w.document_id = $1 and w.content_id = $3),
                 (select coalesce(max(w.unlocked_bytes), 0) from versions w where w.document_id = $1 and w.content_id = $3))
         returning unlocked_bytes",
    )
    .bind(&version.document_id)
    .bind(version.number)
    .bind(&version.content_id)
    .bind(version.size_bytes)
    .bind(&version.sha256)
    .bind(&version.media_type)
    .bind(&version.author_id)
    .bind(&version.note)
    .bind(version.created_at)
    .bind(version.room_seq)
    .fetch_one(&mut **tx)
    .await?)
}

static INSERT_FIRST: LazyLock<Statements> = LazyLock::new(|| {
    let before =
        "insert into versions (document_id, number, content_id, size_bytes, sha256, media_type, author_id, note,
                                        created_at, room_seq)";
    Statements::new(before, 10, "")
});

/// Adds first versions.
pub async fn insert_first(tx: &mut Tx, versions: &[Version]) -> Result<()> {
    for (statement, versions) in INSERT_FIRST.pieces(versions) {
        let mut query = sqlx::query(statement);
        for version in versions {
            query = query
                .bind(&version.document_id)
                .bind(version.number)
                .bind(&version.content_id)
                .bind(version.size_bytes)
                .bind(&version.sha256)
                .bind(&version.media_type)
                .bind(&version.author_id)
                .bind(&version.note)
                .bind(version.created_at)
                .bind(version.room_seq);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// The SHA-256 of a content that is known already.
pub async fn find_sha256(tx: &mut Tx, content_id: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("select sha256 from versions where content_id = $1 and sha256 <> '' limit 1")
        .bind(content_id)
        .fetch_optional(&mut **tx)
        .await?)
}

/// Tells the SHA-256 of a content; returns the versions that did not have it.
pub async fn update_sha256(tx: &mut Tx, content_id: &str, sha256: &str) -> Result<Vec<(DocumentId, i64)>> {
    Ok(sqlx::query_as(
        "update versions set sha256 = $2 where content_id = $1 and sha256 = '' returning document_id, number",
    )
    .bind(content_id)
    .bind(sha256)
    .fetch_all(&mut **tx)
    .await?)
}

/// Finds a version by its number.
pub async fn find(db: &AnyPool, document: &DocumentId, number: i64) -> Result<Option<Version>> {
    Ok(sqlx::query_as(
        "select document_id, number, content_id, size_bytes, sha256, media_type, author_id, note, created_at, room_seq,
                unlocked_id
         from versions where document_id = $1 and number = $2",
    )
    .bind(document)
    .bind(number)
    .fetch_optional(db)
    .await?)
}

/// Lists the versions of a document before number `before`, newest first.
pub async fn list(db: &AnyPool, document: &DocumentId, before: i64, limit: i64) -> Result<Vec<ListedVersion>> {
    Ok(sqlx::query_as(
        "select v.document_id, v.number, v.content_id, v.size_bytes, v.sha256, v.media_type, v.author_id, v.note,
                v.created_at, v.room_seq, v.unlocked_id, author.display_name as author_name,
                p.state as preview_state, p.code as preview_code, p.message as preview_message
         from versions v
         join users author on author.id = v.author_id
         left join previews p on p.content_id = coalesce(v.unlocked_id, v.content_id) and p.media_type = v.media_type
         where v.document_id = $1 and v.number < $2
         order by v.number desc limit $3",
    )
    .bind(document)
    .bind(before)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Locks a version until the transaction ends; `false` when it is gone. What is made of it refers to its content without
/// having written it, so the two must be there at one moment.
pub async fn lock(tx: &mut Tx, document: &DocumentId, number: i64) -> Result<bool> {
    let done = sqlx::query("update versions set note = note where document_id = $1 and number = $2")
        .bind(document)
        .bind(number)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists the versions that have a content, as uploaded or as what they are shown from.
pub async fn list_uses(db: &AnyPool, content_id: &str) -> Result<Vec<Use>> {
    Ok(sqlx::query_as(
        "select v.document_id, v.number, d.name as document_name
         from versions v join documents d on d.id = v.document_id
         where v.content_id = $1 or v.unlocked_id = $1
         order by v.document_id, v.number",
    )
    .bind(content_id)
    .fetch_all(db)
    .await?)
}

/// How many versions there are.
pub async fn count(db: &AnyPool) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from versions").fetch_one(db).await?)
}

/// The newest version of `media_type` that contains nothing after journal entry `seq`.
pub async fn find_before_entry(db: &AnyPool, page: &DocumentId, seq: i64, media_type: &str) -> Result<Option<Version>> {
    Ok(sqlx::query_as(
        "select document_id, number, content_id, size_bytes, sha256, media_type, author_id, note, created_at, room_seq,
                unlocked_id
         from versions where document_id = $1 and room_seq <= $2 and media_type = $3
         order by room_seq desc, number desc limit 1",
    )
    .bind(page)
    .bind(seq)
    .bind(media_type)
    .fetch_optional(db)
    .await?)
}

/// A version of a page as a point of its history.
#[derive(Debug, sqlx::FromRow)]
pub struct Moment {
    pub number: i64,
    pub room_seq: i64,
    pub note: String,
    pub author_id: UserId,
    pub author_name: String,
    pub created_at: Millis,
}

/// Lists the versions of a page that end between two journal entries (both included), newest first.
pub async fn list_moments(
    db: &AnyPool,
    page: &DocumentId,
    from_seq: i64,
    to_seq: i64,
    limit: i64,
) -> Result<Vec<Moment>> {
    Ok(sqlx::query_as(
        "select v.number, v.room_seq, v.note, v.author_id, author.display_name as author_name, v.created_at
         from versions v join users author on author.id = v.author_id
         where v.document_id = $1 and v.room_seq between $2 and $3
         order by v.room_seq desc, v.number desc limit $4",
    )
    .bind(page)
    .bind(from_seq)
    .bind(to_seq)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Changes what is said about a version. False when there is no such version.
pub async fn update_note(tx: &mut Tx, document: &DocumentId, number: i64, note: &str) -> Result<bool> {
    let done = sqlx::query("update versions set note = $3 where document_id = $1 and number = $2")
        .bind(document)
        .bind(number)
        .bind(note)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a version; never the newest one.
pub async fn delete(tx: &mut Tx, document: &DocumentId, number: i64) -> Result<()> {
    sqlx::query(
        "delete from versions where document_id = $1 and number = $2
           and number <> (select d.head from documents d where d.id = $1)",
    )
    .bind(document)
    .bind(number)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records what a protected version is shown from. False when that is known already.
pub async fn update_unlocked(
    tx: &mut Tx,
    document: &DocumentId,
    number: i64,
    unlocked: &str,
    size_bytes: i64,
) -> Result<bool> {
    let done = sqlx::query(
        "update versions set unlocked_id = $3, unlocked_bytes = $4 where document_id = $1 and number = $2 and unlocked_id is null",
    )
    .bind(document)
    .bind(number)
    .bind(unlocked)
    .bind(size_bytes)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
