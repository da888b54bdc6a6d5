//! Which documents may the caller see, how many are they, and which come first?
//!
//! Every matching document passes here before it is counted, so totals obey the caller's rights by construction. Chunks
//! have no level and never count. Equal documents are ordered newest first, then by a number made from their id.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::schema::{LEVEL, NAME_KEY, SCOPE, SIZE, TIE, UPDATED_AT};
use super::types::{Access, Scopes, Sort};

/// Scores are compared in hundredths: float sums differ in the last digits with the order of their parts.
const SCORE_STEPS: f32 = 100.0;

/// The place of a document in the order of results; the smaller comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The sort key of the name, when names order.
    pub name: String,
    pub major: i64,
    /// Negated time of the last change.
    pub newer: i64,
    pub tie: u64,
}

#[derive(Debug, Clone)]
pub struct Ranked {
    pub key: Key,
    pub score: f32,
    pub address: DocAddress,
}

/// What a search collects.
pub struct Collected {
    pub total: u64,
    /// The first documents after the cursor, in order.
    pub top: Vec<Ranked>,
}

/// Counts and orders the documents that `access` allows.
pub struct Visible<'a> {
    pub access: &'a Access,
    pub sort: Sort,
    /// Only documents after this place are returned (all are counted).
    pub after: Option<Key>,
    pub limit: usize,
}

impl Collector for Visible<'_> {
    type Fruit = Collected;
    type Child = SegmentVisible;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentVisible> {
        let columns = reader.fast_fields();
        let scopes = columns.str(SCOPE)?;
        let names = if self.sort == Sort::Name { columns.str(NAME_KEY)? } else { None };
        let after = match (&self.after, &names) {
            (Some(after), Some(names)) => Some(after_name(after, names)?),
            (Some(after), None) => Some(LocalKey { major: after.major, newer: after.newer, tie: after.tie }),
            (None, _) => None,
        };
        Ok(SegmentVisible {
            segment,
            sort: self.sort.clone(),
            allowed: match (&self.access.scopes, &scopes) {
                (Scopes::All, _) => None,
                (Scopes::Only(allowed), Some(scopes)) => Some(allowed_ordinals(allowed, scopes)?),
                (Scopes::Only(_), None) => Some(Vec::new()),
            },
            scopes,
            max_level: self.access.max_level,
            levels: columns.column_opt(LEVEL)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            updated: columns.column_opt(UPDATED_AT)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            sizes: columns.column_opt(SIZE)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            ties: columns.column_opt(TIE)?.unwrap_or_else(|| Column::build_empty_column(reader.max_doc())),
            names,
            after,
            limit: self.limit,
            total: 0,
            top: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Relevance
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Collected>>) -> tantivy::Result<Collected> {
        let mut all = Collected { total: 0, top: Vec::new() };
        for segment in segments {
            let segment = segment?;
            all.total += segment.total;
            all.top.extend(segment.top);
        }
        all.top.sort_by(|left, right| left.key.cmp(&right.key));
        all.top.truncate(self.limit);
        Ok(all)
    }
}

/// Marks the scopes of a segment that the caller may read, by ordinal.
fn allowed_ordinals(allowed: &[String], scopes: &StrColumn) -> tantivy::Result<Vec<bool>> {
    let dictionary = scopes.dictionary();
    let mut ordinals = vec![false; dictionary.num_terms()];
    if dictionary.num_terms() < allowed.len() * 4 {
        let allowed: HashSet<&[u8]> = allowed.iter().map(String::as_bytes).collect();
        let mut stream = dictionary.stream()?;
        while stream.advance() {
            ordinals[stream.term_ord() as usize] = allowed.contains(stream.key());
        }
        return Ok(ordinals);
    }
    for scope in allowed {
        if let Some(ordinal) = dictionary.term_ord(scope.as_bytes())? {
            ordinals[ordinal as usize] = true;
        }
    }
    Ok(ordinals)
}

/// Returns the place of `after` among the names of a segment, which compare by ordinal.
fn after_name(after: &Key, names: &StrColumn) -> tantivy::Result<LocalKey> {
    let (mut low, mut high) = (0, names.dictionary().num_terms() as u64);
    let mut name = String::new();
    while low < high {
        let middle = (low + high) / 2;
        names.ord_to_str(middle, &mut name)?;
        match name.as_str().cmp(&after.name) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => {
                return Ok(LocalKey { major: middle as i64, newer: after.newer, tie: after.tie });
            }
        }
    }
    // The name itself is not here: everything from the next greater one on comes after.
    Ok(LocalKey { major: low as i64 - 1, newer: i64::MAX, tie: u64::MAX })
}

/// A key whose name is an ordinal of its segment.
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
    scopes: Option<StrColumn>,
    /// By scope ordinal; `None` allows all.
    allowed: Option<Vec<bool>>,
    max_level: i64,
    levels: Column<i64>,
    updated: Column<i64>,
    sizes: Column<i64>,
    ties: Column<u64>,
    names: Option<StrColumn>,
    after: Option<LocalKey>,
    limit: usize,
    total: u64,
    /// The worst of the best is on top.
    top: BinaryHeap<Candidate>,
}

impl SegmentVisible {
    fn allows(&self, doc: DocId) -> bool {
        if self.levels.first(doc).is_none_or(|level| level > self.max_level) {
            return false;
        }
        let Some(allowed) = &self.allowed else {
            return true;
        };
        let scope = self.scopes.as_ref().and_then(|scopes| scopes.ords().first(doc));
        scope.is_some_and(|scope| allowed.get(scope as usize) == Some(&true))
    }

    fn major(&self, doc: DocId, score: Score) -> i64 {
        match self.sort {
            Sort::Relevance => -((score * SCORE_STEPS) as i64),
            Sort::Newest => -self.updated.first(doc).unwrap_or(0),
            Sort::Oldest => self.updated.first(doc).unwrap_or(0),
            Sort::Size => -self.sizes.first(doc).unwrap_or(0),
            Sort::Smallest => self.sizes.first(doc).unwrap_or(0),
            Sort::Name | Sort::NameDescending | Sort::Property { .. } => {
                self.names.as_ref().and_then(|names| names.ords().first(doc)).unwrap_or(0) as i64
            }
        }
    }

    fn resolve(&self, candidate: Candidate) -> tantivy::Result<Ranked> {
        let LocalKey { major, newer, tie } = candidate.key;
        let mut key = Key { name: String::new(), major, newer, tie };
        if let Some(names) = &self.names {
            names.ord_to_str(major as u64, &mut key.name)?;
            key.major = 0;
        }
        Ok(Ranked { key, score: candidate.score, address: DocAddress::new(self.segment, candidate.doc) })
    }
}

impl SegmentCollector for SegmentVisible {
    type Fruit = tantivy::Result<Collected>;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.allows(doc) {
            return;
        }
        self.total += 1;
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
        Ok(Collected { total: self.total, top: top.collect::<tantivy::Result<_>>()? })
    }
}
