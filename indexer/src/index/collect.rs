//! How many documents match that the caller may see, which come first, and what are they?
//!
//! Every matching document passes the caller's [`Rights`] before it is counted. Equal documents are ordered newest first,
//! then by a number made from their id.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::facets::{Counter, Counts};
use super::keyed;
use super::rights::Rights;
use super::schema::{NAME_KEY, ORDER, SIZE, TIE, UPDATED_AT};
use super::types::{Access, Sort};

/// Scores are compared in hundredths: float sums differ in the last digits with the order of their parts.
const SCORE_STEPS: f32 = 100.0;

/// The place of a document in the order of results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What orders, when texts order: documents without one come last.
    pub text: Option<String>,
    pub major: i64,
    /// Negated time of the last change.
    pub newer: i64,
    pub tie: u64,
}

impl Key {
    /// Says which of two documents comes first in the order of `sort`.
    pub fn compare(&self, other: &Key, sort: &Sort) -> Ordering {
        let texts = match (&self.text, &other.text) {
            (Some(left), Some(right)) if sort.is_descending() => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        };
        texts.then((self.major, self.newer, self.tie).cmp(&(other.major, other.newer, other.tie)))
    }
}

#[derive(Debug, Clone)]
pub struct Ranked {
    pub key: Key,
    pub score: f32,
    pub address: DocAddress,
}

/// What a search collects.
#[derive(Default)]
pub struct Collected {
    pub total: u64,
    /// The first documents after the cursor, in order.
    pub top: Vec<Ranked>,
    pub counts: Counts,
}

/// Counts and orders the documents that `access` allows.
pub struct Visible<'a> {
    pub access: &'a Access,
    pub sort: Sort,
    /// Only documents after this place are returned (all are counted).
    pub after: Option<Key>,
    pub limit: usize,
    /// Keys of facets to count.
    pub facets: &'a [String],
}

impl Collector for Visible<'_> {
    type Fruit = Collected;
    type Child = SegmentVisible;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentVisible> {
        let columns = reader.fast_fields();
        let empty = || Column::build_empty_column(reader.max_doc());
        let texts = Texts::open(&self.sort, reader)?;
        let after = match (&self.after, &texts) {
            (Some(after), Some(texts)) => Some(texts.place_after(after)?),
            (Some(after), None) => Some(LocalKey { major: after.major, newer: after.newer, tie: after.tie }),
            (None, _) => None,
        };
        Ok(SegmentVisible {
            segment,
            sort: self.sort.clone(),
            rights: Rights::open(self.access, reader)?,
            updated: columns.column_opt(UPDATED_AT)?.unwrap_or_else(empty),
            sizes: columns.column_opt(SIZE)?.unwrap_or_else(empty),
            ties: columns.column_opt(TIE)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            texts,
            after,
            limit: self.limit,
            total: 0,
            top: BinaryHeap::new(),
            counter: Counter::open(self.facets, reader)?,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Collected>>) -> tantivy::Result<Collected> {
        let mut all = Collected::default();
        for segment in segments {
            let segment = segment?;
            all.total += segment.total;
            all.top.extend(segment.top);
            for (term, count) in segment.counts {
                *all.counts.entry(term).or_default() += count;
            }
        }
        all.top.sort_by(|left, right| left.key.compare(&right.key, &self.sort));
        all.top.truncate(self.limit);
        Ok(all)
    }
}

/// The texts by which the documents of a segment are ordered, compared by their ordinals.
struct Texts {
    /// `None` when no document of the segment has one.
    column: Option<StrColumn>,
    /// The ordinals that count, and the key that stands before their texts.
    range: Range<u64>,
    prefix: String,
    descending: bool,
}

/// Where a document without text stands.
const MISSING: i64 = i64::MAX;

impl Texts {
    /// Returns `None` when no texts decide the order.
    fn open(sort: &Sort, reader: &SegmentReader) -> tantivy::Result<Option<Texts>> {
        let columns = reader.fast_fields();
        let descending = sort.is_descending();
        let (column, key) = match sort {
            Sort::Name | Sort::NameDescending => (columns.str(NAME_KEY)?, None),
            Sort::Property { id, .. } => (columns.str(ORDER)?, Some(id)),
            _ => return Ok(None),
        };
        let (range, prefix) = match (&column, key) {
            (None, _) => (0..0, String::new()),
            (Some(column), None) => (0..column.num_terms() as u64, String::new()),
            (Some(column), Some(key)) => (keyed::ordinals(column, key)?, keyed::bounds(key).0),
        };
        Ok(Some(Texts { column, range, prefix, descending }))
    }

    fn major(&self, doc: DocId) -> i64 {
        // Of several values the one that comes first in this order.
        let own =
            self.column.iter().flat_map(|column| column.term_ords(doc)).filter(|ordinal| self.range.contains(ordinal));
        let first = if self.descending { own.max() } else { own.min() };
        first.map_or(MISSING, |ordinal| self.signed(ordinal))
    }

    fn signed(&self, ordinal: u64) -> i64 {
        if self.descending { -(ordinal as i64) } else { ordinal as i64 }
    }

    /// Returns the text behind what [`Texts::major`] returned.
    fn text(&self, major: i64) -> tantivy::Result<Option<String>> {
        if major == MISSING { Ok(None) } else { self.read(major.unsigned_abs()).map(Some) }
    }

    fn read(&self, ordinal: u64) -> tantivy::Result<String> {
        let mut text = String::new();
        if let Some(column) = &self.column {
            column.ord_to_str(ordinal, &mut text)?;
        }
        Ok(text.split_off(self.prefix.len().min(text.len())))
    }

    /// Returns the place of `after` among the documents of this segment.
    fn place_after(&self, after: &Key) -> tantivy::Result<LocalKey> {
        let key = |major| LocalKey { major, newer: after.newer, tie: after.tie };
        let Some(wanted) = &after.text else { return Ok(key(MISSING)) };
        let (mut low, mut high) = (self.range.start, self.range.end);
        while low < high {
            let middle = (low + high) / 2;
            match self.read(middle)?.as_str().cmp(wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(key(self.signed(middle))),
            }
        }
        // The text itself is not here: everything beyond it comes after.
        let last_before = if self.descending { -(low as i64) } else { low as i64 - 1 };
        Ok(LocalKey { major: last_before, newer: i64::MAX, tie: u64::MAX })
    }
}

/// A key whose text is an ordinal of its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LocalKey {
    major: i64,
    newer: i64,
    tie: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    key: LocalKey,
    doc: DocId,
    score: f32,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.key, self.doc).cmp(&(other.key, other.doc))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub struct SegmentVisible {
    segment: SegmentOrdinal,
    sort: Sort,
    rights: Rights,
    updated: Column<i64>,
    sizes: Column<i64>,
    ties: Column<u64>,
    texts: Option<Texts>,
    after: Option<LocalKey>,
    limit: usize,
    total: u64,
    /// The worst of the best is on top.
    top: BinaryHeap<Candidate>,
    counter: Option<Counter>,
}

