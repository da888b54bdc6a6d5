//! What text does one content have, page by page?
//!
//! The unit that the worker writes as JSON, the store keeps beside the content and the index is built from. It comes from
//! the PDF's pages (text with positions) and from [`crate::extract`] (text that stands on no page).

use serde::{Deserialize, Serialize};

/// The text of one content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    /// Pages in order; empty when the format has none.
    pub pages: Vec<PageText>,
    /// Text without a page: cells, notes, mail headers, attachments' text, names inside an archive.
    pub extra: String,
    /// The title that the file states, if any.
    pub title: Option<String>,
    /// The author that the file states, if any.
    pub author: Option<String>,
    /// Headings in order, as written; see [`crate::headings`].
    #[serde(default)]
    pub headings: Vec<String>,
}

/// The text of one page with the positions of its words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PageText {
    /// Text in reading order.
    pub text: String,
    /// Width of the page in points.
    pub width: f32,
    /// Height of the page in points.
    pub height: f32,
    /// Positions of words; empty when the format gives none.
    #[serde(default)]
    pub words: Vec<Word>,
}

/// The place of one word on its page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// First character in the page's text, counted in characters.
    pub start: u32,
    /// Character after the last one.
    pub end: u32,
    /// Distance of the left edge from the left of the page, in points.
    pub x: f32,
    /// Distance of the upper edge from the top of the page, in points.
    pub y: f32,
    /// Width in points.
    pub w: f32,
    /// Height in points.
    pub h: f32,
}

impl Extracted {
    /// Returns the number of pages.
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Returns all text: the pages in order, then the text that has no page, one line break between parts.
    pub fn full_text(&self) -> String {
        let mut text = String::with_capacity(self.text_bytes() + self.pages.len() + 1);
        let pages = self.pages.iter().map(|page| page.text.as_str());
        for part in pages.chain(std::iter::once(self.extra.as_str())).filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
        text
    }

    /// Returns the size of all text in bytes.
    pub fn text_bytes(&self) -> usize {
        self.pages.iter().map(|page| page.text.len()).sum::<usize>() + self.extra.len()
    }

    /// Tells whether there is nothing that a search could find.
    pub fn is_blank(&self) -> bool {
        self.extra.trim().is_empty() && self.pages.iter().all(|page| page.text.trim().is_empty())
    }

    /// Returns the text of every page, in order.
    pub fn page_texts(&self) -> Vec<String> {
        self.pages.iter().map(|page| page.text.clone()).collect()
    }
}

impl PageText {
    /// Returns a page of the given size in points that has text without positions.
    pub fn without_positions(text: String, width: f32, height: f32) -> Self {
        Self { text, width, height, words: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_text_joins_pages_and_extra_and_skips_empty_parts() {
        let text = Extracted {
            pages: vec![
                PageText::without_positions("一".into(), 1.0, 1.0),
                PageText::default(),
                PageText::without_positions("二".into(), 1.0, 1.0),
            ],
            extra: "三".into(),
            ..Extracted::default()
        };
        assert_eq!(text.full_text(), "一\n二\n三");
        assert_eq!((text.page_count(), text.is_blank()), (3, false));
        assert!(Extracted::default().is_blank());
    }

    #[test]
    fn extracted_survives_json() {
        let text = Extracted {
            pages: vec![PageText {
                text: "词".into(),
                width: 595.0,
                height: 842.0,
                words: vec![Word { start: 0, end: 1, x: 1.0, y: 2.0, w: 3.0, h: 4.0 }],
            }],
            extra: "e".into(),
            title: Some("t".into()),
            author: None,
            headings: vec!["h".into()],
        };
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(serde_json::from_str::<Extracted>(&json).unwrap(), text);
    }
}
