//! Which documents go into the index, and what comes out of a search?

use serde::{Deserialize, Serialize};

use crate::query::QueryName;

/// A document as the index sees it: the head version's text and what is known about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexDocument {
    pub id: String,
    /// `file` or `page`.
    pub kind: String,
    pub name: String,
    /// The folders above, library first.
    pub folder_ids: Vec<String>,
    pub tags: Vec<String>,
    /// The values of its library's properties, one entry for each.
    pub properties: Vec<Property>,
    pub author: String,
    pub media_type: String,
    pub level: i64,
    /// The folder or document whose grants decide who may read this one.
    pub scope: String,
    /// The headings in the text, as they stand there: hits in them count for more.
    pub headings: Vec<String>,
    pub pages: Vec<String>,
    /// Text without a page.
    pub extra: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub size_bytes: i64,
}

/// One value of a property that people defined for their library (档号, 年度 …).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// Of the definition.
    pub id: String,
    /// The value as people read it.
    pub text: String,
    /// Of numbers, and of dates as epoch milliseconds: decides order and ranges.
    pub number: Option<f64>,
    /// Whether its values are counted as facets.
    pub facet: bool,
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

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Relevance,
    /// By the time of the last change.
    Newest,
    Oldest,
    /// By pinyin, numbers by their value.
    Name,
    NameDescending,
    /// Largest first.
    Size,
    Smallest,
    /// By the values of a property; documents without one come last.
    Property {
        id: String,
        descending: bool,
    },
}

impl Sort {
    /// Whether texts that order stand in descending order.
    pub fn is_descending(&self) -> bool {
        matches!(self, Sort::NameDescending | Sort::Property { descending: true, .. })
    }
}

/// Which documents remain: those that have any of `values` under `key`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// `library` (folder id), `type`, `author`, `year`, `month` (`2023-05`), `tag`, `level` or `property:<id>`.
    pub key: String,
    pub values: Vec<String>,
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
    /// All must hold.
    pub filters: Vec<Filter>,
    /// Keys (see [`Filter`]) whose values are counted.
    pub facets: Vec<String>,
    /// Folders that the texts of `in:` stand for: the text as typed, the ids. Only the caller's folders belong here: the name
    /// of a hidden folder above a document must not find it.
    pub folders: Vec<(String, Vec<String>)>,
    /// Properties that `q` may name (`档号:A1`).
    pub names: Vec<QueryName>,
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
    /// In the order of the request.
    pub facets: Vec<FacetCounts>,
    pub next_cursor: Option<String>,
}

/// How many of the found documents have which value. Filters on the key itself are left out of account, so that several
/// values can be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FacetCounts {
    pub key: String,
    /// The most frequent first; years, months and levels in their own order.
    pub values: Vec<(String, u64)>,
    /// How many values there are, shown or not.
    pub total_values: usize,
}

/// A document that shares rare words with another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    pub id: String,
    /// The words in common, the most telling first.
    pub common: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub id: String,
    pub name: String,
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
}
