//! Which of the first candidates belong on top?
//!
//! The index orders by name hits, frequency and length. Here the first candidates get a second look at the text itself:
//! a hit that is a whole word stands above a chance substring (中华人民 in 人民 rather than in 国人民用), and words
//! that stand near each other above words far apart.

use std::sync::{LazyLock, Once};

use jieba_rs::Jieba;
use tantivy::DocAddress;

use super::Result;
use super::snippet::Place;
use super::texts::{Texts, View};
use crate::normalize::{is_cjk, is_latin};

/// Candidates that get a second look; results after them keep the order of the index.
pub const CANDIDATES: usize = 30;
/// Occurrences of a text looked at in one document.
const OCCURRENCES: usize = 2;
/// Characters on both sides that decide how the words are cut.
const AROUND: usize = 12;
const WHOLE_WORD: f32 = 12.0;
const NEARNESS: f32 = 30.0;

/// Takes 25 MB and a moment to load: not before somebody searches.
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// Begins to load the dictionary of words in the background.
pub fn warm() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| drop(std::thread::spawn(|| LazyLock::force(&JIEBA))));
}

/// Cuts a text into words.
pub fn words(text: &str) -> Vec<String> {
    JIEBA.cut(text, false).into_iter().map(|token| token.word.to_owned()).collect()
}

/// Returns what a document gains by the quality of its hits, given in `places` for the texts `needles`.
pub fn bonus(texts: &mut Texts, address: DocAddress, needles: &[Vec<char>], places: &[Place]) -> Result<f32> {
    let mut bonus = nearness(needles.len(), places);
    if places.is_empty() {
        return Ok(bonus);
    }
    let table = texts.table(address)?;
    for (needle, text) in needles.iter().enumerate() {
        let last = needle + 1 == needles.len();
        let mut best = 0.0f32;
        for place in places.iter().filter(|place| place.needle == needle).take(OCCURRENCES) {
            if best < 1.0
                && let Some(view) = texts.view(address, &table, place.start, place.start + place.len)?
            {
                best = best.max(wholeness(&view, place, text, last));
            }
        }
        bonus += best * WHOLE_WORD;
    }
    Ok(bonus)
}

/// Returns how much of a word of its own the hit is: 1 when both ends are word ends.
fn wholeness(view: &View, place: &Place, text: &[char], last: bool) -> f32 {
    let chars = &view.normalized.chars;
    let start = place.start.saturating_sub(view.position) as usize;
    let end = (start + text.len()).min(chars.len());
    if start >= end {
        return 0.0;
    }
    let begins = ends_word(chars, start);
    let ends = ends_word(chars, end);
    match (begins, ends) {
        (true, true) => 1.0,
        // The last word may still be typed: a beginning counts nearly as much.
        (true, false) if last && is_latin(text[text.len() - 1]) => 0.9,
        (true, false) => 0.5,
        (false, true) => 0.25,
        (false, false) => 0.0,
    }
}

/// Says whether a word ends (and another begins) before the character at `at`.
fn ends_word(chars: &[char], at: usize) -> bool {
    let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|before| chars.get(before)), chars.get(at)) else {
        return true;
    };
    if !is_cjk(*before) || !is_cjk(*after) {
        return !(is_latin(*before) && is_latin(*after));
    }
    let from = at.saturating_sub(AROUND);
    let around: String = chars[from..(at + AROUND).min(chars.len())].iter().collect();
    let mut end = from;
    for token in JIEBA.cut(&around, false) {
        end += token.word.chars().count();
        if end >= at {
            return end == at;
        }
    }
    true
}

/// Returns more the closer all the texts come to each other anywhere in the document.
fn nearness(needles: usize, places: &[Place]) -> f32 {
    if needles < 2 {
        return 0.0;
    }
    let mut last: Vec<Option<u32>> = vec![None; needles];
    let mut closest: Option<u32> = None;
    for place in places {
        last[place.needle] = Some(place.start);
        if let Some(first) = last.iter().copied().collect::<Option<Vec<u32>>>().and_then(|all| all.into_iter().min()) {
            let window = place.start - first;
            closest = Some(closest.map_or(window, |closest| closest.min(window)));
        }
    }
    closest.map_or(0.0, |window| NEARNESS / (1.0 + window as f32 / 30.0))
}
