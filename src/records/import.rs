//! How do the rows of a table become values of documents?
//!
//! The isolated child reads the table, rows come in parts of a few hundred: each row is matched with a document that the
//! caller sees, its cells are parsed, and the part goes through [`edit_records`] in one transaction. A row changes its
//! document as a whole or not at all; others may write between the parts.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use serde::Serialize;
use serde_json::json;

use super::{
    Definitions,
    columns::{Column, natural, parse_level, read_head},
    edit::{RecordEdit, parse_tags},
    value::{Property, TAG_SEPARATORS, key_of, pieces},
};
use crate::{
    actions::edit_records::{Claims, Mode, edit_records},
    app::App,
    audit,
    auth::policy::{Caller, DocumentAccess},
    db::{self, JOIN_MAX, folders::Folder},
    error::{Error, Result},
    ids::{DocumentId, PropertyId},
    names,
    preview::worker_error,
    worker::{Answer, Task, table::TableRows},
};

/// Rows that go into one transaction.
const PART: usize = 250;
/// Problems that a report lists; the others are counted.
const PROBLEMS_MAX: usize = 1000;
/// Documents of one name that are told apart by their paths.
const CANDIDATES_MAX: i64 = 50;

/// How a table is to be taken.
pub struct ImportOptions {
    /// Whether anything is written.
    pub mode: Mode,
    /// By what rows are matched; `None`: by the best column that is there.
    pub match_by: Option<MatchBy>,
    /// Whether an empty cell empties its field.
    pub clear_empty: bool,
}

/// By what a row is matched with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchBy {
    Id,
    Name,
    Property(PropertyId),
}

/// What came of a table.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// `id`, `name`, or the id of a field.
    #[serde(rename = "match")]
    pub matched_by: String,
    /// CSV: the encoding that was found out.
    pub encoding: Option<String>,
    /// CSV: what stands between cells.
    pub separator: Option<char>,
    /// Workbook: the sheet that was read.
    pub sheet: Option<String>,
    pub columns: Vec<ColumnReport>,
    /// Rows below the head that are not empty.
    pub rows: u64,
    /// Rows with a document that the caller sees.
    pub matched: u64,
    /// Rows that change something.
    pub changed: u64,
    /// Rows that say what is so already.
    pub unchanged: u64,
    /// Rows without a document that the caller sees.
    pub unmatched: u64,
    /// Rows that are refused; the others are taken.
    pub invalid: u64,
    /// The first 1000.
    pub problems: Vec<Problem>,
    /// Problems that are not listed.
    pub problems_left_out: u64,
}

/// What a column was taken for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ColumnReport {
    pub head: String,
    /// `id`, `name`, `path`, `tags`, `level`, `property` or `ignored`.
    pub target: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property_id: Option<PropertyId>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The number of the row in a spreadsheet: the head is mostly 1.
    pub row: u64,
    /// The head of the column, when it is one cell that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub code: String,
    pub message: String,
    /// The document that has a unique value already, if the caller sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
}

/// A table on its way.
struct Import<'a> {
    app: &'a App,
    by: &'a Caller,
    folder: &'a Folder,
    options: ImportOptions,
    properties: Arc<Vec<Property>>,
    columns: Vec<Column>,
    heads: Vec<String>,
    match_by: Column,
    claims: Claims,
    /// Documents that a row was about.
    seen: HashSet<DocumentId>,
    report: ImportReport,
}

/// A row that was read.
struct Entry {
    row: u64,
    edit: RecordEdit,
    /// What it is matched by, and the path that tells equal names apart.
    key: String,
    path: String,
    /// Whether a cell was refused.
    is_invalid: bool,
}

/// A document that a row may be about.
struct Candidate {
    id: DocumentId,
    /// The folders above that the caller sees, compared without regard to how they are typed.
    path: Vec<String>,
}

