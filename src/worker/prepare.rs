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
    office, pdf_text, pictures, positioned,
    recognise::{Need, find_need},
    render,
    room::{self, PAGE},
    task::{Prepared, Rendition, Warning, WorkerError, codes},
    text_file,
};

/// Bytes that are looked at to find the type.
const HEAD_BYTES: u64 = 64 << 10;
const PDF: &str = "application/pdf";

/// Finds the type of a file, makes pages of it and extracts its text.
pub fn prepare(child: &mut Child, input: &Path, name: &str, claimed: &str) -> Result<Prepared, WorkerError> {
    // Only the server itself says so: what people upload goes by its content.
    let kind = if [PAGE, BOARD].contains(&claimed) { claimed.to_owned() } else { detect(input, name)? };
    let mut warnings = Vec::new();
    let mut own = own_text(input, &kind, &child.limits)?;
    read_inner_files(child, own.as_mut());
    let pages = make_pages(child, input, &kind, own.as_ref(), &mut warnings)?;
    let pdf = match &pages {
        Pages::Original => Some(input.to_owned()),
        Pages::Made(path) => Some(path.clone()),
        Pages::None => None,
    };
    let (mut extracted, mut unread) = (Extracted::default(), Vec::new());
    if let Some(pdf) = &pdf {
        // Text that was put on pages here needs no recognition, and has no pictures worth reading.
        let recognise = kind == PDF || image::is_image(&kind);
        (extracted, unread) = read_pages(child, pdf, recognise, &mut warnings)?;
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
    Ok(Prepared { media_type: kind, page_sizes, rendition, text, unread, warnings })
}

/// Returns whether there is a way to make pages or text of files of this type, whatever is in them.
pub fn has_way(kind: &str) -> bool {
    let by_pages = kind == PDF || image::is_image(kind) || [PAGE, BOARD].contains(&kind);
    // A byte that no text has: of unknown content it takes more to know.
    by_pages || office::route(kind).is_some() || extract::is_read(kind, &[0])
}

/// Why [`prepare`] will make nothing of a file of this type that begins with `head`; `None` when it has to be tried.
pub fn unreadable(head: &[u8], kind: &str) -> Option<WorkerError> {
    if has_way(kind) || extract::is_read(kind, head) {
        return None;
    }
    let error = ExtractError::Unsupported(kind.to_owned());
    Some(WorkerError::new(error.code(), error.to_string()))
}

/// Extracts the text that stands in a file itself: what is found as long as there are no pages.
pub fn read_text(child: &mut Child, input: &Path, name: &str) -> Result<Prepared, WorkerError> {
    let kind = detect(input, name)?;
    let mut own = own_text(input, &kind, &child.limits)?.unwrap_or_default();
    read_inner_files(child, Some(&mut own));
    let mut extracted = Extracted {
        extra: own.text,
        title: own.title,
        author: own.author,
        headings: own.headings,
        ..Extracted::default()
    };
    let mut warnings = Vec::new();
    let text = write_text(child, &mut extracted, &mut warnings)?;
    Ok(Prepared {
        media_type: kind,
        page_sizes: Vec::new(),
        rendition: Rendition::None,
        text,
        unread: Vec::new(),
        warnings,
    })
}

/// Adds the text of PDF files that are attached to a mail, embedded in a document or packed into an archive. One that cannot be
/// read is only listed; pages that are pictures are not recognised.
fn read_inner_files(child: &mut Child, own: Option<&mut FileText>) {
    let Some(own) = own else { return };
    let (work, most_pages, most_bytes) = (child.work(), child.limits.pages, child.limits.text_bytes);
    for (number, file) in std::mem::take(&mut own.unread).into_iter().enumerate() {
        let path = work.join(format!("inner-{number}"));
        if fs::write(&path, &file.bytes).is_err() {
            continue;
        }
        let Ok(library) = child.library() else { return };
        if let Ok(document) = library.document(&path) {
            own.text.push('\n');
            own.text.push_str(&file.name);
            for page in (0..document.page_count().min(most_pages as u32)).filter_map(|index| document.page(index)) {
                if own.text.len() > most_bytes {
                    own.is_truncated = true;
                    break;
                }
                own.text.push('\n');
                own.text.push_str(&pdf_text::read(&page).text.text);
            }
        }
        let _ = fs::remove_file(&path);
    }
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
        return image::to_pdf(child, input, kind, warnings).map(Pages::Made);
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

/// Reads the text of all pages, and tells which of them say more to the eye: those are recognised later.
fn read_pages(
    child: &mut Child,
    pdf: &Path,
    recognise: bool,
    warnings: &mut Vec<Warning>,
) -> Result<(Extracted, Vec<u32>), WorkerError> {
    let limits = child.limits.clone();
    let document = child.library()?.document(pdf)?;
    let count = document.page_count();
    if count == 0 {
        return Err(WorkerError::new(codes::DAMAGED, "the PDF has no pages"));
    }
    if count as usize > limits.pages {
        let text = format!("the document has {count} pages; {} are shown", limits.pages);
        warnings.push(Warning::new("pages_left_out", text));
    }
    let mut extracted = Extracted {
        title: document.information("Title"),
        author: document.information("Author"),
        ..Extracted::default()
    };
    let mut unread = Vec::new();
    for index in 0..count.min(limits.pages as u32) {
        let Some(page) = document.page(index) else {
            let (width, height) = document.page_size(index).unwrap_or((0.0, 0.0));
            extracted.pages.push(PageText::without_positions(String::new(), width, height));
            continue;
        };
        let reading = pdf_text::read(&page);
        if recognise && find_need(&page, &reading) != Need::Nothing {
            unread.push(index + 1);
        }
        extracted.pages.push(reading.text);
    }
    if extracted.pages.iter().all(|page| page.width == 0.0) {
        return Err(WorkerError::new(codes::DAMAGED, "no page of the PDF can be read"));
    }
    for page in extracted.pages.iter_mut().filter(|page| !(page.width > 0.0 && page.height > 0.0)) {
        (page.width, page.height) = render::UNREADABLE;
    }
    if unread.len() > limits.ocr_pages {
        let text = format!("{} pages are pictures that are not read", unread.len() - limits.ocr_pages);
        warnings.push(Warning::new("ocr_incomplete", text));
        unread.truncate(limits.ocr_pages);
    }
    Ok((extracted, unread))
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
