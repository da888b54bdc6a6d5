//! How does a query of ours become one of tantivy's?
//!
//! A text of two or more characters is a phrase of pairs, in the name, the tags or the body. Scores use constant
//! collection statistics: what the caller may not see must not move what they do see.

use std::ops::Bound;

use tantivy::query::{
    AllQuery, Bm25StatisticsProvider, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery, Query, RangeQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::excluded::Excluded;
use super::kinds;
use super::schema::{Fields, NAME_START};
use super::tokenizer::cover;
use super::types::SearchRequest;
use crate::normalize::{is_latin, normalize};
use crate::query::{self, Item, Term};

/// A hit in the name stands above any hit in the body: body scores of one word stay far below.
pub const NAME_SCORE: f32 = 2000.0;
/// What a name that begins with the text gains.
const NAME_START_SCORE: f32 = 100.0;
const TAG_SCORE: f32 = 200.0;
/// A whole Latin word stands above a part of one.
const WORD_SCORE: f32 = 40.0;
/// Names found by pinyin alone.
const PINYIN_SCORE: f32 = 1.0;

type Boxed = Box<dyn Query>;

pub struct Compiler<'a> {
    pub fields: &'a Fields,
    /// Also reads unquoted Latin letters as the pinyin of names.
    pub pinyin: bool,
}

impl Compiler<'_> {
    /// Combines the query with the other conditions of the request (not the rights: those are checked as documents match).
    pub fn request(&self, request: &SearchRequest, query: &query::Query) -> Boxed {
        let mut parts: Vec<(Occur, Boxed)> = Vec::new();
        for clause in &query.clauses {
            parts.push(match &clause.any[..] {
                [Item { negated: true, term }] => (Occur::MustNot, Box::new(Excluded(self.term(term)))),
                [item] => (Occur::Must, self.term(&item.term)),
                items => (Occur::Must, any(items.iter().map(|item| self.item(item)).collect())),
            });
        }
        let mut filters: Vec<Boxed> = Vec::new();
        if let Some(folder) = &request.folder {
            filters.push(exact(self.fields.folder, folder));
        }
        if !request.types.is_empty() {
            filters.push(self.types(request.types.iter().flat_map(|value| value.split(','))));
        }
        if let Some(author) = &request.author {
            filters.push(self.short(self.fields.author, &normalize(author)));
        }
        if request.after.is_some() || request.before.is_some() {
            filters.push(self.times(request.after, request.before));
        }
        parts.extend(filters.into_iter().map(|filter| (Occur::Must, silent(filter))));
        if parts.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            parts.push((Occur::Must, silent(Box::new(AllQuery))));
        }
        Box::new(BooleanQuery::new(parts))
    }

    fn item(&self, item: &Item) -> Boxed {
        let term = self.term(&item.term);
        if !item.negated {
            return term;
        }
        Box::new(BooleanQuery::new(vec![
            (Occur::Must, silent(Box::new(AllQuery))),
            (Occur::MustNot, Box::new(Excluded(term))),
        ]))
    }

    fn term(&self, term: &Term) -> Boxed {
        match term {
            Term::Text { text, quoted } => self.text(text, *quoted),
            Term::Type(value) => silent(self.types(value.split(','))),
            Term::Author(text) => silent(self.short(self.fields.author, text)),
            Term::Tag(text) => silent(self.short(self.fields.tags, text)),
            Term::In(value) => {
                let path = self.short(self.fields.path, &normalize(value));
                silent(any(vec![exact(self.fields.folder, value), path]))
            }
            Term::After(time) => silent(self.times(Some(*time), None)),
            Term::Before(time) => silent(self.times(None, Some(*time))),
        }
    }

    fn text(&self, text: &str, quoted: bool) -> Boxed {
        let chars: Vec<char> = text.chars().collect();
        let mut places = vec![
            scored(self.short(self.fields.name, text), NAME_SCORE),
            scored(self.name_start(text), NAME_START_SCORE),
            scored(self.short(self.fields.tags, text), TAG_SCORE),
            self.body(&chars),
        ];
        if chars.len() > 1 && chars.iter().all(|char| is_latin(*char)) {
            places.push(scored(exact(self.fields.words, text), WORD_SCORE));
        }
        let letters = chars.len() > 1
            && chars.iter().all(char::is_ascii_alphanumeric)
            && chars.iter().any(char::is_ascii_alphabetic);
        if self.pinyin && !quoted && letters {
            places.push(scored(self.short(self.fields.pinyin, text), PINYIN_SCORE));
        }
        any(places)
    }

    fn body(&self, chars: &[char]) -> Boxed {
        match chars {
            [] => Box::new(EmptyQuery),
            [char] => scored(exact(self.fields.chars, char.encode_utf8(&mut [0; 4])), 1.0),
            _ => phrase(self.fields.body, chars, IndexRecordOption::WithFreqs),
        }
    }

    /// Finds names that begin with `text`.
    pub fn name_start(&self, text: &str) -> Boxed {
        self.short(self.fields.name, &format!("{NAME_START}{text}"))
    }

    /// Finds `text` (normalised) in a field of single characters and pairs.
    pub fn short(&self, field: Field, text: &str) -> Boxed {
        let chars: Vec<char> = text.chars().collect();
        match &chars[..] {
            [] => Box::new(EmptyQuery),
            [_] => exact(field, text),
            _ => phrase(field, &chars, IndexRecordOption::Basic),
        }
    }

    fn types<'v>(&self, values: impl Iterator<Item = &'v str>) -> Boxed {
        any(values.flat_map(kinds::wanted).map(|term| exact(self.fields.kind, &term)).collect())
    }

    fn times(&self, after: Option<i64>, before: Option<i64>) -> Boxed {
        let term = |time| tantivy::Term::from_field_i64(self.fields.updated_at, time);
        let lower = after.map_or(Bound::Unbounded, |time| Bound::Included(term(time)));
        let upper = before.map_or(Bound::Unbounded, |time| Bound::Excluded(term(time)));
        Box::new(RangeQuery::new(lower, upper))
    }
}

