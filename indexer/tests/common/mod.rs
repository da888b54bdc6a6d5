//! The law texts of the shared corpus, and documents made from them.
#![allow(dead_code)]

use std::io::Read;
use std::path::{Path, PathBuf};

use indexer::index::{Access, IndexDocument, SearchRequest};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub struct Law {
    pub name: String,
    pub text: String,
}

/// Returns the folder of the shared corpus: beside the workspace.
pub fn corpus() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = crates.ancestors().map(|folder| folder.join("shared/corpus")).find(|folder| folder.is_dir());
    found.expect("shared/corpus lies beside the workspace")
}

/// Reads the first `limit` law texts of `laws-national` or `laws-local`.
pub fn laws(archive: &str, limit: usize) -> Vec<Law> {
    let file = std::fs::File::open(corpus().join(format!("text/{archive}.tar.zst"))).unwrap();
    let mut unpacked = zstd::Decoder::new(file).unwrap();
    unpacked.window_log_max(27).unwrap();
    let mut archive = tar::Archive::new(unpacked);
    let mut laws = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        if entry.header().entry_type().is_file() && path.extension().is_some_and(|extension| extension == "md") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            laws.push(Law { name: path.file_name().unwrap().to_string_lossy().into_owned(), text });
        }
        if laws.len() == limit {
            break;
        }
    }
    laws
}

/// Cuts a text into pages of about `chars` characters, at line ends.
pub fn pages(text: &str, chars: usize) -> Vec<String> {
    let mut pages = vec![String::new()];
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        if length > chars {
            pages.push(String::new());
            length = 0;
        }
        length += line.chars().count();
        pages.last_mut().unwrap().push_str(line);
    }
    pages
}

pub fn document(number: usize, law: &Law) -> IndexDocument {
    IndexDocument {
        id: format!("law-{number:05}"),
        kind: "file".into(),
        name: law.name.clone(),
        folder_ids: vec!["library".into(), format!("folder-{}", number % 7)],
        tags: if number.is_multiple_of(5) { vec!["重要".into()] } else { Vec::new() },
        author: if number.is_multiple_of(2) { "国务院".into() } else { "李 明".into() },
        media_type: "text/markdown".into(),
        level: (number % 3) as i64,
        scope: format!("scope-{}", number % 11),
        pages: pages(&law.text, 800),
        extra: String::new(),
        created_at: 1_600_000_000_000 + number as i64,
        updated_at: 1_700_000_000_000 + number as i64 * 1000,
        size_bytes: law.text.len() as i64,
        ..IndexDocument::default()
    }
}

pub fn request(q: &str) -> SearchRequest {
    SearchRequest { q: q.into(), access: Access::all(), limit: 20, ..SearchRequest::default() }
}

pub fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Returns a random substring of a random page, `length` characters long, without line ends; now and then one that goes on on
/// the next page.
pub fn substring(random: &mut StdRng, documents: &[IndexDocument], length: usize) -> String {
    loop {
        let document = &documents[random.random_range(0..documents.len())];
        let number = random.random_range(0..document.pages.len());
        let mut page: Vec<char> = document.pages[number].chars().collect();
        if random.random_range(0..10) == 0
            && let Some(next) = document.pages.get(number + 1)
        {
            let last: String = page.iter().rev().take(length).rev().collect();
            page = last.trim_end().chars().chain(next.chars().take(length)).collect();
        }
        if page.len() <= length {
            continue;
        }
        let start = random.random_range(0..page.len() - length);
        let part: String = page[start..start + length].iter().collect();
        if !part.contains('\n') && indexer::normalize::normalize(&part).chars().count() >= length.min(2) {
            return part;
        }
    }
}

/// Writes `text` as a quoted phrase of the query language.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('”', "\\”"))
}

/// The plain scan that searches are compared with: the pages normalised as one text, names and tags.
pub struct Scan {
    texts: Vec<(String, Vec<String>)>,
}

impl Scan {
    pub fn new(documents: &[IndexDocument]) -> Scan {
        let normalize = indexer::normalize::normalize;
        let texts = documents.iter().map(|document| {
            let pages = document.pages.join("\n");
            let parts = [&pages, &document.name, &document.extra].into_iter().chain(&document.tags);
            (document.id.clone(), parts.map(|part| normalize(part)).collect())
        });
        Scan { texts: texts.collect() }
    }

    /// Returns the ids of the documents that contain every text, sorted.
    pub fn find(&self, texts: &[&str]) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(|text| indexer::normalize::normalize(text)).collect();
        let matches = |parts: &Vec<String>| texts.iter().all(|text| parts.iter().any(|part| part.contains(text)));
        let mut ids: Vec<String> =
            self.texts.iter().filter(|(_, parts)| matches(parts)).map(|(id, _)| id.clone()).collect();
        ids.sort();
        ids
    }
}
