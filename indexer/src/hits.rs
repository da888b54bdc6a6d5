//! Where on its pages does a document say what was looked for?
//!
//! The pages are normalised as one text, as the index does it: a sentence is found although a page ends in it, and
//! traditional characters, full-width letters or line breaks make no difference. Only the places are kept; what stands
//! on a page in its original text, and the rectangles of the words there, is worked out for the pages that are shown.

use std::cmp::Reverse;
use std::ops::Range;

use crate::normalize::{CharOffsets, is_latin, walk};
use crate::text::Word;

/// Hits of a page that get marks: more are only counted. Nobody reads ten thousand marks on one page.
pub const MAX_PAGE_MARKS: usize = 5_000;

/// All hits of some texts in the pages of one document, in the order of the text.
///
/// Hits of one text do not overlap each other. A hit that lies within another (公司 in 公司法, when both are looked for)
/// is none of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Hits {
    /// Bytes of the joined normal form, both ends ascending.
    hits: Vec<Range<u32>>,
    /// The stretch of every page in it.
    pages: Vec<Range<u32>>,
}

/// A page with hits. A hit that goes on on the next page counts on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCount {
    /// From 1.
    pub page: usize,
    /// Number of the first hit on the page, from 1. The hits of a page have consecutive numbers.
    pub first: usize,
    pub hits: usize,
}

/// What a hit covers of a page's original text, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub start: u32,
    pub end: u32,
    /// Number of the hit, from 1.
    pub hit: u32,
}

/// A part of a mark that is one rectangle, in points from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
    pub hit: u32,
}

impl Hits {
    /// Finds `needles` (normalised texts) in `pages`.
    pub fn find<'a>(pages: impl IntoIterator<Item = &'a str>, needles: &[&str]) -> Hits {
        let (body, pages) = join(pages);
        let mut hits: Vec<Range<u32>> = Vec::new();
        for needle in needles.iter().filter(|needle| !needle.is_empty()) {
            let found = body.match_indices(needle).map(|(at, _)| at as u32..(at + needle.len()) as u32);
            hits.extend(found);
        }
        if needles.len() > 1 {
            hits.sort_unstable_by_key(|hit| (hit.start, Reverse(hit.end)));
            let mut reached = 0;
            hits.retain(|hit| {
                let new = hit.end > reached;
                reached = reached.max(hit.end);
                new
            });
        }
        Hits { hits, pages }
    }

    /// Returns about how much memory they take.
    pub fn size_bytes(&self) -> usize {
        (self.hits.len() + self.pages.len()) * size_of::<Range<u32>>()
    }

    /// Returns how many hits there are.
    pub fn total(&self) -> usize {
        self.hits.len()
    }

    /// Returns the hits that touch page `number` (from 1), by index.
    fn touching(&self, number: usize) -> Range<usize> {
        let page = number.checked_sub(1).and_then(|index| self.pages.get(index));
        let Some(page) = page.filter(|page| !page.is_empty()) else { return 0..0 };
        let first = self.hits.partition_point(|hit| hit.end <= page.start);
        let after = self.hits.partition_point(|hit| hit.start < page.end);
        first..after.max(first)
    }

    /// Returns the pages with hits, in order.
    pub fn pages(&self) -> Vec<PageCount> {
        let counted = (1..=self.pages.len()).map(|page| (page, self.touching(page)));
        counted
            .filter(|(_, hits)| !hits.is_empty())
            .map(|(page, hits)| PageCount { page, first: hits.start + 1, hits: hits.len() })
            .collect()
    }

    /// Returns what the hits cover of page `number` (from 1), whose original text is `text`: in order, at most
    /// [`MAX_PAGE_MARKS`].
    pub fn marks(&self, number: usize, text: &str) -> Vec<Mark> {
        let hits = self.touching(number);
        if hits.is_empty() {
            return Vec::new();
        }
        let page = &self.pages[number - 1];
        // Where each normalised character begins, and what it was made from.
        let mut starts: Vec<u32> = Vec::new();
        let mut sources: Vec<Range<u32>> = Vec::new();
        let mut at = page.start;
        walk(text, |char, source| {
            starts.push(at);
            sources.push(source.start as u32..source.end as u32);
            at += char.len_utf8() as u32;
        });
        let mut begins = CharOffsets::new(text);
        let mut ends = CharOffsets::new(text);
        let hits = hits.take(MAX_PAGE_MARKS).map(|index| (index, &self.hits[index]));
        hits.filter_map(|(index, hit)| {
            let first = starts.partition_point(|start| *start < hit.start);
            let after = starts.partition_point(|start| *start < hit.end);
            let covered = sources.get(first..after).filter(|covered| !covered.is_empty())?;
            let start = begins.at(covered[0].start as usize);
            let end = ends.at(covered[covered.len() - 1].end as usize);
            Some(Mark { start, end, hit: index as u32 + 1 })
        })
        .collect()
    }
}

