//! Groonga as Debian packages it, over its HTTP server: an index of character pairs that joins neither letters nor digits nor symbols.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    corpus::{Corpus, Question, Who},
    measure::{Built, Contestant, Table, Top},
    process::{Process, first_line, folder_bytes, free_port},
};

/// Bytes of records in one load.
const LOAD_BYTES: usize = 4 << 20;
const SCHEMA: [&str; 3] = [
    "table_create?name=Records&flags=TABLE_PAT_KEY&key_type=UInt32",
    "column_create?table=Records&name=body&flags=COLUMN_SCALAR&type=LongText",
    "table_create?name=Pairs&flags=TABLE_PAT_KEY&key_type=ShortText&normalizer=NormalizerNFKC130&default_tokenizer=\
     TokenNgram(%22unify_alphabet%22,false,%22unify_digit%22,false,%22unify_symbol%22,false)",
];
const INDEX: &str =
    "column_create?table=Pairs&name=records_body&flags=COLUMN_INDEX%7CWITH_POSITION&type=Records&source=body";

pub fn version() -> String {
    first_line("groonga", "--version")
}

/// Fills a database, builds the index over it, and asks.
pub async fn run(corpus: &Corpus, table: &mut Table, patience: Duration) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wenshu-search-").tempdir()?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let port = free_port()?;
    let mut command = Command::new("groonga");
    command.args(["--protocol", "http", "--bind-address", "127.0.0.1", "--port", &port.to_string(), "-s", "-n"]);
    command.arg(data.join("db"));
    let mut process = Process::start(command, port, &folder.path().join("log"))?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut groonga = Groonga { http, base: format!("http://127.0.0.1:{port}/d"), patience };
    let began = Instant::now();
    for command in SCHEMA {
        groonga.command(command).await?;
    }
    let mut load = Vec::new();
    let mut bytes = 0;
    for (place, record) in corpus.records.iter().enumerate() {
        load.push(json!({ "_key": record.number, "body": record.whole() }));
        bytes += record.text.len();
        if bytes > LOAD_BYTES || place + 1 == corpus.records.len() {
            let request = groonga.http.post(format!("{}/load?table=Records", groonga.base)).json(&load);
            done(request.send().await?.json().await?)?;
            load.clear();
            bytes = 0;
        }
    }
    groonga.command(INDEX).await?;
    let time = began.elapsed();
    let built = Built { time, bytes: folder_bytes(&data, &|_| true)? };
    table.measure("Groonga TokenNgram, no rights", Some(built), &mut groonga, corpus, Who::Admin).await?;
    process.stop()
}

struct Groonga {
    http: reqwest::Client,
    base: String,
    patience: Duration,
}

/// The body of an answer, whose head tells of success.
fn done(answer: Value) -> Result<Value> {
    ensure!(answer[0][0] == 0, "{}", answer[0]);
    Ok(answer[1].clone())
}

impl Groonga {
    async fn command(&self, command: &str) -> Result<Value> {
        done(self.http.get(format!("{}/{command}", self.base)).send().await?.json().await?)
    }

    /// Selects; `None` when it took too long.
    async fn select(&self, question: &Question, rest: &str) -> Result<Option<Value>> {
        let quoted = |text: &String| format!("body @ \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let filter = question.texts.iter().map(quoted).collect::<Vec<_>>().join(" && ");
        let filter = utf8_percent_encode(&filter, NON_ALPHANUMERIC);
        let command = format!("select?table=Records&cache=no&filter={filter}&{rest}");
        match tokio::time::timeout(self.patience, self.command(&command)).await {
            Ok(answer) => Ok(Some(answer?[0].clone())),
            Err(_) => Ok(None),
        }
    }
}

impl Contestant for Groonga {
    async fn top(&mut self, question: &Question, _: Who) -> Result<Option<Top>> {
        let rest = "sort_keys=-_key&limit=20&output_columns=_key,snippet_html(body)";
        let Some(found) = self.select(question, rest).await? else { return Ok(None) };
        let rows = found.as_array().context("rows")?;
        let total = found[0][0].as_u64().context("a total")?;
        let snippets = rows.iter().skip(2).filter(|row| row[1].is_array()).count();
        Ok(Some(Top { total, shown: rows.len() - 2, snippets }))
    }

    async fn all(&mut self, question: &Question, _: Who) -> Result<Option<Vec<u32>>> {
        let Some(found) = self.select(question, "limit=-1&output_columns=_key").await? else { return Ok(None) };
        let rows = found.as_array().context("rows")?;
        Ok(Some(rows.iter().skip(2).filter_map(|row| row[0].as_u64().map(|number| number as u32)).collect()))
    }
}
