//! Which names does the caller seem to be typing?

use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query};

use super::collect::Visible;
use super::compile::{Compiler, Flat};
use super::schema::Meta;
use super::texts::Texts;
use super::types::{Access, Sort, Suggestion};
use super::{Index, Result, pinyin, rank};
use crate::normalize::normalize;

/// Candidates looked at for one list.
const CANDIDATES: usize = 60;
const MAX_LIMIT: usize = 50;

impl Index {
    /// Suggests documents whose name contains `prefix`, or reads like it in pinyin or initials.
    pub fn suggest(&self, prefix: &str, access: &Access, limit: usize) -> Result<Vec<Suggestion>> {
        let text = normalize(prefix);
        if text.is_empty() || text.chars().count() > 100 {
            return Ok(Vec::new());
        }
        // Who is typing here will search in a moment.
        rank::warm();
        let compiler = Compiler { fields: &self.fields, pinyin: false };
        // Spaces between syllables are common: "xie tong".
        let letters = text.replace(' ', "");
        let mut either =
            vec![part(compiler.name_start(&text), 4.0), part(compiler.short(self.fields.name, &text), 2.0)];
        if letters.chars().all(|char| char.is_ascii_alphanumeric()) {
            either.push(part(compiler.short(self.fields.pinyin, &letters), 1.0));
        }
        let searcher = self.reader.searcher();
        let visible = Visible { access, sort: Sort::Relevance, after: None, limit: CANDIDATES };
        let found = searcher.search_with_statistics_provider(&BooleanQuery::new(either), &visible, &Flat)?;
        let mut texts = Texts::new(&searcher, &self.fields);
        let mut ranked = Vec::new();
        for (at, candidate) in found.top.iter().enumerate() {
            let meta = texts.meta(candidate.address)?;
            if let Some(quality) = quality(&meta, &text, &letters) {
                ranked.push((quality, at, meta));
            }
        }
        ranked.sort_by_key(|(quality, at, _)| (*quality, *at));
        let suggestions = ranked.into_iter().take(limit.min(MAX_LIMIT)).map(|(_, _, meta)| Suggestion {
            id: meta.id,
            name: meta.name,
            kind: meta.kind,
            media_type: meta.media_type,
            path: meta.path,
        });
        Ok(suggestions.collect())
    }
}

fn part(query: Box<dyn Query>, score: f32) -> (Occur, Box<dyn Query>) {
    (Occur::Should, Box::new(ConstScoreQuery::new(query, score)))
}

/// Ranks how the name fits: beginning with the text, containing it, read from the beginning, read in the middle. `None`
/// when the letters only match across syllables.
fn quality(meta: &Meta, text: &str, letters: &str) -> Option<(u8, usize)> {
    let name = normalize(&meta.name);
    let length = name.chars().count();
    if name.starts_with(text) {
        return Some((0, length));
    }
    if name.contains(text) {
        return Some((1, length));
    }
    let chars: Vec<char> = name.chars().collect();
    let (start, _) = pinyin::find(&chars, letters)?;
    Some((if start == 0 { 2 } else { 3 }, length))
}
