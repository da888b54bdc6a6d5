//! Which fields does the index have, and how does a document become them?

use tantivy::schema::{FAST, Field, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{TantivyDocument, Term};

use super::layout::Layout;
use super::tokenizer::{KeyedPairs, Lines, Pairs, Readings};
use super::types::{IndexDocument, Property};
use super::{facets, keyed, kinds, pinyin};
use crate::normalize::normalize;

/// Raised with every change of fields, terms or normalisation: an index of another version is built anew.
/// In indexes of version 3 documents may be missing that were put at the same moment as others.
pub const VERSION: u32 = 4;

/// Characters of a value by which documents are ordered.
const ORDER_CHARS: usize = 64;

/// The fields of an index document.
#[derive(Clone)]
pub struct Fields {
    pub schema: Schema,
    /// Of the document and of its further chunks, so that all of them go together.
    pub id: Field,
    /// Pairs of characters with positions.
    pub body: Field,
    /// The Latin words of the body, without positions.
    pub words: Field,
    /// Short texts, as pairs with positions. `values` are those of properties, without saying of which.
    pub name: Field,
    pub headings: Field,
    pub tags: Field,
    pub values: Field,
    /// The values of properties as pairs that carry the property's id.
    pub properties: Field,
    /// How the name is read.
    pub pinyin: Field,
    /// Whole texts as one term each.
    pub folder: Field,
    pub kind: Field,
    /// Terms of [`super::keyed`], indexed and as a column: what is filtered by and counted.
    pub facet: Field,
    /// Terms of [`super::keyed`] that sort as the values of properties do.
    pub order: Field,
    /// Columns.
    pub level: Field,
    pub scope: Field,
    pub updated_at: Field,
    pub size: Field,
    pub name_key: Field,
    pub tie: Field,
    /// Stored.
    pub head: Field,
    pub table: Field,
    pub text: Field,
}

pub const LEVEL: &str = "level";
pub const SCOPE: &str = "scope";
pub const UPDATED_AT: &str = "updated_at";
pub const SIZE: &str = "size";
pub const NAME_KEY: &str = "name_key";
pub const TIE: &str = "tie";
pub const FACET: &str = "facet";
pub const ORDER: &str = "order";

impl Fields {
    pub fn new() -> Fields {
        let mut schema = Schema::builder();
        let text = |tokenizer: &str, positions: bool, norms: bool| {
            let record = if positions { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::Basic };
            let indexing =
                TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(record).set_fieldnorms(norms);
            TextOptions::default().set_indexing_options(indexing)
        };
        let number = || NumericOptions::from(FAST);
        let column = || TextOptions::default().set_fast("raw");
        let stored = || TextOptions::from(STORED);
        let fields = Fields {
            id: schema.add_text_field("id", text("raw", false, false)),
            body: schema.add_text_field("body", text("pairs", true, true)),
            words: schema.add_text_field("words", text("lines", false, false)),
            name: schema.add_text_field("name", text("pairs", true, false)),
            headings: schema.add_text_field("headings", text("pairs", true, false)),
            tags: schema.add_text_field("tags", text("pairs", true, false)),
            values: schema.add_text_field("values", text("pairs", true, false)),
            properties: schema.add_text_field("properties", text("keyed_pairs", true, false)),
            pinyin: schema.add_text_field("pinyin", text("readings", true, false)),
            folder: schema.add_text_field("folder", text("raw", false, false)),
            kind: schema.add_text_field("kind", text("raw", false, false)),
            facet: schema.add_text_field(FACET, text("raw", false, false).set_fast("raw")),
            order: schema.add_text_field(ORDER, text("raw", false, false).set_fast("raw")),
            level: schema.add_i64_field(LEVEL, number()),
            scope: schema.add_text_field(SCOPE, column()),
            updated_at: schema.add_i64_field(UPDATED_AT, number()),
            size: schema.add_i64_field(SIZE, number()),
            name_key: schema.add_text_field(NAME_KEY, column()),
            tie: schema.add_u64_field(TIE, number()),
            head: schema.add_text_field("head", stored()),
            table: schema.add_text_field("table", stored()),
            text: schema.add_text_field("text", stored()),
            schema: Schema::builder().build(),
        };
        Fields { schema: schema.build(), ..fields }
    }

    /// Returns the term that stands for the document `id` and its chunks.
    pub fn id_term(&self, id: &str) -> Term {
        Term::from_field_text(self.id, id)
    }

    /// Turns a document into index documents: itself, then its chunks after the first, in order.
    pub fn documents(&self, document: &IndexDocument) -> Vec<TantivyDocument> {
        let layout = Layout::new(&document.pages, &document.extra);
        let mut main = TantivyDocument::new();
        main.add_text(self.id, &document.id);
        main.add_text(self.body, &layout.body);
        main.add_text(self.words, &layout.words);
        let name = normalize(&document.name);
        main.add_text(self.pinyin, &name);
        main.add_text(self.name, format!("{NAME_START}{name}"));
        self.add_lines(&mut main, self.headings, document.headings.iter().map(|heading| normalize(heading)));
        self.add_lines(&mut main, self.tags, document.tags.iter().map(|tag| normalize(tag)));
        self.add_properties(&mut main, &document.properties);
        for folder in &document.folder_ids {
            main.add_text(self.folder, folder);
        }
        for kind in kinds::terms(document) {
            main.add_text(self.kind, kind);
        }
        for term in facets::terms(document) {
            main.add_text(self.facet, term);
        }
        main.add_i64(self.level, document.level);
        main.add_text(self.scope, &document.scope);
        main.add_i64(self.updated_at, document.updated_at);
        main.add_i64(self.size, document.size_bytes);
        main.add_text(self.name_key, pinyin::sort_key(&document.name));
        main.add_u64(self.tie, tie(&document.id));
        main.add_text(self.head, Head::of(document).encode());
        main.add_text(self.table, layout.table.encode());
        let mut chunks = layout.chunks.into_iter();
        if let Some(first) = chunks.next() {
            main.add_text(self.text, first);
        }
        let mut documents = vec![main];
        for chunk in chunks {
            let mut next = TantivyDocument::new();
            next.add_text(self.id, &document.id);
            next.add_text(self.text, chunk);
            documents.push(next);
        }
        documents
    }

    fn add_lines(&self, main: &mut TantivyDocument, field: Field, lines: impl Iterator<Item = String>) {
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            main.add_text(field, lines.join("\n"));
        }
    }

    fn add_properties(&self, main: &mut TantivyDocument, properties: &[Property]) {
        let texts: Vec<(&Property, String)> =
            properties.iter().map(|property| (property, normalize(&property.text))).collect();
        self.add_lines(main, self.values, texts.iter().map(|(_, text)| text.clone()));
        let keyed = texts.iter().map(|(property, text)| keyed::term(&property.id, text));
        self.add_lines(main, self.properties, keyed);
        for property in properties {
            main.add_text(self.order, keyed::term(&property.id, &order_key(property)));
        }
    }
}

