//! Tables `annotations` and `annotation_messages`: what do the notes of documents say, and who wrote it?

use std::collections::HashMap;

use sqlx::AnyPool;

use crate::{
    clock::Millis,
    db::Tx,
    error::Result,
    ids::{DocumentId, UserId},
};

/// A thread to be written.
pub struct NewThread {
    pub id: String,
    pub quote: String,
    pub author_id: Option<UserId>,
    pub assignee_id: Option<UserId>,
    pub resolved_by: Option<UserId>,
    pub resolved_at: Option<Millis>,
    pub created_at: Millis,
    pub messages: Vec<NewMessage>,
}

/// A message to be written.
pub struct NewMessage {
    pub id: String,
    pub author_id: Option<UserId>,
    pub claimed_id: Option<UserId>,
    pub is_forged: bool,
    pub text: String,
    pub at: Millis,
    pub edited_at: Option<Millis>,
}

/// A thread with people's names.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Thread {
    pub document_id: DocumentId,
    pub id: String,
    pub quote: String,
    pub author_id: Option<UserId>,
    pub author_name: Option<String>,
    pub assignee_id: Option<UserId>,
    pub assignee_name: Option<String>,
    pub resolved_by: Option<UserId>,
    pub resolver_name: Option<String>,
    pub resolved_at: Option<Millis>,
    pub created_at: Millis,
    pub message_count: i64,
    /// What the first message says.
    pub first_text: Option<String>,
}

/// A message with people's names.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    pub thread_id: String,
    pub id: String,
    pub author_id: Option<UserId>,
    pub author_name: Option<String>,
    pub claimed_id: Option<UserId>,
    pub claimed_name: Option<String>,
    pub is_forged: i64,
    pub text: String,
    pub at: Millis,
    pub edited_at: Option<Millis>,
}

/// SQL: the columns of [`Thread`] and where they come from.
macro_rules! threads {
    () => {
        "select a.document_id, a.id, a.quote, a.author_id, author.display_name as author_name,
            a.assignee_id, assignee.display_name as assignee_name,
            a.resolved_by, resolver.display_name as resolver_name, a.resolved_at, a.created_at, a.message_count,
            opening.text as first_text
         from annotations a
         left join users author on author.id = a.author_id
         left join users assignee on assignee.id = a.assignee_id
         left join users resolver on resolver.id = a.resolved_by
         left join annotation_messages opening
            on opening.document_id = a.document_id and opening.thread_id = a.id and opening.position = 0 "
    };
}

/// Puts what a document's notes say now in the place of what they said. What is new was seen at `now`.
pub async fn replace(tx: &mut Tx, document: &DocumentId, threads: &[NewThread], now: Millis) -> Result<()> {
    let seen: Vec<(String, String, Millis)> = sqlx::query_as(
        "select id, '', seen_at from annotations where document_id = $1
         union all select thread_id, id, seen_at from annotation_messages where document_id = $1",
    )
    .bind(document)
    .fetch_all(&mut **tx)
    .await?;
    let seen: HashMap<(&str, &str), Millis> = seen.iter().map(|(id, message, at)| ((&**id, &**message), *at)).collect();
    let seen_at = |thread: &str, message: &str| seen.get(&(thread, message)).copied().unwrap_or(now);
    sqlx::query("delete from annotation_messages where document_id = $1").bind(document).execute(&mut **tx).await?;
    sqlx::query("delete from annotations where document_id = $1").bind(document).execute(&mut **tx).await?;
    for thread in threads {
        insert_thread(tx, document, thread, seen_at(&thread.id, "")).await?;
        for (position, message) in thread.messages.iter().enumerate() {
            let seen_at = seen_at(&thread.id, &message.id);
            insert_message(tx, document, &thread.id, position as i64, message, seen_at).await?;
        }
    }
    Ok(())
}

