//! Which pages, notes and attachments does an OFD document have (GB/T 33190)?
//!
//! OFD is a zip of XML: `OFD.xml` names the documents, a document names its pages and templates, pages hold text objects
//! with positions in millimetres.

use std::collections::HashMap;

use super::ofd_page::{self, PageBuilder};
use super::ooxml::resolve;
use super::package::Package;
use super::source::Source;
use super::xml::{self, Node};
use super::{Attachment, ExtractError, FileText, Guard, Result, html, names, sink::Sink};
use crate::text::PageText;

/// Pages that are read; a listing may name one page any number of times.
const MAX_PAGES: usize = 10_000;

/// Width and height of a page that states none: A4, in millimetres.
const USUAL_BOX: [f32; 4] = [0.0, 0.0, 210.0, 297.0];

/// Reads an OFD document.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let mut package = Package::open(source, guard)?;
    let root = package.read_xml("OFD.xml", guard)?.ok_or_else(|| ExtractError::damaged("OFD.xml is absent"))?;
    let mut text = FileText {
        title: xml::first_text(&root, "Title"),
        author: xml::first_text(&root, "Author"),
        ..FileText::default()
    };
    let mut extra = Sink::new(guard.limits.max_text_bytes);
    push_properties(&root, &mut extra)?;
    for document in texts_of(&root, "DocRoot")? {
        read_document(&mut package, &resolve("", &document), guard, &mut text, &mut extra)?;
    }
    finish(text, extra, guard)
}

/// Puts the whole text together: pages first, then what stands on none.
fn finish(mut text: FileText, extra: Sink, guard: &Guard) -> Result<FileText> {
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    for page in &text.pages {
        sink.line(&page.text);
    }
    let (extra, is_cut) = extra.finish();
    sink.line(&extra);
    text.clean_html = Some(html::page(text.title.as_deref(), &pages_html(&text.pages)));
    let (all, is_truncated) = sink.finish();
    (text.text, text.is_truncated) = (all, is_truncated || is_cut);
    Ok(text)
}

/// What `Document.xml` says.
#[derive(Default)]
struct Document {
    pages: Vec<(String, String)>,
    templates: HashMap<String, String>,
    page_box: Option<[f32; 4]>,
    annotations: Option<String>,
    attachments: Option<String>,
}

fn read_document(
    package: &mut Package,
    root: &str,
    guard: &Guard,
    text: &mut FileText,
    extra: &mut Sink,
) -> Result<()> {
    let folder = folder_of(root);
    let xml = package.read_xml(root, guard)?.ok_or_else(|| ExtractError::damaged("a document root is absent"))?;
    let document = parse_document(&xml)?;
    let notes = read_annotation_list(package, &document, folder, guard)?;
    for (id, location) in document.pages.iter().take(MAX_PAGES - text.pages.len().min(MAX_PAGES)) {
        let page = read_page(package, &document, folder, location, notes.get(id).map_or(&[], Vec::as_slice), guard)?;
        text.pages.push(page);
    }
    if let Some(list) = &document.attachments {
        read_attachments(package, &resolve(folder, list), guard, text, extra)?;
    }
    Ok(())
}

fn parse_document(xml: &str) -> Result<Document> {
    let mut document = Document::default();
    let mut current = String::new();
    xml::walk(xml, |node| match node {
        Node::Start(element) => {
            current.clear();
            let (id, location) = (element.attribute("ID"), element.attribute("BaseLoc"));
            match (element.name, id, location) {
                ("Page", Some(id), Some(location)) => document.pages.push((id, location)),
                ("TemplatePage", Some(id), Some(location)) => drop(document.templates.insert(id, location)),
                _ => {}
            }
        }
        Node::Text(text) => current.push_str(text),
        Node::End(name) => {
            let value = current.trim();
            match name {
                "PhysicalBox" if document.page_box.is_none() => document.page_box = ofd_page::numbers(value),
                "Annotations" if !value.is_empty() => document.annotations = Some(value.to_owned()),
                "Attachments" if !value.is_empty() => document.attachments = Some(value.to_owned()),
                _ => {}
            }
            current.clear();
        }
    })?;
    Ok(document)
}

