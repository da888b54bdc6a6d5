//! What is searched, what is asked, and what is true? Records made of the law texts, seeded questions, and a plain scan.

use std::fmt;

use clap::ValueEnum;
use indexer::normalize::normalize;
use rand::{RngExt, rngs::StdRng};

use crate::common::{Law, laws, pages, quoted, seeded};

/// Departments with a library each.
pub const LIBRARIES: usize = 40;
/// Characters on a page, about.
const PAGE_CHARS: usize = 800;
const SEED: u64 = 20_240_305;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A whole law
    Whole,
    /// An article of a law
    Articles,
}

/// A document before anybody holds it.
pub struct Record {
    /// Also its place in the corpus.
    pub number: u32,
    pub name: String,
    pub text: String,
    pub library: usize,
    /// 0 to 3.
    pub level: i64,
    pub author: usize,
}

impl Record {
    pub fn pages(&self) -> Vec<String> {
        pages(&self.text, PAGE_CHARS)
    }

    /// Name and text as one: what is given to those who know no fields.
    pub fn whole(&self) -> String {
        format!("{}\n{}", self.name, self.text)
    }

    /// When it was changed, in epoch milliseconds: later records are newer.
    pub fn updated_at(&self) -> i64 {
        1_600_000_000_000 + i64::from(self.number) * 1_000_000
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// May read everything.
    Admin,
    /// May read every second library, through groups, up to level 1.
    Clerk,
}

impl Who {
    pub const CLEARANCE: i64 = 1;

    pub fn may_read(self, record: &Record) -> bool {
        self == Who::Admin || (Self::may_enter(record.library) && record.level <= Self::CLEARANCE)
    }

    /// Whether the clerk may read something in a library.
    pub fn may_enter(library: usize) -> bool {
        library.is_multiple_of(2)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if *self == Who::Admin { "administrator" } else { "clerk" })
    }
}

/// Texts that must all occur.
pub struct Question {
    pub texts: Vec<String>,
    /// The records that hold them all after normalisation, by number.
    pub truth: Vec<u32>,
}

impl Question {
    /// In our query language.
    pub fn query(&self) -> String {
        self.texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(" ")
    }

    /// What `who` is to find.
    pub fn truth_for(&self, who: Who, records: &[Record]) -> Vec<u32> {
        self.truth.iter().copied().filter(|number| who.may_read(&records[*number as usize])).collect()
    }
}

pub struct Corpus {
    pub form: Form,
    pub records: Vec<Record>,
    pub questions: Vec<Question>,
    /// Of all texts, in UTF-8.
    pub text_bytes: u64,
}

impl Corpus {
    /// Reads the corpus and finds out what is true.
    pub fn load(form: Form, most_laws: usize, questions: usize) -> Self {
        let mut all = laws("laws-national", most_laws);
        if all.len() < most_laws {
            all.extend(laws("laws-local", most_laws - all.len()));
        }
        let mut records = Vec::new();
        for (number, law) in all.into_iter().enumerate() {
            let parts = if form == Form::Articles { articles(&law) } else { vec![law] };
            for part in parts.into_iter().filter(|part| !part.text.trim().is_empty()) {
                let place = records.len();
                records.push(Record {
                    number: place as u32,
                    name: part.name,
                    text: part.text,
                    library: number % LIBRARIES,
                    level: [0, 1, 1, 0, 2, 1, 0, 3, 1, 2][place % 10],
                    author: number % 12,
                });
            }
        }
        let text_bytes = records.iter().map(|record| record.text.len() as u64).sum();
        let questions = ask(&records, questions);
        let questions = find_truth(&records, questions);
        Self { form, records, questions, text_bytes }
    }

    pub fn describe(&self) -> String {
        let form = if self.form == Form::Whole { "whole laws" } else { "articles of laws" };
        let hits: usize = self.questions.iter().map(|question| question.truth.len()).sum();
        format!(
            "{} {form}, {:.1} MB of text, {} questions with {hits} true hits",
            self.records.len(),
            self.text_bytes as f64 / 1e6,
            self.questions.len()
        )
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
        articles.last_mut().expect("it begins with one").text.push_str(line);
    }
    articles
}

/// Of ten: six parts of texts, a title, two parts of one record together, a number, and something that hardly occurs.
fn ask(records: &[Record], questions: usize) -> Vec<Vec<String>> {
    let mut random = seeded(SEED);
    let any = |random: &mut StdRng| random.random_range(0..records.len());
    let question = |number: usize| match number % 10 {
        0..=5 => {
            let record = any(&mut random);
            vec![substring(&mut random, &records[record], 2 + number % 7)]
        }
        6 => vec![records[any(&mut random)].name.clone()],
        7 => {
            let record = any(&mut random);
            vec![substring(&mut random, &records[record], 2), substring(&mut random, &records[record], 3)]
        }
        8 => vec![random.random_range(10..3000).to_string()],
        _ => {
            let record = any(&mut random);
            vec![substring(&mut random, &records[record], 3).chars().rev().collect()]
        }
    };
    (0..questions).map(question).collect()
}

/// A random part of one line, as it is written there.
fn substring(random: &mut StdRng, record: &Record, length: usize) -> String {
    let whole = record.whole();
    let lines: Vec<Vec<char>> = whole.lines().map(|line| line.chars().collect()).collect();
    for _ in 0..1000 {
        let line = &lines[random.random_range(0..lines.len())];
        if line.len() > length {
            let start = random.random_range(0..line.len() - length);
            let part: String = line[start..start + length].iter().collect();
            // White space means nothing to us; a part that consists of it is no question.
            if normalize(&part).chars().count() >= 2 {
                return part;
            }
        }
    }
    record.name.chars().take(length).collect()
}

fn find_truth(records: &[Record], questions: Vec<Vec<String>>) -> Vec<Question> {
    let of = |text: &str| normalize(text);
    let threads = std::thread::available_parallelism().map_or(4, usize::from);
    let texts: Vec<(String, String)> = std::thread::scope(|scope| {
        let work = |part: &[Record]| part.iter().map(|one| (of(&one.name), of(&one.text))).collect::<Vec<_>>();
        let parts = records.chunks(records.len().div_ceil(threads));
        let running: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        running.into_iter().flat_map(|part| part.join().expect("a scan")).collect()
    });
    let normal: Vec<Vec<String>> = questions.iter().map(|texts| texts.iter().map(|text| of(text)).collect()).collect();
    let holds = |(name, text): &(String, String), sought: &[String]| {
        sought.iter().all(|sought| text.contains(sought.as_str()) || name.contains(sought.as_str()))
    };
    let scan = |sought: &[String]| {
        let found = texts.iter().zip(0..).filter(|(text, _)| holds(text, sought));
        found.map(|(_, number)| number).collect::<Vec<u32>>()
    };
    let truths: Vec<Vec<u32>> = std::thread::scope(|scope| {
        let (normal, scan) = (&normal, &scan);
        let work = move |thread: usize| {
            let mine = normal.iter().enumerate().skip(thread).step_by(threads);
            mine.map(|(place, sought)| (place, scan(sought))).collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let mut all: Vec<_> = running.into_iter().flat_map(|part| part.join().expect("a scan")).collect();
        all.sort_unstable_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, truth)| truth).collect()
    });
    questions.into_iter().zip(truths).map(|(texts, truth)| Question { texts, truth }).collect()
}
