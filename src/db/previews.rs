//! Table `previews`: what is known of a content's pages and text? One row per content and type, made by the worker.

use std::{collections::HashSet, sync::LazyLock};

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::{Tx, rows::Statements},
    error::Result,
};

/// A preview as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Preview {
    pub content_id: String,
    pub media_type: String,
    /// `waiting`, `ready` or `failed`.
    pub state: String,
    pub code: Option<String>,
    pub message: Option<String>,
    pub page_count: Option<i64>,
    /// Content id of what pages are rendered from; `None`: there are no pages.
    pub rendition: Option<String>,
    pub rendition_type: Option<String>,
    /// Derived object with the extracted text and the page sizes; without pages as long as the state is not `ready`.
    pub text_key: Option<String>,
    /// Pages that are pictures and are read after they are shown; `None`: none are.
    pub recognise_total: Option<i64>,
    pub recognise_done: Option<i64>,
}

/// How far the recognition of a content is.
pub struct Progress<'a> {
    /// Pages that were done before.
    pub before: i64,
    pub done: i64,
    pub text_key: &'a str,
}

/// What came of preparing a content.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    pub page_count: Option<i64>,
    pub rendition: Option<String>,
    pub rendition_type: Option<String>,
    pub text_key: Option<String>,
    pub recognise_total: Option<i64>,
}

/// A preview that is not there yet.
#[derive(Clone, Debug)]
pub struct NewPreview {
    pub content_id: String,
    pub media_type: String,
    /// Why there will be none: a code and a sentence.
    pub fault: Option<(String, String)>,
}

static INSERT: LazyLock<Statements> = LazyLock::new(|| {
    let after = "on conflict (content_id, media_type) do update set updated_at = previews.updated_at where 1 = 0
                 returning content_id, media_type";
    Statements::new("insert into previews (content_id, media_type, state, code, message, updated_at)", 6, after)
});

/// Notes that contents wait for their previews, or that there will be none; returns those that were not known, by content
/// and type. `previews` names each of them once. The rows are locked in both cases, so that [`delete_unused`] sees the
/// versions that they were asked for.
pub async fn insert_all(tx: &mut Tx, previews: &[NewPreview], now: Millis) -> Result<HashSet<(String, String)>> {
    let mut inserted = HashSet::with_capacity(previews.len());
    for (statement, previews) in INSERT.pieces(previews) {
        let mut query = sqlx::query_as::<_, (String, String)>(statement);
        for preview in previews {
            let (code, message) = preview.fault.as_ref().map(|(code, message)| (code, message)).unzip();
            query = query
                .bind(&preview.content_id)
                .bind(&preview.media_type)
                .bind(if preview.fault.is_some() { "failed" } else { "waiting" })
                .bind(code)
                .bind(message)
                .bind(now);
        }
        inserted.extend(query.fetch_all(&mut **tx).await?);
    }
    Ok(inserted)
}

/// Finds the preview of a content.
pub async fn find(db: &AnyPool, content_id: &str, media_type: &str) -> Result<Option<Preview>> {
    Ok(sqlx::query_as(
        "select content_id, media_type, state, code, message, page_count, rendition, rendition_type, text_key,
                recognise_total, recognise_done
         from previews where content_id = $1 and media_type = $2",
    )
    .bind(content_id)
    .bind(media_type)
    .fetch_optional(db)
    .await?)
}

/// Records that the preview is there.
pub async fn update_ready(
    tx: &mut Tx,
    content_id: &str,
    media_type: &str,
    prepared: &Prepared,
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "update previews set state = 'ready', code = null, message = null, page_count = $3, rendition = $4,
                rendition_type = $5, text_key = $6, updated_at = $7, recognise_total = $8,
                recognise_done = case when $8 is null then null else 0 end
         where content_id = $1 and media_type = $2",
    )
    .bind(content_id)
    .bind(media_type)
    .bind(prepared.page_count)
    .bind(&prepared.rendition)
    .bind(&prepared.rendition_type)
    .bind(&prepared.text_key)
    .bind(now)
    .bind(prepared.recognise_total)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records where the text of a content is that still waits for its pages; `false` when it waits no more.
pub async fn update_text(tx: &mut Tx, content_id: &str, media_type: &str, text_key: &str, now: Millis) -> Result<bool> {
    let updated = sqlx::query(
        "update previews set text_key = $3, updated_at = $4
         where content_id = $1 and media_type = $2 and state = 'waiting'",
    )
    .bind(content_id)
    .bind(media_type)
    .bind(text_key)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Records that more pages were recognised; `false` when it is further already.
pub async fn update_recognised(
    tx: &mut Tx,
    content_id: &str,
    media_type: &str,
    progress: Progress<'_>,
    now: Millis,
) -> Result<bool> {
    let updated = sqlx::query(
        "update previews set recognise_done = $4, text_key = $5, updated_at = $6
         where content_id = $1 and media_type = $2 and state = 'ready' and recognise_done = $3",
    )
    .bind(content_id)
    .bind(media_type)
    .bind(progress.before)
    .bind(progress.done)
    .bind(progress.text_key)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Records why there is no preview. Text that was read before stays, and is found.
pub async fn update_failed(
    tx: &mut Tx,
    content_id: &str,
    media_type: &str,
    code: &str,
    message: &str,
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "update previews set state = 'failed', code = $3, message = $4, updated_at = $5
         where content_id = $1 and media_type = $2",
    )
    .bind(content_id)
    .bind(media_type)
    .bind(code)
    .bind(message)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the documents whose newest version is shown from that content: their state changes with the preview.
pub async fn list_documents(tx: &mut Tx, content_id: &str, media_type: &str) -> Result<Vec<crate::ids::DocumentId>> {
    Ok(sqlx::query_scalar(
        "select d.id from versions v join documents d on d.id = v.document_id and d.head = v.number
         where ((v.content_id = $1 and v.unlocked_id is null) or v.unlocked_id = $1) and v.media_type = $2 and d.trashed_at is null",
    )
    .bind(content_id)
    .bind(media_type)
    .fetch_all(&mut **tx)
    .await?)
}

/// Lists previews after `after` whose content no version has, by content and type.
pub async fn list_unused(db: &AnyPool, after: &(String, String), limit: i64) -> Result<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "select p.content_id, p.media_type from previews p
         where (p.content_id, p.media_type) > ($1, $2)
           and not exists (select 1 from versions v where v.content_id = p.content_id)
           and not exists (select 1 from versions v where v.unlocked_id = p.content_id)
         order by p.content_id, p.media_type limit $3",
    )
    .bind(&after.0)
    .bind(&after.1)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Removes a preview whose content no version has; `false` when one has it again. The first statement waits for whoever adds
/// such a version, the second one sees it.
pub async fn delete_unused(tx: &mut Tx, content_id: &str, media_type: &str) -> Result<bool> {
    sqlx::query("update previews set updated_at = updated_at where content_id = $1 and media_type = $2")
        .bind(content_id)
        .bind(media_type)
        .execute(&mut **tx)
        .await?;
    let deleted = sqlx::query(
        "delete from previews where content_id = $1 and media_type = $2
           and not exists (select 1 from versions v where v.content_id = $1)
           and not exists (select 1 from versions v where v.unlocked_id = $1)",
    )
    .bind(content_id)
    .bind(media_type)
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Lists contents after `after` of which there are previews.
pub async fn list_contents(db: &AnyPool, after: &str, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select distinct content_id from previews where content_id > $1 order by content_id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?)
}
