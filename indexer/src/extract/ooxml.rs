//! What text do the parts of an Office document hold (docx, xlsx, pptx and their kin)?
//!
//! Text comes straight from the parts, also from those that a conversion to PDF loses: comments, notes, charts, diagrams,
//! text boxes, embedded documents.

use super::ooxml_headings;
use super::ooxml_text::{self, Place};
use super::package::Package;
use super::source::Source;
use super::{ExtractError, FileText, Guard, Result, read_inner, sheets, sink::Sink, xml};
use crate::headings::Headings;

/// Tells whether this is one of the Office Open XML types.
pub fn is_ooxml(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.openxmlformats-officedocument.") || media_type.ends_with(".macroEnabled.12")
}

/// Returns why an Office document that is a compound file, not a zip file, cannot be read.
pub fn compound_file_error(source: &Source) -> ExtractError {
    match source.open_compound_file() {
        Ok(file) if file.is_stream("/EncryptedPackage") => ExtractError::Encrypted,
        Ok(_) => ExtractError::damaged("it is no zip file"),
        Err(error) => error,
    }
}

/// Reads an Office document.
pub fn read(source: &Source, media_type: &str, guard: &Guard, depth: usize) -> Result<FileText> {
    let mut package = Package::open(source, guard)?;
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    let family = Family::of(media_type);
    let main = main_part(&mut package, family, guard)?;
    let (mut text, mut headings) = (FileText::default(), Headings::default());
    read_properties(&mut package, guard, &mut text, &mut sink)?;
    match family {
        Family::Word => read_word(&mut package, &main, guard, &mut sink, &mut headings)?,
        Family::Slides => read_slides(&mut package, guard, &mut sink, &mut headings)?,
        Family::Sheet => {
            // calamine has no limits of its own: it gets the file once every part was seen to be small enough.
            package.check_sizes(guard, |name| name.starts_with("xl/"))?;
            sheets::push_workbook(source, media_type, &mut sink)?;
            push_parts(&mut package, guard, &mut sink, Place::Sheet, |name| {
                is_in(name, "xl/", &["comments", "threadedComments", "drawings/drawing"])
            })?;
        }
    }
    push_parts(&mut package, guard, &mut sink, Place::Drawing, |name| {
        ["word/", "ppt/", "xl/"].iter().any(|root| is_in(name, root, &["charts/chart", "diagrams/data"]))
    })?;
    read_embedded(&mut package, guard, depth, &mut text, &mut sink)?;
    text.headings = headings.into_vec();
    (text.text, text.is_truncated) = sink.finish();
    Ok(text)
}

#[derive(Clone, Copy, PartialEq)]
enum Family {
    Word,
    Sheet,
    Slides,
}

impl Family {
    fn of(media_type: &str) -> Self {
        match media_type {
            kind if kind.contains("sheet") || kind.contains("ms-excel") => Self::Sheet,
            kind if kind.contains("presentation") || kind.contains("powerpoint") => Self::Slides,
            _ => Self::Word,
        }
    }

    fn usual_main_part(self) -> &'static str {
        match self {
            Self::Word => "word/document.xml",
            Self::Sheet => "xl/workbook.xml",
            Self::Slides => "ppt/presentation.xml",
        }
    }
}

