//! Which pages of a PDF have to be read from their picture, and what do they say?
//!
//! Making pages only counts them ([`find_need`]); reading takes seconds for each, so it is a task of its own, for a few pages at
//! a time: everybody can look at a scan long before its last page is recognised.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use indexer::text::PageText;
use serde::{Deserialize, Serialize};

use super::{
    child::Child,
    ocr::{Reading, Recogniser},
    pdf::Page,
    pdf_text::{self, PageReading},
    task::{Answer, Warning, WorkerError},
};

/// Images that cover this share of a page with hardly any text make it a scan with a stamp or a footer.
const SCAN_SHARE: f32 = 0.5;
const SCAN_CHARS: usize = 150;
/// Mean confidence from which recognised text is better than a text layer that says nonsense.
const TRUSTED: f32 = 50.0;

/// A page that was read from its picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recognised {
    /// Number of the page from 1.
    pub page: u32,
    /// What it says now.
    pub text: PageText,
}

/// What recognition is to do with the text that a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The text is good.
    Nothing,
    /// There is none, or it is nonsense.
    Replace,
    /// It is a stamp or a footer on a scan.
    Add,
}

/// Tells whether a page has to be read from its picture.
pub fn find_need(page: &Page<'_>, reading: &PageReading) -> Need {
    let quality = reading.quality;
    if quality.is_empty() {
        // Nothing is drawn on an empty page.
        return if page.has_content() { Need::Replace } else { Need::Nothing };
    }
    if quality.is_doubtful() {
        return Need::Replace;
    }
    let is_scan = quality.chars < SCAN_CHARS && quality.invisible == 0 && page.image_share() > SCAN_SHARE;
    if is_scan { Need::Add } else { Need::Nothing }
}

/// Recognises pages of a PDF.
pub fn recognise(child: &mut Child, pdf: &Path, pages: &[u32]) -> Result<Answer, WorkerError> {
    let (work, out, limits) = (child.work(), child.out(), child.limits.clone());
    let mut warnings = Vec::new();
    let mut done = Vec::new();
    let Some(recogniser) = Recogniser::find(&work, Duration::from_secs(limits.ocr_seconds)) else {
        let text = format!("{} pages are pictures; text recognition is not installed", pages.len());
        warnings.push(Warning::new("ocr_unavailable", text));
        return answer(&out, &done, warnings);
    };
    let document = child.library()?.document(pdf)?;
    let mut unread = 0;
    for number in pages {
        let page = number.checked_sub(1).and_then(|index| document.page(index));
        match page.map(|page| read(&recogniser, &page, limits.ocr_pixels)) {
            Some(Some(text)) => done.push(Recognised { page: *number, text }),
            Some(None) if !recogniser.is_late() => {}
            _ => unread += 1,
        }
    }
    if unread > 0 {
        warnings.push(Warning::new("ocr_incomplete", format!("{unread} pages are pictures that were not read")));
    }
    answer(&out, &done, warnings)
}

fn answer(out: &Path, done: &[Recognised], warnings: Vec<Warning>) -> Result<Answer, WorkerError> {
    let file = PathBuf::from("recognised.json");
    let failed = |error: std::io::Error| WorkerError::unavailable("writing recognised text", error);
    let json = serde_json::to_vec(done).map_err(|error| failed(error.into()))?;
    fs::write(out.join(&file), json).map_err(failed)?;
    Ok(Answer::Recognised { text: file, warnings })
}

/// Reads one page; `None` when its text stays as it is.
fn read(recogniser: &Recogniser, page: &Page<'_>, pixels: u64) -> Option<PageText> {
    let mut reading = pdf_text::read(page);
    let need = find_need(page, &reading);
    if need == Need::Nothing || recogniser.is_late() {
        return None;
    }
    if reading.quality.is_doubtful() {
        page.hide_images();
    }
    let seen = recogniser.read(page, pixels)?;
    match need {
        Need::Add => append(&mut reading.text, seen.text),
        _ if reading.quality.is_empty() || is_better(&seen, &reading) => reading.text = seen.text,
        _ => return None,
    }
    Some(reading.text)
}

fn is_better(seen: &Reading, reading: &PageReading) -> bool {
    seen.confidence >= TRUSTED && seen.letters >= reading.quality.letters.min(4)
}

/// Adds recognised text behind the text that a page has.
fn append(page: &mut PageText, seen: PageText) {
    let shown: String = page.text.split_whitespace().collect();
    let also: String = seen.text.split_whitespace().collect();
    if shown.contains(&also) {
        return;
    }
    page.text.push('\n');
    let offset = page.text.chars().count() as u32;
    page.text.push_str(&seen.text);
    page.words.extend(seen.words.into_iter().map(|mut word| {
        word.start += offset;
        word.end += offset;
        word
    }));
}
