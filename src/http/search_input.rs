//! How do the parameters of a search become a request to the index?
//!
//! What a query may name is looked up here, among what the caller sees: folders by `in:`, properties by their names.

use std::collections::{BTreeSet, HashMap};

use indexer::{
    index::{Filter, Scopes, SearchRequest, Sort},
    normalize::normalize,
    query::{self, NameKind, QueryName, Term},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::search::{access, search_error};
use crate::{
    app::App,
    auth::policy::{Caller, FolderAccess},
    db::{self, JOIN_MAX},
    error::{Error, Result},
    ids::{DocumentId, FolderId},
};

/// Most hits in one answer.
const MAX_LIMIT: usize = 100;
const DEFAULT_LIMIT: usize = 20;
/// Longest query, in characters: what is longer is no query but a mistake.
pub const MAX_QUERY: usize = 1000;
/// Filters and facets in one request.
const MAX_KEYS: usize = 50;
/// Folders that one `in:` may stand for.
const MAX_FOLDERS: usize = 1000;
const KEYS: [&str; 7] = ["library", "type", "author", "year", "month", "tag", "level"];

/// What is sought.
#[derive(Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, "phrases", -not, OR, `type:` `author:` `tag:` `in:` `after:` `before:`, and properties by name: `档号:A1`,
    /// `年度:2020..2023`, `页数:>10`.
    #[serde(default)]
    pub q: String,
    /// Only below this folder.
    #[serde(rename = "in")]
    pub folder: Option<FolderId>,
    /// Short names, extensions or media types, separated by commas.
    pub r#type: Option<String>,
    pub author: Option<String>,
    /// Changed at this time or later, epoch milliseconds.
    pub after: Option<i64>,
    /// Changed before this time, epoch milliseconds.
    pub before: Option<i64>,
    /// `<key>:<value>`, repeatable: any value of a key, all keys. Keys are `library`, `type`, `author`, `year`, `month`
    /// (`2023-05`), `tag`, `level` and `property:<id>`; values are those that facets give.
    #[serde(default)]
    pub filter: Vec<String>,
    /// Keys whose values are to be counted, separated by commas; `properties` stands for those of the library that `in` (or a
    /// filter) names.
    pub facets: Option<String>,
    /// `relevance` (default), `newest`, `oldest`, `name`, `size` or `property:<id>`.
    pub sort: Option<String>,
    /// `asc` or `desc`, for names, sizes and properties. Names and properties are ascending without it, sizes descending.
    #[param(inline)]
    pub order: Option<OrderInput>,
    pub limit: Option<usize>,
    pub cursor: Option<String>,
}

/// The direction of an order.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderInput {
    Asc,
    Desc,
}

impl SearchQuery {
    /// Checks the parameters and returns what to ask the index: with the rights that the caller has now.
    pub async fn request(self, app: &App, caller: &Caller) -> Result<SearchRequest> {
        if self.q.chars().count() > MAX_QUERY {
            let message = format!("a query has {MAX_QUERY} characters at most");
            return Err(Error::invalid("query_too_long", message).field("q"));
        }
        let access = access(app, caller).await?;
        let filters = parse_filters(&self.filter)?;
        let facets = self.facets(app, &filters).await?;
        let names = if may_name_properties(&self.q) { names(app, caller, &access.scopes).await? } else { Vec::new() };
        let folders = folders_named(app, caller, &self.q, &names).await?;
        let sort = self.sort()?;
        let types = self.r#type.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
        Ok(SearchRequest {
            access,
            folder: self.folder.map(Into::into),
            types: types.map(str::to_owned).collect(),
            author: self.author,
            after: self.after,
            before: self.before,
            filters,
            facets,
            folders,
            names,
            sort,
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
            cursor: self.cursor,
            q: self.q,
        })
    }

    fn sort(&self) -> Result<Sort> {
        let descending = self.order == Some(OrderInput::Desc);
        Ok(match self.sort.as_deref().unwrap_or("relevance") {
            "relevance" => Sort::Relevance,
            "newest" => Sort::Newest,
            "oldest" => Sort::Oldest,
            "name" if descending => Sort::NameDescending,
            "name" => Sort::Name,
            "size" if self.order == Some(OrderInput::Asc) => Sort::Smallest,
            "size" => Sort::Size,
            other => match other.strip_prefix("property:") {
                Some(id) => Sort::Property { id: id.to_owned(), descending },
                None => return Err(Error::invalid("sort_unknown", "this is no way to sort").field("sort")),
            },
        })
    }

    async fn facets(&self, app: &App, filters: &[Filter]) -> Result<Vec<String>> {
        let mut facets: Vec<String> = Vec::new();
        for key in self.facets.as_deref().unwrap_or_default().split(',').filter(|key| !key.is_empty()) {
            if key == "properties" {
                let libraries =
                    filters.iter().filter(|filter| filter.key == "library").flat_map(|filter| &filter.values);
                let folders = self.folder.iter().cloned().chain(libraries.filter_map(|id| id.parse().ok()));
                let folders: Vec<FolderId> = folders.collect::<BTreeSet<_>>().into_iter().collect();
                for row in db::properties::list_of_folders(app.db.read(), &folders).await? {
                    if row.property.is_facet == 1 {
                        facets.push(format!("property:{}", row.property.id));
                    }
                }
            } else {
                check_key(key, "facets")?;
                facets.push(key.to_owned());
            }
        }
        let mut seen = BTreeSet::new();
        facets.retain(|key| seen.insert(key.clone()));
        facets.truncate(MAX_KEYS);
        Ok(facets)
    }
}