/// Takes the table in the file `input` for the documents below `folder`.
pub async fn import(
    app: &App,
    by: &Caller,
    folder: &Folder,
    input: &Path,
    options: ImportOptions,
) -> Result<ImportReport> {
    let out = tempfile::tempdir_in(app.config.scratch()).map_err(Error::internal)?;
    let task = Task::ReadTable { input: input.to_owned(), out: out.path().to_owned() };
    let file = match app.workers.run(task).await.map_err(worker_error)? {
        Answer::Converted { file, .. } => file,
        other => return Err(Error::internal(anyhow::anyhow!("a reader of tables answered {other:?}"))),
    };
    let rows = TableRows::open(&file).map_err(Error::internal)?;
    let (head, mut rows) = next(rows, 1).await?;
    let Some((_, head)) = head.into_iter().next() else {
        return Err(Error::invalid("table_empty", "there is nothing in this table"));
    };
    let mut import = Import::new(app, by, folder, options, head).await?;
    loop {
        if app.shutdown.is_cancelled() {
            return Err(Error::unavailable("restarting", anyhow::anyhow!("the service stops")));
        }
        let (part, rest) = next(rows, PART).await?;
        rows = rest;
        if part.is_empty() {
            break;
        }
        import.take(part).await?;
    }
    let source = rows.source.take().unwrap_or_default();
    (import.report.encoding, import.report.separator, import.report.sheet) =
        (source.encoding, source.separator, source.sheet);
    import.finish().await
}

/// Reads the next rows off the async threads.
async fn next(mut rows: TableRows, count: usize) -> Result<(Vec<(u64, Vec<String>)>, TableRows)> {
    let read = move || rows.next(count).map(|part| (part, rows));
    tokio::task::spawn_blocking(read).await.map_err(Error::internal)?.map_err(Error::internal)
}

impl<'a> Import<'a> {
    async fn new(
        app: &'a App,
        by: &'a Caller,
        folder: &'a Folder,
        options: ImportOptions,
        head: Vec<String>,
    ) -> Result<Self> {
        let mut connection = app.db.read().acquire().await?.into();
        let properties = Definitions::load(&mut connection, [&folder.id]).await?.shared(&folder.id);
        let heads: Vec<String> = head.iter().map(|text| natural(text.trim()).to_owned()).collect();
        let columns = read_head(&heads, &properties)?;
        let match_by = match_column(&columns, &properties, options.match_by.as_ref())?;
        let is_told = |column: &Column| match column {
            Column::Tags | Column::Level => true,
            Column::Property(_) => *column != match_by,
            _ => false,
        };
        if !columns.iter().any(is_told) {
            return Err(Error::invalid("nothing_to_import", "no column says anything about documents"));
        }
        let report = ImportReport {
            dry_run: options.mode == Mode::Try,
            matched_by: match match_by {
                Column::Property(at) => properties[at].row.id.to_string(),
                Column::Id => "id".to_owned(),
                _ => "name".to_owned(),
            },
            columns: heads
                .iter()
                .zip(&columns)
                .map(|(head, column)| column_report(head, *column, &properties))
                .collect(),
            ..ImportReport::default()
        };
        Ok(Self {
            app,
            by,
            folder,
            options,
            properties,
            columns,
            heads,
            match_by,
            claims: Claims::default(),
            seen: HashSet::new(),
            report,
        })
    }

    /// Takes some rows.
    async fn take(&mut self, part: Vec<(u64, Vec<String>)>) -> Result<()> {
        self.report.rows += part.len() as u64;
        let entries: Vec<Entry> = part.into_iter().map(|(row, cells)| self.read(row, &cells)).collect();
        let candidates = self.candidates(&entries).await?;
        let mut edits: Vec<(u64, DocumentId, RecordEdit)> = Vec::new();
        for (entry, candidates) in entries.into_iter().zip(candidates) {
            let Some(document) = self.pick(&entry, &candidates) else { continue };
            if entry.is_invalid {
                self.report.invalid += 1;
            } else {
                edits.push((entry.row, document, entry.edit));
            }
        }
        let pairs: Vec<_> = edits.iter().map(|(_, id, edit)| (id.clone(), edit)).collect();
        if pairs.is_empty() {
            return Ok(());
        }
        let outcomes = edit_records(self.app, self.by, &pairs, self.options.mode, &mut self.claims).await?;
        for ((row, ..), outcome) in edits.iter().zip(outcomes) {
            match outcome {
                Ok(true) => self.report.changed += 1,
                Ok(false) => self.report.unchanged += 1,
                Err(error) => {
                    self.report.invalid += 1;
                    let column = error.member("property_id").and_then(|id| self.head_of(id));
                    self.problem(*row, column, &error);
                }
            }
        }
        Ok(())
    }

