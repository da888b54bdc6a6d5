//! How does one file get to the service? Not at all when it is there; whole when it is small; else as its new chunks.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use storage::ChunkHash;
use tokio::sync::Semaphore;

use super::{
    cache::{Cache, Entry, Reading},
    cut::{Piece, cut},
    remote::{Failure, Finished, Remote, Target},
    report::Report,
    scan::{File, Stamp},
};

/// Chunks on their way at a time, of all files.
pub const CHUNKS_AT_ONCE: usize = 8;
/// Of a file of this size it is noted at once which upload has its chunks.
const WORTH_SAVING_BYTES: u64 = 16 << 20;
/// How often a file is read again that changed while it was read.
const READS: usize = 3;
/// How often the service may say that it has lost chunks.
const ROUNDS: usize = 3;

/// What came of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It became a document.
    New,
    /// It became a new version.
    Changed,
    /// It is there as it is.
    Unchanged,
    /// Of a dry run: a document has its name, and whether its content is another one was not found out.
    Unsure,
}

/// Pushes files, several at a time.
pub struct Pusher {
    pub root: PathBuf,
    pub remote: Remote,
    pub cache: Cache,
    pub report: Report,
    pub dry_run: bool,
    /// One permit for each file that is being cut.
    pub cutting: Semaphore,
    /// One permit for each chunk in memory.
    pub sending: Semaphore,
}

impl Pusher {
    /// Brings `file` into `folder`, where `document` has its name. Without a folder (in a dry run) everything is new.
    pub async fn push(&self, folder: Option<&str>, file: &File, document: Option<String>) -> Result<Outcome, Failure> {
        let known = self.cache.get(&file.path, &file.stamp);
        let pushed = known.as_ref().and_then(|entry| entry.document_id.as_ref());
        // What somebody else made of the document since stays as it is.
        if pushed.is_some() && pushed == document.as_ref() {
            self.report.passed(file.stamp.size_bytes);
            return Ok(Outcome::Unchanged);
        }
        let outcome = if document.is_some() { Outcome::Changed } else { Outcome::New };
        let target = match (&document, folder) {
            (Some(document), _) => Target::Document(document),
            (None, Some(folder)) => Target::Folder(folder),
            (None, None) => return Ok(outcome),
        };
        if self.dry_run {
            return Ok(if known.is_none() && document.is_some() { Outcome::Unsure } else { outcome });
        }
        if file.stamp.size_bytes > self.remote.upload_max_bytes {
            let message = format!("the service takes files of up to {} bytes", self.remote.upload_max_bytes);
            return Err(Failure::Local(std::io::Error::other(message)));
        }
        if let Some(document_id) = document.as_ref().filter(|_| file.stamp.size_bytes == 0) {
            // An upload of nothing is over as soon as it begins.
            if self.remote.size_of(document_id).await? == Some(0) {
                return Ok(Outcome::Unchanged);
            }
            return self.push_whole(file, target).await.map(|_| outcome);
        }
        let is_small = file.stamp.size_bytes <= self.remote.sizes.average as u64;
        let finished = match &document {
            None if is_small => self.push_whole(file, target).await?,
            _ => self.push_new(file, target, known).await?,
        };
        Ok(if finished.unchanged { Outcome::Unchanged } else { outcome })
    }

    /// A small file that is not there yet.
    async fn push_whole(&self, file: &File, target: Target<'_>) -> Result<Finished, Failure> {
        for _ in 0..READS {
            let path = self.root.join(&file.path);
            let permit = self.sending.acquire().await.expect("it is never closed");
            let read =
                tokio::task::spawn_blocking(move || read_whole(&path)).await.map_err(std::io::Error::other)??;
            let Some((mut entry, bytes)) = read else { continue };
            let size_bytes = bytes.len() as u64;
            let finished = self.remote.upload(&file.name, target, bytes).await?;
            drop(permit);
            self.report.sent(size_bytes);
            entry.document_id = Some(finished.document_id.clone());
            self.cache.put(&file.path, entry);
            return Ok(finished);
        }
        Err(Failure::Changing)
    }

