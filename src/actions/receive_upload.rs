//! Takes the bytes of one PATCH into the store. What is durable is noted as the upload's offset every now and then and at
//! the end; the last byte makes a version. The work goes on when the request is dropped, so that a broken connection
//! keeps everything that had arrived.

use std::time::{Duration, Instant};

use axum::{
    body::{Body, BodyDataStream},
    http::StatusCode,
};
use bytes::{Buf, Bytes};
use futures::StreamExt;
use indexer::media_type::HEAD_BYTES;
use storage::{Point, Writer};

use crate::{
    actions::{
        create_upload::{KEPT_MS, expires_at, too_large},
        disk_room::require_room,
        finish_upload::{Finished, finish_upload},
        quota,
        upload_address::{self, UploadAddress},
        upload_locks::UploadLock,
        upload_pace::Pace,
    },
    app::App,
    auth::policy::Caller,
    db::{
        self, Tx,
        uploads::{Standing, Upload},
    },
    error::{Error, Result},
    see_through::see_through,
};

/// After so many bytes it is looked whether there is still room for more.
const LOOK_BYTES: u64 = 32 << 20;
/// What came in this time may be lost when the server dies, or a little more. By time and not by bytes: a fast upload would
/// wait for the disk again and again, and has little to send anew; a slow one has less than [`LOOK_BYTES`].
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long a client may be silent within a request.
const SILENCE: Duration = Duration::from_secs(60);

/// What the client sends in one request.
pub struct Part {
    pub offset: u64,
    /// The total length, told only now.
    pub size_bytes: Option<u64>,
    pub checksum: Option<Checksum>,
    /// How long the body says it is: one that is too long is refused before it is sent.
    pub length: Option<u64>,
    pub body: Body,
}

/// Where an upload stands.
#[derive(Clone, Debug)]
pub struct Received {
    pub offset: u64,
    pub expires_at: i64,
    pub finished: Option<Finished>,
}

/// What the bytes of one request have to hash to.
pub enum Checksum {
    Md5(md5::Md5, Vec<u8>),
    Sha1(sha1::Sha1, Vec<u8>),
    Sha256(sha2::Sha256, Vec<u8>),
}

impl Checksum {
    /// Names of the algorithms, as `Tus-Checksum-Algorithm` lists them.
    pub const ALGORITHMS: &'static str = "md5,sha1,sha256";

