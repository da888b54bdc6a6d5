//! How fast are indexing and searching, and is every answer exact?
//!
//! Indexes the law texts of the shared corpus and answers 300 seeded queries (substrings of 2 to 8 characters, names,
//! pairs of words, numbers, misses), comparing each with a plain scan. Prints one table. With `articles` as argument the
//! laws are split by article, which makes more than 100,000 small documents.

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::{Law, Scan, document, laws, quoted, request, seeded, substring};
use indexer::index::{Access, Index, IndexDocument, Options, SearchRequest};
use rand::RngExt;

const QUERIES: usize = 300;
/// Queries named because they took longest.
const SLOWEST: usize = 6;

fn main() {
    let by_article = std::env::args().any(|argument| argument == "articles");
    let mut texts = laws("laws-national", usize::MAX);
    texts.extend(laws("laws-local", usize::MAX));
    if by_article {
        texts = texts.iter().flat_map(articles).collect();
    }
    let documents: Vec<IndexDocument> = texts.iter().enumerate().map(|(number, law)| document(number, law)).collect();
    let text_bytes: usize = texts.iter().map(|law| law.text.len()).sum();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} documents, {:.1} MB of text, {threads} cores", documents.len(), text_bytes as f64 / 1e6);
    for writers in [1, threads.clamp(2, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let (index, _) =
            Index::open_with(folder.path(), Options { threads: writers, memory_bytes: writers * 40_000_000 }).unwrap();
        let (took, cpu) = build(&index, &documents, writers);
        let seconds = took.as_secs_f64();
        println!(
            "indexing, {writers} writer(s)      {:7.0} documents/s   {:5.1} MB/s ({:.1} per processor second)   {:.2} bytes of index per byte of text",
            documents.len() as f64 / seconds,
            text_bytes as f64 / 1e6 / seconds,
            text_bytes as f64 / 1e6 / cpu.as_secs_f64(),
            index.size_bytes().unwrap() as f64 / text_bytes as f64,
        );
        for (part, bytes) in index.space_usage().unwrap().into_iter().take(14) {
            println!("    {part:20} {:.3}", bytes as f64 / text_bytes as f64);
        }
        if writers == 1 {
            measure(&index, &documents);
        }
    }
}

/// Splits a law at lines that begin an article.
fn articles(law: &Law) -> Vec<Law> {
    let mut articles = vec![Law { name: law.name.clone(), text: String::new() }];
    for line in law.text.split_inclusive('\n') {
        if line.starts_with('第') && line.chars().take(10).any(|char| char == '条') {
            let name = format!("{} {}", law.name.trim_end_matches(".md"), articles.len());
            articles.push(Law { name, text: String::new() });
        }
        articles.last_mut().unwrap().text.push_str(line);
    }
    articles
}

/// Returns the time by the clock and that of all processors.
fn build(index: &Index, documents: &[IndexDocument], writers: usize) -> (Duration, Duration) {
    let (started, cpu) = (Instant::now(), process_time());
    std::thread::scope(|scope| {
        for part in documents.chunks(documents.len().div_ceil(writers)) {
            scope.spawn(move || part.iter().for_each(|document| index.put(document).unwrap()));
        }
    });
    index.commit(1).unwrap();
    let took = (started.elapsed(), process_time() - cpu);
    let started = Instant::now();
    index.merge_all().unwrap();
    println!("merged into one segment in {:.1} s", started.elapsed().as_secs_f64());
    took
}

/// The time that this process has spent on processors.
fn process_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = statistics.rsplit(')').next().unwrap_or_default().split(' ').collect();
    // User and system time, in hundredths of a second.
    let ticks: u64 = [12, 13].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

struct Question {
    q: String,
    texts: Vec<String>,
}

fn questions(documents: &[IndexDocument]) -> Vec<Question> {
    let mut random = seeded(20_240_305);
    let single =
        |texts: Vec<String>| Question { q: texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" "), texts };
    (0..QUERIES)
        .map(|number| match number % 10 {
            0..=5 => single(vec![substring(&mut random, documents, 2 + number % 7)]),
            6 => single(vec![documents[random.random_range(0..documents.len())].name.clone()]),
            7 => single(vec![substring(&mut random, documents, 2), substring(&mut random, documents, 3)]),
            8 => single(vec![random.random_range(10..3000).to_string()]),
            _ => single(vec![substring(&mut random, documents, 3).chars().rev().collect()]),
        })
        .collect()
}

fn measure(index: &Index, documents: &[IndexDocument]) {
    let scan = Scan::new(documents);
    let questions = questions(documents);
    let (mut expected, mut found, mut right) = (0, 0, 0);
    for question in &questions {
        let truth = scan.find(&question.texts.iter().map(String::as_str).collect::<Vec<_>>());
        let ids = all_ids(index, &question.q);
        expected += truth.len();
        found += ids.len();
        right += truth.iter().filter(|id| ids.contains(*id)).count();
    }
    println!(
        "{QUERIES} queries, {expected} true hits   recall {:.4}   precision {:.4}",
        right as f64 / expected as f64,
        right as f64 / found as f64
    );
    for (label, limit) in [("count only", 0), ("top 20 with snippets", 20)] {
        let ask = |question: &Question| {
            let request = SearchRequest { limit, ..request(&question.q) };
            index.search(&request).unwrap();
        };
        let mut times: Vec<_> =
            questions.iter().chain(&questions).map(|question| (timed(|| ask(question)), &question.q)).collect();
        times.sort_unstable_by_key(|((clock, _), _)| *clock);
        for (_, q) in times.iter().rev().take(SLOWEST) {
            println!("    slow: {q}");
        }
        report(label, times.into_iter().map(|(times, _)| times).collect());
    }
    let names = questions.iter().map(|question| question.texts[0].chars().take(3).collect::<String>());
    let suggest = |name: String| {
        index.suggest(&name, &Access::all(), 10).unwrap();
    };
    report("suggest", names.map(|name| timed(|| suggest(name))).collect());
}

fn all_ids(index: &Index, q: &str) -> HashSet<String> {
    let mut ids = HashSet::new();
    let mut cursor = None;
    loop {
        let sort = indexer::index::Sort::Newest;
        let results = index.search(&SearchRequest { cursor, sort, limit: 500, ..request(q) }).unwrap();
        ids.extend(results.hits.into_iter().map(|hit| hit.id));
        cursor = results.next_cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

/// Returns the time by the clock and the time on the processor, which other programs disturb less.
fn timed(work: impl FnOnce()) -> (Duration, Duration) {
    let (started, cpu) = (Instant::now(), cpu_time());
    work();
    (started.elapsed(), cpu_time() - cpu)
}

fn cpu_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn report(label: &str, times: Vec<(Duration, Duration)>) {
    let (clock, cpu): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    let mean = cpu.iter().sum::<Duration>().as_secs_f64() * 1000.0 / cpu.len() as f64;
    let mut times = clock;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{label:21} p50 {:6.2} ms   p95 {:6.2} ms   p99 {:6.2} ms   max {:6.2} ms   (mean on the processor {mean:.2} ms)",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
    );
}
