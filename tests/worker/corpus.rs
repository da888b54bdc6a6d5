//! Every document of the corpus goes through the worker and ends as the manifest says.
//!
//! Checked of every file: that it opens or is refused as `expect` and `needs_password` say, with a code and a message; the number
//! of its pages; each phrase, and the page where one is given; that nothing of `must_not` is in its text; that words lie inside
//! their page's text; that the first and the last page can be drawn. A table tells how much was checked and held.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use wenshu::worker::{Answer, PoolConfig, Task, WorkerPool};

use crate::support::{Entry, Result, config, corpus, limits, manifest, prepare, squeezed};

/// Phrases whose page differs for a reason.
fn page_is_comparable(entry: &Entry) -> bool {
    // The manifest's pages of HTML come from the page as it was, ours from its cleaned form; mail has no pages there.
    entry.pages.is_some() && entry.mime != "text/html"
}

/// What was checked, and how much of it held.
#[derive(Default, Clone)]
struct Tally {
    files: (usize, usize),
    opened: usize,
    refused: usize,
    phrases: (usize, usize),
    page_numbers: (usize, usize),
    page_counts: (usize, usize),
    forbidden: (usize, usize),
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        let sum = |a: &mut (usize, usize), b: (usize, usize)| (a.0, a.1) = (a.0 + b.0, a.1 + b.1);
        sum(&mut self.files, other.files);
        sum(&mut self.phrases, other.phrases);
        sum(&mut self.page_numbers, other.page_numbers);
        sum(&mut self.page_counts, other.page_counts);
        sum(&mut self.forbidden, other.forbidden);
        self.opened += other.opened;
        self.refused += other.refused;
    }

    fn row(&self, name: &str) -> String {
        let of = |(held, all): (usize, usize)| format!("{held}/{all}");
        format!(
            "{name:<18} {:>9} {:>7} {:>8} {:>9} {:>9} {:>9} {:>10}",
            of(self.files),
            self.opened,
            self.refused,
            of(self.phrases),
            of(self.page_numbers),
            of(self.page_counts),
            of(self.forbidden)
        )
    }
}

fn count(pair: &mut (usize, usize), holds: bool) -> bool {
    pair.0 += usize::from(holds);
    pair.1 += 1;
    holds
}

fn check(
    entry: &Entry,
    outcome: std::result::Result<Result, wenshu::worker::WorkerError>,
    tally: &mut Tally,
) -> Vec<String> {
    let wrong = check_all(entry, outcome, tally);
    count(&mut tally.files, wrong.is_empty());
    wrong
}

fn check_all(
    entry: &Entry,
    outcome: std::result::Result<Result, wenshu::worker::WorkerError>,
    tally: &mut Tally,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut complain = |text: String| wrong.push(format!("{}: {text}", entry.path));
    let result = match outcome {
        Ok(result) => result,
        Err(error) => {
            let fine = match entry.expect.as_deref() {
                Some("error" | "safe") => true,
                _ => entry.needs_password && error.code == "document_encrypted",
            };
            if !fine || error.message.is_empty() || !error.is_final() {
                complain(format!("refused with {error}"));
            }
            tally.refused += 1;
            // What is refused shows nothing.
            tally.forbidden.0 += entry.must_not.len();
            tally.forbidden.1 += entry.must_not.len();
            return wrong;
        }
    };
    tally.opened += 1;
    if entry.expect.as_deref() == Some("error") {
        complain("must be refused".into());
    }
    if entry.needs_password {
        complain("opened without its password".into());
    }
    if let Some(pages) = entry.pages
        && !count(&mut tally.page_counts, result.prepared.page_sizes.len() == pages)
    {
        complain(format!(
            "{} pages instead of {pages} {:?}",
            result.prepared.page_sizes.len(),
            result.prepared.warnings
        ));
    }
    let pages: Vec<String> = result.text.pages.iter().map(|page| squeezed(&page.text)).collect();
    let all = [pages.concat(), squeezed(&result.text.extra)].concat();
    for phrase in &entry.phrases {
        let wanted = squeezed(&phrase.text);
        if !count(&mut tally.phrases, all.contains(&wanted)) {
            // A phrase of a safe file is only promised where the file is accepted as what it is.
            complain(format!("{:?} is not in the text", phrase.text));
        } else if let Some(number) = phrase.page
            && page_is_comparable(entry)
            && !count(&mut tally.page_numbers, pages.get(number - 1).is_some_and(|page| page.contains(&wanted)))
        {
            complain(format!("{:?} is not on page {number}", phrase.text));
        }
    }
    for text in &entry.must_not {
        if !count(&mut tally.forbidden, !all.contains(&squeezed(text))) {
            complain(format!("{text:?} is in the text"));
        }
    }
    for page in &result.text.pages {
        let chars = page.text.chars().count() as u32;
        if page.words.iter().any(|word| word.start >= word.end || word.end > chars) {
            complain("a word lies outside the text".into());
            break;
        }
    }
    wrong
}

