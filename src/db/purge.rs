//! All tables that know of a document or a folder: how is everything about them removed? The bytes themselves are not here:
//! what nothing refers to any more is collected from the store later.

use sqlx::{Any, Executor};

use crate::{
    db::{
        Tx, joined,
        uploads::{self, Reservation},
    },
    error::Result,
    ids::{DocumentId, FolderId, UploadId, UserId},
};

/// What is remembered of a document that is deleted for good.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Remains {
    pub id: DocumentId,
    pub folder_id: FolderId,
    pub name: String,
    pub attached_to: Option<DocumentId>,
    pub version_count: i64,
    pub size_bytes: i64,
    /// Of the newest version; a page may have none.
    pub sha256: Option<String>,
}

/// Lists documents in a folder and below it, without what is attached to them.
pub async fn list_below<'c>(
    db: impl Executor<'c, Database = Any>,
    folder: &FolderId,
    limit: i64,
) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        below!(),
        " select d.id from below join documents d on d.folder_id = below.id where d.attached_to is null limit $2"
    ))
    .bind(folder)
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists what is attached to documents (at most [`crate::db::JOIN_MAX`]).
pub async fn list_attached<'c>(
    db: impl Executor<'c, Database = Any>,
    ids: &[DocumentId],
    limit: i64,
) -> Result<Vec<DocumentId>> {
    Ok(sqlx::query_scalar(concat!(
        "with recursive ",
        wanted!(),
        " select d.id from wanted join documents d on d.attached_to = wanted.id limit $2"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lists what is to be remembered of documents (at most [`crate::db::JOIN_MAX`]).
pub async fn list_remains(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<Remains>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select d.id, d.folder_id, d.name, d.attached_to,
                (select count(*) from versions v where v.document_id = d.id) as version_count,
                (select cast(coalesce(sum(v.size_bytes + v.unlocked_bytes), 0) as bigint)
                 from versions v where v.document_id = d.id) as size_bytes,
                (select v.sha256 from versions v where v.document_id = d.id and v.number = d.head) as sha256
         from wanted join documents d on d.id = wanted.id order by wanted.n"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(&mut **tx)
    .await?)
}

/// What the versions of documents count, by author in the order of ids.
pub async fn sizes_by_author(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<(UserId, i64)>> {
    Ok(sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " select v.author_id, cast(sum(v.size_bytes + v.unlocked_bytes) as bigint)
         from wanted join versions v on v.document_id = wanted.id group by v.author_id order by v.author_id"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(&mut **tx)
    .await?)
}

/// Removes previews that only versions of these documents are shown from, and the jobs that wait to make them.
pub async fn delete_previews(tx: &mut Tx, ids: &[DocumentId]) -> Result<()> {
    let deleted: Vec<(String, String)> = sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " delete from previews where (content_id, media_type) in (
            select v.content_id, v.media_type from wanted join versions v on v.document_id = wanted.id
            union select v.unlocked_id, v.media_type from wanted join versions v on v.document_id = wanted.id
            where v.unlocked_id is not null)
         and not exists (select 1 from versions other where other.content_id = previews.content_id
            and other.media_type = previews.media_type and other.document_id not in (select id from wanted))
         and not exists (select 1 from versions other where other.unlocked_id = previews.content_id
            and other.media_type = previews.media_type and other.document_id not in (select id from wanted))
         returning content_id, media_type"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(&mut **tx)
    .await?;
    forget_preparing(tx, &deleted).await
}

/// Forgets what contents are made of that only versions of these documents have, and the jobs that wait to find that out.
pub async fn delete_content_facts(tx: &mut Tx, ids: &[DocumentId]) -> Result<()> {
    let ids = joined(ids.iter().map(DocumentId::as_str));
    for statement in [
        concat!(
            "with recursive ",
            wanted!(),
            only!(),
            " delete from content_chunks where content_id in (select id from sole)"
        ),
        concat!(
            "with recursive ",
            wanted!(),
            only!(),
            " delete from jobs where key in (select id from sole) and state = 'waiting'
             and kind in ('hash_content', 'list_chunks')"
        ),
    ] {
        sqlx::query(statement).bind(&ids).execute(&mut **tx).await?;
    }
    Ok(())
}

/// The same of one content, unless a version has it.
pub async fn delete_unused_facts(tx: &mut Tx, content_id: &str) -> Result<()> {
    super::content_chunks::delete_unused(tx, content_id).await?;
    sqlx::query(
        "delete from jobs where key = $1 and state = 'waiting' and kind in ('hash_content', 'list_chunks')
         and not exists (select 1 from versions v where v.content_id = $1)",
    )
    .bind(content_id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the preview of a content that no version has any more, and the jobs that wait to make it.
pub async fn delete_unused_preview(tx: &mut Tx, content_id: &str, media_type: &str) -> Result<()> {
    let deleted: Vec<(String, String)> = sqlx::query_as(
        "delete from previews where content_id = $1 and media_type = $2
         and not exists (select 1 from versions v where v.content_id = $1 and v.media_type = $2)
         and not exists (select 1 from versions v where v.unlocked_id = $1 and v.media_type = $2)
         returning content_id, media_type",
    )
    .bind(content_id)
    .bind(media_type)
    .fetch_all(&mut **tx)
    .await?;
    forget_preparing(tx, &deleted).await
}

async fn forget_preparing(tx: &mut Tx, previews: &[(String, String)]) -> Result<()> {
    for (content_id, media_type) in previews {
        sqlx::query(
            "delete from jobs where key = $1 and state = 'waiting'
             and kind in ('prepare_content', 'read_text', 'recognise_text')",
        )
        .bind(format!("{content_id} {media_type}"))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Removes uploads into documents; returns them with what they had reserved. Those that became documents are cancelled
/// ([`uploads::cancel_finished`](super::uploads::cancel_finished)).
pub async fn delete_uploads(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<(UploadId, Reservation)>> {
    let rows: Vec<(UploadId, Option<FolderId>, UserId, i64)> = sqlx::query_as(concat!(
        "with recursive ",
        wanted!(),
        " delete from uploads where document_id in (select id from wanted) or attached_to in (select id from wanted)
         returning id, library_id, user_id, reserved_bytes"
    ))
    .bind(joined(ids.iter().map(DocumentId::as_str)))
    .fetch_all(&mut **tx)
    .await?;
    uploads::cancel_finished(tx, ids).await?;
    Ok(rows.into_iter().map(reservation).collect())
}

/// Removes everything else that says something of documents, and the documents.
pub async fn delete_documents(tx: &mut Tx, ids: &[DocumentId]) -> Result<()> {
    let ids = joined(ids.iter().map(DocumentId::as_str));
    for statement in [
        concat!(
            "with recursive ",
            wanted!(),
            rooms!(),
            " delete from room_updates where room in (select room from named)"
        ),
        concat!(
            "with recursive ",
            wanted!(),
            rooms!(),
            " delete from room_segments where room in (select room from named)"
        ),
        concat!(
            "with recursive ",
            wanted!(),
            rooms!(),
            " delete from room_snapshots where room in (select room from named)"
        ),
        concat!("with recursive ", wanted!(), rooms!(), " delete from rooms where room in (select room from named)"),
        concat!(
            "with recursive ",
            wanted!(),
            rooms!(),
            " delete from jobs where key in (select room from named) and state = 'waiting'
             and kind in ('compact_room', 'index_room', 'mirror_notes', 'save_page')"
        ),
        concat!(
            "with recursive ",
            wanted!(),
            " delete from annotation_messages where document_id in (select id from wanted)"
        ),
        concat!("with recursive ", wanted!(), " delete from annotations where document_id in (select id from wanted)"),
        concat!(
            "with recursive ",
            wanted!(),
            " delete from document_properties where document_id in (select id from wanted)"
        ),
        concat!(
            "with recursive ",
            wanted!(),
            " delete from document_tags where document_id in (select id from wanted)"
        ),
        concat!("with recursive ", wanted!(), " delete from grants where scope_id in (select id from wanted)"),
        concat!("with recursive ", wanted!(), " delete from dav_locks where node_id in (select id from wanted)"),
        concat!("with recursive ", wanted!(), " delete from dav_properties where node_id in (select id from wanted)"),
        concat!("with recursive ", wanted!(), " delete from dav_overlay where document_id in (select id from wanted)"),
        concat!("with recursive ", wanted!(), " delete from versions where document_id in (select id from wanted)"),
        concat!("with recursive ", wanted!(), " delete from documents where id in (select id from wanted)"),
    ] {
        sqlx::query(statement).bind(&ids).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Removes uploads that were on their way into a folder or below it.
pub async fn delete_uploads_below(tx: &mut Tx, folder: &FolderId) -> Result<Vec<(UploadId, Reservation)>> {
    let rows: Vec<(UploadId, Option<FolderId>, UserId, i64)> = sqlx::query_as(concat!(
        "with recursive ",
        below!(),
        " delete from uploads where folder_id in (select id from below)
         returning id, library_id, user_id, reserved_bytes"
    ))
    .bind(folder)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(reservation).collect())
}

/// Removes a folder and those below it with everything that says something of them; there are no documents any more.
pub async fn delete_folders(tx: &mut Tx, folder: &FolderId) -> Result<()> {
    for statement in [
        concat!("with recursive ", below!(), " delete from dav_locks where node_id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from dav_locks where folder_id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from dav_properties where node_id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from dav_overlay where folder_id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from grants where scope_id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from trash where id in (select id from below)"),
        concat!("with recursive ", below!(), " delete from retention where library_id in (select id from below)"),
        concat!(
            "with recursive ",
            below!(),
            " delete from usage where owner_kind = 'library' and owner_id in (select id from below)"
        ),
        concat!("with recursive ", below!(), " delete from folders where id in (select id from below)"),
    ] {
        sqlx::query(statement).bind(folder).execute(&mut **tx).await?;
    }
    Ok(())
}

fn reservation(row: (UploadId, Option<FolderId>, UserId, i64)) -> (UploadId, Reservation) {
    let (id, library_id, user_id, reserved_bytes) = row;
    (id, Reservation { library_id, user_id, reserved_bytes })
}
