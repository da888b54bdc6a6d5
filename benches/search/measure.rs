//! How long do answers take, are they complete, and how is that shown?

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{
    Options,
    corpus::{Corpus, Question, Record, Who},
};

/// Questions named because they took longest.
const SLOWEST: usize = 8;

/// The first answer to a question.
#[derive(Default)]
pub struct Top {
    /// How many records there are said to be.
    pub total: u64,
    pub shown: usize,
    pub snippets: usize,
}

/// Somebody who holds the records and answers.
pub trait Contestant {
    /// The first 20 with snippets and the number of all; `None` when nobody waits any longer.
    async fn top(&mut self, question: &Question, who: Who) -> Result<Option<Top>>;

    /// Everything that is found; `None` when nobody waits any longer.
    async fn all(&mut self, question: &Question, who: Who) -> Result<Option<Vec<u32>>>;
}

/// What it took to hold the records.
#[derive(Clone, Copy, Default)]
pub struct Built {
    pub time: Duration,
    /// On disk, with the texts.
    pub bytes: u64,
}

struct Row {
    name: String,
    built: Option<Built>,
    recall: f64,
    precision: f64,
    /// Totals that were right.
    right_totals: usize,
    times: Vec<Duration>,
    given_up: usize,
    snippets: usize,
    is_ours: bool,
}

/// One line for each contestant and person.
pub struct Table {
    text_bytes: u64,
    questions: usize,
    names_slowest: bool,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    pub fn new(corpus: &Corpus, options: &Options) -> Self {
        let (text_bytes, questions) = (corpus.text_bytes, corpus.questions.len());
        Self { text_bytes, questions, names_slowest: options.slowest, rows: Vec::new(), notes: Vec::new() }
    }

    /// Says something below the table.
    pub fn note(&mut self, note: String) {
        println!("{note}");
        self.notes.push(note);
    }

    /// Asks everything twice, then compares what is found with the truth.
    pub async fn measure(
        &mut self,
        name: &str,
        built: Option<Built>,
        contestant: &mut impl Contestant,
        corpus: &Corpus,
        who: Who,
    ) -> Result<()> {
        let mut row = Row {
            name: name.to_owned(),
            built,
            recall: 0.0,
            precision: 0.0,
            right_totals: 0,
            times: Vec::new(),
            given_up: 0,
            snippets: 0,
            is_ours: name.starts_with("Wenshu"),
        };
        let mut slowest: Vec<(Duration, &Question)> = Vec::new();
        for round in 0..2 {
            for question in &corpus.questions {
                let began = Instant::now();
                let top = contestant.top(question, who).await?;
                let took = began.elapsed();
                row.times.push(took);
                slowest.push((took, question));
                let Some(top) = top else {
                    row.given_up += 1;
                    continue;
                };
                row.snippets += top.snippets;
                let truth = question.truth_for(who, &corpus.records).len();
                let is_right = top.total == truth as u64 && (top.shown == truth.min(20) || !row.is_ours);
                row.right_totals += usize::from(round == 0 && is_right);
            }
        }
        if self.names_slowest {
            slowest.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
            for (took, question) in slowest.iter().take(SLOWEST) {
                println!("    {:8.2} ms {:?}, {} hits", millis(*took), question.texts, question.truth.len());
            }
        }
        (row.recall, row.precision) = compare(contestant, &corpus.questions, &corpus.records, who).await?;
        row.times.sort_unstable();
        println!("{}", row.show(self.text_bytes, self.questions));
        self.rows.push(row);
        Ok(())
    }

    /// The mean of the line added last, in milliseconds.
    pub fn last_mean(&self) -> f64 {
        self.rows.last().map_or(0.0, Row::mean)
    }

    /// Whether all of our answers were complete and right.
    pub fn is_exact(&self) -> bool {
        let is_exact = |row: &Row| row.recall == 1.0 && row.precision == 1.0 && row.right_totals == self.questions;
        self.rows.iter().filter(|row| row.is_ours).all(is_exact)
    }

    pub fn print(&self) {
        println!(
            "\n| | build, s | MB of text per s | bytes on disk per byte of text | recall | precision | totals right | p50, ms | p95, ms | p99, ms | max, ms | mean, ms | given up | snippets |"
        );
        println!("|---|{}", "---:|".repeat(13));
        for row in &self.rows {
            println!("{}", row.show(self.text_bytes, self.questions));
        }
        for (ours, theirs) in [Who::Admin, Who::Clerk].into_iter().filter_map(|who| self.beside_postgres(who)) {
            let faster = |share: f64| theirs.at(share).as_secs_f64() / ours.at(share).as_secs_f64();
            let (median, p95, p99) = (faster(0.5), faster(0.95), faster(0.99));
            println!(
                "\n{} beside {}: {median:.1} times as fast at p50, {p95:.1} at p95, {p99:.1} at p99.",
                ours.name, theirs.name
            );
        }
        for note in &self.notes {
            println!("\n{note}");
        }
    }

    /// The lines of Wenshu and of PostgreSQL for one person.
    fn beside_postgres(&self, who: Who) -> Option<(&Row, &Row)> {
        let row = |of: &str| self.rows.iter().find(|row| row.name == format!("{of}, {who}"));
        Some((row("Wenshu over HTTP")?, row("PostgreSQL pg_trgm")?))
    }
}

impl Row {
    fn show(&self, text_bytes: u64, questions: usize) -> String {
        let built = |show: &dyn Fn(Built) -> String| self.built.map_or("–".into(), show);
        let megabytes = text_bytes as f64 / 1e6;
        let cells = [
            self.name.clone(),
            built(&|built| format!("{:.1}", built.time.as_secs_f64())),
            built(&|built| format!("{:.1}", megabytes / built.time.as_secs_f64())),
            built(&|built| format!("{:.2}", built.bytes as f64 / text_bytes as f64)),
            percent(self.recall),
            percent(self.precision),
            format!("{} / {questions}", self.right_totals),
            format!("{:.2}", millis(self.at(0.5))),
            format!("{:.2}", millis(self.at(0.95))),
            format!("{:.2}", millis(self.at(0.99))),
            format!("{:.2}", millis(self.at(1.0))),
            format!("{:.2}", self.mean()),
            self.given_up.to_string(),
            if self.snippets > 0 { "yes".into() } else { "no".into() },
        ];
        format!("| {} |", cells.join(" | "))
    }

    fn mean(&self) -> f64 {
        millis(self.times.iter().sum::<Duration>()) / self.times.len() as f64
    }

    fn at(&self, share: f64) -> Duration {
        self.times[((self.times.len() - 1) as f64 * share) as usize]
    }
}

/// Recall and precision over all questions.
async fn compare(
    contestant: &mut impl Contestant,
    questions: &[Question],
    records: &[Record],
    who: Who,
) -> Result<(f64, f64)> {
    let (mut expected, mut found, mut right) = (0, 0, 0);
    for question in questions {
        let truth = question.truth_for(who, records);
        expected += truth.len();
        let Some(mut all) = contestant.all(question, who).await? else { continue };
        all.sort_unstable();
        found += all.len();
        right += all.iter().filter(|number| truth.binary_search(number).is_ok()).count();
    }
    Ok((right as f64 / expected.max(1) as f64, right as f64 / found.max(1) as f64))
}

/// Rounded down: what is not complete is never shown as 100 %.
fn percent(share: f64) -> String {
    format!("{:.2} %", (share * 1e4).floor() / 1e2)
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
