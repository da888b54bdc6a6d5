//! Which words stand in one XML part of an Office document?

use super::Result;
use super::sink::Sink;
use super::xml::{self, Element, Node};

/// Which vocabulary a part speaks.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    Word,
    Slide,
    Sheet,
    Drawing,
}

/// Adds the text of a part.
pub fn push(part: &str, place: Place, sink: &mut Sink) -> Result<()> {
    let mut reader = PartReader { place, hidden: 0, text_depth: 0, is_number_cache: 0, choices: Vec::new(), sink };
    xml::walk(part, |node| match node {
        Node::Start(element) => reader.start(&element),
        Node::Text(text) => reader.text(text),
        Node::End(name) => reader.end(name),
    })?;
    sink.end_line();
    Ok(())
}

struct PartReader<'a> {
    place: Place,
    /// Depth of open elements whose text nobody sees.
    hidden: usize,
    /// Depth of open elements that hold text.
    text_depth: usize,
    is_number_cache: usize,
    /// One entry per open `AlternateContent`: whether a choice was read, so its fallback says the same again.
    choices: Vec<bool>,
    sink: &'a mut Sink,
}

impl PartReader<'_> {
    fn start(&mut self, element: &Element) {
        if self.hidden > 0 || self.hides(element.name) {
            self.hidden += 1;
            return;
        }
        match element.name {
            "AlternateContent" => self.choices.push(false),
            "Choice" => {
                if let Some(is_read) = self.choices.last_mut() {
                    *is_read = true;
                }
            }
            "tab" | "ptab" if self.place == Place::Word => self.sink.push_char('\t'),
            "br" | "cr" => self.sink.push_char('\n'),
            "noBreakHyphen" => self.sink.push_char('-'),
            "numCache" => self.is_number_cache += 1,
            name if self.holds_text(name) => self.text_depth += 1,
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden == 0 && self.text_depth > 0 {
            self.sink.push(text);
        }
    }

    fn end(&mut self, name: &str) {
        if self.hidden > 0 {
            self.hidden -= 1;
            return;
        }
        match name {
            "AlternateContent" => drop(self.choices.pop()),
            "numCache" => self.is_number_cache = self.is_number_cache.saturating_sub(1),
            "tc" => self.sink.end_cell(),
            "tr" => self.sink.end_row(),
            "p" | "comment" | "threadedComment" | "txbxContent" => self.sink.end_line(),
            "v" | "text" if self.holds_text(name) => {
                self.text_depth = self.text_depth.saturating_sub(1);
                self.sink.end_line();
            }
            name if self.holds_text(name) => self.text_depth = self.text_depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Tells whether readers do not see what is inside: repeated fallbacks, deleted text, field codes, furigana.
    fn hides(&self, name: &str) -> bool {
        match name {
            "Fallback" => self.choices.last().copied().unwrap_or(false),
            "delText" | "instrText" | "delInstrText" | "rPh" | "phoneticPr" => true,
            // Properties hold no text, but tab stops that are named like tabs.
            "pPr" | "rPr" | "sectPr" => true,
            "rt" => self.place == Place::Word,
            _ => false,
        }
    }

    /// Tells whether the characters in this element are text: `w:t`, `a:t`, `m:t`, comments' `p:text`, `text` of threaded
    /// comments and the words (not the numbers) of charts.
    fn holds_text(&self, name: &str) -> bool {
        match name {
            "t" => true,
            // In a sheet's comments `text` may hold runs (`r`/`t`) or, when threaded, the words themselves.
            "text" => matches!(self.place, Place::Slide | Place::Sheet),
            "v" => self.place == Place::Drawing && self.is_number_cache == 0,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(part: &str, place: Place) -> String {
        let mut sink = Sink::new(10_000);
        push(part, place, &mut sink).unwrap();
        sink.finish().0
    }

    #[test]
    fn runs_join_and_paragraphs_and_cells_separate() {
        let part = "<w:document><w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>中</w:t></w:r><w:r><w:t>华</w:t><w:tab/><w:t>A &amp; B</w:t></w:r></w:p>\
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>一</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>二</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:document>";
        assert_eq!(text(part, Place::Word), "中华\tA & B\n一\t二");
    }

    #[test]
    fn fallbacks_field_codes_and_deletions_are_left_out() {
        let part = "<w:p><mc:AlternateContent><mc:Choice><w:t>框</w:t></mc:Choice><mc:Fallback><w:t>框</w:t></mc:Fallback></mc:AlternateContent>\
            <w:instrText>PAGE</w:instrText><w:del><w:delText>旧</w:delText></w:del><w:t>新</w:t></w:p>";
        assert_eq!(text(part, Place::Word), "框新");
    }

    #[test]
    fn charts_give_words_but_no_numbers() {
        let part = "<c:chart><a:p><a:r><a:t>标题</a:t></a:r></a:p><c:strCache><c:pt><c:v>一月</c:v></c:pt></c:strCache><c:numCache><c:pt><c:v>42</c:v></c:pt></c:numCache></c:chart>";
        assert_eq!(text(part, Place::Drawing), "标题\n一月");
    }
}
