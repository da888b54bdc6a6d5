//! What does the document say around a position?
//!
//! Reads stored chunks on demand and keeps them for the length of one search.

use std::collections::HashMap;
use std::rc::Rc;

use tantivy::schema::{Field, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument};

use super::layout::{Piece, Table, read_chunk};
use super::schema::{Fields, Meta};
use super::{Error, Result};
use crate::normalize::Normalized;

/// Characters that must be known around a position to show it.
const CONTEXT: u32 = 80;

/// A document's stored part.
pub struct Stored {
    pub meta: Meta,
    pub table: Table,
}

/// A stretch of one page's original text, with its normal form.
pub struct View {
    pub page: u32,
    /// The body position of the first normalised character.
    pub position: u32,
    pub text: String,
    pub normalized: Normalized,
}

pub struct Texts<'a> {
    searcher: &'a Searcher,
    fields: &'a Fields,
    documents: HashMap<DocAddress, Rc<TantivyDocument>>,
    chunks: HashMap<DocAddress, Rc<Vec<Piece>>>,
}

impl<'a> Texts<'a> {
    pub fn new(searcher: &'a Searcher, fields: &'a Fields) -> Self {
        Texts { searcher, fields, documents: HashMap::new(), chunks: HashMap::new() }
    }

    /// Loads what is known of a document.
    pub fn stored(&mut self, address: DocAddress) -> Result<Stored> {
        let document = self.document(address)?;
        let meta = serde_json::from_slice(bytes(&document, self.fields.meta)?)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        let table =
            Table::decode(bytes(&document, self.fields.table)?).ok_or_else(|| Error::Damaged("page table".into()))?;
        Ok(Stored { meta, table })
    }

    /// Returns the pieces of chunk `number` of the document at `address`.
    pub fn chunk(&mut self, address: DocAddress, number: usize) -> Result<Rc<Vec<Piece>>> {
        // The chunks follow their document, see `Index::put`.
        let at = DocAddress::new(address.segment_ord, address.doc_id + number as u32);
        if let Some(chunk) = self.chunks.get(&at) {
            return Ok(chunk.clone());
        }
        let document = self.document(at)?;
        let pieces =
            read_chunk(bytes(&document, self.fields.text)?).ok_or_else(|| Error::Damaged("text chunk".into()))?;
        let pieces = Rc::new(pieces);
        self.chunks.insert(at, pieces.clone());
        Ok(pieces)
    }

    /// Returns the text around the characters from `start` to `end`, never across a page end.
    pub fn view(&mut self, address: DocAddress, table: &Table, start: u32, end: u32) -> Result<Option<View>> {
        let (first, last) = (table.chunk(start.saturating_sub(CONTEXT)), table.chunk(end + CONTEXT));
        let page = table.page(start);
        let mut pieces: Vec<(u32, String)> = Vec::new();
        for number in first..=last.min(table.chunk_count().saturating_sub(1)) {
            for piece in self.chunk(address, number)?.iter().filter(|piece| piece.page == page) {
                pieces.push((piece.position, piece.text.clone()));
            }
        }
        // Only the pieces that the context touches.
        let from = pieces.partition_point(|(position, _)| *position <= start.saturating_sub(CONTEXT)).saturating_sub(1);
        let to = pieces.partition_point(|(position, _)| *position <= end + CONTEXT);
        let Some((position, _)) = pieces.get(from) else {
            return Ok(None);
        };
        let text: String = pieces[from..to.max(from + 1)].iter().map(|(_, text)| text.as_str()).collect();
        Ok(Some(View { page, position: *position, normalized: Normalized::new(&text), text }))
    }

    fn document(&mut self, address: DocAddress) -> Result<Rc<TantivyDocument>> {
        if let Some(document) = self.documents.get(&address) {
            return Ok(document.clone());
        }
        let document: Rc<TantivyDocument> = Rc::new(self.searcher.doc(address)?);
        self.documents.insert(address, document.clone());
        Ok(document)
    }
}

fn bytes(document: &TantivyDocument, field: Field) -> Result<&[u8]> {
    document
        .get_first(field)
        .and_then(|value| value.as_bytes())
        .ok_or_else(|| Error::Damaged("a stored field is missing".into()))
}
