//! At which positions of a document's body does a text stand?
//!
//! Read from the index itself: the positions of the text's pairs, shifted and intersected. No text is loaded.

use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, SegmentReader, Term};

use super::schema::Fields;
use super::tokenizer::cover;

/// Finds one text in the documents of one segment. Documents must be asked for in ascending order.
pub struct Places {
    pairs: Vec<(u32, SegmentPostings)>,
    buffer: Vec<u32>,
}

impl Places {
    /// Returns `None` when the text is in no document of the segment, or too short to have positions.
    pub fn open(fields: &Fields, reader: &SegmentReader, text: &[char]) -> tantivy::Result<Option<Places>> {
        let inverted = reader.inverted_index(fields.body)?;
        let mut pairs = Vec::new();
        for (offset, pair) in cover(text) {
            let term = Term::from_field_text(fields.body, &pair);
            let Some(postings) = inverted.read_postings(&term, IndexRecordOption::WithFreqsAndPositions)? else {
                return Ok(None);
            };
            pairs.push((offset as u32, postings));
        }
        // The rarest pair leaves the fewest positions to compare.
        pairs.sort_by_key(|(_, postings)| postings.size_hint());
        Ok((!pairs.is_empty()).then_some(Places { pairs, buffer: Vec::new() }))
    }

    /// Returns where the text begins in `doc`, ascending.
    pub fn find(&mut self, doc: DocId) -> Vec<u32> {
        for (_, postings) in &mut self.pairs {
            if postings.doc() < doc {
                postings.seek(doc);
            }
            if postings.doc() != doc {
                return Vec::new();
            }
        }
        let mut starts: Option<Vec<u32>> = None;
        for (offset, postings) in &mut self.pairs {
            postings.positions(&mut self.buffer);
            starts = Some(match starts {
                None => self.buffer.iter().filter_map(|position| position.checked_sub(*offset)).collect(),
                Some(starts) => intersect(starts, &self.buffer, *offset),
            });
        }
        starts.unwrap_or_default()
    }
}

fn intersect(mut starts: Vec<u32>, positions: &[u32], offset: u32) -> Vec<u32> {
    let mut at = 0;
    starts.retain(|start| {
        while positions.get(at).is_some_and(|position| *position < start + offset) {
            at += 1;
        }
        positions.get(at) == Some(&(start + offset))
    });
    starts
}
