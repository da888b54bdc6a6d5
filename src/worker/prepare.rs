//! What happens to an uploaded file, from bytes to pages and text?
//!
//! The content decides the type. The file's own text is read first: it tells a damaged, encrypted or exploding file from a
//! sound one, which LibreOffice does not. Then pages are made in the way of the type, their text is read, pages without
//! usable text are recognised, and the file's own text is kept where no page has it.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use indexer::{
    extract::{self, ExtractError, FileText},
    headings, media_type,
    text::{Extracted, PageText},
};

use super::{
    board::{self, BOARD},
    board_drawing,
    child::Child,
    image,
    limits::Limits,
    ocr::{Reading, Recogniser},
    office,
    pdf::{Document, Page},
    pdf_text, pictures, positioned, render,
    room::{self, PAGE},
    task::{Prepared, Rendition, Warning, WorkerError, codes},
    text_file,
};

/// Bytes that are looked at to find the type.
const HEAD_BYTES: u64 = 64 << 10;
const PDF: &str = "application/pdf";
/// Images that cover this share of a page with hardly any text make it a scan with a stamp or a footer.
const SCAN_SHARE: f32 = 0.5;
const SCAN_CHARS: usize = 150;

/// Finds the type of a file, makes pages of it and extracts its text.
pub fn prepare(child: &mut Child, input: &Path, name: &str, claimed: &str) -> Result<Prepared, WorkerError> {
    // Only the server itself says so: what people upload goes by its content.
    let kind = if [PAGE, BOARD].contains(&claimed) { claimed.to_owned() } else { detect(input, name)? };
    let mut warnings = Vec::new();
    let mut own = own_text(input, &kind, &child.limits)?;
    let pages = make_pages(child, input, &kind, own.as_ref(), &mut warnings)?;
    let pdf = match &pages {
        Pages::Original => Some(input.to_owned()),
        Pages::Made(path) => Some(path.clone()),
        Pages::None => None,
    };
    let mut extracted = Extracted::default();
    if let Some(pdf) = &pdf {
        // Text that was put on pages here needs no recognition, and has no pictures worth reading.
        let recognise = kind == PDF || image::is_image(&kind);
        extracted = read_pages(child, pdf, recognise, &mut warnings)?;
        if kind != PDF {
            (extracted.title, extracted.author) = (None, None);
        }
    }
    // Where the file itself says what stands where, that is more exact than its picture.
    if let Some(own) = own.as_mut().filter(|own| !own.pages.is_empty() && own.pages.len() == extracted.pages.len()) {
        let sizes = extracted.pages.iter().map(|page| (page.width, page.height)).collect::<Vec<_>>();
        extracted.pages = std::mem::take(&mut own.pages);
        for (page, (width, height)) in extracted.pages.iter_mut().zip(sizes) {
            (page.width, page.height) = (width, height);
        }
    }
    let page_sizes = extracted.pages.iter().map(|page| (page.width, page.height)).collect();
    if let Some(own) = own {
        if own.is_truncated {
            warnings.push(Warning::new("text_cut", "the document has more text than is searched"));
        }
        extracted.extra = text_file::missing_from_pages(&own.text, &extracted.pages);
        extracted.title = own.title.or(extracted.title);
        extracted.author = own.author.or(extracted.author);
        extracted.headings = own.headings;
    }
    if extracted.headings.is_empty() && tells_headings_by_look(&kind) {
        extracted.headings = headings::of_pages(&extracted.pages);
    }
    let text = write_text(child, &mut extracted, &mut warnings)?;
    let rendition = match pages {
        Pages::Original => Rendition::Original,
        Pages::Made(_) => Rendition::Pdf(PathBuf::from("rendition.pdf")),
        Pages::None => Rendition::None,
    };
    Ok(Prepared { media_type: kind, page_sizes, rendition, text, warnings })
}

/// Extracts the text that stands in a file itself: what is found as long as there are no pages.
pub fn read_text(child: &Child, input: &Path, name: &str) -> Result<Prepared, WorkerError> {
    let kind = detect(input, name)?;
    let own = own_text(input, &kind, &child.limits)?.unwrap_or_default();
    let mut extracted = Extracted {
        extra: own.text,
        title: own.title,
        author: own.author,
        headings: own.headings,
        ..Extracted::default()
    };
    let mut warnings = Vec::new();
    let text = write_text(child, &mut extracted, &mut warnings)?;
    Ok(Prepared { media_type: kind, page_sizes: Vec::new(), rendition: Rendition::None, text, warnings })
}

/// Whether large type on the pages of such files means headings: cells, code and mails have none.
fn tells_headings_by_look(kind: &str) -> bool {
    kind == PDF
        || matches!(kind, "application/ofd" | "text/plain" | "application/rtf" | "application/msword")
        || image::is_image(kind)
        || ["wordprocessingml", "ms-word", "opendocument.text", "presentation", "powerpoint"]
            .iter()
            .any(|family| kind.contains(family))
}

