//! Which fields does the index have, and how does a document become them?

use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{TantivyDocument, Term};

use super::layout::Layout;
use super::tokenizer::{Lines, Pairs};
use super::types::IndexDocument;
use super::{kinds, pinyin};
use crate::normalize::normalize;

/// Raised with every change of fields, terms or normalisation: an index of another version is built anew.
pub const VERSION: u32 = 2;

/// The fields of an index document.
#[derive(Clone)]
pub struct Fields {
    pub schema: Schema,
    /// Of the document and of its further chunks, so that all of them go together.
    pub id: Field,
    /// Pairs of characters with positions.
    pub body: Field,
    /// Single characters and Latin words of the body, without positions.
    pub chars: Field,
    pub words: Field,
    /// Short texts: single characters and pairs with positions.
    pub name: Field,
    pub pinyin: Field,
    pub path: Field,
    pub tags: Field,
    pub author: Field,
    pub folder: Field,
    pub kind: Field,
    /// Columns.
    pub level: Field,
    pub scope: Field,
    pub updated_at: Field,
    pub size: Field,
    pub name_key: Field,
    pub tie: Field,
    /// Stored.
    pub meta: Field,
    pub table: Field,
    pub text: Field,
}

pub const LEVEL: &str = "level";
pub const SCOPE: &str = "scope";
pub const UPDATED_AT: &str = "updated_at";
pub const SIZE: &str = "size";
pub const NAME_KEY: &str = "name_key";
pub const TIE: &str = "tie";

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
            chars: schema.add_text_field("chars", text("singles", false, false)),
            words: schema.add_text_field("words", text("lines", false, false)),
            name: schema.add_text_field("name", text("short", true, false)),
            pinyin: schema.add_text_field("pinyin", text("short", true, false)),
            path: schema.add_text_field("path", text("short", true, false)),
            tags: schema.add_text_field("tags", text("short", true, false)),
            author: schema.add_text_field("author", text("short", true, false)),
            folder: schema.add_text_field("folder", text("raw", false, false)),
            kind: schema.add_text_field("kind", text("raw", false, false)),
            level: schema.add_i64_field(LEVEL, number()),
            scope: schema.add_text_field(SCOPE, column()),
            updated_at: schema.add_i64_field(UPDATED_AT, number() | INDEXED),
            size: schema.add_i64_field(SIZE, number()),
            name_key: schema.add_text_field(NAME_KEY, column()),
            tie: schema.add_u64_field(TIE, number()),
            meta: schema.add_text_field("meta", stored()),
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
        main.add_text(self.chars, &layout.chars);
        main.add_text(self.words, &layout.words);
        main.add_text(self.name, format!("{NAME_START}{}", normalize(&document.name)));
        main.add_text(self.pinyin, pinyin::readings(&document.name));
        main.add_text(self.path, normalize(&document.path));
        let tags: Vec<String> = document.tags.iter().map(|tag| normalize(tag)).collect();
        main.add_text(self.tags, tags.join("\n"));
        main.add_text(self.author, normalize(&document.author));
        for folder in &document.folder_ids {
            main.add_text(self.folder, folder);
        }
        for kind in kinds::terms(document) {
            main.add_text(self.kind, kind);
        }
        main.add_i64(self.level, document.level);
        main.add_text(self.scope, &document.scope);
        main.add_i64(self.updated_at, document.updated_at);
        main.add_i64(self.size, document.size_bytes);
        main.add_text(self.name_key, pinyin::sort_key(&document.name));
        main.add_u64(self.tie, tie(&document.id));
        main.add_text(self.meta, serde_json::to_string(&Meta::of(document)).expect("plain data"));
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
}

/// Returns the tokenizers that the schema names.
pub fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register("pairs", TextAnalyzer::from(Pairs { singles: false }));
    tokenizers.register("short", TextAnalyzer::from(Pairs { singles: true }));
    tokenizers.register("singles", TextAnalyzer::from(super::tokenizer::Singles));
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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meta {
    pub id: String,
    pub kind: String,
    pub name: String,
    pub path: String,
    pub tags: Vec<String>,
    pub author: String,
    pub media_type: String,
    pub level: i64,
    pub scope: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub size_bytes: i64,
}

impl Meta {
    fn of(document: &IndexDocument) -> Meta {
        Meta {
            id: document.id.clone(),
            kind: document.kind.clone(),
            name: document.name.clone(),
            path: document.path.clone(),
            tags: document.tags.clone(),
            author: document.author.clone(),
            media_type: document.media_type.clone(),
            level: document.level,
            scope: document.scope.clone(),
            created_at: document.created_at,
            updated_at: document.updated_at,
            size_bytes: document.size_bytes,
        }
    }
}
