//! Where does extracted text gather, cleaned and within its limit?

/// Text that grows up to a limit. Control characters never get in; `\r\n`, `\r` and form feeds become `\n`.
pub struct Sink {
    text: String,
    limit_bytes: usize,
    is_truncated: bool,
    after_carriage_return: bool,
    /// Length of the text at the end of the last cell or row.
    cell_start: usize,
}

impl Sink {
    /// Returns an empty sink that takes `limit_bytes` of text.
    pub fn new(limit_bytes: usize) -> Self {
        Self { text: String::new(), limit_bytes, is_truncated: false, after_carriage_return: false, cell_start: 0 }
    }

    /// Adds text; what goes beyond the limit is dropped.
    pub fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.is_truncated {
                return;
            }
            self.push_char(character);
        }
    }

    /// Adds one character.
    pub fn push_char(&mut self, character: char) {
        let follows_return = std::mem::replace(&mut self.after_carriage_return, character == '\r');
        let clean = match character {
            '\n' if follows_return => return,
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' => character,
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' => return,
            other if other.is_control() => return,
            other => other,
        };
        if self.text.len() + clean.len_utf8() > self.limit_bytes {
            self.is_truncated = true;
        } else if !self.is_truncated {
            self.text.push(clean);
        }
    }

    /// Ends the line unless it is empty.
    pub fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            // A tab left by the last cell of a row says nothing.
            let kept = self.text.trim_end_matches([' ', '\t']).len();
            self.text.truncate(kept);
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.push_char('\n');
            }
        }
    }

    /// Separates this cell from the next one, unless it is empty.
    pub fn end_cell(&mut self) {
        if self.text.len() > self.cell_start {
            if self.text.ends_with('\n') {
                self.text.pop();
            }
            self.push_char('\t');
        }
        self.cell_start = self.text.len();
    }

    /// Ends a row of cells.
    pub fn end_row(&mut self) {
        self.end_line();
        self.cell_start = self.text.len();
    }

    /// Adds a whole line.
    pub fn line(&mut self, text: &str) {
        self.end_line();
        self.push(text);
        self.end_line();
    }

    /// Tells whether the limit was reached.
    pub fn is_full(&self) -> bool {
        self.is_truncated
    }

    /// Returns what gathered so far.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text and whether it was cut off.
    pub fn finish(mut self) -> (String, bool) {
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        (self.text, self.is_truncated)
    }
}

/// Returns `text` cleaned the way a [`Sink`] does, cut off at `limit_bytes`.
pub fn clean(text: &str, limit_bytes: usize) -> (String, bool) {
    let mut sink = Sink::new(limit_bytes);
    sink.text.reserve(text.len().min(limit_bytes));
    sink.push(text);
    (sink.text, sink.is_truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_vanish_and_line_ends_are_unified() {
        assert_eq!(clean("a\0b\u{1}\r\nc\rd\u{c}e\u{1b}[m\u{7f}\u{feff}", 100).0, "ab\nc\nd\ne[m");
    }

    #[test]
    fn text_is_cut_at_a_character_within_the_limit() {
        assert_eq!(clean("文文文", 7), ("文文".to_owned(), true));
        let mut sink = Sink::new(4);
        sink.push("ab文");
        sink.push("c");
        assert_eq!(sink.finish(), ("ab".to_owned(), true));
    }

    #[test]
    fn cells_and_lines_are_separated_once() {
        let mut sink = Sink::new(100);
        for cell in ["a", "", "b"] {
            sink.push(cell);
            sink.end_cell();
        }
        sink.end_row();
        sink.end_row();
        sink.end_cell();
        sink.line("c");
        assert_eq!(sink.finish().0, "a\tb\nc");
    }
}