/// Returns the name of the part that the document begins with.
fn main_part(package: &mut Package, family: Family, guard: &Guard) -> Result<String> {
    let mut stated = None;
    if let Some(relations) = package.read_xml("_rels/.rels", guard)? {
        xml::walk(&relations, |node| {
            if let xml::Node::Start(element) = node
                && element.name == "Relationship"
                && element.attribute("Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
            {
                stated = element.attribute("Target");
            }
        })?;
    }
    let candidates = stated.into_iter().chain([family.usual_main_part().to_owned(), "xl/workbook.bin".to_owned()]);
    let found = candidates.map(|name| name.trim_start_matches('/').to_owned()).find(|name| package.contains(name));
    found.ok_or_else(|| ExtractError::damaged("its main part is absent"))
}

fn read_properties(package: &mut Package, guard: &Guard, text: &mut FileText, sink: &mut Sink) -> Result<()> {
    let Some(core) = package.read_xml("docProps/core.xml", guard)? else {
        return Ok(());
    };
    text.title = xml::first_text(&core, "title");
    text.author = xml::first_text(&core, "creator");
    for name in ["title", "subject", "keywords", "description"] {
        if let Some(value) = xml::first_text(&core, name) {
            // Office writes line ends in properties as these escapes.
            sink.line(&value.replace("_x000d_", "").replace("_x000D_", ""));
        }
    }
    Ok(())
}

fn read_word(package: &mut Package, main: &str, guard: &Guard, sink: &mut Sink, headings: &mut Headings) -> Result<()> {
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let in_folder = |name: &str, stem: &str| {
        name.strip_prefix(&folder)
            .is_some_and(|rest| rest.trim_start_matches('/').starts_with(stem) && rest.ends_with(".xml"))
    };
    push_parts(package, guard, sink, Place::Word, |name| in_folder(name, "header"))?;
    let document = package.read_xml(main, guard)?.ok_or_else(|| ExtractError::damaged("its main part is absent"))?;
    ooxml_text::push(&document, Place::Word, sink)?;
    let styles = package.read_xml(&resolve(&folder, "styles.xml"), guard)?.unwrap_or_default();
    ooxml_headings::push_word(&document, &ooxml_headings::heading_styles(&styles)?, headings)?;
    for stem in ["footer", "footnotes", "endnotes", "comments."] {
        push_parts(package, guard, sink, Place::Word, |name| in_folder(name, stem))?;
    }
    Ok(())
}

fn read_slides(package: &mut Package, guard: &Guard, sink: &mut Sink, headings: &mut Headings) -> Result<()> {
    let slides = package.names_where(|name| is_in(name, "ppt/", &["slides/slide"]));
    for slide in &slides {
        if let Some(part) = package.read_xml(slide, guard)? {
            ooxml_text::push(&part, Place::Slide, sink)?;
            ooxml_headings::push_slide(&part, headings)?;
        }
        let notes = related(package, slide, "/notesSlide", guard)?;
        for note in notes {
            push_part(package, &note, guard, sink, Place::Slide)?;
        }
    }
    push_parts(package, guard, sink, Place::Slide, |name| is_in(name, "ppt/", &["comments/"]))
}

/// Returns the parts that `part` names as its relations of a kind.
fn related(package: &mut Package, part: &str, kind: &str, guard: &Guard) -> Result<Vec<String>> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let Some(relations) = package.read_xml(&format!("{folder}/_rels/{file}.rels"), guard)? else {
        return Ok(Vec::new());
    };
    let mut targets = Vec::new();
    xml::walk(&relations, |node| {
        if let xml::Node::Start(element) = node
            && element.name == "Relationship"
            && element.attribute("Type").is_some_and(|value| value.ends_with(kind))
            && element.attribute("TargetMode").is_none_or(|mode| mode != "External")
            && let Some(target) = element.attribute("Target")
        {
            targets.push(resolve(folder, &target));
        }
    })?;
    Ok(targets)
}

/// Resolves a relative part name.
pub fn resolve(folder: &str, target: &str) -> String {
    let mut segments: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments.join("/")
}

fn is_in(name: &str, root: &str, stems: &[&str]) -> bool {
    let Some(rest) = name.trim_start_matches('/').strip_prefix(root) else {
        return false;
    };
    rest.ends_with(".xml") && stems.iter().any(|stem| rest.starts_with(stem))
}

fn push_parts(
    package: &mut Package,
    guard: &Guard,
    sink: &mut Sink,
    place: Place,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    for name in package.names_where(is_wanted) {
        if sink.is_full() {
            break;
        }
        push_part(package, &name, guard, sink, place)?;
    }
    Ok(())
}

fn push_part(package: &mut Package, name: &str, guard: &Guard, sink: &mut Sink, place: Place) -> Result<()> {
    match package.read_xml(name, guard)? {
        Some(part) => ooxml_text::push(&part, place, sink),
        None => Ok(()),
    }
}

/// Reads the documents that are embedded in this one.
fn read_embedded(
    package: &mut Package,
    guard: &Guard,
    depth: usize,
    text: &mut FileText,
    sink: &mut Sink,
) -> Result<()> {
    let known = [
        ".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm", ".doc", ".xls", ".ppt", ".odt", ".ods", ".odp", ".rtf",
        ".txt", ".pdf",
    ];
    let names = package.names_where(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("/embeddings/") && known.iter().any(|extension| name.ends_with(extension))
    });
    for name in names {
        let Some(bytes) = package.read(&name, guard)? else {
            continue;
        };
        let (listing, inner) = read_inner(&name, bytes, guard, depth + 1);
        text.attachments.push(listing);
        if let Some(inner) = inner {
            sink.line(&inner.text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_names_resolve_against_their_folder() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/notesSlide1.xml"), "ppt/notesSlides/notesSlide1.xml");
        assert_eq!(resolve("ppt/slides", "/ppt/a.xml"), "ppt/a.xml");
        assert_eq!(resolve("a", "../../../etc/passwd"), "etc/passwd");
    }
}
