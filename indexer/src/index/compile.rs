//! How does a query of ours become one of tantivy's?
//!
//! A text of two or more characters is a phrase of pairs, in the name, the headings, the tags, the values of properties or
//! the body. Scores use constant collection statistics: what the caller may not see must not move what they do see.

use std::ops::Bound;

use tantivy::Searcher;
use tantivy::query::{
    AllQuery, Bm25StatisticsProvider, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhrasePrefixQuery, PhraseQuery,
    Query, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::excluded::Excluded;
use super::schema::{Fields, NAME_START};
use super::tokenizer::cover;
use super::types::{Filter, SearchRequest};
use super::{facets, keyed, kinds, pinyin};
use crate::normalize::{is_latin, normalize};
use crate::query::{self, Item, PropertyTest, Term};

/// A hit in the name stands above any hit in the body: body scores of one word stay far below.
pub const NAME_SCORE: f32 = 2000.0;
/// What a name that begins with the text gains.
const NAME_START_SCORE: f32 = 100.0;
const HEADING_SCORE: f32 = 300.0;
const VALUE_SCORE: f32 = 250.0;
const TAG_SCORE: f32 = 200.0;
/// A whole Latin word stands above a part of one.
const WORD_SCORE: f32 = 40.0;
/// Names found by pinyin alone.
const PINYIN_SCORE: f32 = 1.0;
/// Letters that are read as pinyin.
const MAX_LETTERS: usize = 60;
/// Syllables that begin with the same letters: fewer than there are syllables.
const MAX_SYLLABLES: u32 = 500;

type Boxed = Box<dyn Query>;

pub struct Compiler<'a> {
    pub fields: &'a Fields,
    /// Whose dictionaries tell which authors' names contain a text.
    pub searcher: &'a Searcher,
    /// What `in:` may name.
    pub folders: &'a [(String, Vec<String>)],
    /// Also reads unquoted Latin letters as the pinyin of names.
    pub pinyin: bool,
}

