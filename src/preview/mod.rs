//! How does a document look without the program that made it? Pages as pictures, and their text with its places.
//!
//! `prepare.rs` runs once per content, from the job table; what it finds is kept in the store. Pictures are drawn when
//! somebody looks, by the worker's renderers, from a local copy of the PDF (`files.rs`).

mod files;
pub mod prepare;
pub mod recognise;
pub mod text;
mod turns;

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use indexer::hits::{self, Hits};
use moka::future::Cache;
use storage::{ContentId, Store};

use crate::{
    error::{Error, Result},
    worker::{Answer, Task, WorkerError, Workers, codes},
};

use files::{Files, LocalFile};
use text::{Bundle, PreparedText};
use turns::Turns;

/// Memory for drawn pages, in bytes.
const IMAGES_BYTES: u64 = 128 << 20;

/// Extracted texts kept in memory, in bytes of text: a reader who scrolls asks for the same one again and again.
const TEXTS_BYTES: u64 = 64 << 20;

/// Words kept in memory, in bytes: the pages around the one that is read.
const WORDS_BYTES: u64 = 32 << 20;

/// Places of what readers look for, in bytes: who steps through the hits of a book asks for the same ones page by page.
const HITS_BYTES: u64 = 16 << 20;

/// Widths that are drawn, in pixels: a request is rounded up to one of them, so that pictures can be shared.
const WIDTHS: [u32; 8] = [160, 320, 640, 960, 1280, 1920, 2560, 4096];

/// Where a text says what was looked for.
pub struct Found {
    pub on_pages: Hits,
    /// Hits in text that stands on no page.
    pub outside: usize,
}

/// Pictures of pages.
pub struct Preview {
    store: Store,
    files: Files,
    images: Cache<(String, u32, u32), Bytes>,
    texts: Cache<String, Arc<PreparedText>>,
    words: Cache<(String, usize), Arc<Bundle>>,
    hits: Cache<(String, Vec<String>), Arc<Found>>,
    scratch: PathBuf,
    /// Who may prepare a content now.
    pub turns: Turns,
}

impl Preview {
    /// Keeps local copies of PDFs below `cache`.
    pub fn new(store: Store, cache: PathBuf) -> anyhow::Result<Self> {
        let scratch = cache.join("drawn");
        std::fs::create_dir_all(&scratch)?;
        let images = Cache::builder()
            .max_capacity(IMAGES_BYTES)
            .weigher(|_, image: &Bytes| u32::try_from(image.len()).unwrap_or(u32::MAX))
            .build();
        let texts = Cache::builder()
            .max_capacity(TEXTS_BYTES)
            .weigher(|_, text: &Arc<PreparedText>| {
                let bytes: usize = text.pages.iter().map(|page| page.text.len() + 32).sum();
                u32::try_from(bytes + text.extra.len()).unwrap_or(u32::MAX)
            })
            .build();
        let words = Cache::builder()
            .max_capacity(WORDS_BYTES)
            .weigher(|_, words: &Arc<Bundle>| u32::try_from(words.size_bytes()).unwrap_or(u32::MAX))
            .build();
        let hits = Cache::builder()
            .max_capacity(HITS_BYTES)
            .weigher(|_, found: &Arc<Found>| u32::try_from(found.on_pages.size_bytes()).unwrap_or(u32::MAX))
            .build();
        let files = Files::open(cache.join("pdf"))?;
        Ok(Self { texts, words, hits, files, store, images, scratch, turns: Turns::default() })
    }

    /// Draws page `number` (from 1) of the PDF `rendition` as WebP, `width` pixels wide or a little more.
    /// Of equal requests at one time a single one draws.
    pub async fn page(&self, workers: &Workers, rendition: &ContentId, number: u32, width: u32) -> Result<Bytes> {
        let width = WIDTHS.into_iter().find(|step| *step >= width).unwrap_or(WIDTHS[WIDTHS.len() - 1]);
        let key = (rendition.to_string(), number, width);
        self.images
            .try_get_with(key, self.draw(workers, rendition, number, width))
            .await
            .map_err(|error: Arc<Error>| error.again())
    }

    /// Text and sizes of the pages stored below `key`.
    pub async fn text(&self, key: &str) -> Result<Arc<PreparedText>> {
        let load = async {
            let text = text::load(&self.store, key).await.map_err(from_store)?;
            let text = text.ok_or_else(|| Error::internal(anyhow::anyhow!("stored text {key} is gone")))?;
            Ok(Arc::new(text))
        };
        self.texts.try_get_with(key.to_owned(), load).await.map_err(|error: Arc<Error>| error.again())
    }

    /// The words of page `number` (from 1) of the text stored below `key`, with those of its neighbours.
    pub async fn words(&self, key: &str, number: usize) -> Result<Arc<Bundle>> {
        let load = async { text::load_bundle(&self.store, key, number).await.map(Arc::new).map_err(from_store) };
        let key = (key.to_owned(), Bundle::of(number));
        self.words.try_get_with(key, load).await.map_err(|error: Arc<Error>| error.again())
    }

    /// Finds `needles` (normalised) in the text stored below `key`.
    pub async fn hits(&self, key: &str, needles: Vec<String>) -> Result<Arc<Found>> {
        let text = self.text(key).await?;
        let wanted = needles.clone();
        // Reads the whole text: off the threads that answer requests.
        let find = move || {
            let needles: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let pages = text.pages.iter().map(|page| page.text.as_str());
            Found { on_pages: Hits::find(pages, &needles), outside: hits::count(&text.extra, &needles) }
        };
        let load = async { tokio::task::spawn_blocking(find).await.map(Arc::new).map_err(Error::internal) };
        self.hits.try_get_with((key.to_owned(), needles), load).await.map_err(|error: Arc<Error>| error.again())
    }

    /// A local copy of a rendition.
    pub async fn local_copy(&self, rendition: &ContentId) -> Result<Arc<LocalFile>> {
        self.files.get(&self.store, rendition).await
    }

    async fn draw(&self, workers: &Workers, rendition: &ContentId, number: u32, width: u32) -> Result<Bytes> {
        let pdf = self.files.get(&self.store, rendition).await?;
        let out = tempfile::tempdir_in(&self.scratch).map_err(Error::internal)?;
        let task =
            Task::RenderPage { pdf: pdf.path().to_owned(), page: number, width_px: width, out: out.path().to_owned() };
        match workers.run(task).await.map_err(worker_error)? {
            Answer::Rendered { images } if images.len() == 1 => {
                Ok(tokio::fs::read(&images[0].file).await.map_err(Error::internal)?.into())
            }
            other => Err(Error::internal(anyhow::anyhow!("a renderer answered {other:?}"))),
        }
    }
}

/// The store's own errors keep their meaning; anything else is a fault of ours.
fn from_store(error: anyhow::Error) -> Error {
    match error.downcast::<storage::Error>() {
        Ok(error) => error.into(),
        Err(error) => Error::internal(error),
    }
}

/// What a failure of the worker means to whoever waits for the result.
pub fn worker_error(error: WorkerError) -> Error {
    match error.code.as_str() {
        codes::PAGE_NOT_FOUND => Error::not_found("page"),
        codes::UNAVAILABLE | codes::PDFIUM_MISSING | codes::OFFICE_MISSING | codes::PANDOC_MISSING => {
            Error::unavailable("worker_unavailable", error)
        }
        _ => Error::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error.code.clone(), error.message.clone())
            .because(error),
    }
}