    /// Parses the cells of a row.
    fn read(&mut self, row: u64, cells: &[String]) -> Entry {
        let mut entry =
            Entry { row, edit: RecordEdit::default(), key: String::new(), path: String::new(), is_invalid: false };
        for at in 0..self.columns.len() {
            let cell = natural(cells.get(at).map_or("", |cell| cell.trim()));
            if let Err(error) = self.read_cell(&mut entry, self.columns[at], cell) {
                entry.is_invalid = true;
                self.problem(row, Some(self.heads[at].clone()), &error);
            }
        }
        entry
    }

    fn read_cell(&self, entry: &mut Entry, column: Column, cell: &str) -> Result<()> {
        if column == self.match_by {
            cell.clone_into(&mut entry.key);
        }
        let is_told = !cell.is_empty() || self.options.clear_empty;
        match column {
            Column::Path => cell.clone_into(&mut entry.path),
            Column::Tags if is_told => entry.edit.tags = Some(parse_tags(&pieces(cell, &TAG_SEPARATORS))?),
            Column::Level if !cell.is_empty() => entry.edit.level = Some(parse_level(cell)?),
            Column::Property(at) if is_told && column != self.match_by => {
                let property = &self.properties[at];
                let values = property.parse(&property.split(cell))?;
                let values = values.into_iter().map(|value| value.text).collect();
                entry.edit.properties.push((property.row.id.clone(), values));
            }
            _ => {}
        }
        Ok(())
    }

    /// Finds, for each row, the documents that it may be about and that the caller sees.
    async fn candidates(&self, entries: &[Entry]) -> Result<Vec<Vec<Candidate>>> {
        let db = self.app.db.read();
        let mut found: Vec<Vec<DocumentId>> = Vec::with_capacity(entries.len());
        match self.match_by {
            Column::Id => {
                let ids: Vec<Option<DocumentId>> = entries.iter().map(|entry| entry.key.parse().ok()).collect();
                let all: Vec<DocumentId> = ids.iter().flatten().cloned().collect();
                let below: HashSet<DocumentId> =
                    db::documents::list_below(db, &self.folder.id, &all).await?.into_iter().collect();
                found.extend(ids.into_iter().map(|id| id.into_iter().filter(|id| below.contains(id)).collect()));
            }
            Column::Property(at) => {
                let property = &self.properties[at];
                for entry in entries {
                    let parsed =
                        property.parse(std::slice::from_ref(&entry.key)).ok().and_then(|mut values| values.pop());
                    found.push(match parsed {
                        Some(value) => {
                            let (folder, id) = (&self.folder.id, &property.row.id);
                            db::document_properties::list_documents_by_key(db, folder, id, &value.key, CANDIDATES_MAX)
                                .await?
                        }
                        None => Vec::new(),
                    });
                }
            }
            _ => {
                for entry in entries {
                    found.push(self.named(&entry.key).await?);
                }
            }
        }
        self.visible(found).await
    }

    /// Documents of a name; without ending when none has the name itself.
    async fn named(&self, name: &str) -> Result<Vec<DocumentId>> {
        if name.is_empty() {
            return Ok(Vec::new());
        }
        let key = names::DocumentName::parse(name).map_or_else(|_| names::key(name), |name| name.key());
        let found = db::documents::list_named_below(self.app.db.read(), &self.folder.id, &key, CANDIDATES_MAX).await?;
        let exact: Vec<DocumentId> =
            found.iter().filter(|(_, name_key)| *name_key == key).map(|(id, _)| id.clone()).collect();
        Ok(if exact.is_empty() { found.into_iter().map(|(id, _)| id).collect() } else { exact })
    }

    /// Leaves what the caller sees: an unknown document and a hidden one are the same.
    async fn visible(&self, found: Vec<Vec<DocumentId>>) -> Result<Vec<Vec<Candidate>>> {
        let ids: Vec<DocumentId> = found.iter().flatten().cloned().collect::<HashSet<_>>().into_iter().collect();
        let mut paths: HashMap<DocumentId, Vec<String>> = HashMap::new();
        for ids in ids.chunks(JOIN_MAX) {
            let documents = db::documents::list(self.app.db.read(), ids).await?;
            let access = DocumentAccess::load(&self.app.db, self.by, &documents).await?;
            for document in documents {
                let is_there = document.trashed_at.is_none() && document.attached_to.is_none();
                if is_there && access.role(&document.id).is_some() {
                    let path = access.path(&document.folder_id).into_iter().map(|(_, name)| key_of(&name)).collect();
                    paths.insert(document.id, path);
                }
            }
        }
        let candidate = |id: DocumentId| paths.get(&id).map(|path| Candidate { path: path.clone(), id });
        Ok(found.into_iter().map(|ids| ids.into_iter().filter_map(candidate).collect()).collect())
    }

