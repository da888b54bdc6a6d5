//! How is one search spread over the processors?
//!
//! A phrase that stands in every second document of an archive takes a hundred times as long as most. The documents of
//! its segment are divided into ranges, and each range is gone through by a scorer of its own.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::{EnableScoring, Query, Scorer};
use tantivy::{DocId, Searcher, SegmentOrdinal, SegmentReader};

use super::collect::{Collected, Visible};
use super::compile::Flat;

/// What a range may cost, in tantivy's estimate: about a millisecond. A phrase counts 20 for a document with its words.
const RANGE_COST: u64 = 200_000;
/// Documents that one range counts in about a millisecond, when each costs little.
const RANGE_DOCUMENTS: u64 = 30_000;

/// Runs `query` over all segments and gathers what `visible` wants of it.
pub fn collect(searcher: &Searcher, query: &dyn Query, visible: &Visible) -> tantivy::Result<Collected> {
    let scoring = match visible.requires_scoring() {
        true => EnableScoring::enabled_from_statistics_provider(&Flat, searcher),
        false => EnableScoring::disabled_from_searcher(searcher),
    };
    let weight = query.weight(scoring)?;
    let mut found = Vec::new();
    for (segment, reader) in searcher.segment_readers().iter().enumerate() {
        let part = Part { visible, segment: segment as SegmentOrdinal, reader };
        let scorer = weight.scorer(reader, 1.0)?;
        match ranges(reader.max_doc(), scorer.as_ref()) {
            ranges if ranges.len() < 2 => found.push(part.collect(scorer, 0..reader.max_doc())),
            ranges => {
                let ranges = ranges.into_par_iter();
                found.extend(ranges.map(|range| part.collect(weight.scorer(reader, 1.0)?, range)).collect::<Vec<_>>());
            }
        }
    }
    visible.merge_fruits(found)
}

/// Divides the documents of a segment so that no range costs much, and no processor has more than one.
fn ranges(documents: DocId, scorer: &dyn Scorer) -> Vec<Range<DocId>> {
    let wanted = (scorer.cost() / RANGE_COST).max(u64::from(scorer.size_hint()) / RANGE_DOCUMENTS) as usize;
    let count = (wanted + 1).min(rayon::current_num_threads()) as u64;
    let bound = |number: u64| (u64::from(documents) * number / count) as DocId;
    (0..count).map(|number| bound(number)..bound(number + 1)).collect()
}

struct Part<'a> {
    visible: &'a Visible<'a>,
    segment: SegmentOrdinal,
    reader: &'a SegmentReader,
}

impl Part<'_> {
    /// Collects the documents of `range` that `scorer`, which has not moved yet, finds.
    fn collect(&self, mut scorer: Box<dyn Scorer>, range: Range<DocId>) -> tantivy::Result<Collected> {
        let mut collected = self.visible.for_segment(self.segment, self.reader)?;
        let alive = self.reader.alive_bitset();
        let is_scored = self.visible.requires_scoring();
        let mut doc = scorer.doc();
        if doc < range.start {
            doc = scorer.seek(range.start);
        }
        while doc < range.end {
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                collected.collect(doc, if is_scored { scorer.score() } else { 0.0 });
            }
            doc = scorer.advance();
        }
        collected.harvest()
    }
}