/// Where the pages of a file come from.
enum Pages {
    /// The file is a PDF.
    Original,
    /// A PDF in the child's `out` folder.
    Made(PathBuf),
    /// There are none.
    None,
}

/// Finds the type of a file by its content.
pub(super) fn detect(input: &Path, name: &str) -> Result<String, WorkerError> {
    let failed = |error| WorkerError::unavailable("reading the input", error);
    let mut head = Vec::new();
    File::open(input).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)).map_err(failed)?;
    if head.is_empty() {
        return Err(WorkerError::new(codes::DAMAGED, "the file is empty"));
    }
    Ok(media_type::detect(&head, name).to_owned())
}

/// Reads the file's own text; `None` for types whose text comes from their pages alone.
pub(super) fn own_text(input: &Path, kind: &str, limits: &Limits) -> Result<Option<FileText>, WorkerError> {
    if kind == PDF || image::is_image(kind) {
        return Ok(None);
    }
    if kind == PAGE {
        return page_text(input, limits).map(Some);
    }
    if kind == BOARD {
        return board_text(input).map(Some);
    }
    let bounds = extract::Limits {
        max_text_bytes: limits.text_bytes,
        max_unpacked_bytes: limits.unpacked_bytes,
        max_entries: limits.entries,
        max_depth: limits.depth,
    };
    match extract::file_text(input, kind, &bounds) {
        Ok(text) => Ok(Some(text)),
        Err(ExtractError::Unsupported(_)) if office::route(kind).is_some() => Ok(None),
        Err(error) => Err(WorkerError::new(error.code(), error.to_string())),
    }
}

/// A page of this service: a Yjs document.
fn page_text(input: &Path, limits: &Limits) -> Result<FileText, WorkerError> {
    let parcel = pictures::read_parcel(input, limits)?;
    let (text, headings, html) = room::read_parcel(&parcel)?;
    Ok(FileText { text, headings, clean_html: Some(html), ..FileText::default() })
}

/// A whiteboard of this service; what is drawn of it later is kept as its source.
fn board_text(input: &Path) -> Result<FileText, WorkerError> {
    let version = fs::read(input).map_err(|error| WorkerError::unavailable("reading the input", error))?;
    let scene = board::parse(&version)?;
    Ok(FileText { text: board::text(&scene), plain: board_drawing::drawing(&scene), ..FileText::default() })
}

fn make_pages(
    child: &mut Child,
    input: &Path,
    kind: &str,
    own: Option<&FileText>,
    warnings: &mut Vec<Warning>,
) -> Result<Pages, WorkerError> {
    if kind == PDF {
        return Ok(Pages::Original);
    }
    if image::is_image(kind) {
        return image::to_pdf(child, input, kind).map(Pages::Made);
    }
    let source = child.work().join("source");
    if let Some(route) = office::route(kind) {
        return match (office::convert(child, input, &route), own) {
            (Err(error), Some(own)) if error.code == codes::TIMED_OUT && !own.text.trim().is_empty() => {
                simplified(child, own, &source, warnings)
            }
            (other, _) => other.map(Pages::Made),
        };
    }
    let Some(own) = own else {
        return Ok(Pages::None);
    };
    let (content, route) = paginable(kind, own);
    if content.trim().is_empty() {
        warnings.push(Warning::new("no_preview", "the document has nothing that could be shown on a page"));
        return Ok(Pages::None);
    }
    match convert_text(child, &content, &source, &route) {
        Err(error) if matches!(error.code.as_str(), codes::TIMED_OUT | codes::CONVERSION_FAILED) => {
            simplified(child, own, &source, warnings)
        }
        other => other.map(Pages::Made),
    }
}

/// Returns what LibreOffice is given instead of a file that it does not open, or should not see as it is.
fn paginable<'a>(kind: &str, own: &'a FileText) -> (Cow<'a, str>, office::Route) {
    let plain = own.plain.as_deref().unwrap_or(&own.text);
    if let Some(drawing) = positioned::drawing(&own.pages) {
        return (drawing.into(), office::DRAWING);
    }
    match (kind, &own.clean_html) {
        (BOARD, _) => (own.plain.as_deref().unwrap_or_default().into(), office::DRAWING),
        ("text/csv", _) => (plain.into(), office::CSV),
        ("text/markdown", _) | (_, None) => (plain.into(), office::TEXT),
        (_, Some(html)) => (html.into(), office::HTML),
    }
}

/// Shows the text alone where the layout could not be made.
fn simplified(child: &Child, own: &FileText, source: &Path, warnings: &mut Vec<Warning>) -> Result<Pages, WorkerError> {
    warnings.push(Warning::new("simplified_view", "the layout could not be shown; the pages show the text alone"));
    convert_text(child, &own.text, source, &office::TEXT).map(Pages::Made)
}

fn convert_text(child: &Child, content: &str, source: &Path, route: &office::Route) -> Result<PathBuf, WorkerError> {
    // The mark makes LibreOffice sure of the encoding whatever the content says about itself.
    let marked = ["\u{feff}", content.trim_start_matches('\u{feff}')].concat();
    fs::write(source, marked).map_err(|error| WorkerError::unavailable("writing a copy", error))?;
    office::convert(child, source, route)
}