/// Returns a text that sorts as the value of the property does.
fn order_key(property: &Property) -> String {
    match property.number {
        Some(number) => keyed::number(number),
        None => pinyin::sort_key(&property.text).chars().take(ORDER_CHARS).collect(),
    }
}

/// Returns the tokenizers that the schema names.
pub fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register("pairs", TextAnalyzer::from(Pairs));
    tokenizers.register("keyed_pairs", TextAnalyzer::from(KeyedPairs));
    tokenizers.register("readings", TextAnalyzer::from(Readings));
    tokenizers.register("lines", TextAnalyzer::from(Lines));
    tokenizers
}

/// Stands before every name, so that its beginning can be looked for. No normalised text contains it.
pub const NAME_START: char = '\u{2}';

/// Returns a number that orders documents of equal rank, the same in every index.
pub fn tie(id: &str) -> u64 {
    // FNV-1a: stable over program versions, unlike the standard library's hasher.
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// What is stored of a document beside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub id: String,
    pub name: String,
}

impl Head {
    fn of(document: &IndexDocument) -> Head {
        Head { id: document.id.clone(), name: document.name.clone() }
    }

    fn encode(&self) -> String {
        keyed::term(&self.id, &self.name)
    }

    /// Reads what `encode` wrote; `None` when it is damaged.
    pub fn decode(text: &str) -> Option<Head> {
        let (id, name) = text.split_once(keyed::SEPARATOR)?;
        Some(Head { id: id.to_owned(), name: name.to_owned() })
    }
}
