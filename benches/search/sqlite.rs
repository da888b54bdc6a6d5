//! SQLite's FTS5 with trigrams, in this process. What is shorter than three characters is no trigram: it scans for that.

use std::time::Instant;

use anyhow::Result;
use rusqlite::{Connection, params_from_iter};

use crate::{
    corpus::{Corpus, Question, Who},
    measure::{Built, Contestant, Table, Top},
    process::folder_bytes,
};

pub fn version() -> String {
    format!("SQLite {}", rusqlite::version())
}

/// Fills a table and asks.
pub async fn run(corpus: &Corpus, table: &mut Table) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wenshu-search-").tempdir()?;
    let began = Instant::now();
    let mut connection = Connection::open(folder.path().join("records.db"))?;
    connection.query_row("pragma journal_mode = wal", (), |_| Ok(()))?;
    connection.execute_batch(
        "pragma cache_size = -262144; create virtual table records using fts5(body, tokenize = 'trigram')",
    )?;
    let tx = connection.transaction()?;
    {
        let mut insert = tx.prepare("insert into records (rowid, body) values (?1, ?2)")?;
        for record in &corpus.records {
            insert.execute((record.number, record.whole()))?;
        }
        tx.execute("insert into records (records) values ('optimize')", ())?;
    }
    tx.commit()?;
    connection.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(()))?;
    let built = Built { time: began.elapsed(), bytes: folder_bytes(folder.path(), &|_| true)? };
    let name = "SQLite FTS5 trigram, no rights";
    table.measure(name, Some(built), &mut Trigrams(connection), corpus, Who::Admin).await
}

struct Trigrams(Connection);

/// The condition on `records` with its parameters.
fn condition(question: &Question) -> (String, Vec<String>) {
    let (long, short): (Vec<_>, Vec<_>) = question.texts.iter().partition(|text| text.chars().count() >= 3);
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    if !long.is_empty() {
        conditions.push("records match ?".to_owned());
        let phrases = long.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\"")));
        values.push(phrases.collect::<Vec<_>>().join(" and ").replace(" and ", " AND "));
    }
    for text in short {
        conditions.push("body like ? escape '\\'".into());
        values.push(format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    }
    (conditions.join(" and "), values)
}

impl Contestant for Trigrams {
    async fn top(&mut self, question: &Question, _: Who) -> Result<Option<Top>> {
        let (condition, values) = condition(question);
        let count = format!("select count(*) from records where {condition}");
        let total: i64 = self.0.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?;
        let snippet = if condition.contains("match") { "snippet(records, 0, '[', ']', '…', 40)" } else { "null" };
        let list = format!("select rowid, {snippet} from records where {condition} order by rowid desc limit 20");
        let mut list = self.0.prepare_cached(&list)?;
        let mut rows = list.query(params_from_iter(&values))?;
        let mut top = Top { total: total as u64, ..Top::default() };
        while let Some(row) = rows.next()? {
            top.shown += 1;
            top.snippets += usize::from(row.get::<_, Option<String>>(1)?.is_some());
        }
        Ok(Some(top))
    }

    async fn all(&mut self, question: &Question, _: Who) -> Result<Option<Vec<u32>>> {
        let (condition, values) = condition(question);
        let mut list = self.0.prepare_cached(&format!("select rowid from records where {condition}"))?;
        let rows = list.query_map(params_from_iter(&values), |row| row.get(0))?;
        Ok(Some(rows.collect::<rusqlite::Result<_>>()?))
    }
}