/// Reads the text of all pages, recognising those that need it.
fn read_pages(
    child: &mut Child,
    pdf: &Path,
    recognise: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Extracted, WorkerError> {
    let (limits, work) = (child.limits.clone(), child.work());
    let document = child.library()?.document(pdf)?;
    let count = document.page_count();
    if count == 0 {
        return Err(WorkerError::new(codes::DAMAGED, "the PDF has no pages"));
    }
    if count as usize > limits.pages {
        let text = format!("the document has {count} pages; {} are shown", limits.pages);
        warnings.push(Warning::new("pages_left_out", text));
    }
    let mut reader = Reader { recogniser: None, recognise, recognised: 0, limits, work, unread: 0, unavailable: false };
    let mut extracted = Extracted {
        title: document.information("Title"),
        author: document.information("Author"),
        ..Extracted::default()
    };
    for index in 0..count.min(reader.limits.pages as u32) {
        extracted.pages.push(reader.page(document, index));
    }
    if extracted.pages.iter().all(|page| page.width == 0.0) {
        return Err(WorkerError::new(codes::DAMAGED, "no page of the PDF can be read"));
    }
    for page in extracted.pages.iter_mut().filter(|page| !(page.width > 0.0 && page.height > 0.0)) {
        (page.width, page.height) = render::UNREADABLE;
    }
    if reader.unavailable {
        let text = format!("{} pages are pictures; text recognition is not installed", reader.unread);
        warnings.push(Warning::new("ocr_unavailable", text));
    } else if reader.unread > 0 {
        let text = format!("{} pages are pictures that were not read", reader.unread);
        warnings.push(Warning::new("ocr_incomplete", text));
    }
    Ok(extracted)
}

/// Reads pages one after another and keeps account of recognition.
struct Reader {
    recogniser: Option<Recogniser>,
    recognise: bool,
    recognised: usize,
    limits: Limits,
    work: PathBuf,
    unread: usize,
    unavailable: bool,
}

impl Reader {
    fn page(&mut self, document: &Document, index: u32) -> PageText {
        let Some(page) = document.page(index) else {
            let (width, height) = document.page_size(index).unwrap_or((0.0, 0.0));
            return PageText { text: String::new(), width, height, words: Vec::new() };
        };
        let mut reading = pdf_text::read(&page);
        if !self.recognise {
            return reading.text;
        }
        let quality = reading.quality;
        let is_picture = |least| page.image_share() > least;
        let replace = quality.is_empty() || quality.is_doubtful();
        let add = !replace && quality.chars < SCAN_CHARS && quality.invisible == 0 && is_picture(SCAN_SHARE);
        if !(replace || add) {
            return reading.text;
        }
        if quality.is_doubtful() {
            page.hide_images();
        }
        let Some(seen) = self.recognise(&page) else {
            return reading.text;
        };
        if add {
            append(&mut reading.text, seen.text);
        } else if quality.is_empty() || (seen.confidence >= 50.0 && seen.letters >= quality.letters.min(4)) {
            reading.text = seen.text;
        }
        reading.text
    }

    fn recognise(&mut self, page: &Page<'_>) -> Option<Reading> {
        if self.recogniser.is_none() && !self.unavailable {
            self.recogniser = Recogniser::find(&self.work, Duration::from_secs(self.limits.ocr_seconds));
            self.unavailable = self.recogniser.is_none();
        }
        let recogniser = self
            .recogniser
            .as_ref()
            .filter(|recogniser| self.recognised < self.limits.ocr_pages && !recogniser.is_late());
        let Some(recogniser) = recogniser else {
            self.unread += 1;
            return None;
        };
        self.recognised += 1;
        recogniser.read(page, self.limits.ocr_pixels)
    }
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

/// Writes the text as JSON, cutting what is beyond the limit.
fn write_text(child: &Child, extracted: &mut Extracted, warnings: &mut Vec<Warning>) -> Result<PathBuf, WorkerError> {
    let mut left = child.limits.text_bytes;
    let mut cut = false;
    for page in &mut extracted.pages {
        if page.text.len() > left {
            cut = true;
            let end = page.text.floor_char_boundary(left);
            page.text.truncate(end);
            let chars = page.text.chars().count() as u32;
            page.words.retain(|word| word.end <= chars);
        }
        left -= page.text.len();
    }
    if extracted.extra.len() > left {
        cut = true;
        let end = extracted.extra.floor_char_boundary(left);
        extracted.extra.truncate(end);
    }
    if cut && !warnings.iter().any(|warning| warning.code == "text_cut") {
        warnings.push(Warning::new("text_cut", "the document has more text than is searched"));
    }
    let file = PathBuf::from("text.json");
    let failed = |error: std::io::Error| WorkerError::unavailable("writing the text", error);
    let bytes = serde_json::to_vec(extracted).map_err(|error| failed(error.into()))?;
    fs::write(child.out().join(&file), bytes).map_err(failed)?;
    Ok(file)
}
