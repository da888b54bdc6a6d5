//! Which part of a file's own text is missing from its pages?
//!
//! Page text is what a hit should point at, so it is kept as it is. The file's own text knows more: cells that are cut off
//! on paper, comments, notes, hidden sheets, a mail's headers. Only the lines that stand on no page are kept beside the
//! pages; the whole text twice would double the index and every hit.

use indexer::{normalize::normalize, text::PageText};

/// Characters of page text that may be searched in all before the rest is simply kept.
const SEARCH_BUDGET: usize = 3 << 30;

/// Returns the lines of `own` that a search would not find on the pages. Words that are broken in two in a narrow column, or
/// have lost the space between them, are on the page for the eye alone.
pub fn missing_from_pages(own: &str, pages: &[PageText]) -> String {
    let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
    let shown = normalize(&texts.join("\n"));
    if shown.is_empty() {
        return own.to_owned();
    }
    let mut rest = String::new();
    let (mut cursor, mut budget) = (0, SEARCH_BUDGET);
    for line in own.lines() {
        let needle = normalize(line);
        if needle.is_empty() {
            continue;
        }
        match find(&shown, &needle, cursor, &mut budget) {
            Some(end) => cursor = end,
            None => {
                rest.push_str(line);
                rest.push('\n');
            }
        }
    }
    rest
}

/// Finds `needle`, first shortly after the line before, then anywhere; returns where it ends.
fn find(shown: &str, needle: &str, cursor: usize, budget: &mut usize) -> Option<usize> {
    let near = shown.floor_char_boundary(cursor + needle.len() + 4096);
    if let Some(found) = shown[cursor..near].find(needle) {
        return Some(cursor + found + needle.len());
    }
    if *budget < shown.len() {
        return None;
    }
    *budget -= shown.len();
    shown.find(needle).map(|found| found + needle.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> PageText {
        PageText { text: text.to_owned(), width: 1.0, height: 1.0, words: Vec::new() }
    }

    #[test]
    fn only_what_is_cut_off_remains() {
        let pages = [page("name\nshort ce"), page("第 一 条\nend")];
        assert_eq!(missing_from_pages("name\nshort cell\n第一条\n\nend", &pages), "short cell\n");
    }

    #[test]
    fn a_broken_word_is_missing_and_a_broken_line_is_not() {
        let pages = [page("Embedd\ned table\nlong"), page("line，遵守"), page("公共秩序")];
        assert_eq!(missing_from_pages("Embedded table\nlong line\n遵守公共秩序", &pages), "Embedded table\n");
    }

    #[test]
    fn lines_in_another_order_are_found() {
        assert_eq!(missing_from_pages("b\na", &[page("a\nb")]), "");
    }

    #[test]
    fn without_pages_everything_remains() {
        assert_eq!(missing_from_pages("a\nb", &[]), "a\nb");
    }
}