fn read_page(
    package: &mut Package,
    document: &Document,
    folder: &str,
    location: &str,
    notes: &[String],
    guard: &Guard,
) -> Result<PageText> {
    let content = package.read_xml(&resolve(folder, location), guard)?.unwrap_or_default();
    let head = ofd_page::head(&content)?;
    let page_box = head.page_box.or(document.page_box).unwrap_or(USUAL_BOX);
    let mut builder = PageBuilder::new(page_box, guard.limits.max_text_bytes);
    for id in head.templates.iter().take(16) {
        if let Some(location) = document.templates.get(id)
            && let Some(template) = package.read_xml(&resolve(folder, location), guard)?
        {
            builder.push(&template)?;
        }
    }
    builder.push(&content)?;
    for note in notes {
        if let Some(note) = package.read_xml(note, guard)? {
            builder.push(&note)?;
        }
    }
    Ok(builder.finish())
}

/// Returns the annotation files of each page, by page id.
fn read_annotation_list(
    package: &mut Package,
    document: &Document,
    folder: &str,
    guard: &Guard,
) -> Result<HashMap<String, Vec<String>>> {
    let mut notes: HashMap<String, Vec<String>> = HashMap::new();
    let Some(list) = &document.annotations else {
        return Ok(notes);
    };
    let path = resolve(folder, list);
    let Some(xml) = package.read_xml(&path, guard)? else {
        return Ok(notes);
    };
    let (mut page, mut current) = (String::new(), String::new());
    xml::walk(&xml, |node| match node {
        Node::Start(element) => {
            current.clear();
            if element.name == "Page" {
                page = element.attribute("PageID").unwrap_or_default();
            }
        }
        Node::Text(text) => current.push_str(text),
        Node::End("FileLoc") => notes.entry(page.clone()).or_default().push(resolve(folder_of(&path), current.trim())),
        Node::End(_) => {}
    })?;
    Ok(notes)
}

fn read_attachments(
    package: &mut Package,
    list: &str,
    guard: &Guard,
    text: &mut FileText,
    extra: &mut Sink,
) -> Result<()> {
    let Some(xml) = package.read_xml(list, guard)? else {
        return Ok(());
    };
    let (mut name, mut current, mut found) = (String::new(), String::new(), Vec::new());
    xml::walk(&xml, |node| match node {
        Node::Start(element) => {
            current.clear();
            if element.name == "Attachment" {
                let format = element.attribute("Format").map(|format| format!(".{format}")).unwrap_or_default();
                name = element.attribute("Name").unwrap_or_default();
                if !name.ends_with(&format) {
                    name.push_str(&format);
                }
            }
        }
        Node::Text(text) => current.push_str(text),
        Node::End("FileLoc") => found.push((name.clone(), resolve(folder_of(list), current.trim()))),
        Node::End(_) => {}
    })?;
    for (name, location) in found.into_iter().take(1000) {
        let name = names::display_name(&name);
        let bytes = package.read(&location, guard)?.unwrap_or_default();
        let media_type = crate::media_type::detect(&bytes[..bytes.len().min(crate::media_type::HEAD_BYTES)], &name);
        extra.line(&name);
        text.attachments.push(Attachment { name, media_type: media_type.to_owned(), size_bytes: bytes.len() as u64 });
    }
    Ok(())
}

/// Adds the properties that the document carries about itself: title, keywords, custom data such as invoice numbers.
fn push_properties(root: &str, extra: &mut Sink) -> Result<()> {
    let mut current = String::new();
    xml::walk(root, |node| match node {
        Node::Start(element) => {
            current.clear();
            if let Some(name) = element.attribute("Name").filter(|_| element.name == "CustomData") {
                current = format!("{name} ");
            }
        }
        Node::Text(text) => current.push_str(text),
        Node::End("Title" | "Subject" | "Abstract" | "Keyword" | "CustomData") => extra.line(current.trim()),
        Node::End(_) => {}
    })
}

fn texts_of(xml: &str, name: &str) -> Result<Vec<String>> {
    let (mut current, mut texts) = (String::new(), Vec::new());
    xml::walk(xml, |node| match node {
        Node::Start(_) => current.clear(),
        Node::Text(text) => current.push_str(text),
        Node::End(end) if end == name => texts.push(current.trim().to_owned()),
        Node::End(_) => {}
    })?;
    Ok(texts)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn pages_html(pages: &[PageText]) -> String {
    let mut body = String::new();
    for (index, page) in pages.iter().enumerate() {
        let break_before = if index == 0 { "" } else { " style=\"page-break-before:always\"" };
        body.push_str(&format!("<div{break_before}>"));
        for line in page.text.lines() {
            body.push_str(&format!("<p>{}</p>\n", html::escape(line)));
        }
        body.push_str("</div>\n");
    }
    body
}