/// Draws the first and the last page of what was prepared.
async fn draw(pool: &WorkerPool, entry: &Entry, result: &Result) -> Vec<String> {
    let Some(pdf) = result.pdf() else {
        return Vec::new();
    };
    let last = result.prepared.page_sizes.len() as u32;
    let task = Task::RenderPages { pdf, images: vec![(1, 640), (last, 160)], out: result.folder.path().to_owned() };
    match pool.run(task).await {
        Ok(Answer::Rendered { images }) if images.len() == 2 && images.iter().all(|image| image.file.is_file()) => {
            vec![]
        }
        Err(error) if entry.expect.is_some() && error.is_final() => vec![],
        other => vec![format!("{}: drawing gave {other:?}", entry.path)],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_document_ends_as_the_manifest_says() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let entries: Vec<Entry> = manifest()
        .into_iter()
        .filter(|entry| !entry.path.starts_with("text/") && !entry.path.ends_with("names.json"))
        .filter(|entry| only.is_empty() || entry.path.contains(&only))
        .collect();
    // remote-resources.docx and others name this port; where it is free, nobody may knock there.
    let listener = std::net::TcpListener::bind("127.0.0.1:9").ok();
    let cores = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    let pool = WorkerPool::start(PoolConfig { converters: cores, limits: limits(), ..config() }).await.unwrap();
    let (wrong, times) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let tallies = Arc::new(Mutex::new(BTreeMap::<String, Tally>::new()));
    let count = entries.len();
    let began = Instant::now();
    stream::iter(entries)
        .for_each_concurrent(cores, |entry| {
            let (pool, wrong, times, tallies) = (pool.clone(), wrong.clone(), times.clone(), tallies.clone());
            async move {
                let started = Instant::now();
                let outcome = prepare(&pool, &corpus().join(&entry.path)).await;
                let spent = started.elapsed();
                let note = outcome.as_ref().map_or_else(
                    |error| error.code.clone(),
                    |result| format!("{} pages {:?}", result.prepared.page_sizes.len(), result.prepared.warnings),
                );
                if let (Ok(result), false) = (&outcome, std::env::var("DUMP").is_err()) {
                    println!(
                        "{}: {:#?}",
                        entry.path,
                        (result.text.pages.iter().map(|page| &page.text).collect::<Vec<_>>(), &result.text.extra)
                    );
                }
                times.lock().unwrap().push((spent, entry.path.clone(), note));
                let mut complaints = match &outcome {
                    Ok(result) => draw(&pool, &entry, result).await,
                    Err(_) => Vec::new(),
                };
                let mut tally = Tally::default();
                complaints.extend(check(&entry, outcome, &mut tally));
                let kind =
                    entry.path.split('/').take(2).filter(|part| !part.contains('.')).collect::<Vec<_>>().join("/");
                tallies.lock().unwrap().entry(kind).or_default().add(&tally);
                wrong.lock().unwrap().extend(complaints);
            }
        })
        .await;
    let mut times = times.lock().unwrap().clone();
    times.sort_by_key(|time| std::cmp::Reverse(time.0));
    println!("{count} documents in {:?}", began.elapsed());
    let mut all = Tally::default();
    println!(
        "{:<18} {:>9} {:>7} {:>8} {:>9} {:>9} {:>9} {:>10}",
        "kind", "as wanted", "opened", "refused", "phrases", "on page", "pages", "must not"
    );
    for (kind, tally) in tallies.lock().unwrap().iter() {
        println!("{}", tally.row(kind));
        all.add(tally);
    }
    println!("{}", all.row("all"));
    for (time, path, note) in times.iter().filter(|time| time.0 > Duration::from_secs(5) || !only.is_empty()) {
        println!("  {:6.1} s  {path}  {note}", time.as_secs_f32());
    }
    let again = prepare(&pool, &corpus().join("pdf/text/en-outline.pdf")).await.unwrap();
    assert_eq!(again.prepared.page_sizes.len(), 4, "the pool still answers");
    pool.stop().await;
    if let Some(listener) = listener {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a document made the worker open a connection");
    } else {
        println!("port 9 could not be bound: requests are only refused, not counted");
    }
    let wrong = wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}
