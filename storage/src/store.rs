//! What can be done with a store as a whole?

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use object_store::ObjectStore;
use tokio::io::AsyncReadExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::backend::Backend;
use crate::block::Blocks;
use crate::cut::Sizes;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::ids::{ChunkHash, ChunkId, ContentId};
use crate::keys::{self, KeyFile};
use crate::manifest::Manifest;
use crate::objects::{Objects, derived_key, upload_prefix};
use crate::recent::Recent;
use crate::suspension::Point;
use crate::writer::{Stored, Writer};
use crate::{derived, job, reader, suspension};

/// Plain bytes of chunks being stored at one time, over all writers: enough to keep a disk or a bucket busy.
const IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;

/// Threads that [`job::in_one`] takes: far fewer than the blocking pool has, since they wait for what others of it do.
const JOBS_AT_ONCE: usize = 64;

/// Whole chunks in memory for the sake of small parts of them.
const UNPACKING: usize = 16;

/// The readiness check waits at most this long.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes read from a local file at a time.
const FILE_READ_BYTES: usize = 1024 * 1024;

/// Content-addressed storage. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct Store {
    pub(crate) objects: Objects,
    pub(crate) sizes: Sizes,
    pub(crate) blocks: Blocks,
    pub(crate) recent: Recent,
    /// One permit per processor: hashing and compression never starve each other.
    processors: Arc<Semaphore>,
    /// One permit per byte of [`IN_FLIGHT_BYTES`].
    pub(crate) in_flight: Arc<Semaphore>,
    /// One permit per byte of [`reader::HELD_BYTES`].
    pub(crate) held: Arc<Semaphore>,
    /// One permit for each [`job::in_one`].
    jobs: Arc<Semaphore>,
    /// One permit for each whole chunk that is read for a small part of it.
    pub(crate) unpacking: Arc<Semaphore>,
}

impl Store {
    /// Opens the store at `backend`; a folder is made when there is none. S3 is not contacted yet: see [`Store::check`].
    ///
    /// A store that is encrypted answers [`Error::KeyMissing`] to everything.
    pub fn open(backend: &Backend) -> Result<Self> {
        Ok(Self::on(backend.connect()?))
    }

    /// Opens the encrypted store at `backend`, or makes one where nothing is stored yet.
    ///
    /// Fails with [`Error::KeyWrong`] when the key file is another one's, and with [`Error::NotEncrypted`] when there is content
    /// that is not encrypted.
    pub async fn open_with_key(backend: &Backend, key: &KeyFile) -> Result<Self> {
        Ok(Self::on(backend.connect()?.sealed(key).await?))
    }

    /// Lets the key file `new` open the encrypted store at `backend` in place of `old`. With `new_data_key` everything that is
    /// written from the next opening on is sealed with a new key; what is there stays readable. Whoever has the store open goes on.
    ///
    /// When this is interrupted, one of the two files opens the store, and the same call with both goes on.
    pub async fn rotate_keys(backend: &Backend, old: &KeyFile, new: &KeyFile, new_data_key: bool) -> Result<()> {
        keys::rotate(&**backend.connect()?.inner(), old, new, new_data_key).await
    }

