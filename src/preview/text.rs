//! Where is the extracted text of a content, and how is it read page by page?
//!
//! The worker's result is split into two kinds of derived objects: one with the text and size of every page (search reads
//! it whole), and bundles of word rectangles (the viewer reads those of the pages that it shows).
//!
//! While pages are being recognised their text is replaced in place. What follows `@` in a key counts these rounds: caches
//! take it for another text, the objects are the same.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Read,
};

use bytes::Bytes;
use indexer::{
    headings,
    text::{Extracted, PageText, Word},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use storage::Store;

use crate::worker::Recognised;

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

/// Puts recognised pages in the place of what was stored below `key`; returns the key under which they are read from now
/// on. With the last of them a document without headings gets those that its pages show.
pub async fn replace_pages(
    store: &Store,
    key: &str,
    pages: Vec<Recognised>,
    done: usize,
    is_last: bool,
) -> anyhow::Result<String> {
    let mut prepared = load(store, key).await?.unwrap_or_default();
    let mut bundles: BTreeMap<usize, Vec<Vec<Word>>> = BTreeMap::new();
    for Recognised { page, text } in pages {
        let Some(index) = (page as usize).checked_sub(1).filter(|index| *index < prepared.pages.len()) else {
            continue;
        };
        let bundle = match bundles.entry(index / BUNDLE_PAGES) {
            Entry::Occupied(bundle) => bundle.into_mut(),
            Entry::Vacant(place) => place.insert(get(store, &bundle_key(key, index)).await?.unwrap_or_default()),
        };
        if let Some(words) = bundle.get_mut(index % BUNDLE_PAGES) {
            *words = text.words;
            prepared.pages[index].text = text.text;
        }
    }
    for (number, bundle) in &bundles {
        put(store, &bundle_key(key, number * BUNDLE_PAGES), bundle).await?;
    }
    if is_last && prepared.headings.is_empty() {
        prepared.headings = headings_of(store, key, &prepared).await?;
    }
    put(store, &text_key(key), &prepared).await?;
    Ok(format!("{}@{done}", place(key)))
}

/// Finds the headings by what the pages look like.
async fn headings_of(store: &Store, key: &str, prepared: &PreparedText) -> anyhow::Result<Vec<String>> {
    let mut pages = Vec::with_capacity(prepared.pages.len());
    for (index, page) in prepared.pages.iter().enumerate() {
        if index % BUNDLE_PAGES == 0 {
            let bundle: Vec<Vec<Word>> = get(store, &bundle_key(key, index)).await?.unwrap_or_default();
            pages.extend(bundle.into_iter().map(|words| PageText { words, ..PageText::default() }));
        }
        if let Some(of_words) = pages.get_mut(index) {
            (of_words.text, of_words.width, of_words.height) = (page.text.clone(), page.width, page.height);
        }
    }
    Ok(tokio::task::spawn_blocking(move || headings::of_pages(&pages)).await?)
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

/// The key without its count of rounds.
fn place(key: &str) -> &str {
    key.split('@').next().unwrap_or(key)
}

fn text_key(key: &str) -> String {
    format!("{}/text.json.zst", place(key))
}

fn bundle_key(key: &str, page_index: usize) -> String {
    format!("{}/words-{}.json.zst", place(key), page_index / BUNDLE_PAGES)
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
