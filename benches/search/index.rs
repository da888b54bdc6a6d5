//! The index alone, in this process: what the server's answers rest on.

use std::{path::Path, time::Instant};

use anyhow::Result;
use indexer::index::{Access, Index, IndexDocument, Options, Scopes, SearchRequest, Sort};

use crate::{
    corpus::{Corpus, LIBRARIES, Question, Record, Who},
    measure::{Built, Contestant, Table, Top},
    process::folder_bytes,
};

/// Threads that put, and that write.
const WRITERS: usize = 4;
/// Of each thread that writes, in bytes.
const MEMORY: usize = 32_000_000;

/// Builds an index and asks it.
pub async fn run(corpus: &Corpus, table: &mut Table) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wenshu-search-").tempdir()?;
    let (index, _) = Index::open_with(folder.path(), Options { threads: WRITERS, memory_bytes: WRITERS * MEMORY })?;
    let began = Instant::now();
    std::thread::scope(|scope| {
        let parts = corpus.records.chunks(corpus.records.len().div_ceil(WRITERS));
        let put = |part: &[Record]| part.iter().try_for_each(|record| index.put(&document(record)));
        let running: Vec<_> = parts.map(|part| scope.spawn(move || put(part))).collect();
        running.into_iter().try_for_each(|part| part.join().expect("a writer"))
    })?;
    index.commit(1)?;
    let built = Built { time: began.elapsed(), bytes: folder_bytes(folder.path(), &|_| true)? };
    let name = format!("Wenshu's index in process, {WRITERS} writers");
    for who in [Who::Admin, Who::Clerk] {
        let mut alone = Alone { index: &index, access: access(who, library) };
        let built = (who == Who::Admin).then_some(built);
        table.measure(&format!("{name}, {who}"), built, &mut alone, corpus, who).await?;
    }
    Ok(())
}

fn library(number: usize) -> String {
    format!("library-{number}")
}

fn document(record: &Record) -> IndexDocument {
    IndexDocument {
        id: record.number.to_string(),
        kind: "file".into(),
        name: record.name.clone(),
        folder_ids: vec![library(record.library)],
        author: format!("作者{}", record.author),
        media_type: "text/markdown".into(),
        level: record.level,
        scope: library(record.library),
        pages: record.pages(),
        created_at: record.updated_at(),
        updated_at: record.updated_at(),
        size_bytes: record.text.len() as i64,
        ..IndexDocument::default()
    }
}

/// What somebody may read; `scope` names the scope of a library.
pub fn access(who: Who, scope: impl Fn(usize) -> String) -> Access {
    match who {
        Who::Admin => Access::all(),
        Who::Clerk => Access {
            scopes: Scopes::Only((0..LIBRARIES).filter(|number| Who::may_enter(*number)).map(scope).collect()),
            max_level: Who::CLEARANCE,
        },
    }
}

struct Alone<'a> {
    index: &'a Index,
    access: Access,
}

impl Contestant for Alone<'_> {
    async fn top(&mut self, question: &Question, _: Who) -> Result<Option<Top>> {
        let request =
            SearchRequest { q: question.query(), access: self.access.clone(), limit: 20, ..SearchRequest::default() };
        let found = self.index.search(&request)?;
        let snippets = found.hits.iter().filter(|hit| !hit.snippets.is_empty()).count();
        Ok(Some(Top { total: found.total, shown: found.hits.len(), snippets }))
    }

    async fn all(&mut self, question: &Question, _: Who) -> Result<Option<Vec<u32>>> {
        let mut numbers = Vec::new();
        let mut cursor = None;
        loop {
            let access = self.access.clone();
            let request = SearchRequest {
                q: question.query(),
                access,
                cursor,
                limit: 500,
                sort: Sort::Newest,
                ..SearchRequest::default()
            };
            let found = self.index.search(&request)?;
            numbers.extend(found.hits.iter().filter_map(|hit| hit.id.parse::<u32>().ok()));
            cursor = found.next_cursor;
            if cursor.is_none() {
                return Ok(Some(numbers));
            }
        }
    }
}

/// How long the index of a stopped server takes for the same questions: mean in milliseconds.
pub fn mean_alone(folder: &Path, corpus: &Corpus, access: &Access) -> Result<f64> {
    let (index, _) = Index::open(folder)?;
    let ask = |question: &Question| {
        let request =
            SearchRequest { q: question.query(), access: access.clone(), limit: 20, ..SearchRequest::default() };
        index.search(&request).map(drop)
    };
    // The first round warms up, as the server was.
    corpus.questions.iter().try_for_each(ask)?;
    let began = Instant::now();
    corpus.questions.iter().try_for_each(ask)?;
    Ok(began.elapsed().as_secs_f64() * 1e3 / corpus.questions.len() as f64)
}