    /// A file of which the service may have parts.
    async fn push_new(&self, file: &File, target: Target<'_>, known: Option<Entry>) -> Result<Finished, Failure> {
        let mut known = known.filter(|entry| !entry.pieces.is_empty());
        for _ in 0..READS {
            let mut entry = match known.take() {
                Some(entry) => entry,
                None => match self.cut(file).await? {
                    Some(entry) => entry,
                    None => continue,
                },
            };
            match self.send_new(file, target, &mut entry).await {
                Ok(finished) => {
                    entry.upload_id = None;
                    entry.document_id = Some(finished.document_id.clone());
                    self.cache.put(&file.path, entry);
                    return Ok(finished);
                }
                // The bytes are not those that were cut: from the beginning.
                Err(Failure::Changing) => {
                    if let Some(upload) = &entry.upload_id {
                        self.remote.cancel(upload).await;
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Changing)
    }

    async fn cut(&self, file: &File) -> Result<Option<Entry>, Failure> {
        let _permit = self.cutting.acquire().await.expect("it is never closed");
        // What nobody else needs now: one large file gets all processors, many small ones one each.
        let threads = 1 + self.cutting.available_permits();
        let (path, sizes) = (self.root.join(&file.path), self.remote.sizes);
        Ok(tokio::task::spawn_blocking(move || cut(&path, sizes, threads)).await.map_err(std::io::Error::other)??)
    }

    async fn send_new(&self, file: &File, target: Target<'_>, entry: &mut Entry) -> Result<Finished, Failure> {
        let pieces = entry.pieces.clone();
        let mut missing = match &entry.upload_id {
            Some(upload) => self.remote.missing(upload, &pieces).await,
            None => Err(Failure::Changing),
        };
        if missing.is_err() {
            // There is none yet, or it rested too long.
            let upload = self.remote.begin(&file.name, target, entry.stamp.size_bytes).await?;
            missing = self.remote.missing(&upload, &pieces).await;
            entry.upload_id = Some(upload);
            // Whoever is killed now goes on with it.
            self.cache.put(&file.path, entry.clone());
            match entry.stamp.size_bytes > WORTH_SAVING_BYTES {
                true => self.cache.save(),
                false => self.cache.save_sometimes(),
            }
            .map_err(std::io::Error::other)?;
        }
        let upload = entry.upload_id.clone().expect("it was begun");
        let mut missing = missing?;
        let total: u64 = entry.stamp.size_bytes;
        let to_send = |missing: &[ChunkHash]| -> u64 {
            let missing: HashSet<_> = missing.iter().collect();
            pieces.iter().filter(|piece| missing.contains(&piece.hash)).map(|piece| u64::from(piece.size_bytes)).sum()
        };
        self.report.passed(total - to_send(&missing).min(total));
        let source = self.root.join(&file.path);
        let source =
            Arc::new(tokio::task::spawn_blocking(|| fs::File::open(source)).await.map_err(std::io::Error::other)??);
        for _ in 0..ROUNDS {
            self.send_chunks(&upload, &source, &pieces, &missing).await?;
            if Stamp::of(&source.metadata()?) != entry.stamp {
                return Err(Failure::Changing);
            }
            match self.remote.assemble(&upload, &pieces, true).await {
                Err(Failure::Refused { missing: lost, .. }) if !lost.is_empty() => missing = lost,
                done => return done,
            }
        }
        Err(Failure::Strange("it does not keep the chunks that were sent".into()))
    }

    async fn send_chunks(
        &self,
        upload: &str,
        source: &Arc<fs::File>,
        pieces: &[Piece],
        missing: &[ChunkHash],
    ) -> Result<(), Failure> {
        let mut offsets = HashMap::with_capacity(pieces.len());
        let mut offset = 0;
        for piece in pieces {
            offsets.entry(piece.hash).or_insert((offset, piece.size_bytes));
            offset += u64::from(piece.size_bytes);
        }
        let wanted: HashSet<_> = missing.iter().copied().collect();
        let wanted = wanted.into_iter().filter_map(|hash| Some((hash, *offsets.get(&hash)?)));
        stream::iter(wanted.map(Ok::<_, Failure>))
            .map_ok(|(hash, (offset, size_bytes))| async move {
                let _permit = self.sending.acquire().await.expect("it is never closed");
                let source = source.clone();
                let read = move || {
                    let mut bytes = vec![0; size_bytes as usize];
                    source.read_exact_at(&mut bytes, offset).map(|()| Bytes::from(bytes))
                };
                let bytes = tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?;
                let bytes = match bytes {
                    Ok(bytes) => bytes,
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(Failure::Changing),
                    Err(error) => return Err(error.into()),
                };
                match self.remote.put_chunk(upload, &hash, bytes).await {
                    Err(failure) if failure.code() == "chunk_hash_mismatch" => Err(Failure::Changing),
                    Err(failure) => Err(failure),
                    Ok(()) => {
                        self.report.sent(u64::from(size_bytes));
                        Ok(())
                    }
                }
            })
            .try_buffer_unordered(CHUNKS_AT_ONCE)
            .try_for_each(|()| async { Ok(()) })
            .await
    }
}

/// `None` when the file changed meanwhile.
fn read_whole(path: &std::path::Path) -> std::io::Result<Option<(Entry, Bytes)>> {
    use std::io::Read;
    let mut file = fs::File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let reading = Reading::begin(&file, &stamp);
    let mut bytes = Vec::with_capacity(stamp.size_bytes as usize + 1);
    file.by_ref().take(stamp.size_bytes + 1).read_to_end(&mut bytes)?;
    let is_same = Stamp::of(&file.metadata()?) == stamp && bytes.len() as u64 == stamp.size_bytes;
    Ok(is_same.then(|| (Entry::new(stamp, reading, Vec::new()), bytes.into())))
}