/// Normalises the pages as one text, with what normalising puts for the end of a line between them.
fn join<'a>(pages: impl IntoIterator<Item = &'a str>) -> (String, Vec<Range<u32>>) {
    let mut body = String::new();
    let mut ranges = Vec::new();
    let mut last = None;
    for page in pages {
        let mut start = None;
        walk(page, |char, _| {
            if start.is_none() {
                if last.is_some_and(is_latin) && is_latin(char) {
                    body.push(' ');
                }
                start = Some(body.len() as u32);
            }
            body.push(char);
            last = Some(char);
        });
        let end = body.len() as u32;
        ranges.push(start.unwrap_or(end)..end);
    }
    (body, ranges)
}

/// Counts `needles` in text that stands on no page, where nothing can be marked.
pub fn count(text: &str, needles: &[&str]) -> usize {
    Hits::find([text], needles).total()
}

/// Returns the rectangles of `marks` on a page with `words`. Of a word that is found in part, that part of its width:
/// the characters of a word stand evenly. What belongs to one hit on one line is one rectangle.
pub fn rects(marks: &[Mark], words: &[Word]) -> Vec<Rect> {
    let sorted: Vec<Word>;
    let words = if words.is_sorted_by_key(|word| word.start) {
        words
    } else {
        sorted = {
            let mut words = words.to_vec();
            words.sort_by_key(|word| word.start);
            words
        };
        &sorted
    };
    let mut rects: Vec<Rect> = Vec::new();
    for mark in marks {
        let own = rects.len();
        // Words do not overlap in the text: the last one that begins before the mark may reach into it.
        let first = words.partition_point(|word| word.start <= mark.start).saturating_sub(1);
        for word in words[first..].iter().take_while(|word| word.start < mark.end) {
            let Some(rect) = part(word, mark) else { continue };
            match rects[own..].last_mut() {
                Some(last) if on_one_line(last, &rect) => *last = around(last, &rect),
                _ => rects.push(rect),
            }
        }
    }
    rects
}

/// Returns the part of `word` that `mark` covers.
fn part(word: &Word, mark: &Mark) -> Option<Rect> {
    let (start, end) = (word.start.max(mark.start), word.end.min(mark.end));
    if start >= end {
        return None;
    }
    let each = word.w / (word.end - word.start) as f32;
    let x = word.x + each * (start - word.start) as f32;
    Some(Rect { x, y: word.y, w: each * (end - start) as f32, h: word.h, hit: mark.hit })
}

/// Says whether `next` goes on where `last` ends, with a space between them at the most.
fn on_one_line(last: &Rect, next: &Rect) -> bool {
    let height = last.h.max(next.h);
    let middle = |rect: &Rect| rect.y + rect.h / 2.0;
    let gap = next.x - (last.x + last.w);
    (middle(last) - middle(next)).abs() < height * 0.5 && gap < height * 2.0 && gap > -height
}

