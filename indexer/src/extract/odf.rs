//! What text do the parts of an OpenDocument file hold (odt, ods, odp and their kin)?
//!
//! Paragraphs carry the text as it is shown, also in the cells of spreadsheets.

use super::package::Package;
use super::source::Source;
use super::xml::{self, Element, Node};
use super::{ExtractError, FileText, Guard, Result, sink::Sink};
use crate::headings::{Headings, MAX_CHARS};

/// Reads an OpenDocument file.
pub fn read(source: &Source, guard: &Guard) -> Result<FileText> {
    let mut package = Package::open(source, guard)?;
    if let Some(manifest) = package.read_xml("META-INF/manifest.xml", guard)?
        && is_encrypted(&manifest)?
    {
        return Err(ExtractError::Encrypted);
    }
    let content =
        package.read_xml("content.xml", guard)?.ok_or_else(|| ExtractError::damaged("content.xml is absent"))?;
    let mut text = FileText::default();
    let mut sink = Sink::new(guard.limits.max_text_bytes);
    if let Some(meta) = package.read_xml("meta.xml", guard)? {
        text.title = xml::first_text(&meta, "title");
        text.author = xml::first_text(&meta, "initial-creator").or_else(|| xml::first_text(&meta, "creator"));
        for name in ["title", "subject", "description", "keyword"] {
            sink.line(&xml::first_text(&meta, name).unwrap_or_default());
        }
    }
    let mut headings = Headings::default();
    push_part(&content, &mut sink, &mut headings)?;
    text.headings = headings.into_vec();
    if let Some(styles) = package.read_xml("styles.xml", guard)? {
        // Headers and footers stand in the page styles.
        push_part(&styles, &mut sink, &mut Headings::default())?;
    }
    for name in package.names_where(|name| name.ends_with("/content.xml")) {
        if let Some(object) = package.read_xml(&name, guard)? {
            push_part(&object, &mut sink, &mut Headings::default())?;
        }
    }
    (text.text, text.is_truncated) = sink.finish();
    Ok(text)
}

fn is_encrypted(manifest: &str) -> Result<bool> {
    let mut is_encrypted = false;
    xml::walk(manifest, |node| {
        is_encrypted |= matches!(node, Node::Start(element) if element.name == "encryption-data");
    })?;
    Ok(is_encrypted)
}

fn push_part(part: &str, sink: &mut Sink, headings: &mut Headings) -> Result<()> {
    let mut reader =
        PartReader { hidden: 0, paragraphs: 0, titles: Vec::new(), heading: String::new(), sink, headings };
    xml::walk(part, |node| match node {
        Node::Start(element) => reader.start(&element),
        Node::Text(text) => reader.text(text),
        Node::End(name) => reader.end(name),
    })?;
    sink.end_line();
    Ok(())
}

struct PartReader<'a> {
    hidden: usize,
    /// Depth of open paragraphs: only their characters are text.
    paragraphs: usize,
    /// Open headings and title frames of slides, by the name of their element.
    titles: Vec<&'static str>,
    heading: String,
    sink: &'a mut Sink,
    headings: &'a mut Headings,
}

impl PartReader<'_> {
    fn start(&mut self, element: &Element) {
        if self.hidden > 0 || hides(element.name) {
            self.hidden += 1;
            return;
        }
        match element.name {
            "h" => self.titles.push("h"),
            "frame" if element.qualified_attribute("presentation:class").is_some_and(|class| class == "title") => {
                self.titles.push("frame");
            }
            // Frames inside a title's frame end it too early; there are none in practice.
            _ => {}
        }
        match element.name {
            "p" | "h" => {
                // A paragraph inside another one stands in a note or frame.
                if self.paragraphs > 0 {
                    self.sink.push_char(' ');
                }
                self.paragraphs += 1;
            }
            "title" | "desc" => self.paragraphs += 1,
            "s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1usize);
                (0..count.min(64)).for_each(|_| self.sink.push_char(' '));
            }
            "tab" => self.sink.push_char('\t'),
            "line-break" => self.sink.push_char('\n'),
            "table" => {
                if let Some(name) = element.qualified_attribute("table:name") {
                    self.sink.line(&name);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden == 0 && self.paragraphs > 0 {
            if !self.titles.is_empty() && self.heading.len() < MAX_CHARS * 4 {
                self.heading.push_str(text);
            }
            // Line breaks inside a paragraph only lay out the XML.
            for character in text.chars() {
                self.sink.push_char(if matches!(character, '\n' | '\r') { ' ' } else { character });
            }
        }
    }

    fn end(&mut self, name: &str) {
        if self.hidden > 0 {
            self.hidden -= 1;
            return;
        }
        if self.titles.last() == Some(&name) {
            self.titles.pop();
            self.headings.push(&std::mem::take(&mut self.heading));
        }
        match name {
            "p" | "h" | "title" | "desc" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                if self.paragraphs == 0 {
                    self.sink.end_line();
                } else {
                    self.sink.push_char(' ');
                }
            }
            "table-cell" | "covered-table-cell" => self.sink.end_cell(),
            "table-row" => self.sink.end_row(),
            _ => {}
        }
    }
}

/// Tells whether readers do not see what is inside: deleted text, furigana, scripts, numbers that the page gives.
fn hides(name: &str) -> bool {
    matches!(
        name,
        "tracked-changes"
            | "ruby-text"
            | "scripts"
            | "script"
            | "note-citation"
            | "page-number"
            | "font-face-decls"
            | "forms"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(part: &str) -> String {
        let mut sink = Sink::new(10_000);
        push_part(part, &mut sink, &mut Headings::default()).unwrap();
        sink.finish().0
    }

    #[test]
    fn headings_and_slide_titles_are_told() {
        let part = r#"<b><text:h>一 <text:span>总则</text:span></text:h><text:p>文</text:p>
            <draw:frame presentation:class="title"><draw:text-box><text:p>片名</text:p></draw:text-box></draw:frame></b>"#;
        let mut headings = Headings::default();
        push_part(part, &mut Sink::new(10_000), &mut headings).unwrap();
        assert_eq!(headings.into_vec(), ["一 总则", "片名"]);
    }

    #[test]
    fn paragraphs_spaces_and_cells_are_read() {
        let part = r#"<office:body><text:h>题</text:h><text:p>一<text:span>二</text:span><text:s text:c="2"/>三<text:tab/>四<text:line-break/>五</text:p>
            <table:table table:name="表"><table:table-row><table:table-cell><text:p>甲</text:p></table:table-cell><table:table-cell><text:p>乙</text:p></table:table-cell></table:table-row></table:table></office:body>"#;
        assert_eq!(text(part), "题\n一二  三\t四\n五\n表\n甲\t乙");
    }

    #[test]
    fn deleted_text_and_furigana_are_left_out() {
        let part = "<b><text:tracked-changes><text:p>旧</text:p></text:tracked-changes><text:p><text:ruby><text:ruby-base>漢字</text:ruby-base><text:ruby-text>かんじ</text:ruby-text></text:ruby></text:p></b>";
        assert_eq!(text(part), "漢字");
    }

    #[test]
    fn a_long_run_of_spaces_is_bounded() {
        assert!(text(r#"<b><text:p>a<text:s text:c="4000000000"/>b</text:p></b>"#).len() < 100);
    }
}
