//! How do bytes from a program become a version? PUT, and what moving and copying end in.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use storage::Stored;

use crate::{
    actions::{
        add_version::NewVersion,
        create_folder::create_folder,
        create_upload::{check_size, too_large},
        disk_room::require_room,
        file_content::{add_content, add_file, replace_by_file},
        finish_upload::media_type,
        quota,
        relocate::place_document,
        restore_trash::restore_document,
        trash::{Replaced, give_way},
    },
    auth::policy::{self, Action},
    clock::Millis,
    dav::{
        Dav, conditions,
        locks::Reach,
        path::DavPath,
        programs::{Fate, fate_of, is_system_folder},
        resolve::{FolderNode, Node, Target},
        tidy::TidyDav,
    },
    db::{self, dav_overlay::Entry},
    error::{Error, Result},
    ids::{DocumentId, FolderId},
    jobs,
    names::{self, DocumentName, FolderName},
};

/// How long a client may be silent within a request.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes after which the disk is looked at again.
const ROOM_BYTES: u64 = 64 << 20;
/// Bytes of a body without a length after which it is seen whether they still fit.
const FIT_BYTES: u64 = 4 << 20;
/// How long an empty file waits for its content: programs make the file first, lock it, and then write.
pub const EMPTY_MS: Millis = 60 * 1000;
/// How long a step of saving may last before it becomes a document.
pub const SCRATCH_MS: Millis = 60 * 60 * 1000;
/// How long a document seems to have been renamed to a step of saving.
pub const AWAY_MS: Millis = 10 * 60 * 1000;
/// How long a name remembers which document was there.
pub const LEFT_MS: Millis = 60 * 1000;
/// How long notes of file managers are kept.
const JUNK_MS: Millis = 24 * 60 * 60 * 1000;

/// Largest of them.
const JUNK_MAX_BYTES: i64 = 16 << 20;

/// How content comes to a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Sent by the client.
    Put,
    /// Copied from elsewhere on the drive.
    Copy,
    /// A step of saving gets its final name.
    Saved,
}

/// What has to be under a name still when content comes to it, else 412: what was seen there when the conditions of the
/// request were checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Anything,
    /// No document that everybody sees.
    Nothing,
    /// The document with this newest version.
    Head(i64),
}

/// Where there has to be room for content.
struct Room<'a> {
    folder: &'a FolderId,
    /// Else it is kept aside, in place of the entry `except`.
    is_document: bool,
    except: Option<&'a str>,
}

/// What became of content.
pub struct Written {
    /// Whether nothing was seen under the name before.
    pub created: bool,
    pub tag: String,
    /// The document or the temporary file.
    pub node_id: String,
}

impl From<Stored> for NewVersion {
    fn from(stored: Stored) -> Self {
        NewVersion::of(&stored, "application/octet-stream")
    }
}

impl Written {
    /// 201 or 204.
    pub fn answer(&self) -> Response {
        let status = if self.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        let tag = HeaderValue::try_from(self.tag.as_str()).expect("hex is a header value");
        (status, [(header::ETAG, tag)]).into_response()
    }
}

impl Dav {
    pub async fn put(&self, path: DavPath, body: Body) -> Result<Response> {
        if self.headers.contains_key(header::CONTENT_RANGE) {
            return Err(Error::invalid("range_not_possible", "a file is written as a whole"));
        }
        let target = self.resolve(&path).await?;
        if path.is_folder || target.node.as_ref().is_some_and(Node::is_folder) {
            return Err(Error::new(StatusCode::METHOD_NOT_ALLOWED, "is_folder", "a folder has no content"));
        }
        let guard = self.guard(&target).await?;
        let name = self.allow_writing(&target).await?;
        self.require(&guard, &target, if target.node.is_some() { Reach::Content } else { Reach::Membership }).await?;
        let length = [header::CONTENT_LENGTH.as_str(), "x-expected-entity-length"]
            .iter()
            .find_map(|name| self.headers.get(*name)?.to_str().ok()?.parse::<u64>().ok());
        check_size(&self.app, length)?;
        require_room(&self.app.config)?;
        let folder = &target.folder()?.folder.id;
        let room = Room {
            folder,
            is_document: fate_of(name.as_str()) == Fate::Document,
            except: match &target.node {
                Some(Node::Temporary(entry)) => Some(entry.id.as_str()),
                _ => None,
            },
        };
        let length = length.unwrap_or_default();
        self.require_fits(&room, length).await?;
        let stored = self.receive(body, &room, length).await?;
        let manifest = self.app.store.manifest(&stored.content).await?;
        let media_type = media_type(&self.app, &manifest, name.as_str()).await?;
        // What was seen when the conditions were checked has to be there still.
        let conditional = ["if-match", "if-none-match", "if", "if-unmodified-since"];
        let is_conditional = conditional.iter().any(|name| self.headers.contains_key(*name));
        let expected = match &target.node {
            Some(Node::Document(node)) if is_conditional => Expected::Head(node.document.head),
            None if is_conditional => Expected::Nothing,
            _ => Expected::Anything,
        };
        let new = NewVersion { chunks: manifest.chunks().to_vec(), ..NewVersion::of(&stored, media_type) };
        Ok(self.write_content(&target, new, 0, expected, Arrival::Put).await?.answer())
    }

