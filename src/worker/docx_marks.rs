//! What does a Word file say that pandoc does not tell? Alignment, indentation, colours, sizes, named styles, page breaks,
//! colours and headers of cells, Chinese numbering.
//!
//! Before pandoc reads the file, a copy is made in which short notes stand in the text: `U+FDD0 key=value;… U+FDD1`. Both
//! characters mean nothing in any text; where a file contains them they are taken out first. `pandoc_html` reads the
//! notes from pandoc's result and takes them away.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::docx_styles::{HEADER_COLOR, STYLES};

/// Begins a note.
pub const OPEN: char = '\u{fdd0}';
/// Ends a note.
pub const CLOSE: char = '\u{fdd1}';
/// What the formatting of characters ends with.
pub const END: &str = "/";

/// Parts beyond this many bytes are left as they are.
const MAX_PART_BYTES: u64 = 200 << 20;
const DOCUMENT: &str = "word/document.xml";

/// Copies a Word file with notes in its text.
pub fn mark(from: &Path, to: &Path) -> io::Result<()> {
    let mut zip = ZipArchive::new(BufReader::new(File::open(from)?)).map_err(io::Error::other)?;
    let document = read(&mut zip, DOCUMENT)?.unwrap_or_default();
    let styles = read_styles(&read(&mut zip, "word/styles.xml")?.unwrap_or_default());
    let numbering = read_numbering(&read(&mut zip, "word/numbering.xml")?.unwrap_or_default());
    let document: String = document.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect();
    let usual = usual(&document);
    let marked = Marker { styles, numbering, usual, ..Marker::default() }.run(&document);
    let mut out = ZipWriter::new(File::create(to)?);
    for index in 0..zip.len() {
        let part = zip.by_index_raw(index).map_err(io::Error::other)?;
        if part.name().is_ok_and(|name| name == DOCUMENT) {
            drop(part);
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            out.start_file(DOCUMENT, options).map_err(io::Error::other)?;
            out.write_all(marked.as_bytes())?;
        } else {
            out.raw_copy_file(part).map_err(io::Error::other)?;
        }
    }
    out.finish().map_err(io::Error::other)?;
    Ok(())
}

/// Reads a part of a package as text; `None` when it is not there.
pub fn read(zip: &mut ZipArchive<BufReader<File>>, name: &str) -> io::Result<Option<String>> {
    let Ok(part) = zip.by_name(name) else { return Ok(None) };
    let mut bytes = Vec::new();
    if part.take(MAX_PART_BYTES + 1).read_to_end(&mut bytes)? as u64 > MAX_PART_BYTES {
        return Ok(None);
    }
    Ok(String::from_utf8(bytes).ok())
}

#[derive(Default, Clone)]
struct ParagraphStyle {
    name: String,
    based_on: Option<String>,
    alignment: Option<String>,
    page_break: bool,
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        tag.attributes().with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(quick_xml::escape::unescape(&found.value).map(|value| value.into_owned()).unwrap_or_default())
}

fn value(tag: &BytesStart<'_>) -> Option<String> {
    attribute(tag, "val")
}

/// Whether a property that is there is also on.
fn is_on(tag: &BytesStart<'_>) -> bool {
    !matches!(value(tag).as_deref(), Some("0" | "false" | "off"))
}

fn read_styles(xml: &str) -> HashMap<String, ParagraphStyle> {
    let mut styles = HashMap::new();
    let mut current: Option<(String, ParagraphStyle)> = None;
    let mut reader = Reader::from_str(xml);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "style" if attribute(&tag, "type").as_deref() == Some("paragraph") => {
                    current = attribute(&tag, "styleId").map(|id| (id, ParagraphStyle::default()));
                }
                name => {
                    let Some((_, style)) = &mut current else { continue };
                    match name {
                        "name" => style.name = value(&tag).unwrap_or_default(),
                        "basedOn" => style.based_on = value(&tag),
                        "jc" => style.alignment = value(&tag),
                        "pageBreakBefore" => style.page_break = is_on(&tag),
                        _ => {}
                    }
                }
            },
            Event::End(tag) if tag.local_name().as_ref() == "style" => styles.extend(current.take()),
            Event::Eof => break,
            _ => {}
        }
    }
    styles
}