impl Compiler<'_> {
    /// Combines the query with the other conditions of the request, without the filters on `except` (not the rights: those
    /// are checked as documents match).
    pub fn request(
        &self,
        request: &SearchRequest,
        query: &query::Query,
        except: Option<&str>,
    ) -> tantivy::Result<Boxed> {
        let mut parts: Vec<(Occur, Boxed)> = Vec::new();
        for clause in &query.clauses {
            parts.push(match &clause.any[..] {
                [Item { negated: true, term }] => (Occur::MustNot, Box::new(Excluded(self.term(term)?))),
                [item] => (Occur::Must, self.term(&item.term)?),
                items => {
                    let items = items.iter().map(|item| self.item(item)).collect::<tantivy::Result<_>>()?;
                    (Occur::Must, any(items))
                }
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
            filters.push(self.author(&normalize(author))?);
        }
        if request.after.is_some() || request.before.is_some() {
            filters.push(self.times(request.after, request.before));
        }
        let kept = request.filters.iter().filter(|filter| except != Some(filter.key.as_str()));
        filters.extend(kept.map(|filter| self.facet(filter)));
        parts.extend(filters.into_iter().map(|filter| (Occur::Must, silent(filter))));
        if parts.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            parts.push((Occur::Must, silent(Box::new(AllQuery))));
        }
        Ok(Box::new(BooleanQuery::new(parts)))
    }

    fn item(&self, item: &Item) -> tantivy::Result<Boxed> {
        let term = self.term(&item.term)?;
        if !item.negated {
            return Ok(term);
        }
        Ok(Box::new(BooleanQuery::new(vec![
            (Occur::Must, silent(Box::new(AllQuery))),
            (Occur::MustNot, Box::new(Excluded(term))),
        ])))
    }

    fn term(&self, term: &Term) -> tantivy::Result<Boxed> {
        Ok(match term {
            Term::Text { text, quoted } => self.text(text, *quoted),
            Term::Type(value) => silent(self.types(value.split(','))),
            Term::Author(text) => silent(self.author(text)?),
            Term::Tag(text) => silent(self.short(self.fields.tags, text)),
            Term::In(value) => {
                let named = self.folders.iter().filter(|(text, _)| text == value).flat_map(|(_, ids)| ids);
                let ids = named.chain(std::iter::once(value));
                silent(Box::new(TermSetQuery::new(
                    ids.map(|id| tantivy::Term::from_field_text(self.fields.folder, id)),
                )))
            }
            Term::After(time) => silent(self.times(Some(*time), None)),
            Term::Before(time) => silent(self.times(None, Some(*time))),
            Term::Property(tests) => silent(any(tests.iter().map(|(id, test)| self.property(id, test)).collect())),
        })
    }

    fn text(&self, text: &str, quoted: bool) -> Boxed {
        let chars: Vec<char> = text.chars().collect();
        let fields = self.fields;
        let mut places = vec![
            scored(self.short(fields.name, text), NAME_SCORE),
            scored(self.name_start(text), NAME_START_SCORE),
            scored(self.short(fields.headings, text), HEADING_SCORE),
            scored(self.short(fields.values, text), VALUE_SCORE),
            scored(self.short(fields.tags, text), TAG_SCORE),
            self.body(&chars),
        ];
        if chars.len() > 1 && chars.iter().all(|char| is_latin(*char)) {
            places.push(scored(exact(fields.words, text), WORD_SCORE));
        }
        if self.pinyin && !quoted && chars.len() > 1 && chars.iter().any(char::is_ascii_alphabetic) {
            places.push(scored(self.readings(text), PINYIN_SCORE));
        }
        any(places)
    }

    fn body(&self, chars: &[char]) -> Boxed {
        match chars {
            [] => Box::new(EmptyQuery),
            [char] => scored(beginning(self.fields.body, "", *char), 1.0),
            _ => phrase(self.fields.body, "", chars, IndexRecordOption::WithFreqs),
        }
    }

    /// Finds names that begin with `text`.
    pub fn name_start(&self, text: &str) -> Boxed {
        self.short(self.fields.name, &format!("{NAME_START}{text}"))
    }

    /// Finds `text` (normalised) in a field of pairs.
    pub fn short(&self, field: Field, text: &str) -> Boxed {
        pairs(field, "", text)
    }

    /// Finds names that are read as `letters`: in full or by initials.
    pub fn readings(&self, letters: &str) -> Boxed {
        if letters.len() > MAX_LETTERS || !letters.chars().all(|char| char.is_ascii_alphanumeric()) {
            return Box::new(EmptyQuery);
        }
        let field = self.fields.pinyin;
        let term = |text: &str| tantivy::Term::from_field_text(field, text);
        let mut either: Vec<Boxed> = Vec::new();
        let chars: Vec<char> = letters.chars().collect();
        if chars.len() > 1 {
            either.push(phrase(field, "", &chars, IndexRecordOption::Basic));
        }
        for parse in pinyin::parses(letters) {
            let mut query = PhrasePrefixQuery::new(parse.iter().map(|syllable| term(syllable)).collect());
            query.set_max_expansions(MAX_SYLLABLES);
            either.push(Box::new(query));
        }
        any(either)
    }

    fn types<'v>(&self, values: impl Iterator<Item = &'v str>) -> Boxed {
        any(values.flat_map(kinds::wanted).map(|term| exact(self.fields.kind, &term)).collect())
    }

    /// Finds documents whose author's name contains `text` (normalised).
    fn author(&self, text: &str) -> tantivy::Result<Boxed> {
        let (first, end) = keyed::bounds(facets::AUTHOR);
        let mut found = Vec::new();
        for reader in self.searcher.segment_readers() {
            let inverted = reader.inverted_index(self.fields.facet)?;
            let mut stream = inverted.terms().range().ge(&first).lt(&end).into_stream()?;
            while stream.advance() {
                if let Ok(author) = std::str::from_utf8(stream.key())
                    && normalize(keyed::value(author)).contains(text)
                {
                    found.push(tantivy::Term::from_field_text(self.fields.facet, author));
                }
            }
        }
        Ok(Box::new(TermSetQuery::new(found)))
    }

    fn facet(&self, filter: &Filter) -> Boxed {
        any(facets::wanted(filter).iter().map(|term| exact(self.fields.facet, term)).collect())
    }

    fn property(&self, id: &str, test: &PropertyTest) -> Boxed {
        let field = self.fields.order;
        match test {
            PropertyTest::Contains(text) => pairs(self.fields.properties, &keyed::term(id, ""), text),
            PropertyTest::Range { from, before } => {
                let term = |text: &str| tantivy::Term::from_field_text(field, text);
                let (first, end) = keyed::bounds(id);
                let bound = |number: &Option<f64>, open: &str| match number {
                    Some(number) => term(&keyed::term(id, &keyed::number(*number))),
                    None => term(open),
                };
                Box::new(RangeQuery::new(Bound::Included(bound(from, &first)), Bound::Excluded(bound(before, &end))))
            }
        }
    }

    fn times(&self, after: Option<i64>, before: Option<i64>) -> Boxed {
        let term = |time| tantivy::Term::from_field_i64(self.fields.updated_at, time);
        let lower = after.map_or(Bound::Unbounded, |time| Bound::Included(term(time)));
        let upper = before.map_or(Bound::Unbounded, |time| Bound::Excluded(term(time)));
        Box::new(RangeQuery::new(lower, upper))
    }
}

fn any(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::new(queries.into_iter().map(|query| (Occur::Should, query)).collect())),
    }
}

fn exact(field: Field, text: &str) -> Boxed {
    Box::new(TermQuery::new(tantivy::Term::from_field_text(field, text), IndexRecordOption::Basic))
}

/// Finds `text` in a field of pairs that stand behind `key`.
fn pairs(field: Field, key: &str, text: &str) -> Boxed {
    let chars: Vec<char> = text.chars().collect();
    match &chars[..] {
        [] => Box::new(EmptyQuery),
        [char] => beginning(field, key, *char),
        _ => phrase(field, key, &chars, IndexRecordOption::Basic),
    }
}

/// Finds one character by the pairs that begin with it.
fn beginning(field: Field, key: &str, char: char) -> Boxed {
    let term = |char: char| tantivy::Term::from_field_text(field, &format!("{key}{char}"));
    let next = (char as u32 + 1..=char::MAX as u32).find_map(char::from_u32);
    Box::new(RangeQuery::new(
        Bound::Included(term(char)),
        next.map_or(Bound::Unbounded, |next| Bound::Excluded(term(next))),
    ))
}

fn phrase(field: Field, key: &str, chars: &[char], record: IndexRecordOption) -> Boxed {
    let term = |text: &str| tantivy::Term::from_field_text(field, &format!("{key}{text}"));
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
