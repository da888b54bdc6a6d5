//! How does the text of a document lie in the index?
//!
//! All pages are normalised as one text, so that a sentence is found although a page ends in it; `\n` stands before the text
//! without a page. The index knows the positions of the characters of this body. The original text is stored in chunks of a few pieces each, every piece with its page and the position of its first character.
//! So a hit at a position leads to its page by the table and to its text by reading one chunk, however long the document.
//! Chunk 0 is stored with the document itself, chunk k with the k-th index document after it.

use std::collections::HashSet;

use crate::normalize::{is_latin, walk};

/// Normalised characters in a piece: what is normalised again to show one snippet.
const PIECE_CHARS: u32 = 500;
/// Normalised characters in a chunk: what is decompressed to show one snippet.
const CHUNK_CHARS: u32 = 4000;
/// Longer runs of letters are no words.
const MAX_WORD_BYTES: usize = 64;

/// The page number of text without a page.
pub const NO_PAGE: u32 = 0;

/// A document's text made ready for the index.
#[derive(Default)]
pub struct Layout {
    /// The pages, normalised as one text; then `\n` and the normalised text without a page.
    pub body: String,
    /// Every Latin word of the body once, one a line.
    pub words: String,
    pub table: Table,
    pub chunks: Vec<String>,
}

/// Where pages and chunks begin, as positions in the body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Table {
    /// Page numbers with their first position, ascending; pages without text are left out.
    pages: Vec<(u32, u32)>,
    chunks: Vec<u32>,
}

/// A part of one page's original text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub page: u32,
    /// The body position of its first normalised character.
    pub position: u32,
    pub text: String,
}

impl Layout {
    /// Lays out pages and the text without a page.
    pub fn new(pages: &[String], extra: &str) -> Layout {
        let mut builder = Builder::default();
        for (index, page) in pages.iter().enumerate() {
            builder.page(index as u32 + 1, page);
        }
        builder.page(NO_PAGE, extra);
        builder.finish()
    }
}

#[derive(Default)]
struct Builder {
    layout: Layout,
    position: u32,
    words: HashSet<String>,
    chunk: String,
    chunk_start: u32,
}

impl Builder {
    fn page(&mut self, page: u32, text: &str) {
        let mut pieces: Option<Pieces> = None;
        let mut word = String::new();
        walk(text, |char, source| {
            let pieces = pieces.get_or_insert_with(|| {
                self.separate(page, char);
                Pieces::new(self.position)
            });
            pieces.visit(char, self.position, &source);
            self.layout.body.push(char);
            self.position += 1;
            if is_latin(char) {
                word.push(char);
            } else if !word.is_empty() {
                self.words.insert(std::mem::take(&mut word));
            }
        });
        let Some(pieces) = pieces else { return };
        if !word.is_empty() {
            self.words.insert(word);
        }
        self.layout.table.pages.push((page, pieces.first));
        for (position, bytes) in pieces.cuts {
            self.piece(page, position, &text[bytes]);
        }
        self.piece(page, pieces.position, &text[pieces.start..]);
    }

    /// Puts between this page, which begins with `next`, and the one before what normalising puts for the end of a line.
    fn separate(&mut self, page: u32, next: char) {
        let separator = match self.layout.body.chars().next_back() {
            None => return,
            Some(_) if page == NO_PAGE => '\n',
            Some(last) if is_latin(last) && is_latin(next) => ' ',
            Some(_) => return,
        };
        self.layout.body.push(separator);
        self.position += 1;
    }

    fn piece(&mut self, page: u32, position: u32, text: &str) {
        if !self.chunk.is_empty() && position + PIECE_CHARS > self.chunk_start + CHUNK_CHARS {
            self.flush();
        }
        if self.chunk.is_empty() {
            self.chunk_start = position;
        }
        // Text and not bytes, because the document store reads bytes one by one.
        self.chunk.push_str(&format!("{page} {position} {}\n{text}", text.len()));
    }

    fn flush(&mut self) {
        if !self.chunk.is_empty() {
            self.layout.table.chunks.push(self.chunk_start);
            self.layout.chunks.push(std::mem::take(&mut self.chunk));
        }
    }

    fn finish(mut self) -> Layout {
        self.flush();
        let mut words: Vec<String> = self.words.into_iter().filter(|word| word.len() <= MAX_WORD_BYTES).collect();
        words.sort_unstable();
        self.layout.words = words.join("\n");
        self.layout
    }
}