fn around(left: &Rect, right: &Rect) -> Rect {
    let (x, y) = (left.x.min(right.x), left.y.min(right.y));
    let (end, bottom) = ((left.x + left.w).max(right.x + right.w), (left.y + left.h).max(right.y + right.h));
    Rect { x, y, w: end - x, h: bottom - y, hit: left.hit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::{find_all, normalize};
    use proptest::prelude::*;

    fn marks(pages: &[&str], needles: &[&str]) -> Vec<Vec<(u32, u32, u32)>> {
        let normal: Vec<String> = needles.iter().map(|needle| normalize(needle)).collect();
        let normal: Vec<&str> = normal.iter().map(String::as_str).collect();
        let hits = Hits::find(pages.iter().copied(), &normal);
        let page = |(index, text): (usize, &&str)| {
            hits.marks(index + 1, text).iter().map(|mark| (mark.start, mark.end, mark.hit)).collect()
        };
        pages.iter().enumerate().map(page).collect()
    }

    #[test]
    fn a_hit_over_the_end_of_a_page_is_marked_on_both() {
        assert_eq!(marks(&["关于協同", "", " 辦公的通知"], &["协同办公"]), [vec![(2, 4, 1)], vec![], vec![(1, 3, 1)]]);
        assert_eq!(marks(&["cloud", "Storage x"], &["cloud storage"]), [vec![(0, 5, 1)], vec![(0, 7, 1)]]);
    }

    #[test]
    fn a_hit_within_another_is_none_of_its_own() {
        assert_eq!(marks(&["公司法和公司"], &["公司", "公司法"]), [vec![(0, 3, 1), (4, 6, 2)]]);
        // 司法 goes on behind 公司: both are hits.
        assert_eq!(marks(&["公司法"], &["公司", "司法"]), [vec![(0, 2, 1), (1, 3, 2)]]);
        assert_eq!(marks(&["啊啊啊啊啊"], &["啊啊"]), [vec![(0, 2, 1), (2, 4, 2)]]);
    }

    #[test]
    fn marks_stand_on_the_original_text() {
        assert_eq!(marks(&["國發〔２０２３〕１２ 號"], &["国发(2023)12号"]), [vec![(0, 12, 1)]]);
        assert_eq!(marks(&["𠮷野 家，好"], &["家"]), [vec![(3, 4, 1)]]);
        assert_eq!(marks(&["㈱ cafe\u{301}"], &["株", "é"]), [vec![(0, 1, 1), (5, 7, 2)]]);
    }

    #[test]
    fn pages_know_their_hits_by_number() {
        let hits = Hits::find(["甲乙", "甲", "", "丙甲"], &["甲", "乙甲"]);
        // 甲 · 乙甲 (on two pages) · 甲
        assert_eq!(hits.total(), 3);
        let page = |page, first, hits| PageCount { page, first, hits };
        assert_eq!(hits.pages(), [page(1, 1, 2), page(2, 2, 1), page(4, 3, 1)]);
        assert!(hits.marks(0, "").is_empty() && hits.marks(9, "甲").is_empty());
        assert_eq!(Hits::find(["甲"], &[""]).total(), 0);
    }

    fn word(start: u32, end: u32, x: f32, y: f32, w: f32) -> Word {
        Word { start, end, x, y, w, h: 10.0 }
    }

    #[test]
    fn rectangles_are_cut_joined_and_broken_by_lines() {
        let mark = |start, end| Mark { start, end, hit: 7 };
        let words = [word(0, 4, 10.0, 10.0, 40.0), word(4, 6, 50.0, 10.5, 20.0), word(7, 9, 10.0, 30.0, 20.0)];
        let rect = |x, y, w, h| Rect { x, y, w, h, hit: 7 };
        assert_eq!(rects(&[mark(1, 3)], &words), [rect(20.0, 10.0, 20.0, 10.0)]);
        assert_eq!(rects(&[mark(2, 5)], &words), [rect(30.0, 10.0, 30.0, 10.5)]);
        assert_eq!(rects(&[mark(5, 8)], &words), [rect(60.0, 10.5, 10.0, 10.0), rect(10.0, 30.0, 10.0, 10.0)]);
        // The columns of a table stay apart; words out of order are no harm.
        let far = [word(3, 5, 300.0, 10.0, 20.0), word(0, 2, 10.0, 10.0, 20.0)];
        assert_eq!(rects(&[mark(0, 5)], &far).len(), 2);
        assert!(rects(&[mark(0, 9)], &[word(5, 5, 0.0, 0.0, 1.0), word(6, 2, 0.0, 0.0, 1.0)]).is_empty());
    }

    /// The places of one text by a plain scan of the joined original, as (page, start, end) of every touched page.
    fn scanned(pages: &[String], needle: &str) -> Vec<Vec<(usize, u32, u32)>> {
        let joined = pages.join("\n");
        let mut starts = Vec::new();
        let mut at = 0;
        for page in pages {
            let length = page.chars().count() as u32;
            starts.push((at, at + length));
            at += length + 1;
        }
        let chars: Vec<char> = joined.chars().collect();
        let visible = |range: &(u32, u32)| {
            !normalize(&chars[range.0 as usize..range.1 as usize].iter().collect::<String>()).is_empty()
        };
        let parts = |(start, end): (u32, u32)| {
            let part = |(page, (from, to)): (usize, &(u32, u32))| {
                let (first, after) = (start.max(*from), end.min(*to));
                (first < after && visible(&(first, after))).then(|| (page, first - from, after - from))
            };
            starts.iter().enumerate().filter_map(part).collect()
        };
        find_all(&joined, needle).into_iter().map(parts).collect()
    }

    fn trimmed(page: &str, start: u32, end: u32) -> String {
        normalize(&page.chars().skip(start as usize).take((end - start) as usize).collect::<String>())
    }

    proptest! {
        #[test]
        fn every_place_of_a_plain_scan_is_a_hit_and_nothing_else(
            pages in prop::collection::vec("[a-b 國国，。１1\u{200b}\n]{0,12}", 1..6),
            needle in "[a-b 國国，。１1]{1,4}",
        ) {
            let normal = normalize(&needle);
            let hits = Hits::find(pages.iter().map(String::as_str), &[&normal]);
            let expected = if normal.is_empty() { Vec::new() } else { scanned(&pages, &needle) };
            prop_assert_eq!(hits.total(), expected.len());
            let mut found: Vec<Vec<(usize, Mark)>> = vec![Vec::new(); hits.total()];
            for (index, page) in pages.iter().enumerate() {
                let marks = hits.marks(index + 1, page);
                let count = hits.pages().into_iter().find(|count| count.page == index + 1);
                prop_assert_eq!(count.map_or(0, |count| count.hits), marks.len());
                for mark in marks {
                    found[mark.hit as usize - 1].push((index, mark));
                }
            }
            for (parts, scanned) in found.iter().zip(&expected) {
                // The scan may take a space at the end of a page along; what is marked says the same.
                let places: Vec<usize> = parts.iter().map(|(page, _)| *page).collect();
                let wanted: Vec<usize> = scanned.iter().map(|(page, ..)| *page).collect();
                prop_assert_eq!(places, wanted);
                for ((page, mark), (_, start, end)) in parts.iter().zip(scanned) {
                    prop_assert_eq!(trimmed(&pages[*page], mark.start, mark.end), trimmed(&pages[*page], *start, *end));
                    prop_assert!(mark.start >= *start && mark.end <= *end);
                }
                let said: Vec<String> = parts
                    .iter()
                    .map(|(page, mark)| pages[*page].chars().skip(mark.start as usize).take((mark.end - mark.start) as usize).collect())
                    .collect();
                prop_assert_eq!(normalize(&said.join("\n")), normal.clone());
            }
        }

        #[test]
        fn every_marked_character_of_a_word_lies_in_a_rectangle_of_its_hit(
            lengths in prop::collection::vec(1u32..6, 1..8),
            cuts in prop::collection::vec((0u32..30, 1u32..9), 1..5),
        ) {
            let mut words = Vec::new();
            let mut at = 0;
            for (index, length) in lengths.iter().enumerate() {
                words.push(word(at, at + length, 10.0 + 13.0 * (at % 11) as f32, 20.0 * (index / 3) as f32, 10.0 * *length as f32));
                at += length + 1;
            }
            let marks: Vec<Mark> = cuts.iter().zip(1..).map(|((start, length), hit)| Mark { start: *start, end: start + length, hit }).collect();
            let rects = rects(&marks, &words);
            for mark in &marks {
                for word in &words {
                    for char in word.start.max(mark.start)..word.end.min(mark.end) {
                        let x = word.x + 10.0 * (char - word.start) as f32 + 5.0;
                        let y = word.y + 5.0;
                        let inside = |rect: &&Rect| rect.hit == mark.hit && rect.x <= x && x <= rect.x + rect.w && rect.y <= y && y <= rect.y + rect.h;
                        prop_assert!(rects.iter().any(|rect| inside(&rect)));
                    }
                }
            }
        }
    }
}
