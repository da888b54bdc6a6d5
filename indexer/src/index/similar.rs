//! Which documents are about the same? Those that share words that are rare in what the caller may read.
//!
//! How rare a word is gets counted among the readable documents only: the index as a whole would tell of the hidden ones.

use std::cmp::Reverse;
use std::collections::HashMap;

use tantivy::query::{AllQuery, BooleanQuery, ConstScoreQuery, Occur, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, Term};

use super::collect::{Collected, Visible};
use super::compile::Compiler;
use super::places::Places;
use super::rights::Rights;
use super::texts::Texts;
use super::types::{Access, Similar, Sort};
use super::{Index, Result, rank, spread};
use crate::normalize::{is_cjk, is_latin, normalize};

/// Characters of the document that are read, in chunks of some thousands.
const MAX_CHUNKS: usize = 8;
/// Words that are counted, and those that are looked for.
const COUNTED: usize = 60;
const LOOKED_FOR: usize = 20;
/// Words in common that make documents similar.
const ENOUGH: usize = 2;
/// A word in more than one of this many documents says nothing.
const COMMON: u64 = 5;
const SMALL: u64 = 10;
const MAX_LIMIT: usize = 50;

struct Word {
    text: String,
    weight: f32,
}

impl Index {
    /// Returns the documents most like `id` that the caller may read; nothing when that one may not be read.
    pub fn similar(&self, id: &str, access: &Access, limit: usize) -> Result<Vec<Similar>> {
        let searcher = self.reader.searcher();
        let Some(own) = self.find_readable(&searcher, id, access)? else { return Ok(Vec::new()) };
        let count = |query: Box<dyn Query>, limit: usize| -> Result<Collected> {
            let visible = Visible { access, sort: Sort::Relevance, after: None, limit, facets: &[] };
            Ok(spread::collect(&searcher, &query, &visible)?)
        };
        let compiler = Compiler { fields: &self.fields, searcher: &searcher, folders: &[], pinyin: false };
        let documents = count(Box::new(AllQuery), 0)?.total;
        let mut words = Vec::new();
        for (text, times) in self.frequent_words(&searcher, own)? {
            let found = count(compiler.short(self.fields.body, &text), 0)?.total;
            // In a small collection a fifth is next to nothing.
            if found >= 2 && found <= (documents / COMMON).max((documents / 2).min(SMALL)) {
                let weight = (1.0 + (times as f32).ln()) * (documents as f32 / found as f32).ln_1p();
                words.push(Word { text, weight });
            }
        }
        words.sort_by(|left, right| right.weight.total_cmp(&left.weight).then_with(|| left.text.cmp(&right.text)));
        words.truncate(LOOKED_FOR);
        let either = words.iter().map(|word| {
            let query = ConstScoreQuery::new(compiler.short(self.fields.body, &word.text), word.weight);
            (Occur::Should, Box::new(query) as Box<dyn Query>)
        });
        let limit = limit.min(MAX_LIMIT);
        let found = count(Box::new(BooleanQuery::new(either.collect())), limit + 1)?;
        let mut texts = Texts::new(&searcher, &self.fields);
        let mut similar = Vec::new();
        for ranked in found.top.into_iter().filter(|ranked| ranked.address != own) {
            let common = self.common(&searcher, ranked.address, &words)?;
            if common.len() >= ENOUGH.min(words.len()) && similar.len() < limit {
                similar.push(Similar { id: texts.head(ranked.address)?.id, common });
            }
        }
        Ok(similar)
    }

    fn find_readable(&self, searcher: &Searcher, id: &str, access: &Access) -> tantivy::Result<Option<DocAddress>> {
        let term = Term::from_field_text(self.fields.id, id);
        for (ordinal, reader) in searcher.segment_readers().iter().enumerate() {
            let inverted = reader.inverted_index(self.fields.id)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let rights = Rights::open(access, reader)?;
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                // Its chunks have the same id, but no rights of their own.
                if reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) && rights.allows(doc) {
                    return Ok(Some(DocAddress::new(ordinal as u32, doc)));
                }
                postings.advance();
            }
        }
        Ok(None)
    }

    /// Returns the words of the document that stand there most often, long ones first among equals, with their counts.
    fn frequent_words(&self, searcher: &Searcher, address: DocAddress) -> Result<Vec<(String, usize)>> {
        let mut texts = Texts::new(searcher, &self.fields);
        let table = texts.table(address)?;
        let mut counts: HashMap<String, usize> = HashMap::new();
        for number in 0..table.chunk_count().min(MAX_CHUNKS) {
            for piece in texts.chunk(address, number)?.iter() {
                for word in rank::words(&normalize(&piece.text)) {
                    if is_telling(&word) {
                        *counts.entry(word).or_default() += 1;
                    }
                }
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(word, times)| (Reverse(times * (word.chars().count() - 1)), word.clone()));
        counts.truncate(COUNTED);
        Ok(counts)
    }

    fn common(&self, searcher: &Searcher, address: DocAddress, words: &[Word]) -> Result<Vec<String>> {
        let reader = searcher.segment_reader(address.segment_ord);
        let mut common = Vec::new();
        for word in words {
            let chars: Vec<char> = word.text.chars().collect();
            let places = Places::open(&self.fields, reader, &chars)?;
            if places.is_some_and(|mut places| !places.find(address.doc_id).is_empty()) {
                common.push(word.text.clone());
            }
        }
        Ok(common)
    }
}

/// Whether a word can tell what a text is about: two letters or characters at least, and no number.
fn is_telling(word: &str) -> bool {
    word.chars().count() >= 2 && word.chars().all(|char| is_cjk(char) || is_latin(char) && !char.is_ascii_digit())
}
