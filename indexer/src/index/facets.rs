//! By which values are found documents counted and filtered?
//!
//! Every document has a few terms of [`keyed`]: its library, type, author, month, level, tags, and the values of properties
//! that are counted. They are one column, so that counting all of them is one pass over the found documents.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::columnar::StrColumn;
use tantivy::{DocId, SegmentReader};

use super::schema::FACET;
use super::types::{FacetCounts, Filter, IndexDocument};
use super::{keyed, kinds};
use crate::query::{DAY_MS, ZONE_MS, date_of};

pub const LIBRARY: &str = "library";
pub const TYPE: &str = "type";
pub const AUTHOR: &str = "author";
pub const YEAR: &str = "year";
pub const MONTH: &str = "month";
pub const TAG: &str = "tag";
pub const LEVEL: &str = "level";
/// Before the id of a property.
pub const PROPERTY: &str = "property:";

/// Values shown of one key, and months: fifty years.
const MAX_VALUES: usize = 100;
const MAX_MONTHS: usize = 600;
/// Longer values are texts, not facets.
const MAX_VALUE_BYTES: usize = 400;

/// Returns the terms by which `document` is counted.
pub fn terms(document: &IndexDocument) -> Vec<String> {
    let mut terms = vec![
        keyed::term(TYPE, kinds::facet(document)),
        keyed::term(AUTHOR, &document.author),
        keyed::term(MONTH, &month(document.updated_at)),
        keyed::term(LEVEL, &document.level.to_string()),
    ];
    terms.extend(document.folder_ids.first().map(|library| keyed::term(LIBRARY, library)));
    terms.extend(document.tags.iter().map(|tag| keyed::term(TAG, tag)));
    let counted =
        document.properties.iter().filter(|property| property.facet && property.text.len() <= MAX_VALUE_BYTES);
    terms.extend(counted.map(|property| keyed::term(&format!("{PROPERTY}{}", property.id), &property.text)));
    // A document counts once under each value.
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Returns the year and the month of a time in epoch milliseconds, as China has them: `2023-05`.
fn month(time: i64) -> String {
    let (year, month, _) = date_of((time + ZONE_MS).div_euclid(DAY_MS));
    format!("{year:04}-{month:02}")
}

/// Returns the terms of which a document must have one to pass `filter`.
pub fn wanted(filter: &Filter) -> Vec<String> {
    let values = filter.values.iter();
    match filter.key.as_str() {
        YEAR => values
            .flat_map(|year| (1..=12).map(move |month| keyed::term(MONTH, &format!("{year}-{month:02}"))))
            .collect(),
        key => values.map(|value| keyed::term(key, value)).collect(),
    }
}

/// Counts per term; what [`Counter`] found in a segment, or in all of them.
pub type Counts = HashMap<String, u64>;

/// Counts the values of the found documents of one segment.
pub struct Counter {
    column: StrColumn,
    wanted: Vec<Range<u64>>,
    counts: Vec<u32>,
}

impl Counter {
    /// Prepares to count `keys`; `None` when there is nothing to count.
    pub fn open(keys: &[String], reader: &SegmentReader) -> tantivy::Result<Option<Counter>> {
        let (false, Some(column)) = (keys.is_empty(), reader.fast_fields().str(FACET)?) else {
            return Ok(None);
        };
        let mut wanted: Vec<_> =
            keys.iter().map(|key| keyed::ordinals(&column, stored_key(key))).collect::<tantivy::Result<_>>()?;
        wanted.sort_unstable_by_key(|range| range.start);
        wanted.dedup();
        let counts = vec![0; column.num_terms()];
        Ok(Some(Counter { column, wanted, counts }))
    }

    pub fn count(&mut self, doc: DocId) {
        for ordinal in self.column.term_ords(doc) {
            self.counts[ordinal as usize] += 1;
        }
    }

    /// Returns the counts of the wanted terms.
    pub fn finish(self) -> tantivy::Result<Counts> {
        let counted = |range: Range<u64>| range.filter(|ordinal| self.counts[*ordinal as usize] > 0);
        let ordinals: Vec<u64> = self.wanted.iter().cloned().flat_map(counted).collect();
        let mut counts = Counts::with_capacity(ordinals.len());
        let mut numbers = ordinals.iter().map(|ordinal| u64::from(self.counts[*ordinal as usize]));
        self.column.dictionary().sorted_ords_to_term_cb(&ordinals, |term| {
            counts.insert(String::from_utf8_lossy(term).into_owned(), numbers.next().unwrap_or(0));
        })?;
        Ok(counts)
    }
}

/// Years are counted by their months.
fn stored_key(key: &str) -> &str {
    if key == YEAR { MONTH } else { key }
}

/// Returns the values of `key` among `counts`.
pub fn values(key: &str, counts: &Counts) -> FacetCounts {
    let (first, end) = keyed::bounds(stored_key(key));
    let mut sums: HashMap<&str, u64> = HashMap::new();
    for (term, count) in counts.iter().filter(|(term, _)| (&first..&end).contains(term)) {
        let value = keyed::value(term);
        let value = if key == YEAR { value.split('-').next().unwrap_or(value) } else { value };
        *sums.entry(value).or_default() += count;
    }
    let mut values: Vec<(String, u64)> = sums.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
    let total_values = values.len();
    if [YEAR, MONTH, LEVEL].contains(&key) {
        values.sort_unstable();
        // The latest, when there are too many.
        values.drain(..values.len().saturating_sub(MAX_MONTHS));
    } else {
        values.sort_unstable_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
        values.truncate(MAX_VALUES);
    }
    FacetCounts { key: key.to_owned(), values, total_values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_china() {
        assert_eq!(month(0), "1970-01");
        assert_eq!(month(1_709_222_399_999 - ZONE_MS), "2024-02");
        assert_eq!(month(1_709_251_200_000 - ZONE_MS), "2024-03");
        assert_eq!(month(1_704_067_200_000 - ZONE_MS - 1), "2023-12");
        assert_eq!(month(-86_400_000 * 400), "1968-11");
    }
}
