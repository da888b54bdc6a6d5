//! Does every file of the corpus give its phrases, its type and no harm, by extraction from the file alone?
//!
//! Walks `manifest.json` of the corpus. What only the PDF tells (PDF files, images, the page numbers of phrases, files
//! whose damage only LibreOffice or pdfium sees) is tested where those run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexer::extract::{FileText, Limits, file_text};
use indexer::media_type;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    mime: String,
    expect: Option<String>,
    #[serde(default)]
    needs_password: bool,
    #[serde(default)]
    phrases: Vec<Phrase>,
    #[serde(default)]
    must_not: Vec<String>,
}

#[derive(Deserialize)]
struct Phrase {
    text: String,
    #[serde(default)]
    found_by: Vec<String>,
}

fn corpus() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = crate_folder
        .ancestors()
        .map(|folder| folder.join("shared/corpus"))
        .find(|folder| folder.join("manifest.json").is_file());
    found.expect("the corpus stands beside the workspace")
}

fn entries() -> Vec<Entry> {
    let json = std::fs::read(corpus().join("manifest.json")).unwrap();
    serde_json::from_slice::<Manifest>(&json).unwrap().files
}

fn head(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path).unwrap().take(media_type::HEAD_BYTES as u64).read_to_end(&mut head).unwrap();
    head
}

fn detect(entry: &Entry) -> &'static str {
    let path = corpus().join(&entry.path);
    media_type::detect(&head(&path), path.file_name().unwrap().to_str().unwrap())
}

fn extract(entry: &Entry) -> Result<FileText, &'static str> {
    file_text(&corpus().join(&entry.path), detect(entry), &Limits::default()).map_err(|error| error.code())
}

/// The manifest's matching rule: NFKC, no white space, no zero-width characters.
fn matchable(text: &str) -> String {
    let is_kept = |character: &char| {
        !character.is_whitespace() && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
    };
    text.nfkc().filter(is_kept).collect()
}

/// Formats that pdfium reads, or that have no text of their own.
fn is_read_elsewhere(mime: &str) -> bool {
    mime == "application/pdf"
        || mime == "application/zstd"
        || mime == "application/gzip"
        || (mime.starts_with("image/") && mime != "image/svg+xml")
}

