//! Which names does the caller seem to be typing?

use tantivy::query::{BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED, Term};

use super::collect::Visible;
use super::compile::Compiler;
use super::rights::Rights;
use super::texts::Texts;
use super::types::{Access, Sort, Suggestion};
use super::{Index, Result, keyed, pinyin, rank, spread};
use crate::normalize::normalize;

/// Candidates looked at for one list.
const CANDIDATES: usize = 60;
const MAX_LIMIT: usize = 50;
/// Characters of what is typed.
const MAX_CHARS: usize = 100;

impl Index {
    /// Suggests documents whose name contains `prefix`, or reads like it in pinyin or initials.
    pub fn suggest(&self, prefix: &str, access: &Access, limit: usize) -> Result<Vec<Suggestion>> {
        let Some(typed) = Typed::new(prefix) else { return Ok(Vec::new()) };
        // Who is typing here will search in a moment.
        rank::warm();
        let searcher = self.reader.searcher();
        let compiler = Compiler { fields: &self.fields, searcher: &searcher, folders: &[], pinyin: false };
        let readings: Box<dyn Query> =
            if typed.letters.is_empty() { Box::new(EmptyQuery) } else { compiler.readings(&typed.letters) };
        let either = vec![
            part(compiler.name_start(&typed.text), 4.0),
            part(compiler.short(self.fields.name, &typed.text), 2.0),
            part(readings, 1.0),
        ];
        let visible = Visible { access, sort: Sort::Relevance, after: None, limit: CANDIDATES, facets: &[] };
        let found = spread::collect(&searcher, &BooleanQuery::new(either), &visible)?;
        let mut texts = Texts::new(&searcher, &self.fields);
        let mut ranked = Vec::new();
        for (at, candidate) in found.top.iter().enumerate() {
            let head = texts.head(candidate.address)?;
            if let Some(quality) = typed.quality(&head.name) {
                ranked.push((quality, at, head));
            }
        }
        ranked.sort_by_key(|(quality, at, _)| (*quality, *at));
        let best = ranked.into_iter().take(limit.min(MAX_LIMIT));
        Ok(best.map(|(_, _, head)| Suggestion { id: head.id, name: head.name }).collect())
    }

    /// Suggests values of `key` (`author`, `tag`, `property:<id>`) that contain `text` or read like it, of documents that the
    /// caller may read.
    pub fn suggest_values(&self, key: &str, text: &str, access: &Access, limit: usize) -> Result<Vec<String>> {
        let Some(typed) = Typed::new(text) else { return Ok(Vec::new()) };
        let searcher = self.reader.searcher();
        let (first, end) = keyed::bounds(key);
        let mut fitting: Vec<((u8, usize), String)> = Vec::new();
        for reader in searcher.segment_readers() {
            let inverted = reader.inverted_index(self.fields.facet)?;
            let mut stream =
                inverted.terms().range().ge(&first).lt(&end).into_stream().map_err(tantivy::TantivyError::from)?;
            while stream.advance() {
                let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
                if let Some(quality) = typed.quality(keyed::value(term)) {
                    fitting.push((quality, term.to_owned()));
                }
            }
        }
        fitting.sort_unstable();
        fitting.dedup();
        let rights: Vec<Rights> = searcher
            .segment_readers()
            .iter()
            .map(|reader| Rights::open(access, reader))
            .collect::<tantivy::Result<_>>()?;
        let mut suggested = Vec::new();
        for (_, term) in fitting {
            if suggested.len() == limit.min(MAX_LIMIT) {
                break;
            }
            if self.is_seen(&searcher, &rights, &term)? {
                suggested.push(keyed::value(&term).to_owned());
            }
        }
        Ok(suggested)
    }

    /// Says whether a document that the caller may read has the facet `term`.
    fn is_seen(&self, searcher: &tantivy::Searcher, rights: &[Rights], term: &str) -> tantivy::Result<bool> {
        let term = Term::from_field_text(self.fields.facet, term);
        for (reader, rights) in searcher.segment_readers().iter().zip(rights) {
            let inverted = reader.inverted_index(self.fields.facet)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let alive = reader.alive_bitset();
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                if alive.is_none_or(|alive| alive.is_alive(doc)) && rights.allows(doc) {
                    return Ok(true);
                }
                postings.advance();
            }
        }
        Ok(false)
    }
}

fn part(query: Box<dyn Query>, score: f32) -> (Occur, Box<dyn Query>) {
    (Occur::Should, Box::new(ConstScoreQuery::new(query, score)))
}

/// What somebody types, made ready for comparing.
struct Typed {
    text: String,
    /// Without the spaces that people put between syllables (`xie tong`); empty when it cannot be pinyin.
    letters: String,
}

impl Typed {
    fn new(text: &str) -> Option<Typed> {
        let text = normalize(text);
        if text.is_empty() || text.chars().count() > MAX_CHARS {
            return None;
        }
        let letters = text.replace(' ', "");
        let pinyin = letters.chars().all(|char| char.is_ascii_alphanumeric());
        Some(Typed { text, letters: if pinyin { letters } else { String::new() } })
    }

    /// Ranks how a name fits: beginning with the text, containing it, read from the beginning, read in the middle. `None`
    /// when it does not.
    fn quality(&self, name: &str) -> Option<(u8, usize)> {
        let name = normalize(name);
        let length = name.chars().count();
        if name.starts_with(&self.text) {
            return Some((0, length));
        }
        if name.contains(&self.text) {
            return Some((1, length));
        }
        if self.letters.is_empty() {
            return None;
        }
        let chars: Vec<char> = name.chars().collect();
        let (start, _) = pinyin::find(&chars, &self.letters)?;
        Some((if start == 0 { 2 } else { 3 }, length))
    }
}