    fn on(objects: Objects) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        Self {
            objects,
            sizes: Sizes::STORE,
            blocks: Blocks::default(),
            recent: Recent::default(),
            processors: Arc::new(Semaphore::new(processors)),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT_BYTES)),
            held: Arc::new(Semaphore::new(reader::HELD_BYTES)),
            jobs: Arc::new(Semaphore::new(JOBS_AT_ONCE)),
            unpacking: Arc::new(Semaphore::new(UNPACKING)),
        }
    }

    /// Cuts other chunks than the format says. For the benchmark that chose the sizes.
    #[doc(hidden)]
    pub fn with_chunk_sizes(self, min: usize, average: usize, max: usize) -> Self {
        Self { sizes: Sizes { min, average, max }, ..self }
    }

    /// Fails with [`Error::KeyMissing`] when the store is encrypted and was opened without a key.
    pub async fn require_key(&self) -> Result<()> {
        self.objects.usable().await
    }

    /// The same store whose writers ask `guard` before they rely on what exists.
    pub fn guarded(self, guard: Arc<dyn Guard>) -> Self {
        Self { objects: self.objects.guarded(guard), ..self }
    }

    /// Returns the objects as they are, for tools that copy or repair them.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        self.objects.inner().clone()
    }

    /// Returns the name that a chunk with this hash has, or would have, in this store.
    pub fn chunk_id(&self, hash: &ChunkHash) -> ChunkId {
        self.objects.keys().map_or_else(|| ChunkId::plain(hash), |keys| keys.chunk_id(hash))
    }

    /// Writes and reads a few bytes, to tell whether the store can be used now.
    pub async fn check(&self) -> Result<()> {
        let probe = tokio::time::timeout(CHECK_TIMEOUT, self.objects.probe());
        probe.await.unwrap_or_else(|late| Err(Error::object("probe", late)))
    }

    /// Tells whether uploads hold all the memory that they may. Who brings little then should be asked to come back.
    pub fn is_busy(&self) -> bool {
        self.blocks.are_used_up()
    }

    /// Waits until uploads do not hold all the memory that they may. Fails with [`Error::Busy`] when that takes long.
    pub async fn room(&self) -> Result<()> {
        self.blocks.left().await
    }

    /// Begins a new content.
    pub fn writer(&self) -> Writer {
        Writer::new(self.clone())
    }

    /// Goes on with `upload` at a point that [`Writer::suspend`] or [`Writer::checkpoint`] returned, or at the beginning.
    pub async fn resume(&self, upload: &str, at: Point) -> Result<Writer> {
        upload_prefix(upload)?;
        match at.offset {
            0 => Ok(self.writer()),
            _ => Writer::resumed(self.clone(), suspension::load(&self.objects, upload, at).await?).await,
        }
    }

    /// Removes everything that was suspended for `upload`.
    pub async fn forget(&self, upload: &str) -> Result<()> {
        self.objects.delete_all(&upload_prefix(upload)?).await
    }

    /// Stores a small content.
    pub async fn put(&self, bytes: Bytes) -> Result<Stored> {
        let mut writer = self.writer();
        writer.write(&bytes).await?;
        writer.finish().await
    }

    /// Stores the content of a local file.
    pub async fn put_file(&self, path: &Path) -> Result<Stored> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
        let mut writer = self.writer();
        let mut buffer = Vec::with_capacity(FILE_READ_BYTES);
        while file.read_buf(&mut buffer).await.map_err(failed)? > 0 {
            writer.write(&buffer).await?;
            buffer.clear();
        }
        writer.finish().await
    }

    /// Returns the size and the chunks of a content.
    pub async fn manifest(&self, content: &ContentId) -> Result<Manifest> {
        reader::manifest(self, content).await
    }

    /// Returns the bytes of `range`, as far as the content has them. Reads only the chunks that are touched, two ahead,
    /// and checks each against its hash.
    pub fn read(
        &self,
        manifest: &Manifest,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static + use<> {
        reader::read(self.clone(), manifest.clone(), range)
    }

    /// Returns a whole content that has at most `limit_bytes`.
    pub async fn read_all(&self, content: &ContentId, limit_bytes: u64) -> Result<Bytes> {
        reader::read_all(self, content, limit_bytes).await
    }

    /// Writes a content into a local file, replacing it, and returns the size.
    pub async fn copy_to_file(&self, content: &ContentId, path: &Path) -> Result<u64> {
        reader::copy_to_file(self, content, path).await
    }

    /// Reads and hashes a whole content again, to find damage.
    pub async fn verify(&self, content: &ContentId) -> Result<()> {
        reader::verify(self, content).await
    }

    /// Stores or replaces the derived object `derived/<key>`.
    pub async fn put_object(&self, key: &str, bytes: Bytes) -> Result<()> {
        let key = derived_key(key)?;
        // Whether it was damaged does not matter: it is replaced.
        self.objects.claim(&key).await?;
        self.objects.put(&key, vec![derived::head(&bytes), bytes]).await
    }

    /// Reads the derived object `derived/<key>`.
    pub async fn get_object(&self, key: &str) -> Result<Option<Bytes>> {
        let key = derived_key(key)?;
        let Some(object) = self.objects.get_kept(&key).await? else { return Ok(None) };
        let object = self.objects.opened(&key, object.join()).await?;
        derived::open(&object).map(Some).ok_or_else(|| Error::ObjectDamaged { key: key.to_string() })
    }

    /// Removes the derived object `derived/<key>`; one that does not exist is fine.
    pub async fn delete_object(&self, key: &str) -> Result<()> {
        self.objects.delete(&derived_key(key)?).await
    }

    /// Runs work that keeps a processor busy on the blocking pool, as many at a time as there are processors.
    pub(crate) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let processor = self.processor().await;
        let work = move || {
            let _processor = processor;
            work()
        };
        job::blocking(work).await
    }

    /// Does what belongs to a small content or to a chunk: in a folder on one thread, which [`may_wait`](crate::may_wait).
    pub async fn in_one<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        if job::may_wait() {
            return Ok(work.await);
        }
        self.begin_one(work).await.await.map_err(|_| Error::Interrupted)
    }

    /// Begins what [`Store::in_one`] does.
    pub(crate) async fn begin_one<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        if self.objects.root().is_none() {
            return tokio::spawn(work);
        }
        // Asked for once, of other threads; whoever is refused hears it from the work.
        let _ = self.objects.usable().await;
        let turn = self.jobs.clone().acquire_owned().await.expect("the semaphore is never closed");
        job::in_one(async move {
            let _turn = turn;
            work.await
        })
    }

    /// Begins what [`Store::compute`] runs.
    pub(crate) async fn begin<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let processor = self.processor().await;
        tokio::task::spawn_blocking(move || {
            let _processor = processor;
            work()
        })
    }

    /// Waits for a processor. A thread of [`job::in_one`] goes on without one: whoever has one may wait for such a thread.
    pub(crate) async fn processor(&self) -> Option<OwnedSemaphorePermit> {
        let processors = self.processors.clone();
        match job::may_wait() {
            true => processors.try_acquire_owned().ok(),
            false => Some(processors.acquire_owned().await.expect("the semaphore is never closed")),
        }
    }
}
