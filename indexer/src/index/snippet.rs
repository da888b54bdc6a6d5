//! Which lines of a document show why it was found?

use std::collections::HashMap;

use tantivy::DocAddress;

use super::layout::{NO_PAGE, Table};
use super::texts::{Texts, View};
use super::types::Snippet;
use super::{MAX_HIT_PAGES, Result};

const MAX_SNIPPETS: usize = 3;
/// Characters shown before the first mark, and in all.
const LEAD: u32 = 24;
const LENGTH: u32 = 110;
/// Hits looked at when the best places are chosen.
const MAX_PLACES: usize = 2000;
/// Chunks read to find single characters, which have no positions in the index.
const MAX_CHUNKS_READ: usize = 32;

/// A place in the body where text number `needle` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub start: u32,
    pub len: u32,
    pub needle: usize,
}

/// Returns the pages of `places`, each once.
pub fn pages(table: &Table, places: &[Place]) -> Vec<u32> {
    let mut pages: Vec<u32> = Vec::new();
    for place in places {
        // A sentence may begin on one page and end on the next.
        for page in [table.page(place.start), table.page(place.start + place.len.saturating_sub(1))] {
            if page != NO_PAGE && pages.last().is_none_or(|last| *last < page) {
                pages.push(page);
            }
        }
        if pages.len() >= MAX_HIT_PAGES {
            pages.truncate(MAX_HIT_PAGES);
            break;
        }
    }
    pages
}

/// Finds single characters by reading the text from the beginning: all pages of ordinary documents, the first ones of
/// very long ones.
pub fn read_single(
    texts: &mut Texts,
    address: DocAddress,
    table: &Table,
    char: char,
    needle: usize,
) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for number in 0..table.chunk_count().min(MAX_CHUNKS_READ) {
        for piece in texts.chunk(address, number)?.iter() {
            let mut position = piece.position;
            crate::normalize::walk(&piece.text, |found, _| {
                if found == char {
                    places.push(Place { start: position, len: 1, needle });
                }
                position += 1;
            });
        }
    }
    Ok(places)
}

/// Cuts the best snippets around `places` (ascending). Without places, the beginning of the text.
pub fn snippets(texts: &mut Texts, address: DocAddress, table: &Table, places: &[Place]) -> Result<Vec<Snippet>> {
    if table.chunk_count() == 0 {
        return Ok(Vec::new());
    }
    if places.is_empty() {
        let view = texts.view(address, table, 0, LENGTH)?;
        return Ok(view.map(|view| cut(&view, 0, &[])).into_iter().collect());
    }
    let mut snippets = Vec::new();
    for at in choose(table, &places[..places.len().min(MAX_PLACES)]) {
        let first = places[at];
        if let Some(view) = texts.view(address, table, first.start, first.start + LENGTH)? {
            snippets.push(cut(&view, first.start, &places[at..]));
        }
    }
    Ok(snippets)
}

/// Chooses places whose surroundings show the most different texts, from different pages where possible, in text order.
fn choose(table: &Table, places: &[Place]) -> Vec<usize> {
    let mut windows: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    for (at, place) in places.iter().enumerate() {
        if at > 0 && place.start < end {
            continue;
        }
        end = place.start + LENGTH - LEAD;
        let mut seen: Vec<usize> = Vec::new();
        for near in places[at..].iter().take_while(|near| near.start + near.len <= end) {
            if !seen.contains(&near.needle) {
                seen.push(near.needle);
            }
        }
        windows.push((at, seen.len()));
    }
    windows.sort_by_key(|(at, different)| (std::cmp::Reverse(*different), *at));
    let mut chosen: Vec<usize> = Vec::new();
    for other_pages in [true, false] {
        for (at, _) in &windows {
            let page = table.page(places[*at].start);
            let taken =
                chosen.iter().any(|other| other == at || other_pages && table.page(places[*other].start) == page);
            if !taken && chosen.len() < MAX_SNIPPETS {
                chosen.push(*at);
            }
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Cuts the text around `start` out of `view` and marks `places`.
fn cut(view: &View, start: u32, places: &[Place]) -> Snippet {
    let chars = &view.normalized.chars;
    let from = lead(chars, start.saturating_sub(view.position) as usize);
    let first_end = places.first().map_or(start, |place| place.start + place.len);
    let wanted = (from as u32 + LENGTH).max(first_end.saturating_sub(view.position));
    let to = (wanted as usize).min(chars.len());
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for place in places.iter().take_while(|place| place.start < view.position + to as u32) {
        let at = place.start.saturating_sub(view.position) as usize;
        // A hit may go on on the next page, which is not shown.
        let end = (at + place.len as usize).min(chars.len());
        if at >= from && end <= to {
            marks.push((at, end));
        }
    }
    let (text, marks) = render(view, from, to, &marks);
    Snippet { page: (view.page != NO_PAGE).then_some(view.page), text, marks }
}

/// Returns where to begin so that the hit at `hit` has some text before it, at the start of a sentence if one is near.
fn lead(chars: &[char], hit: usize) -> usize {
    let hit = hit.min(chars.len());
    let earliest = hit.saturating_sub(LEAD as usize);
    if earliest == 0 {
        return 0;
    }
    let sentence = chars[earliest..hit].iter().position(|char| matches!(char, '。' | ';' | '!' | '?'));
    sentence.map_or(earliest, |at| earliest + at + 1)
}

/// Returns the original text of the normalised characters `from..to` with white space runs as one space, and the marks
/// as character offsets in it.
fn render(view: &View, from: usize, to: usize, marks: &[(usize, usize)]) -> (String, Vec<(u32, u32)>) {
    let bytes = view.normalized.bytes(from..to);
    let marked: Vec<_> = marks.iter().map(|(start, end)| view.normalized.bytes(*start..*end)).collect();
    let mut shown = String::new();
    let mut length = 0;
    if from > 0 {
        shown.push('…');
        length += 1;
    }
    // For every byte offset that begins or ends a mark, the character it became.
    let mut edges: Vec<usize> = marked.iter().flat_map(|mark| [mark.start, mark.end]).collect();
    edges.sort_unstable();
    let mut edges = edges.into_iter().peekable();
    let mut places = HashMap::new();
    let mut space = true;
    for (at, char) in view.text[bytes.clone()].char_indices() {
        while let Some(edge) = edges.next_if(|edge| *edge <= bytes.start + at) {
            places.insert(edge, length);
        }
        let blank = char.is_whitespace() || char.is_control();
        if !(blank && space) {
            shown.push(if blank { ' ' } else { char });
            length += 1;
        }
        space = blank;
    }
    for edge in edges {
        places.insert(edge, length);
    }
    if to < view.normalized.chars.len() {
        shown.push('…');
    }
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for mark in &marked {
        let (start, end) = (places[&mark.start], places[&mark.end]);
        match joined.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    (shown, joined)
}