    /// Refuses to put content where the caller may not, before it is sent; the name as documents have it.
    pub async fn allow_writing(&self, target: &Target) -> Result<DocumentName> {
        let folder = target.folder()?;
        match &target.node {
            Some(Node::Document(node)) => drop(policy::check(Some(node.role), Action::Upload, &node.document)?),
            Some(Node::Page(_)) => {
                return Err(Error::forbidden("document_is_page", "a page is written in the browser"));
            }
            _ => drop(policy::check(Some(folder.role), Action::Upload, &folder.folder)?),
        }
        DocumentName::parse(&target.name)
    }

    /// Refuses `bytes` that do not fit.
    async fn require_fits(&self, room: &Room<'_>, bytes: u64) -> Result<()> {
        let (by, bytes) = (&self.caller.id, i64::try_from(bytes).unwrap_or(i64::MAX));
        if room.is_document {
            return quota::require(&self.app, room.folder, by, bytes).await;
        }
        let mut connection = self.db().acquire().await?.into();
        quota::require_aside(&self.app, &mut connection, room.folder, by, bytes, room.except).await
    }

    /// Takes the body into the store. What has come is durable when this returns; when it breaks off, nothing refers to it.
    /// For its first `fitting` bytes there is room; where there is none for what comes behind them, it ends.
    async fn receive(&self, body: Body, room: &Room<'_>, mut fitting: u64) -> Result<Stored> {
        let limit = self.app.config.upload_max_bytes;
        let mut writer = self.app.store.writer();
        let mut body = body.into_data_stream();
        let mut looked = 0;
        loop {
            let bytes = tokio::select! {
                bytes = body.next() => bytes,
                () = tokio::time::sleep(SILENCE) => {
                    return Err(Error::new(StatusCode::REQUEST_TIMEOUT, "upload_stalled", "nothing came for a minute"));
                }
                () = self.app.shutdown.cancelled() => {
                    let message = "the server stops, try again in a moment";
                    return Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "restarting", message));
                }
            };
            let Some(bytes) = bytes else { break };
            let bytes = bytes.map_err(|cause| {
                Error::invalid("connection_broken", "the connection broke within the upload").because(cause)
            })?;
            if writer.offset() + bytes.len() as u64 > limit {
                return Err(too_large(limit));
            }
            let offset = writer.offset() + bytes.len() as u64;
            if offset > fitting {
                self.require_fits(room, offset).await?;
                fitting = offset + FIT_BYTES;
            }
            writer.write(&bytes).await?;
            if writer.offset() - looked >= ROOM_BYTES {
                looked = writer.offset();
                require_room(&self.app.config)?;
            }
        }
        Ok(writer.finish().await?)
    }

    /// Puts content under a name: as a version of the document that is there or has just been there, as a document, or as a
    /// file that only its owner sees. A folder that is there goes to the trash, if the content comes. `level`: of what it was
    /// copied from. 412 when something else than `expected` is there.
    pub async fn write_content(
        &self,
        target: &Target,
        new: NewVersion,
        level: i64,
        expected: Expected,
        arrival: Arrival,
    ) -> Result<Written> {
        let (folder, name) = (target.folder()?, self.allow_writing(target).await?);
        let tag = crate::http::content::tag(&new.content_id);
        let written = |created, node_id: String| Written { created, tag: tag.clone(), node_id };
        if let Some(Node::Document(node)) = &target.node {
            let seen = match expected {
                Expected::Head(head) => Some(head),
                Expected::Anything | Expected::Nothing => None,
            };
            let added = add_content(&self.app, &self.caller, &node.document.id, seen, level, &new).await;
            added.map_err(|error| if error.code() == "document_changed" { conditions::failed() } else { error })?;
            return Ok(written(false, node.document.id.to_string()));
        }
        let temporary = match &target.node {
            Some(Node::Temporary(entry)) => Some(entry),
            _ => None,
        };
        if let Some(away) = target.absent.as_ref().filter(|absent| absent.kind == "away")
            && let Some(document) = &away.document_id
        {
            // The old bytes were put aside and the new ones come: the document goes on.
            add_content(&self.app, &self.caller, document, None, level, &new).await?;
            self.forget(&away.id).await?;
            return Ok(written(true, document.to_string()));
        }
        let is_document = fate_of(name.as_str()) == Fate::Document;
        let waits = arrival == Arrival::Put && new.size_bytes == 0;
        if !is_document || waits {
            let kept_ms = if is_document { EMPTY_MS } else { SCRATCH_MS };
            let id = self.hold_back(target, &new, level, kept_ms, None).await?;
            return Ok(written(temporary.is_none(), id));
        }
        let replaced = target.folder_node();
        let left = target.absent.as_ref().filter(|absent| absent.kind == "left" && arrival == Arrival::Saved);
        let left = left.filter(|_| replaced.is_none());
        if let Some(document) = left.and_then(|left| left.document_id.as_ref())
            && self.take_back(document, folder, &name, level, &new).await?
        {
            return Ok(written(true, document.to_string()));
        }
        let added = replace_by_file(&self.app, &self.caller, &folder.folder, &name, level, new.clone(), replaced).await;
        let id = match added {
            Ok((document, _)) => document.id,
            Err(error) if error.code() == "name_taken" && expected == Expected::Nothing => {
                return Err(conditions::failed());
            }
            // Somebody else was quicker.
            Err(error) if error.code() == "name_taken" && replaced.is_none() => {
                let other: Option<DocumentId> = error.member("document_id").and_then(|id| id.parse().ok());
                let Some(other) = other else { return Err(error) };
                match add_content(&self.app, &self.caller, &other, None, level, &new).await {
                    Ok(_) => other,
                    // A document that the caller does not see has the name.
                    Err(hidden) if hidden.status() == StatusCode::NOT_FOUND => return Err(error),
                    Err(refused) => return Err(refused),
                }
            }
            Err(error) => return Err(error),
        };
        if let Some(entry) = temporary {
            let mut tx = self.app.db.begin().await?;
            db::dav_properties::copy(&mut tx, &entry.id, id.as_str()).await?;
            db::dav_locks::update_node(&mut tx, &entry.id, id.as_str()).await?;
            db::dav_overlay::delete(&mut tx, &entry.id).await?;
            tx.commit().await?;
        }
        Ok(written(temporary.is_none(), id.to_string()))
    }

    /// Keeps content as a file that only the caller sees; returns its id. `document`: which it seems to be.
    pub async fn hold_back(
        &self,
        target: &Target,
        new: &NewVersion,
        level: i64,
        kept_ms: Millis,
        document: Option<&DocumentId>,
    ) -> Result<String> {
        let folder = target.folder()?;
        let name = self.allow_writing(target).await?;
        let is_junk = fate_of(name.as_str()) == Fate::Junk;
        if is_junk && new.size_bytes > JUNK_MAX_BYTES {
            return Err(Error::too_large(
                "file_not_kept",
                "a file of this name is not kept, and may have 16 MiB at most",
            ));
        }
        let kept_ms = if is_junk { JUNK_MS } else { kept_ms };
        let mut entry = self.entry(&folder.folder.id, name.as_str(), if is_junk { "junk" } else { "scratch" }, kept_ms);
        if let Some(Node::Temporary(before)) = &target.node {
            // What is locked and kept beside it stays with it.
            (entry.id, entry.created_at) = (before.id.clone(), before.created_at);
            // With other bytes it is no document's any more.
            if before.content_id.as_ref() == Some(&new.content_id) {
                entry.document_id = before.document_id.clone();
            }
        }
        entry.document_id = document.cloned().or(entry.document_id);
        entry.content_id = Some(new.content_id.clone());
        entry.size_bytes = new.size_bytes;
        entry.level = level;
        entry.sha256 = new.sha256.clone();
        entry.media_type = new.media_type.clone();
        self.put_entry(&entry, target.folder_node()).await?;
        Ok(entry.id)
    }

    /// Notes that a document is away from a name, or has left it.
    pub async fn note_absent(&self, folder: &FolderId, name: &str, document: &DocumentId, kind: &str) -> Result<()> {
        let kept_ms = if kind == "away" { AWAY_MS } else { LEFT_MS };
        let mut entry = self.entry(folder, name, kind, kept_ms);
        entry.document_id = Some(document.clone());
        self.put_entry(&entry, None).await
    }

    fn entry(&self, folder: &FolderId, name: &str, kind: &str, kept_ms: Millis) -> Entry {
        let now = self.app.clock.now();
        Entry {
            id: uuid::Uuid::now_v7().to_string(),
            user_id: self.caller.id.clone(),
            folder_id: folder.clone(),
            name: name.to_owned(),
            name_key: names::key(name),
            kind: kind.to_owned(),
            document_id: None,
            content_id: None,
            size_bytes: 0,
            level: 0,
            sha256: String::new(),
            media_type: String::new(),
            created_at: now,
            updated_at: now,
            expires_at: now + kept_ms,
        }
    }

    /// Puts an entry under its name, in place of a folder.
    async fn put_entry(&self, entry: &Entry, replaced: Option<&FolderId>) -> Result<()> {
        let now = self.app.clock.now();
        let mut tx = self.app.db.begin().await?;
        let takes_room = entry.size_bytes > 0 && entry.document_id.is_none();
        if takes_room || replaced.is_some() {
            db::folders::lock_tree(&mut tx).await?;
        }
        if let Some(replaced) = replaced {
            give_way(&mut tx, &self.caller.id, Replaced::Folder(replaced), &entry.folder_id, now).await?;
        }
        db::dav_overlay::put(&mut tx, entry).await?;
        if takes_room {
            quota::require_aside(&self.app, &mut tx, &entry.folder_id, &self.caller.id, 0, None).await?;
        }
        jobs::enqueue(&mut tx, &TidyDav {}, entry.expires_at, now).await?;
        tx.commit().await?;
        self.app.jobs.wake();
        Ok(())
    }

    /// Removes an entry of the overlay.
    pub async fn forget(&self, id: &str) -> Result<()> {
        let mut tx = self.app.db.begin().await?;
        db::dav_overlay::delete(&mut tx, id).await?;
        tx.commit().await
    }

    /// A program renamed or deleted a document a moment ago, and now gives its name to what it has written: the document
    /// comes back with a new version, and what it was renamed to becomes a copy of the old one. `false`: it stays where it is.
    async fn take_back(
        &self,
        id: &DocumentId,
        folder: &FolderNode,
        name: &DocumentName,
        level: i64,
        new: &NewVersion,
    ) -> Result<bool> {
        let Some(document) = db::documents::find_any(self.db(), id).await? else { return Ok(false) };
        if document.is_live() || level > document.level {
            return Ok(false);
        }
        let wanted = [Action::Upload, Action::Move, Action::Rename];
        for action in wanted.into_iter().chain(document.trashed_at.map(|_| Action::Delete)) {
            if policy::allow(&self.app.db, &self.caller, action, &document).await.is_err() {
                return Ok(false);
            }
        }
        let (app, by) = (&self.app, &self.caller);
        if document.trashed_at.is_some() {
            restore_document(app, by, id, Some(&folder.folder.id)).await?;
            let Some(document) = db::documents::find(self.db(), id).await? else { return Ok(false) };
            place_document(app, &by.id, &document, &folder.folder, Some(name), None).await?;
            add_content(app, by, id, None, level, new).await?;
            return Ok(true);
        }
        if document.folder_id == folder.folder.id && document.name_key == name.key() {
            return Ok(false);
        }
        let Some(elsewhere) = db::folders::find(self.db(), &document.folder_id).await? else { return Ok(false) };
        if policy::allow_move(&app.db, by, &document, &folder.folder).await.is_err() {
            return Ok(false);
        }
        let Some(old) = db::versions::find(self.db(), id, document.head).await? else { return Ok(false) };
        place_document(app, &by.id, &document, &folder.folder, Some(name), None).await?;
        add_content(app, by, id, None, level, new).await?;
        let copy = NewVersion::from(&old);
        add_file(app, by, &elsewhere, &DocumentName::parse(&document.name)?, document.level, copy).await?;
        Ok(true)
    }

    pub async fn make_folder(&self, path: DavPath, body: Body) -> Result<Response> {
        let body = axum::body::to_bytes(body, 1).await;
        if body.is_err() || body.is_ok_and(|body| !body.is_empty()) {
            let message = "a folder is made without a body";
            return Err(Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body_not_possible", message));
        }
        let target = self.resolve(&path).await?;
        if target.node.is_some() {
            let message = "there is something of this name already";
            return Err(Error::new(StatusCode::METHOD_NOT_ALLOWED, "name_taken", message));
        }
        let parent = target.folder()?;
        policy::check(Some(parent.role), Action::CreateFolder, &parent.folder)?;
        let guard = self.guard(&target).await?;
        self.require(&guard, &target, Reach::Membership).await?;
        if is_system_folder(&target.name) {
            return Err(Error::forbidden(
                "name_reserved",
                "folders that systems keep for themselves are not kept here",
            ));
        }
        let name = FolderName::parse(&target.name)?;
        create_folder(&self.app, &self.caller, Some(&parent.folder), &name).await?;
        Ok(StatusCode::CREATED.into_response())
    }
}
