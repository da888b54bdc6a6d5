//! Where is the extracted text of a content, and how is it read page by page?
//!
//! The worker's result is split into two kinds of derived objects: one with the text and size of every page (search reads
//! it whole), and bundles of word rectangles (the viewer reads those of the pages that it shows).

use std::io::Read;

use bytes::Bytes;
use indexer::text::{Extracted, PageText, Word};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use storage::Store;

/// Pages whose word rectangles are kept together: a scrolling reader fetches a bundle once, not a thousand objects.
const BUNDLE_PAGES: usize = 32;

/// Largest object that is unpacked, in bytes: what the worker may return at the most.
const MAX_OBJECT_BYTES: u64 = 512 << 20;

/// Text and sizes of all pages, without the rectangles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PreparedText {
    pub pages: Vec<PreparedPage>,
    /// Text that stands on no page: cells, notes, mail headers, names in an archive.
    pub extra: String,
    pub title: Option<String>,
    pub author: Option<String>,
    /// Headings in order, as written.
    #[serde(default)]
    pub headings: Vec<String>,
}

/// One page: its size in points and its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreparedPage {
    pub width: f32,
    pub height: f32,
    pub text: String,
}

/// Stores `extracted` below `key`.
pub async fn save(store: &Store, key: &str, extracted: Extracted) -> anyhow::Result<()> {
    let Extracted { pages, extra, title, author, headings } = extracted;
    let mut prepared = PreparedText { pages: Vec::with_capacity(pages.len()), extra, title, author, headings };
    let mut bundle: Vec<Vec<Word>> = Vec::with_capacity(BUNDLE_PAGES);
    for (index, PageText { text, width, height, words }) in pages.into_iter().enumerate() {
        prepared.pages.push(PreparedPage { width, height, text });
        bundle.push(words);
        if bundle.len() == BUNDLE_PAGES {
            put(store, &bundle_key(key, index), &bundle).await?;
            bundle.clear();
        }
    }
    if !bundle.is_empty() {
        put(store, &bundle_key(key, prepared.pages.len() - 1), &bundle).await?;
    }
    // Written last: who finds this object finds the bundles too.
    put(store, &text_key(key), &prepared).await
}

/// Removes text that was stored without pages.
pub async fn delete(store: &Store, key: &str) -> Result<(), storage::Error> {
    store.delete_object(&text_key(key)).await
}

/// Reads text and sizes of all pages; `None` when nothing was stored below `key`.
pub async fn load(store: &Store, key: &str) -> anyhow::Result<Option<PreparedText>> {
    get(store, &text_key(key)).await
}

/// Reads the words of all pages that are kept together with page `number` (from 1).
pub async fn load_bundle(store: &Store, key: &str, number: usize) -> anyhow::Result<Bundle> {
    let Some(index) = number.checked_sub(1) else { return Ok(Bundle::default()) };
    Ok(Bundle { pages: get(store, &bundle_key(key, index)).await?.unwrap_or_default() })
}

/// Words of pages that are kept together.
#[derive(Debug, Default)]
pub struct Bundle {
    pages: Vec<Vec<Word>>,
}

impl Bundle {
    /// The number of the bundle that has page `number` (from 1).
    pub fn of(number: usize) -> usize {
        number.saturating_sub(1) / BUNDLE_PAGES
    }

    /// The words of page `number` (from 1), which must be one of this bundle.
    pub fn page(&self, number: usize) -> &[Word] {
        let place = number.checked_sub(1).map(|index| index % BUNDLE_PAGES);
        place.and_then(|place| self.pages.get(place)).map_or(&[], Vec::as_slice)
    }

    /// About how much memory it takes, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.pages.iter().map(|words| words.len() * size_of::<Word>() + size_of::<Vec<Word>>()).sum()
    }
}

fn text_key(key: &str) -> String {
    format!("{key}/text.json.zst")
}

fn bundle_key(key: &str, page_index: usize) -> String {
    format!("{key}/words-{}.json.zst", page_index / BUNDLE_PAGES)
}

async fn put<T: Serialize>(store: &Store, key: &str, value: &T) -> anyhow::Result<()> {
    let json = serde_json::to_vec(value)?;
    let packed = tokio::task::spawn_blocking(move || zstd::bulk::compress(&json, 3)).await??;
    Ok(store.put_object(key, Bytes::from(packed)).await?)
}

async fn get<T: DeserializeOwned + Send + 'static>(store: &Store, key: &str) -> anyhow::Result<Option<T>> {
    let Some(packed) = store.get_object(key).await? else { return Ok(None) };
    let value = tokio::task::spawn_blocking(move || -> anyhow::Result<T> {
        let mut json = Vec::new();
        zstd::stream::read::Decoder::new(&packed[..])?.take(MAX_OBJECT_BYTES + 1).read_to_end(&mut json)?;
        anyhow::ensure!(json.len() as u64 <= MAX_OBJECT_BYTES, "derived object is too large");
        Ok(serde_json::from_slice(&json)?)
    });
    Ok(Some(value.await??))
}