#[test]
fn types_are_what_the_manifest_says() {
    // The manifest calls this one by its name; its content is plain text, and it is read as such.
    let read_as_text = ["hostile/office/not-a-zip.odt"];
    let wrong: Vec<String> = entries()
        .iter()
        .filter_map(|entry| {
            let expected = if read_as_text.contains(&entry.path.as_str()) { "text/plain" } else { &entry.mime };
            let found = detect(entry);
            (found != expected).then(|| format!("{}: {found}, not {expected}", entry.path))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_phrase_of_a_file_is_found_in_its_text() {
    let mut missing = Vec::new();
    let mut found = 0;
    for entry in entries().iter().filter(|entry| {
        !is_read_elsewhere(&entry.mime) && !entry.needs_password && entry.expect.as_deref() != Some("error")
    }) {
        let text = match extract(entry) {
            Ok(text) => matchable(&text.text),
            Err(code) if entry.phrases.is_empty() && entry.expect.is_some() => {
                assert!(!code.is_empty());
                continue;
            }
            Err(code) => {
                missing.push(format!("{}: {code}", entry.path));
                continue;
            }
        };
        for phrase in &entry.phrases {
            if text.contains(&matchable(&phrase.text)) {
                found += 1;
            } else if !is_older_than_office_97(&entry.path) || phrase.found_by.contains(&"file".to_owned()) {
                missing.push(format!("{}: {:?} {:?}", entry.path, phrase.text, phrase.found_by));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(found > 190, "only {found} phrases were looked for");
}

/// Formats of before Office 97 are read by LibreOffice alone.
fn is_older_than_office_97(path: &str) -> bool {
    path.ends_with("en-word6.doc")
}

#[test]
fn protected_files_are_refused_as_encrypted() {
    for entry in entries().iter().filter(|entry| entry.needs_password && !is_read_elsewhere(&entry.mime)) {
        assert_eq!(extract(entry).err(), Some("document_encrypted"), "{}", entry.path);
    }
}

#[test]
fn hostile_files_end_as_expected_and_in_time() {
    let mut wrong = Vec::new();
    for entry in entries().iter().filter(|entry| entry.expect.is_some()) {
        let start = Instant::now();
        let outcome = extract(entry);
        if start.elapsed() > Duration::from_secs(20) {
            wrong.push(format!("{}: took {:?}", entry.path, start.elapsed()));
        }
        match &outcome {
            Ok(text) => {
                if entry.expect.as_deref() == Some("error") {
                    wrong.push(format!("{}: gave {} bytes of text", entry.path, text.text.len()));
                }
                let shown = [Some(&text.text), text.clean_html.as_ref(), text.title.as_ref(), text.author.as_ref()];
                for secret in &entry.must_not {
                    if shown.iter().flatten().any(|shown| shown.contains(secret)) {
                        wrong.push(format!("{}: shows {secret}", entry.path));
                    }
                }
                if text.text.contains('\0') || text.plain.as_deref().unwrap_or_default().contains('\0') {
                    wrong.push(format!("{}: NUL in its text", entry.path));
                }
                if text
                    .attachments
                    .iter()
                    .any(|attachment| attachment.name.contains("..") || attachment.name.contains('\0'))
                {
                    wrong.push(format!("{}: {:?}", entry.path, text.attachments));
                }
            }
            Err(code) => assert!(STABLE_CODES.contains(code), "{}: {code}", entry.path),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const STABLE_CODES: [&str; 5] =
    ["document_encrypted", "document_damaged", "document_too_large", "unsupported_type", "archive_bomb"];

#[test]
fn bombs_are_named_as_bombs() {
    for entry in entries() {
        if entry.path == "hostile/office/zip-bomb.docx" {
            assert_eq!(extract(&entry).err(), Some("archive_bomb"));
        }
    }
}

/// Cuts and flips what is in the corpus: every outcome is allowed, but each must come, and soon.
#[test]
fn damaged_copies_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    for entry in entries() {
        let original = std::fs::read(corpus().join(&entry.path)).unwrap();
        if is_read_elsewhere(&entry.mime) || original.len() < 100 || original.len() > 60_000 {
            continue;
        }
        for (round, step) in [2_000usize, 97, 13].into_iter().enumerate() {
            let mut bytes = original.clone();
            for place in (step / 2..bytes.len()).step_by(step) {
                bytes[place] ^= 1 << (place % 8);
            }
            bytes.truncate(original.len() - round * original.len() / 4);
            std::fs::write(&path, &bytes).unwrap();
            // The type of the sound file: its parser must cope.
            let start = Instant::now();
            let outcome = file_text(&path, &entry.mime, &Limits::default());
            assert!(start.elapsed() < Duration::from_secs(20), "{} round {round}", entry.path);
            if let Err(error) = outcome {
                assert!(STABLE_CODES.contains(&error.code()), "{}: {error}", entry.path);
            }
        }
    }
}

#[test]
fn text_stays_within_its_limit() {
    let limits = Limits { max_text_bytes: 1000, ..Limits::default() };
    for entry in entries().iter().filter(|entry| !is_read_elsewhere(&entry.mime)) {
        if let Ok(text) = file_text(&corpus().join(&entry.path), detect(entry), &limits) {
            assert!(text.text.len() <= 1000, "{}: {}", entry.path, text.text.len());
        }
    }
}

#[test]
fn safe_html_of_every_file_refers_to_nothing_outside() {
    for entry in entries().iter().filter(|entry| !is_read_elsewhere(&entry.mime)) {
        let Some(html) = extract(entry).ok().and_then(|text| text.clean_html) else {
            continue;
        };
        for word in ["<script", "<iframe", "<object", "<link", "<base", "href=", "src=\"http", "src=\"file", "url("] {
            assert!(!html.contains(word), "{word} in {}", entry.path);
        }
    }
}

#[test]
fn the_whole_corpus_is_read_quickly() {
    let start = Instant::now();
    let mut slow = Vec::new();
    for entry in entries() {
        let begin = Instant::now();
        let outcome = extract(&entry).map(|text| text.text.len());
        slow.push((begin.elapsed(), entry.path.clone(), outcome));
    }
    slow.sort_by_key(|entry| std::cmp::Reverse(entry.0));
    println!("whole corpus: {:?}; slowest: {:#?}", start.elapsed(), &slow[..8]);
    assert!(start.elapsed() < Duration::from_secs(120));
}