impl SegmentVisible {
    fn major(&self, doc: DocId, score: Score) -> i64 {
        match &self.sort {
            Sort::Relevance => -((score * SCORE_STEPS) as i64),
            Sort::Newest => -self.updated.first(doc).unwrap_or(0),
            Sort::Oldest => self.updated.first(doc).unwrap_or(0),
            Sort::Size => -self.sizes.first(doc).unwrap_or(0),
            Sort::Smallest => self.sizes.first(doc).unwrap_or(0),
            Sort::Name | Sort::NameDescending | Sort::Property { .. } => {
                self.texts.as_ref().map_or(MISSING, |texts| texts.major(doc))
            }
        }
    }

    fn resolve(&self, candidate: Candidate) -> tantivy::Result<Ranked> {
        let LocalKey { major, newer, tie } = candidate.key;
        let key = match &self.texts {
            Some(texts) => Key { text: texts.text(major)?, major: 0, newer, tie },
            None => Key { text: None, major, newer, tie },
        };
        Ok(Ranked { key, score: candidate.score, address: DocAddress::new(self.segment, candidate.doc) })
    }
}

impl SegmentCollector for SegmentVisible {
    type Fruit = tantivy::Result<Collected>;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.rights.allows(doc) {
            return;
        }
        self.total += 1;
        if let Some(counter) = &mut self.counter {
            counter.count(doc);
        }
        if self.limit == 0 {
            return;
        }
        let major = self.major(doc, score);
        let full = self.top.len() >= self.limit;
        if full && self.top.peek().is_some_and(|worst| major > worst.key.major) {
            return;
        }
        let newer = -self.updated.first(doc).unwrap_or(0);
        let key = LocalKey { major, newer, tie: self.ties.first(doc).unwrap_or(0) };
        if self.after.is_some_and(|after| key <= after) {
            return;
        }
        self.top.push(Candidate { key, doc, score });
        if full {
            self.top.pop();
        }
    }

    fn harvest(mut self) -> Self::Fruit {
        let top = std::mem::take(&mut self.top).into_iter().map(|candidate| self.resolve(candidate));
        let top = top.collect::<tantivy::Result<_>>()?;
        let counts = self.counter.take().map(Counter::finish).transpose()?.unwrap_or_default();
        Ok(Collected { total: self.total, top, counts })
    }
}