fn any(mut queries: Vec<Boxed>) -> Boxed {
    if queries.len() == 1 {
        return queries.remove(0);
    }
    Box::new(BooleanQuery::new(queries.into_iter().map(|query| (Occur::Should, query)).collect()))
}

fn exact(field: Field, text: &str) -> Boxed {
    Box::new(TermQuery::new(tantivy::Term::from_field_text(field, text), IndexRecordOption::Basic))
}

fn phrase(field: Field, chars: &[char], record: IndexRecordOption) -> Boxed {
    let term = |text: &str| tantivy::Term::from_field_text(field, text);
    let pairs = cover(chars);
    if let [(_, pair)] = &pairs[..] {
        return Box::new(TermQuery::new(term(pair), record));
    }
    Box::new(PhraseQuery::new_with_offset(pairs.iter().map(|(offset, pair)| (*offset, term(pair))).collect()))
}

fn scored(query: Boxed, score: f32) -> Boxed {
    Box::new(ConstScoreQuery::new(query, score))
}

fn silent(query: Boxed) -> Boxed {
    scored(query, 0.0)
}

/// Constant statistics for scoring.
pub struct Flat;

const DOCUMENTS: u64 = 1_000_000;
const CHARS_PER_DOCUMENT: u64 = 3000;
const DOCUMENTS_PER_TERM: u64 = 1000;

impl Bm25StatisticsProvider for Flat {
    fn total_num_tokens(&self, _: Field) -> tantivy::Result<u64> {
        Ok(DOCUMENTS * CHARS_PER_DOCUMENT)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(DOCUMENTS)
    }

    fn doc_freq(&self, _: &tantivy::Term) -> tantivy::Result<u64> {
        Ok(DOCUMENTS_PER_TERM)
    }
}
