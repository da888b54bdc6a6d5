//! Is every answer of search complete, and how long does it take, beside PostgreSQL, SQLite and Groonga? All of them in one run.
//!
//! `make bench-search` installs the peers and prints one table for each form of the corpus: the law texts whole, and by article.
//! Every contestant holds the same records and is asked the same questions through its usual client: the newest 20 (Wenshu: the
//! best 20) with snippets, and the exact number of all. What it finds is compared with a plain scan. Wenshu is asked over HTTP by
//! an administrator and by a clerk who may read about a third; PostgreSQL applies the same rights by a join.
//! The exit status is 1 when an answer of Wenshu was not exact.

#[path = "../../indexer/tests/common/mod.rs"]
mod common;
mod corpus;
mod groonga;
mod index;
mod measure;
#[path = "../common/ours.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod ours;
mod postgres;
#[path = "../common/process.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod process;
mod sqlite;
mod wenshu;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, ValueEnum};

use corpus::{Corpus, Form};
use measure::Table;

/// Measures search beside its peers.
#[derive(Parser)]
pub struct Options {
    /// Who is measured
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Kind::value_variants().to_vec())]
    contestants: Vec<Kind>,
    /// What a record is
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Form::value_variants().to_vec())]
    forms: Vec<Form>,
    /// Questions of a run; each is asked twice
    #[arg(long, default_value_t = 300)]
    questions: usize,
    /// Only so many laws
    #[arg(long, default_value_t = usize::MAX)]
    laws: usize,
    /// When a peer's answer is waited for no longer, in milliseconds
    #[arg(long, default_value_t = 5000)]
    patience_ms: u64,
    /// Says which questions took longest
    #[arg(long)]
    slowest: bool,
    /// What cargo passes on
    #[arg(long, hide = true)]
    bench: bool,
}

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The server over HTTP
    Wenshu,
    /// The index alone, in this process
    Index,
    /// pg_trgm
    Postgres,
    /// FTS5 with trigrams
    Sqlite,
    Groonga,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    println!("{}", circumstances());
    let mut is_exact = true;
    for form in &options.forms {
        let corpus = Corpus::load(*form, options.laws, options.questions);
        println!("\n## {}", corpus.describe());
        let mut table = Table::new(&corpus, &options);
        for kind in &options.contestants {
            let patience = Duration::from_millis(options.patience_ms);
            match kind {
                Kind::Wenshu => wenshu::run(&corpus, &mut table).await?,
                Kind::Index => index::run(&corpus, &mut table).await?,
                Kind::Postgres => postgres::run(&corpus, &mut table, patience).await?,
                Kind::Sqlite => sqlite::run(&corpus, &mut table).await?,
                Kind::Groonga => groonga::run(&corpus, &mut table, patience).await?,
            }
        }
        table.print();
        is_exact &= table.is_exact();
    }
    println!("\n{}", circumstances());
    println!("PGroonga is not among Debian's packages and is not measured.");
    Ok(if is_exact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where and when this was measured.
fn circumstances() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let versions = [postgres::version(), sqlite::version(), groonga::version()].join("; ");
    format!("{cores} cores, load average {load}; {versions}")
}
