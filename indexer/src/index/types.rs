//! Which documents go into the index, and what comes out of a search?

use serde::{Deserialize, Serialize};

/// A document as the index sees it: the head version's text and what is known about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexDocument {
    pub id: String,
    /// `file` or `page`.
    pub kind: String,
    pub name: String,
    /// The folders above, library first.
    pub folder_ids: Vec<String>,
    /// The names of the folders above, joined by `/`.
    pub path: String,
    pub tags: Vec<String>,
    pub author: String,
    pub media_type: String,
    pub level: i64,
    /// The folder or document whose grants decide who may read this one.
    pub scope: String,
    pub pages: Vec<String>,
    /// Text without a page.
    pub extra: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub size_bytes: i64,
}

/// The scopes a caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    All,
    Only(Vec<String>),
}

/// What a caller may read: a document counts only when its scope and its level allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub scopes: Scopes,
    pub max_level: i64,
}

impl Default for Access {
    /// Reads nothing.
    fn default() -> Self {
        Access { scopes: Scopes::Only(Vec::new()), max_level: i64::MIN }
    }
}

impl Access {
    /// Reads everything.
    pub fn all() -> Self {
        Access { scopes: Scopes::All, max_level: i64::MAX }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Relevance,
    /// By the time of the last change.
    Newest,
    Oldest,
    /// By pinyin, numbers by their value.
    Name,
    /// Largest first.
    Size,
}

#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// The query language of `crate::query`; empty finds everything the other fields allow.
    pub q: String,
    pub access: Access,
    /// Only below this folder.
    pub folder: Option<String>,
    /// Any of these short names, extensions or media types.
    pub types: Vec<String>,
    /// Part of the author's name.
    pub author: Option<String>,
    /// Changed at this time or later, before this time (epoch milliseconds).
    pub after: Option<i64>,
    pub before: Option<i64>,
    pub sort: Sort,
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct SearchResults {
    /// How many documents match and may be read by the caller, on all pages of results.
    pub total: u64,
    pub hits: Vec<Hit>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
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
    pub score: f32,
    /// What matched in the name, as character offsets.
    pub name_marks: Vec<(u32, u32)>,
    pub snippets: Vec<Snippet>,
    /// Pages with hits from 1, at most `MAX_HIT_PAGES`.
    pub pages: Vec<u32>,
}

/// A piece of the original text around a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// From 1; `None` for text without a page.
    pub page: Option<u32>,
    pub text: String,
    /// What matched, as character offsets into `text`.
    pub marks: Vec<(u32, u32)>,
}

/// A document offered while the caller types its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub media_type: String,
    pub path: String,
}