/// The page's word for the numbering of each list and level, where it is none that pandoc knows.
fn read_numbering(xml: &str) -> HashMap<(String, String), &'static str> {
    let mut levels: HashMap<(String, String), (String, String)> = HashMap::new();
    let mut lists: Vec<(String, String)> = Vec::new();
    let (mut kind, mut list, mut level) = (String::new(), None::<String>, String::new());
    let mut reader = Reader::from_str(xml);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "abstractNum" => kind = attribute(&tag, "abstractNumId").unwrap_or_default(),
                "lvl" => level = attribute(&tag, "ilvl").unwrap_or_default(),
                "numFmt" if list.is_none() => {
                    levels.entry((kind.clone(), level.clone())).or_default().0 = value(&tag).unwrap_or_default()
                }
                "lvlText" if list.is_none() => {
                    levels.entry((kind.clone(), level.clone())).or_default().1 = value(&tag).unwrap_or_default()
                }
                "num" => list = attribute(&tag, "numId"),
                "abstractNumId" => lists.extend(list.clone().zip(value(&tag))),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    let word = |format: &str, text: &str| -> Option<&'static str> {
        let bracketed = text.starts_with(['（', '(']) && text.ends_with(['）', ')']);
        match format {
            "chineseCounting"
            | "chineseCountingThousand"
            | "ideographDigital"
            | "japaneseCounting"
            | "taiwaneseCountingThousand" => Some(if bracketed { "cjk-paren" } else { "cjk" }),
            "decimal" if bracketed => Some("decimal-paren"),
            "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => Some("circled"),
            _ => None,
        }
    };
    let mut words = HashMap::new();
    for (list, kind) in lists {
        for ((_, level), (format, text)) in levels.iter().filter(|((own, _), _)| *own == kind) {
            words.extend(word(format, text).map(|word| ((list.clone(), level.clone()), word)));
        }
    }
    words
}

/// Formatting of characters.
#[derive(Default, Clone, PartialEq)]
struct Look {
    color: Option<String>,
    size: Option<String>,
    background: Option<String>,
    font: Option<String>,
}

impl Look {
    fn read(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "color" => self.color = value(tag).filter(|value| is_color(value)),
            "sz" => {
                self.size = value(tag).filter(|value| value.parse::<u16>().is_ok_and(|size| (8..=400).contains(&size)))
            }
            "highlight" => self.background = value(tag).and_then(|value| highlight(&value)),
            "shd" => {
                self.background =
                    attribute(tag, "fill").filter(|value| is_color(value) && !value.eq_ignore_ascii_case("ffffff"))
            }
            "rFonts" => {
                let name = attribute(tag, "eastAsia").or_else(|| attribute(tag, "ascii"));
                self.font =
                    name.filter(|name| name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-')));
            }
            _ => {}
        }
    }
}

fn is_color(value: &str) -> bool {
    value.len() == 6 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) && !value.eq_ignore_ascii_case("000000")
}

fn highlight(name: &str) -> Option<String> {
    let known = [
        ("yellow", "FFFF00"),
        ("green", "00FF00"),
        ("cyan", "00FFFF"),
        ("magenta", "FF00FF"),
        ("blue", "0000FF"),
        ("red", "FF0000"),
        ("darkBlue", "000080"),
        ("darkCyan", "008080"),
        ("darkGreen", "008000"),
        ("darkMagenta", "800080"),
        ("darkRed", "800000"),
        ("darkYellow", "808000"),
        ("darkGray", "808080"),
        ("lightGray", "C0C0C0"),
    ];
    known.into_iter().find(|(known, _)| *known == name).map(|(_, hex)| hex.to_owned())
}

/// The size and the font of most characters: they are the text, and nothing to remark.
fn usual(xml: &str) -> (Option<String>, Option<String>) {
    let (mut sizes, mut fonts) = (HashMap::<Option<String>, usize>::new(), HashMap::<Option<String>, usize>::new());
    let (mut look, mut in_run) = (Look::default(), false);
    let mut reader = Reader::from_str(xml);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "r" => (look, in_run) = (Look::default(), true),
            Event::Start(tag) | Event::Empty(tag) if in_run => look.read(&tag),
            Event::End(tag) if tag.local_name().as_ref() == "r" => in_run = false,
            Event::Text(text) if in_run => {
                *sizes.entry(look.size.clone()).or_default() += text.len();
                *fonts.entry(look.font.clone()).or_default() += text.len();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let most = |counts: HashMap<Option<String>, usize>| {
        counts.into_iter().max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0))).and_then(|most| most.0)
    };
    (most(sizes), most(fonts))
}

#[derive(Default)]
struct Paragraph {
    style: Option<String>,
    alignment: Option<String>,
    left: Option<i64>,
    list: Option<String>,
    level: String,
    page_break: bool,
    rule: bool,
    in_properties: bool,
    told: bool,
}

#[derive(Default)]
struct Run {
    look: Look,
    begins: usize,
    has_text: bool,
    has_break: bool,
}

