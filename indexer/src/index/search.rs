//! How is one search answered, from the request to hits with snippets?

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use tantivy::{DocAddress, Searcher};

use super::collect::{Collected, Key, Ranked, Visible};
use super::compile::Compiler;
use super::places::Places;
use super::snippet::{self, Place};
use super::texts::Texts;
use super::types::{Hit, SearchRequest, SearchResults, Sort};
use super::{Error, Index, Result, facets, pinyin, rank, spread};
use crate::normalize::{CharOffsets, Normalized};
use crate::query::Query;

const MAX_LIMIT: usize = 500;
/// Results by relevance are numbered, not keyed: nobody turns more pages than this.
const MAX_OFFSET: usize = 10_000;

/// Where the next page of results begins.
#[derive(Serialize, Deserialize)]
enum Cursor {
    Offset(usize),
    After(Key),
}

/// A candidate with the places that made it one.
struct Found {
    ranked: Ranked,
    places: Vec<Place>,
}

impl Index {
    /// Finds the documents that match the request and that its caller may read.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResults> {
        let query = Query::parse_with(&request.q, &request.names)?;
        let cursor = request.cursor.as_deref().map(decode_cursor).transpose()?;
        // The index library panics on some damaged files; that must stay one failed search.
        catch_unwind(AssertUnwindSafe(|| Search::new(self, request, &query).run(cursor)))
            .unwrap_or_else(|_| Err(Error::Damaged("a search failed".into())))
    }
}

impl Index {
    /// Lists the ids of everything that [`Index::search`] finds, in its order, at most `limit`; and how many there are.
    /// It makes no snippets, so that whole results can be taken away.
    pub fn list(&self, request: &SearchRequest, limit: usize) -> Result<(Vec<String>, u64)> {
        let query = Query::parse_with(&request.q, &request.names)?;
        catch_unwind(AssertUnwindSafe(|| Search::new(self, request, &query).list(limit)))
            .unwrap_or_else(|_| Err(Error::Damaged("a search failed".into())))
    }
}

/// What one pass over the index is to bring.
struct Wanted<'a> {
    limit: usize,
    after: Option<Key>,
    facets: &'a [String],
    pinyin: bool,
    /// Filters on this key do not hold.
    except: Option<&'a str>,
}

struct Search<'a> {
    index: &'a Index,
    request: &'a SearchRequest,
    query: &'a Query,
    searcher: Searcher,
    needles: Vec<Vec<char>>,
}

impl<'a> Search<'a> {
    fn new(index: &'a Index, request: &'a SearchRequest, query: &'a Query) -> Self {
        let needles = query.texts().iter().map(|text| text.chars().collect()).collect();
        Search { index, request, query, searcher: index.reader.searcher(), needles }
    }