    /// The one document that a row is about.
    fn pick(&mut self, entry: &Entry, candidates: &[Candidate]) -> Option<DocumentId> {
        let path: Vec<String> =
            entry.path.split(['/', '\\']).map(str::trim).filter(|part| !part.is_empty()).map(key_of).collect();
        let fitting: Vec<&Candidate> = match candidates {
            [only] => vec![only],
            several => several.iter().filter(|one| !path.is_empty() && one.path.ends_with(&path)).collect(),
        };
        let refusal = match fitting.as_slice() {
            [one] if self.seen.insert(one.id.clone()) => {
                self.report.matched += 1;
                return Some(one.id.clone());
            }
            [_] => Error::invalid("row_repeated", "a row above is about the same document"),
            _ if candidates.is_empty() => {
                self.report.unmatched += 1;
                let error = Error::invalid("row_unmatched", "there is no such document");
                self.problem(entry.row, None, &error);
                return None;
            }
            _ => Error::invalid("row_ambiguous", "several documents fit; a path or an id would tell which"),
        };
        self.report.invalid += 1;
        self.problem(entry.row, None, &refusal);
        None
    }

    fn head_of(&self, property_id: &str) -> Option<String> {
        let at = self.properties.iter().position(|property| property.row.id.as_str() == property_id)?;
        let column = self.columns.iter().position(|column| *column == Column::Property(at))?;
        Some(self.heads[column].clone())
    }

    fn problem(&mut self, row: u64, column: Option<String>, error: &Error) {
        if self.report.problems.len() >= PROBLEMS_MAX {
            self.report.problems_left_out += 1;
            return;
        }
        self.report.problems.push(Problem {
            row,
            column,
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            document_id: error.member("document_id").map(str::to_owned),
        });
    }

    async fn finish(self) -> Result<ImportReport> {
        if self.options.mode == Mode::Apply {
            let ImportReport { rows, matched, changed, unmatched, invalid, .. } = self.report;
            let details = json!({
                "rows": rows, "matched": matched, "changed": changed, "unmatched": unmatched, "invalid": invalid,
            });
            let event = audit::Event::new("records_imported").folder(&self.folder.id).details(details);
            let mut tx = self.app.db.begin().await?;
            audit::record(&mut tx, Some(&self.by.id), self.app.clock.now(), event);
            tx.commit().await?;
        }
        Ok(self.report)
    }
}

/// The column by which rows are matched: the one that was asked for, or the best that is there.
fn match_column(columns: &[Column], properties: &[Property], asked: Option<&MatchBy>) -> Result<Column> {
    let unique = |column: &&Column| matches!(column, Column::Property(at) if properties[*at].row.is_unique == 1);
    let column = match asked {
        None => {
            let id = columns.iter().find(|column| **column == Column::Id);
            id.or_else(|| columns.iter().find(unique)).copied().unwrap_or(Column::Name)
        }
        Some(MatchBy::Id) => Column::Id,
        Some(MatchBy::Name) => Column::Name,
        Some(MatchBy::Property(id)) => {
            let at = properties.iter().position(|property| property.row.id == *id);
            let unknown = || Error::invalid("match_invalid", "this library has no such field").field("match");
            Column::Property(at.ok_or_else(unknown)?)
        }
    };
    if columns.contains(&column) {
        return Ok(column);
    }
    let message = "the table has no column by which rows could be matched with documents";
    Err(Error::invalid("match_column_missing", message).field("match"))
}

fn column_report(head: &str, column: Column, properties: &[Property]) -> ColumnReport {
    let (target, property_id) = match column {
        Column::Id => ("id", None),
        Column::Name => ("name", None),
        Column::Tags => ("tags", None),
        Column::Level => ("level", None),
        Column::Path => ("path", None),
        Column::Property(at) => ("property", Some(properties[at].row.id.clone())),
        Column::Ignored => ("ignored", None),
    };
    ColumnReport { head: head.to_owned(), target, property_id }
}