#[derive(Default)]
struct Cell {
    background: Option<String>,
    told: bool,
}

#[derive(Default)]
struct Marker {
    styles: HashMap<String, ParagraphStyle>,
    numbering: HashMap<(String, String), &'static str>,
    usual: (Option<String>, Option<String>),
    out: String,
    paragraphs: Vec<Paragraph>,
    runs: Vec<Run>,
    cells: Vec<Cell>,
    /// Whether each row around is a header.
    rows: Vec<bool>,
    /// Widths of the columns of each table around, until they are told.
    tables: Vec<Vec<String>>,
}

impl Marker {
    fn run(mut self, xml: &str) -> String {
        let mut reader = Reader::from_str(xml);
        let mut done = 0;
        loop {
            let event = reader.read_event();
            let now = reader.buffer_position() as usize;
            let piece = xml.get(done..now).unwrap_or_default();
            done = now;
            match event {
                // Pandoc says what it thinks of the rest.
                Err(_) | Ok(Event::Eof) => {
                    self.out.push_str(piece);
                    self.out.push_str(xml.get(now..).unwrap_or_default());
                    return self.out;
                }
                Ok(Event::Start(tag)) => self.start(&tag, piece, false),
                Ok(Event::Empty(tag)) => self.start(&tag, piece, true),
                Ok(Event::End(tag)) => self.end(tag.local_name().as_ref(), piece),
                Ok(_) => self.out.push_str(piece),
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, piece: &str, empty: bool) {
        let name = tag.local_name();
        let name = name.as_ref();
        // The first thing in a paragraph after its properties.
        if !matches!(name, "pPr")
            && self.paragraphs.last().is_some_and(|paragraph| !paragraph.in_properties && !paragraph.told)
        {
            self.tell_paragraph();
        }
        match name {
            "p" if !empty => self.paragraphs.push(Paragraph::default()),
            "pPr" if !empty => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.in_properties = true;
                }
            }
            "tbl" if !empty => self.tables.push(Vec::new()),
            "gridCol" => {
                if let (Some(table), Some(width)) = (self.tables.last_mut(), attribute(tag, "w")) {
                    table.extend(width.parse::<u32>().ok().map(|width| width.to_string()));
                }
            }
            "tr" if !empty => self.rows.push(false),
            "tc" if !empty => self.cells.push(Cell::default()),
            "tblHeader" => {
                if let Some(row) = self.rows.last_mut() {
                    *row = is_on(tag);
                }
            }
            "r" if !empty => self.runs.push(Run { begins: self.out.len(), ..Run::default() }),
            _ => self.property(tag, name),
        }
        self.out.push_str(piece);
    }