fn check_key(key: &str, field: &'static str) -> Result<()> {
    if KEYS.contains(&key) || key.starts_with("property:") {
        return Ok(());
    }
    Err(Error::invalid("facet_unknown", format!("“{key}” is nothing that documents are counted by")).field(field))
}

fn parse_filters(texts: &[String]) -> Result<Vec<Filter>> {
    let mut filters: Vec<Filter> = Vec::new();
    for text in texts.iter().take(MAX_KEYS) {
        let split = match text.strip_prefix("property:") {
            Some(rest) => rest.split_once(':').map(|(id, value)| (format!("property:{id}"), value)),
            None => text.split_once(':').map(|(key, value)| (key.to_owned(), value)),
        };
        let Some((key, value)) = split else {
            return Err(Error::invalid("filter_invalid", "a filter is <key>:<value>").field("filter"));
        };
        check_key(&key, "filter")?;
        match filters.iter_mut().find(|filter| filter.key == key) {
            Some(filter) => filter.values.push(value.to_owned()),
            None => filters.push(Filter { key, values: vec![value.to_owned()] }),
        }
    }
    Ok(filters)
}

/// Parses the text of a search box, in which properties may stand that the caller sees.
pub async fn parse_query(app: &App, caller: &Caller, q: &str) -> Result<query::Query> {
    let names = match may_name_properties(q) {
        true => names(app, caller, &access(app, caller).await?.scopes).await?,
        false => Vec::new(),
    };
    query::Query::parse_with(q, &names).map_err(|error| search_error(error.into()))
}

/// Only a query with a colon can name a property.
fn may_name_properties(q: &str) -> bool {
    q.contains([':', '：'])
}

/// The properties of the libraries of which the caller may read something.
async fn names(app: &App, caller: &Caller, scopes: &Scopes) -> Result<Vec<QueryName>> {
    let libraries: Option<BTreeSet<FolderId>> = match scopes {
        Scopes::All => None,
        Scopes::Only(scopes) => Some(libraries_of(app, caller, scopes).await?),
    };
    let rows = db::properties::list_names(app.db.read()).await?.into_iter();
    let seen = rows.filter(|row| libraries.as_ref().is_none_or(|libraries| libraries.contains(&row.library_id)));
    let kind = |kind: &str| match kind {
        "number" => NameKind::Number,
        "date" => NameKind::Date,
        _ => NameKind::Text,
    };
    Ok(seen.map(|row| QueryName { kind: kind(&row.kind), name: row.name, id: row.id.to_string() }).collect())
}

async fn libraries_of(app: &App, caller: &Caller, scopes: &[String]) -> Result<BTreeSet<FolderId>> {
    let mut folders: Vec<FolderId> = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    // A scope may also be a document of its own: then its folder tells.
    let documents: Vec<DocumentId> = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    for ids in documents.chunks(JOIN_MAX) {
        folders.extend(db::documents::list(app.db.read(), ids).await?.into_iter().map(|document| document.folder_id));
    }
    let lines = FolderAccess::load(&app.db, caller, &folders).await?;
    Ok(folders.iter().filter_map(|folder| lines.library(folder)).collect())
}

/// The folders that each `in:` of the query may stand for: those that the caller sees and whose name contains the text. A
/// text with slashes names folders below each other.
async fn folders_named(app: &App, caller: &Caller, q: &str, names: &[QueryName]) -> Result<Vec<(String, Vec<String>)>> {
    let query = query::Query::parse_with(q, names).map_err(|error| search_error(error.into()))?;
    let texts: BTreeSet<&str> = query
        .clauses
        .iter()
        .flat_map(|clause| &clause.any)
        .filter_map(|item| if let Term::In(text) = &item.term { Some(text.as_str()) } else { None })
        .collect();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db::search::list_folder_names(app.db.read()).await?;
    let folders: HashMap<&FolderId, (Option<&FolderId>, String)> =
        rows.iter().map(|(id, parent, name)| (id, (parent.as_ref(), normalize(name)))).collect();
    let mut named = Vec::new();
    for text in texts {
        let parts: Vec<String> = text.split('/').map(normalize).filter(|part| !part.is_empty()).collect();
        let mut lines = folders.keys().filter_map(|id| line(&folders, id, &parts)).collect::<Vec<_>>();
        lines.sort_unstable();
        lines.truncate(MAX_FOLDERS);
        let asked: Vec<FolderId> = lines.iter().flatten().map(|id| (*id).clone()).collect();
        let seen = FolderAccess::load(&app.db, caller, &asked).await?;
        let visible = lines.iter().filter(|line| line.iter().all(|id| seen.role(id).is_some()));
        named.push((text.to_owned(), visible.filter_map(|line| Some(line.first()?.to_string())).collect()));
    }
    Ok(named)
}

/// The folder `id` and those above it that `parts` name, the lowest first; `None` when they do not.
fn line<'f>(
    folders: &HashMap<&'f FolderId, (Option<&'f FolderId>, String)>,
    id: &'f FolderId,
    parts: &[String],
) -> Option<Vec<&'f FolderId>> {
    let mut line = Vec::with_capacity(parts.len());
    let mut next = Some(id);
    for part in parts.iter().rev() {
        let id = next?;
        let (parent, name) = folders.get(id)?;
        if !name.contains(part) {
            return None;
        }
        line.push(id);
        next = *parent;
    }
    (!line.is_empty()).then_some(line)
}
