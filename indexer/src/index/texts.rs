//! What does the document say around a position?
//!
//! Reads stored chunks on demand and keeps them for the length of one search.

use std::collections::HashMap;
use std::rc::Rc;

use tantivy::schema::{Field, Value};
use tantivy::{DocAddress, Searcher, TantivyDocument};

use super::layout::{Piece, Table, read_chunk};
use super::schema::{Fields, Head};
use super::{Error, Result};
use crate::normalize::Normalized;

/// Characters that must be known around a position to show it.
const CONTEXT: u32 = 80;

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

    /// Loads where the document's pages and chunks begin.
    pub fn table(&mut self, address: DocAddress) -> Result<Table> {
        let document = self.document(address)?;
        Table::decode(text(&document, self.fields.table)?).ok_or_else(|| Error::Damaged("page table".into()))
    }

    /// Loads the id and the name of a document.
    pub fn head(&mut self, address: DocAddress) -> Result<Head> {
        let document = self.document(address)?;
        Head::decode(text(&document, self.fields.head)?).ok_or_else(|| Error::Damaged("head".into()))
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
            read_chunk(text(&document, self.fields.text)?).ok_or_else(|| Error::Damaged("text chunk".into()))?;
        let pieces = Rc::new(pieces);
        self.chunks.insert(at, pieces.clone());
        Ok(pieces)
    }

    /// Returns the text around the characters from `start` to `end`, never across a page end.
    pub fn view(&mut self, address: DocAddress, table: &Table, start: u32, end: u32) -> Result<Option<View>> {
        let (first, last) = (table.chunk(start.saturating_sub(CONTEXT)), table.chunk(end + CONTEXT));
        let page = table.page(start);
        let mut chunks = Vec::new();
        for number in first..=last.min(table.chunk_count().saturating_sub(1)) {
            chunks.push(self.chunk(address, number)?);
        }
        let (from, to) = (start.saturating_sub(CONTEXT), end + CONTEXT);
        let mut pieces: Vec<&Piece> = Vec::new();
        for piece in chunks.iter().flat_map(|chunk| chunk.iter()) {
            if piece.page != page || piece.position > to {
                continue;
            }
            if piece.position <= from {
                pieces.clear();
            }
            pieces.push(piece);
        }
        let Some(position) = pieces.first().map(|piece| piece.position) else {
            return Ok(None);
        };
        let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        Ok(Some(View { page, position, normalized: Normalized::new(&text), text }))
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

fn text(document: &TantivyDocument, field: Field) -> Result<&str> {
    let value = document.get_first(field).and_then(|value| value.as_str());
    value.ok_or_else(|| Error::Damaged("a stored field is missing".into()))
}