    fn property(&mut self, tag: &BytesStart<'_>, name: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|paragraph| paragraph.in_properties) {
            match name {
                "pStyle" => paragraph.style = value(tag),
                "jc" => paragraph.alignment = value(tag),
                "ind" => {
                    paragraph.left =
                        attribute(tag, "left").or_else(|| attribute(tag, "start")).and_then(|left| left.parse().ok())
                }
                "numId" => paragraph.list = value(tag),
                "ilvl" => paragraph.level = value(tag).unwrap_or_default(),
                "pageBreakBefore" => paragraph.page_break = is_on(tag),
                "bottom" => paragraph.rule = value(tag).is_some_and(|value| value != "nil" && value != "none"),
                _ => {}
            }
            return;
        }
        match (self.runs.last_mut(), name) {
            (Some(run), "t") => run.has_text = true,
            (Some(run), "br") if attribute(tag, "type").as_deref() == Some("page") => run.has_break = true,
            (Some(run), _) => run.look.read(tag),
            (None, "shd") => {
                if let Some(cell) = self.cells.last_mut().filter(|cell| !cell.told) {
                    cell.background =
                        attribute(tag, "fill").filter(|value| is_color(value) && !value.eq_ignore_ascii_case("ffffff"));
                }
            }
            (None, _) => {}
        }
    }

    fn end(&mut self, name: &str, piece: &str) {
        match name {
            "pPr" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.in_properties = false;
                }
                self.out.push_str(piece);
                return;
            }
            "p" => {
                if self.paragraphs.last().is_some_and(|paragraph| !paragraph.told) {
                    self.tell_paragraph();
                }
                self.paragraphs.pop();
            }
            "tc" => drop(self.cells.pop()),
            "tr" => drop(self.rows.pop()),
            "tbl" => drop(self.tables.pop()),
            _ => {}
        }
        self.out.push_str(piece);
        if name == "r"
            && let Some(run) = self.runs.pop()
        {
            self.tell_run(run);
        }
    }

    fn tell_run(&mut self, run: Run) {
        let mut note = Vec::new();
        let Look { color, size, background, font } = run.look;
        note.extend(color.map(|color| format!("c={color}")));
        note.extend(size.filter(|size| self.usual.0.as_ref() != Some(size)).map(|size| format!("s={size}")));
        note.extend(background.map(|background| format!("h={background}")));
        // Pandoc takes text apart at spaces.
        note.extend(
            font.filter(|font| self.usual.1.as_ref() != Some(font)).map(|font| format!("f={}", font.replace(' ', "+"))),
        );
        if run.has_text && !note.is_empty() && run.begins <= self.out.len() {
            self.out.insert_str(run.begins, &said(&note.join(";")));
            self.out.push_str(&said(END));
        }
        if run.has_break {
            self.out.push_str(&said("pb"));
        }
    }

    fn tell_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        paragraph.told = true;
        let mut note = Vec::new();
        let mut page_break = paragraph.page_break;
        let mut alignment = paragraph.alignment.clone();
        let mut next = paragraph.style.clone();
        let (mut named, mut quoted) = (None, false);
        for _ in 0..20 {
            let Some(style) = next.as_ref().and_then(|id| self.styles.get(id)) else { break };
            alignment = alignment.or_else(|| style.alignment.clone());
            page_break |= style.page_break;
            quoted |= ["quote", "intense quote", "block text"].iter().any(|name| style.name.eq_ignore_ascii_case(name));
            let own = STYLES.iter().find(|own| !own.page_name.is_empty() && own.name.eq_ignore_ascii_case(&style.name));
            named = named.or(own.map(|own| own.page_name));
            next.clone_from(&style.based_on);
        }
        if let Some(named) = named {
            note.push(format!("st={named}"));
            // The style says how it is aligned.
            alignment.clone_from(&paragraph.alignment);
        }
        match alignment.as_deref() {
            Some("center") => note.push("a=center".to_owned()),
            Some("right" | "end") => note.push("a=right".to_owned()),
            Some("both" | "distribute") if paragraph.alignment.is_some() => note.push("a=justify".to_owned()),
            _ => {}
        }
        if let Some(left) = paragraph.left.filter(|left| *left >= 240 && paragraph.list.is_none() && named.is_none()) {
            note.push(format!("i={}", (left + 240) / 480));
        }
        if let Some(word) = paragraph.list.as_ref().and_then(|list| {
            let level = if paragraph.level.is_empty() { "0" } else { &paragraph.level };
            self.numbering.get(&(list.clone(), level.to_owned()))
        }) {
            note.push(format!("n={word}"));
        }
        if quoted {
            note.push("q".to_owned());
        }
        if page_break {
            note.push("pbb".to_owned());
        }
        if paragraph.rule && named.is_none() {
            note.push("hr".to_owned());
        }
        if let Some(cell) = self.cells.last_mut().filter(|cell| !cell.told) {
            cell.told = true;
            let header = self.rows.last().copied().unwrap_or(false);
            let background =
                cell.background.take().filter(|color| !(header && color.eq_ignore_ascii_case(HEADER_COLOR)));
            note.extend(background.map(|background| format!("bg={background}")));
            note.extend(header.then(|| "th".to_owned()));
            let widths = self.tables.last_mut().map(std::mem::take).unwrap_or_default();
            if !widths.is_empty() {
                note.push(format!("w={}", widths.join(",")));
            }
        }
        if !note.is_empty() {
            self.out.push_str(&said(&note.join(";")));
        }
    }
}

/// A run that says a note.
fn said(note: &str) -> String {
    format!("<w:r><w:t xml:space=\"preserve\">{OPEN}{note}{CLOSE}</w:t></w:r>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pandoc_does_not_tell_is_noted() {
        let xml = "<w:document><w:body><w:p><w:pPr><w:jc w:val=\"center\"/><w:rPr><w:color w:val=\"00FF00\"/></w:rPr></w:pPr><w:r><w:rPr><w:b/><w:color w:val=\"FF0000\"/></w:rPr><w:t>红</w:t></w:r><w:r><w:t>黑</w:t></w:r></w:p></w:body></w:document>";
        let marked = Marker::default().run(xml);
        let text: String = marked.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
        assert_eq!(text, "\u{fdd0}a=center\u{fdd1}\u{fdd0}c=FF0000\u{fdd1}红\u{fdd0}/\u{fdd1}黑");
    }

    #[test]
    fn a_cut_off_part_stays_as_it_is() {
        let xml = "<w:document><w:p><w:r><w:t>cut";
        assert_eq!(Marker::default().run(xml).matches("cut").count(), 1);
    }
}