/// Finds places to cut a page where both sides keep their normal form.
struct Pieces {
    /// The body position of the page's first character.
    first: u32,
    start: usize,
    position: u32,
    end: usize,
    cuts: Vec<(u32, std::ops::Range<usize>)>,
}

impl Pieces {
    fn new(first: u32) -> Self {
        Pieces { first, start: 0, position: first, end: 0, cuts: Vec::new() }
    }

    fn visit(&mut self, char: char, position: u32, source: &std::ops::Range<usize>) {
        // Not inside what one original character became, and not before a space, which would be lost.
        if position - self.position >= PIECE_CHARS && source.start >= self.end && char != ' ' {
            self.cuts.push((self.position, self.start..source.start));
            (self.start, self.position) = (source.start, position);
        }
        self.end = source.end;
    }
}

impl Table {
    /// Returns the page on which the character at `position` stands.
    pub fn page(&self, position: u32) -> u32 {
        let after = self.pages.partition_point(|(_, start)| *start <= position);
        after.checked_sub(1).map_or(NO_PAGE, |at| self.pages[at].0)
    }

    /// Returns the chunk that holds `position`.
    pub fn chunk(&self, position: u32) -> usize {
        self.chunks.partition_point(|start| *start <= position).saturating_sub(1)
    }

    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Writes the table as text: pages, `|`, chunks; every position as the step from the one before.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let mut last = 0;
        for (page, start) in &self.pages {
            text.push_str(&format!("{page} {} ", start - last));
            last = *start;
        }
        text.push('|');
        last = 0;
        for start in &self.chunks {
            text.push_str(&format!("{} ", start - last));
            last = *start;
        }
        text
    }

    /// Reads what `encode` wrote; `None` when it is damaged.
    pub fn decode(text: &str) -> Option<Table> {
        let (pages, chunks) = text.split_once('|')?;
        let mut table = Table::default();
        let mut last = 0;
        let mut numbers = pages.split_ascii_whitespace();
        while let Some(page) = numbers.next() {
            last += numbers.next()?.parse::<u32>().ok()?;
            table.pages.push((page.parse().ok()?, last));
        }
        last = 0;
        for step in chunks.split_ascii_whitespace() {
            last += step.parse::<u32>().ok()?;
            table.chunks.push(last);
        }
        Some(table)
    }
}

/// Reads the pieces of a chunk; `None` when it is damaged.
pub fn read_chunk(mut chunk: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    while !chunk.is_empty() {
        let (head, rest) = chunk.split_once('\n')?;
        let mut numbers = head.split(' ').map(str::parse::<u32>);
        let mut number = || numbers.next()?.ok();
        let (page, position, len) = (number()?, number()?, number()? as usize);
        pieces.push(Piece { page, position, text: rest.get(..len)?.to_owned() });
        chunk = &rest[len..];
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::normalize;

    #[test]
    fn pages_chunks_and_positions_agree() {
        let pages: Vec<String> = (0..9).map(|page| format!("第 {page} 頁 a b\u{301} ").repeat(page * 120)).collect();
        let layout = Layout::new(&pages, "附 件");
        let body: Vec<char> = layout.body.chars().collect();
        let table = Table::decode(&layout.table.encode()).unwrap();
        assert_eq!(table, layout.table);
        assert_eq!(table.chunk_count(), layout.chunks.len());
        let mut seen = String::new();
        for (number, chunk) in layout.chunks.iter().enumerate() {
            for piece in read_chunk(chunk).unwrap() {
                let normal: Vec<char> = normalize(&piece.text).chars().collect();
                let at = piece.position as usize;
                assert_eq!(body[at..at + normal.len()], normal[..]);
                assert_eq!(table.page(piece.position), piece.page);
                assert_eq!(table.chunk(piece.position), number);
                assert!(normal.len() <= PIECE_CHARS as usize + 1);
                seen.push_str(&piece.text);
            }
        }
        assert_eq!(seen, pages.concat() + "附 件");
        assert_eq!(table.page(body.len() as u32 - 1), NO_PAGE);
        let (text, extra) = layout.body.split_once('\n').unwrap();
        assert_eq!((text, extra), (normalize(&pages.join("\n")).as_str(), "附件"));
        assert!(layout.words.lines().any(|word| word == "a"));
    }

    #[test]
    fn an_empty_document_has_no_chunks() {
        let layout = Layout::new(&[" \n".into()], "");
        assert_eq!((layout.body.as_str(), layout.chunks.len()), ("", 0));
    }
}