async fn insert_thread(tx: &mut Tx, document: &DocumentId, thread: &NewThread, seen_at: Millis) -> Result<()> {
    sqlx::query(
        "insert into annotations (document_id, id, quote, author_id, assignee_id, resolved_by, resolved_at, created_at,
            message_count, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(document)
    .bind(&thread.id)
    .bind(&thread.quote)
    .bind(&thread.author_id)
    .bind(&thread.assignee_id)
    .bind(&thread.resolved_by)
    .bind(thread.resolved_at)
    .bind(thread.created_at)
    .bind(thread.messages.len() as i64)
    .bind(seen_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_message(
    tx: &mut Tx,
    document: &DocumentId,
    thread: &str,
    position: i64,
    message: &NewMessage,
    seen_at: Millis,
) -> Result<()> {
    sqlx::query(
        "insert into annotation_messages (document_id, thread_id, position, id, author_id, claimed_id, is_forged, text,
            at, edited_at, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(document)
    .bind(thread)
    .bind(position)
    .bind(&message.id)
    .bind(&message.author_id)
    .bind(&message.claimed_id)
    .bind(i64::from(message.is_forged))
    .bind(&message.text)
    .bind(message.at)
    .bind(message.edited_at)
    .bind(seen_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the threads of a document after `(created_at, id)`, oldest first; `open` chooses open or resolved ones.
pub async fn list(
    db: &AnyPool,
    document: &DocumentId,
    open: Option<bool>,
    after: (Millis, &str),
    limit: i64,
) -> Result<Vec<Thread>> {
    Ok(sqlx::query_as(concat!(
        threads!(),
        "where a.document_id = $1 and (a.created_at, a.id) > ($2, $3)
            and ($4 < 0 or ($4 = 1 and a.resolved_at is null) or ($4 = 0 and a.resolved_at is not null))
         order by a.created_at, a.id limit $5"
    ))
    .bind(document)
    .bind(after.0)
    .bind(after.1)
    .bind(open.map_or(-1, i64::from))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists the messages of the document's threads from `first` to `last` (both `(created_at, id)`), in order.
pub async fn list_messages(
    db: &AnyPool,
    document: &DocumentId,
    first: (Millis, &str),
    last: (Millis, &str),
) -> Result<Vec<Message>> {
    Ok(sqlx::query_as(
        "select m.thread_id, m.id, m.author_id, author.display_name as author_name,
            m.claimed_id, claimed.display_name as claimed_name, m.is_forged, m.text, m.at, m.edited_at
         from annotations a
         join annotation_messages m on m.document_id = a.document_id and m.thread_id = a.id
         left join users author on author.id = m.author_id
         left join users claimed on claimed.id = m.claimed_id
         where a.document_id = $1 and (a.created_at, a.id) >= ($2, $3) and (a.created_at, a.id) <= ($4, $5)
         order by a.created_at, a.id, m.position",
    )
    .bind(document)
    .bind(first.0)
    .bind(first.1)
    .bind(last.0)
    .bind(last.1)
    .fetch_all(db)
    .await?)
}

/// Lists threads that wait for `user` in documents that are not in the trash, newest first, before
/// `(created_at, document, id)`. Whether the user may still read them is not looked at.
pub async fn list_assigned(
    db: &AnyPool,
    user: &UserId,
    open: Option<bool>,
    before: (Millis, &str, &str),
    limit: i64,
) -> Result<Vec<Thread>> {
    Ok(sqlx::query_as(concat!(
        threads!(),
        "join documents d on d.id = a.document_id and d.trashed_at is null
         where a.assignee_id = $1 and (a.created_at, a.document_id, a.id) < ($2, $3, $4)
            and ($5 < 0 or ($5 = 1 and a.resolved_at is null) or ($5 = 0 and a.resolved_at is not null))
         order by a.created_at desc, a.document_id desc, a.id desc limit $6"
    ))
    .bind(user)
    .bind(before.0)
    .bind(before.1)
    .bind(before.2)
    .bind(open.map_or(-1, i64::from))
    .bind(limit)
    .fetch_all(db)
    .await?)
}