    /// The check for one of [`Checksum::ALGORITHMS`].
    pub fn new(algorithm: &str, expected: Vec<u8>) -> Option<Self> {
        match algorithm {
            "md5" => Some(Self::Md5(Default::default(), expected)),
            "sha1" => Some(Self::Sha1(Default::default(), expected)),
            "sha256" => Some(Self::Sha256(Default::default(), expected)),
            _ => None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        use sha2::Digest;
        match self {
            Self::Md5(hash, _) => hash.update(bytes),
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    fn matches(&self) -> bool {
        use sha2::Digest;
        match self {
            Self::Md5(hash, expected) => hash.clone().finalize()[..] == expected[..],
            Self::Sha1(hash, expected) => hash.clone().finalize()[..] == expected[..],
            Self::Sha256(hash, expected) => hash.clone().finalize()[..] == expected[..],
        }
    }
}

/// Takes `part` of an upload that was created before. Repeating the last part of a finished upload gives the same answer
/// again.
pub async fn receive_upload(app: &App, by: &Caller, address: &UploadAddress, part: Part) -> Result<Received> {
    let lock = match app.uploads.lock(&address.id).await {
        Ok(lock) => lock,
        Err(locked) => {
            upload_address::find(app, &by.id, address).await?;
            return Err(locked);
        }
    };
    let upload = match app.uploads.recall(&address.id, &by.id).await {
        Some(upload) => upload,
        None => upload_address::find_to_write(app, by, address).await?,
    };
    receive(app, by, upload, part, lock).await
}

/// Takes the first `part` of an upload of `create_upload`.
pub async fn receive_first(app: &App, by: &Caller, upload: Upload, part: Part) -> Result<Received> {
    let lock = app.uploads.lock(&upload.id).await?;
    app.uploads.recall(&upload.id, &by.id).await;
    receive(app, by, upload, part, lock).await
}

async fn receive(app: &App, by: &Caller, mut upload: Upload, part: Part, lock: UploadLock) -> Result<Received> {
    if let Some(finished) = Finished::of(&upload) {
        return repeat(app, &upload, &finished, part).await;
    }
    let now = app.clock.now();
    if upload.expires_at <= now {
        return Err(expired());
    }
    require_room(&app.config)?;
    if part.offset != upload.offset_bytes as u64 {
        return Err(offset_mismatch(&upload, part.offset));
    }
    if upload.expires_at - now < KEPT_MS / 2 {
        // It may take long, and note nothing for long: nobody may take it for abandoned meanwhile.
        upload.expires_at = expires_at(now);
        if !upload.is_written() {
            upload = app.intake.begin(app, upload).await?;
        } else if !db::uploads::extend(&app.db, &upload.id, now, upload.expires_at).await? {
            return Err(expired());
        }
    }
    if let (Some(size), Some(length)) = (upload.size_bytes, part.length)
        && part.offset.saturating_add(length) > size as u64
    {
        return Err(too_many_bytes());
    }
    if let Some(size_bytes) = part.size_bytes {
        set_size(app, &mut upload, size_bytes).await?;
    }
    app.store.room().await?;
    let head = (part.offset == 0).then(Vec::new);
    let receiving = Receiving { app: app.clone(), by: by.clone(), durable: upload.point(), head, upload, lock };
    let work = crate::error::REQUEST_ID.scope(request_id(), receiving.run(part.body, part.checksum));
    // The bytes that have come are kept, also when the connection breaks and nobody waits for the answer.
    see_through(&app.tasks, work).await
}

/// Whoever did not hear that an upload is finished sends its last part again: the answer is the same when these are the bytes
/// that are there, and 409 when they are others.
async fn repeat(app: &App, upload: &Upload, finished: &Finished, mut part: Part) -> Result<Received> {
    let end = upload.offset_bytes as u64;
    let ends_elsewhere = |length: u64| part.offset.checked_add(length) != Some(end);
    if part.offset > end || part.length.is_some_and(ends_elsewhere) {
        return Err(offset_mismatch(upload, part.offset));
    }
    let version = db::versions::find(app.db.read(), &finished.document_id, finished.version).await?;
    // What was deleted for good meanwhile was there.
    let mut there = match version {
        Some(version) if part.offset < end => {
            let content = version.content_id.parse().map_err(Error::internal)?;
            let manifest = app.store.manifest(&content).await?;
            Some(app.store.read(&manifest, part.offset..end).boxed())
        }
        _ => None,
    };
    let (mut expected, mut length, mut is_same) = (Bytes::new(), 0, true);
    let mut body = part.body.into_data_stream();
    while let Some(bytes) = next_of(&mut body).await? {
        length += bytes.len() as u64;
        if let Some(checksum) = &mut part.checksum {
            checksum.update(&bytes);
        }
        let mut rest = &bytes[..];
        while let Some(there) = there.as_mut().filter(|_| is_same && !rest.is_empty()) {
            if expected.is_empty() {
                match there.next().await.transpose()? {
                    Some(bytes) => expected = bytes,
                    None => is_same = false,
                }
                continue;
            }
            let some = rest.len().min(expected.len());
            is_same = rest[..some] == expected[..some];
            rest = &rest[some..];
            expected.advance(some);
        }
    }
    if part.checksum.is_some_and(|checksum| !checksum.matches()) {
        return Err(checksum_mismatch());
    }
    if !is_same || part.offset.checked_add(length) != Some(end) {
        return Err(offset_mismatch(upload, part.offset));
    }
    Ok(Received::of(upload))
}

fn offset_mismatch(upload: &Upload, offset: u64) -> Error {
    let message = match upload.finished_version {
        Some(_) => "the upload is finished, with other bytes than these".to_owned(),
        None => format!("the upload is at offset {}, not {offset}", upload.offset_bytes),
    };
    Error::conflict("upload_offset_mismatch", message).with("offset", upload.offset_bytes)
}

/// The next bytes of a body whose client still speaks.
async fn next_of(body: &mut BodyDataStream) -> Result<Option<Bytes>> {
    let bytes = tokio::time::timeout(SILENCE, body.next()).await.map_err(|_| stalled())?;
    bytes.transpose().map_err(broken)
}

fn broken(cause: axum::Error) -> Error {
    Error::invalid("connection_broken", "the connection broke within the upload").because(cause)
}

fn stalled() -> Error {
    Error::new(StatusCode::REQUEST_TIMEOUT, "upload_stalled", "nothing came for a minute")
}

/// 410: nobody went on with it in time.
pub fn expired() -> Error {
    Error::new(StatusCode::GONE, "upload_expired", "this upload rested too long, begin it again")
}

fn too_many_bytes() -> Error {
    Error::invalid("upload_length_invalid", "more bytes came than the upload has")
}

async fn set_size(app: &App, upload: &mut Upload, size_bytes: u64) -> Result<()> {
    if upload.size_bytes.is_some_and(|known| known as u64 != size_bytes) || size_bytes < upload.offset_bytes as u64 {
        return Err(Error::invalid("upload_length_invalid", "the length of this upload is another one"));
    }
    if size_bytes > app.config.upload_max_bytes {
        return Err(too_large(app.config.upload_max_bytes));
    }
    let was_known = upload.size_bytes.replace(size_bytes as i64).is_some();
    if was_known || upload.offset_bytes == size_bytes as i64 {
        // It is finished now, or its length stays unknown: see `Receiving::checkpoint`.
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    db::uploads::update_size(&mut tx, &upload.id, size_bytes as i64).await?;
    reserve(app, &mut tx, upload, size_bytes as i64).await?;
    tx.commit().await
}

/// Reserves `to_bytes` in all, of what the row says by now. The tree must be locked.
async fn reserve(app: &App, tx: &mut Tx, upload: &mut Upload, to_bytes: i64) -> Result<()> {
    let Some(now) = db::uploads::lock_reservation(tx, &upload.id).await? else { return Ok(()) };
    upload.reserved_bytes = now.reserved_bytes;
    quota::reserve(app, tx, upload, to_bytes).await?;
    db::uploads::update_reserved(tx, &upload.id, upload.reserved_bytes).await
}

impl Received {
    /// Where `upload` stands by its row.
    pub fn of(upload: &Upload) -> Self {
        Self { offset: upload.offset_bytes as u64, expires_at: upload.expires_at, finished: Finished::of(upload) }
    }
}

/// One request's work, which owns the upload while it runs.
struct Receiving {
    app: App,
    by: Caller,
    upload: Upload,
    lock: UploadLock,
    /// What the database says.
    durable: Point,
    /// The first [`HEAD_BYTES`], when this request brings them.
    head: Option<Vec<u8>>,
}

/// How the body came to its end.
enum End {
    Whole,
    /// No more bytes come; the error is for whoever may still listen.
    Cut(Error),
}

impl Receiving {
    async fn run(mut self, body: Body, mut checksum: Option<Checksum>) -> Result<Received> {
        let mut writer = self.app.store.resume(self.upload.id.as_str(), self.durable).await?;
        let end = self.take(&mut writer, body.into_data_stream(), &mut checksum).await?;
        let all_there = self.upload.size_bytes == Some(writer.offset() as i64);
        match (end, checksum) {
            // Half of what the checksum is for cannot be checked: it is not kept.
            (End::Cut(error), Some(_)) => return Err(error),
            // Whoever sent it never learned how to go on with it.
            (End::Cut(error), None) if self.upload.standing == Standing::Coming => return Err(error),
            (End::Cut(error), None) if !all_there => {
                self.checkpoint(&mut writer).await?;
                return Err(error);
            }
            (End::Whole, Some(checksum)) if !checksum.matches() => return Err(checksum_mismatch()),
            _ => {}
        }
        if all_there {
            return self.finish(writer).await;
        }
        self.checkpoint(&mut writer).await?;
        Ok(Received { offset: self.durable.offset, expires_at: self.upload.expires_at, finished: None })
    }

    async fn take(
        &mut self,
        writer: &mut Writer,
        mut body: BodyDataStream,
        checksum: &mut Option<Checksum>,
    ) -> Result<End> {
        let limit = self.upload.size_bytes.map_or(self.app.config.upload_max_bytes, |size| size as u64);
        let mut allowed = self.allowed().await?;
        let (mut looked_at, mut checkpointed) = (writer.offset(), Instant::now());
        let mut pace = Pace::begin();
        loop {
            let bytes = match self.next(&mut body, &mut pace).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(End::Whole),
                Err(error) => return Ok(End::Cut(error)),
            };
            self.lock.heard();
            pace.brought(bytes.len());
            if writer.offset() + bytes.len() as u64 > limit {
                return Err(match self.upload.size_bytes {
                    Some(_) => too_many_bytes(),
                    None => too_large(limit),
                });
            }
            if allowed.is_some_and(|allowed| writer.offset() + bytes.len() as u64 > allowed) {
                // Others may have made room meanwhile.
                allowed = self.allowed().await?;
                if allowed.is_some_and(|allowed| writer.offset() + bytes.len() as u64 > allowed) {
                    let more = (writer.offset() + bytes.len() as u64) as i64 - self.upload.reserved_bytes;
                    return Ok(End::Cut(quota::refusal_of(&self.app, &self.upload, more).await));
                }
            }
            // What came before is kept: the client goes on from there.
            if let Err(busy) = self.app.store.room().await {
                return Ok(End::Cut(busy.into()));
            }
            if let Some(checksum) = checksum {
                checksum.update(&bytes);
            }
            if let Some(head) = &mut self.head {
                let missing = HEAD_BYTES - head.len();
                head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
            }
            writer.write(&bytes).await?;
            if writer.offset() - looked_at >= LOOK_BYTES {
                looked_at = writer.offset();
                if checksum.is_none() && checkpointed.elapsed() >= CHECKPOINT_EVERY {
                    self.checkpoint(writer).await?;
                    checkpointed = Instant::now();
                }
                require_room(&self.app.config)?;
            }
        }
    }

    /// Up to which offset an upload without a length may grow now; `None`: as far as its length.
    async fn allowed(&self) -> Result<Option<u64>> {
        if self.upload.size_bytes.is_some() {
            return Ok(None);
        }
        let room = quota::room_of(&self.app, &self.upload).await?;
        Ok(room.map(|room| (self.upload.reserved_bytes + room) as u64))
    }

    /// The next bytes; an error when none will come.
    async fn next(&self, body: &mut BodyDataStream, pace: &mut Pace) -> Result<Option<Bytes>> {
        tokio::select! {
            bytes = next_of(body) => bytes,
            () = pace.too_slow(&self.app.store) => Err(Error::busy()),
            () = self.lock.wanted() => {
                Err(Error::conflict("upload_taken_over", "another request went on with this upload"))
            }
            () = self.app.shutdown.cancelled() => {
                Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "restarting", "the server stops, go on in a moment"))
            }
        }
    }

    /// Makes everything durable that came and notes it. The offset of a whole upload is noted only together with its
    /// version: a client that finds everything there would not come back to finish it.
    async fn checkpoint(&mut self, writer: &mut Writer) -> Result<()> {
        let whole = self.upload.size_bytes == Some(writer.offset() as i64);
        if whole {
            return Ok(());
        }
        if !self.upload.is_written() {
            // It takes long, or the rest is to come later: like one that is created first.
            self.upload = self.app.intake.begin(&self.app, self.upload.clone()).await?;
        }
        if writer.offset() == self.durable.offset {
            return Ok(());
        }
        let to = writer.checkpoint(self.upload.id.as_str()).await?;
        let expires_at = expires_at(self.app.clock.now());
        let mut tx = self.app.db.begin().await?;
        if self.upload.size_bytes.is_none() {
            db::folders::lock_tree(&mut tx).await?;
        }
        if !db::uploads::update_point(&mut tx, &self.upload.id, self.durable, to, expires_at).await? {
            return Err(Error::conflict("upload_offset_mismatch", "another server went on with this upload"));
        }
        if self.upload.size_bytes.is_none() {
            reserve(&self.app, &mut tx, &mut self.upload, to.offset as i64).await?;
        }
        tx.commit().await?;
        self.durable = to;
        self.upload.expires_at = expires_at;
        Ok(())
    }

    async fn finish(self, writer: Writer) -> Result<Received> {
        if !writer.is_small() {
            return self.end(writer).await;
        }
        // On one thread, from hashing it to the end of the transaction.
        let (store, request_id) = (self.app.store.clone(), request_id());
        store.in_one(crate::error::REQUEST_ID.scope(request_id, self.end(writer))).await?
    }

    async fn end(self, writer: Writer) -> Result<Received> {
        if !self.upload.is_written() && self.upload.expires_at <= self.app.clock.now() {
            // What says that it was cancelled may be gone.
            return Err(expired());
        }
        let offset = writer.offset();
        let stored = writer.finish().await?;
        let head = self.head.as_deref();
        let finished = finish_upload(&self.app, &self.by, &self.upload, &stored, head).await?;
        forget(&self.app, &self.upload, self.durable).await;
        Ok(Received { offset, expires_at: self.upload.expires_at, finished: Some(finished) })
    }
}

fn request_id() -> String {
    crate::error::REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Removes the states of a finished upload from the store, if there are any: it was suspended at `durable` at last.
pub async fn forget(app: &App, upload: &Upload, durable: Point) {
    if durable == Point::default() {
        return;
    }
    if let Err(error) = app.store.forget(upload.id.as_str()).await {
        // It will be tried again when the upload expires.
        tracing::warn!(upload.id = %upload.id, error = %error, "the state of a finished upload stays");
    }
}

fn checksum_mismatch() -> Error {
    let status = StatusCode::from_u16(460).expect("between 100 and 999");
    Error::new(status, "checksum_mismatch", "the bytes are not those that the checksum was made of")
}