    fn run(&self, cursor: Option<Cursor>) -> Result<SearchResults> {
        let limit = self.request.limit.min(MAX_LIMIT);
        let (offset, after) = match cursor {
            None => (0, None),
            Some(Cursor::Offset(offset)) if self.sort() == Sort::Relevance => (offset.min(MAX_OFFSET), None),
            Some(Cursor::After(key)) if self.sort() != Sort::Relevance => (0, Some(key)),
            Some(_) => return Err(Error::Cursor),
        };
        // A page is taken from the candidates that got a second look as long as it begins among them.
        let wanted = match (self.sort(), limit) {
            (_, 0) => 0,
            (Sort::Relevance, _) => (offset + limit).max(rank::CANDIDATES),
            _ => limit,
        };
        // Facets that are filtered by themselves are counted apart, without that filter.
        let (apart, along): (Vec<String>, Vec<String>) = self
            .request
            .facets
            .iter()
            .cloned()
            .partition(|key| self.request.filters.iter().any(|filter| filter.key == *key));
        let mut pinyin = false;
        let mut collected =
            self.collect(Wanted { limit: wanted, after: after.clone(), facets: &along, pinyin, except: None })?;
        if collected.total == 0 && self.may_be_pinyin() {
            pinyin = true;
            collected = self.collect(Wanted { limit: wanted, after, facets: &along, pinyin, except: None })?;
        }
        for key in &apart {
            let facets = std::slice::from_ref(key);
            let counted = self.collect(Wanted { limit: 0, after: None, facets, pinyin, except: Some(key) })?;
            collected.counts.extend(counted.counts);
        }
        let facets: Vec<_> = self.request.facets.iter().map(|key| facets::values(key, &collected.counts)).collect();
        let mut texts = Texts::new(&self.searcher, &self.index.fields);
        let total = collected.total;
        let shown = match self.sort() {
            Sort::Relevance => self.second_look(&mut texts, collected.top, offset, limit)?,
            _ => self.locate(collected.top)?,
        };
        let next = offset + shown.len();
        let more = shown.len() == limit && limit > 0;
        let next_cursor = match (self.sort(), shown.last()) {
            (Sort::Relevance, Some(_)) if (next as u64) < total && next < MAX_OFFSET => Some(Cursor::Offset(next)),
            (Sort::Relevance, _) | (_, None) => None,
            (_, Some(last)) => more.then(|| Cursor::After(last.ranked.key.clone())),
        };
        let hits = shown.into_iter().map(|found| self.hit(&mut texts, found)).collect::<Result<_>>()?;
        Ok(SearchResults { total, hits, facets, next_cursor: next_cursor.map(|cursor| encode_cursor(&cursor)) })
    }

    fn list(&self, limit: usize) -> Result<(Vec<String>, u64)> {
        let wanted = |pinyin| Wanted { limit, after: None, facets: &[], pinyin, except: None };
        let mut collected = self.collect(wanted(false))?;
        if collected.total == 0 && self.may_be_pinyin() {
            collected = self.collect(wanted(true))?;
        }
        let mut texts = Texts::new(&self.searcher, &self.index.fields);
        let mut addresses = Vec::with_capacity(collected.top.len());
        if self.sort() == Sort::Relevance {
            let rest = collected.top.split_off(collected.top.len().min(rank::CANDIDATES));
            let first = self.second_look(&mut texts, collected.top, 0, rank::CANDIDATES)?;
            addresses.extend(first.into_iter().map(|found| found.ranked.address));
            collected.top = rest;
        }
        addresses.extend(collected.top.into_iter().map(|ranked| ranked.address));
        let ids = addresses.into_iter().map(|address| Ok(texts.head(address)?.id)).collect::<Result<_>>()?;
        Ok((ids, collected.total))
    }

    /// Without words everything ranks the same: newest first.
    fn sort(&self) -> Sort {
        if self.request.sort == Sort::Relevance && self.needles.is_empty() {
            Sort::Newest
        } else {
            self.request.sort.clone()
        }
    }

    /// Whether an unquoted word could be the pinyin of a name.
    fn may_be_pinyin(&self) -> bool {
        self.needles.iter().any(|needle| needle.len() > 1 && needle.iter().any(char::is_ascii_alphabetic))
    }

    fn collect(&self, wanted: Wanted) -> Result<Collected> {
        let compiler = Compiler {
            fields: &self.index.fields,
            searcher: &self.searcher,
            folders: &self.request.folders,
            pinyin: wanted.pinyin,
        };
        let compiled = compiler.request(self.request, self.query, wanted.except)?;
        let visible = Visible {
            access: &self.request.access,
            sort: self.sort(),
            after: wanted.after,
            limit: wanted.limit,
            facets: wanted.facets,
        };
        Ok(spread::collect(&self.searcher, &*compiled, &visible)?)
    }

    /// Orders the first candidates again by the quality of their hits and returns one page.
    fn second_look(&self, texts: &mut Texts, mut top: Vec<Ranked>, offset: usize, limit: usize) -> Result<Vec<Found>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let rest = top.split_off(top.len().min(rank::CANDIDATES));
        let mut page: Vec<Found> = Vec::new();
        if offset < rank::CANDIDATES {
            let mut first = self.locate(top)?;
            for found in &mut first {
                found.ranked.score += rank::bonus(texts, found.ranked.address, &self.needles, &found.places)?;
                found.ranked.key.major = -((found.ranked.score * 10.0) as i64);
            }
            first.sort_by(|left, right| left.ranked.key.compare(&right.ranked.key, &Sort::Relevance));
            page.extend(first.into_iter().skip(offset).take(limit));
        }
        let skip = offset.saturating_sub(rank::CANDIDATES);
        let missing = limit - page.len();
        page.extend(self.locate(rest.into_iter().skip(skip).take(missing).collect())?);
        Ok(page)
    }

    /// Finds the places of the query's texts in the bodies of `ranked`.
    fn locate(&self, ranked: Vec<Ranked>) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = ranked.into_iter().map(|ranked| Found { ranked, places: Vec::new() }).collect();
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by_key(|at| found[*at].ranked.address);
        let mut open: HashMap<u32, Vec<Option<Places>>> = HashMap::new();
        for at in order {
            let DocAddress { segment_ord, doc_id } = found[at].ranked.address;
            let places = match open.entry(segment_ord) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    let reader = self.searcher.segment_reader(segment_ord);
                    let opened = self.needles.iter().map(|needle| Places::open(&self.index.fields, reader, needle));
                    entry.insert(opened.collect::<tantivy::Result<_>>()?)
                }
            };
            for (needle, places) in places.iter_mut().enumerate() {
                let len = self.needles[needle].len() as u32;
                let starts = places.as_mut().map(|places| places.find(doc_id)).unwrap_or_default();
                found[at].places.extend(starts.into_iter().map(|start| Place { start, len, needle }));
            }
            found[at].places.sort_unstable();
        }
        Ok(found)
    }

    fn hit(&self, texts: &mut Texts, found: Found) -> Result<Hit> {
        let address = found.ranked.address;
        let table = texts.table(address)?;
        let mut places = found.places;
        for (needle, text) in self.needles.iter().enumerate() {
            if let [char] = text[..] {
                places.extend(snippet::read_single(texts, address, &table, char, needle)?);
            }
        }
        places.sort_unstable();
        let head = texts.head(address)?;
        Ok(Hit {
            score: found.ranked.score,
            name_marks: self.name_marks(&head.name),
            snippets: snippet::snippets(texts, address, &table, &places)?,
            pages: snippet::pages(&table, &places),
            id: head.id,
            name: head.name,
        })
    }

    fn name_marks(&self, name: &str) -> Vec<(u32, u32)> {
        let normalized = Normalized::new(name);
        let mut found: Vec<(usize, usize)> = Vec::new();
        for needle in &self.needles {
            let places = normalized.find_all(needle);
            found.extend(places.into_iter().map(|start| (start, start + needle.len())));
        }
        if found.is_empty() {
            let letters = self.needles.iter().map(|needle| needle.iter().collect::<String>());
            found.extend(
                letters
                    .filter(|letters| letters.len() > 1)
                    .filter_map(|letters| pinyin::find(&normalized.chars, &letters)),
            );
        }
        marks(name, &normalized, found)
    }
}

/// Turns ranges of normalised characters into joined ranges of original ones.
pub fn marks(text: &str, normalized: &Normalized, mut found: Vec<(usize, usize)>) -> Vec<(u32, u32)> {
    found.sort_unstable();
    let mut offsets = CharOffsets::new(text);
    let mut marks: Vec<(u32, u32)> = Vec::new();
    for (start, end) in found {
        let bytes = normalized.bytes(start..end);
        let (start, end) = (offsets.at(bytes.start), offsets.at(bytes.end));
        match marks.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => marks.push((start, end)),
        }
    }
    marks
}

fn encode_cursor(cursor: &Cursor) -> String {
    let json = serde_json::to_vec(cursor).expect("plain data");
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_cursor(text: &str) -> Result<Cursor> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Error::Cursor)
}
