//! PostgreSQL with pg_trgm: `like '%…%'` over a GIN index of trigrams, in a cluster of its own.
//!
//! Its locale is C.UTF-8: in plain C, pg_trgm takes Chinese characters for punctuation and indexes none of them. A text of less
//! than three characters has no trigram of its own; then PostgreSQL reads everything, until its patience ends.

use std::{
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use nix::unistd::{Uid, User};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

use crate::{
    corpus::{Corpus, LIBRARIES, Question, Who},
    measure::{Built, Contestant, Table, Top},
    process::{first_line, free_port},
};

/// More than the default, as an administrator would give it on a machine of this size.
const SETTINGS: [&str; 5] = [
    "shared_buffers=1GB",
    "work_mem=64MB",
    "maintenance_work_mem=512MB",
    "jit=off",
    // Parameters are looked at before the plan is made.
    "plan_cache_mode=force_custom_plan",
];
/// `query_canceled`, what `statement_timeout` ends in.
const CANCELED: &str = "57014";

pub fn version() -> String {
    bin().map_or("PostgreSQL missing".into(), |bin| first_line(&bin.join("postgres").to_string_lossy(), "--version"))
}

fn bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions.flatten().max_by_key(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    Some(newest?.path().join("bin"))
}

/// Fills a table, builds the index, and asks as both people.
pub async fn run(corpus: &Corpus, table: &mut Table, patience: Duration) -> Result<()> {
    let cluster = Cluster::start()?;
    let mut connection = PgConnection::connect(&cluster.url).await?;
    let began = Instant::now();
    fill(&mut connection, corpus).await?;
    let time = began.elapsed();
    let bytes: i64 = sqlx::query_scalar("select pg_total_relation_size('records')").fetch_one(&mut connection).await?;
    let built = Built { time, bytes: bytes as u64 };
    let timeout = format!("set statement_timeout = {}", patience.as_millis());
    connection.execute(AssertSqlSafe(timeout)).await?;
    let mut trigrams = Trigrams(connection);
    for who in [Who::Admin, Who::Clerk] {
        let built = (who == Who::Admin).then_some(built);
        table.measure(&format!("PostgreSQL pg_trgm, {who}"), built, &mut trigrams, corpus, who).await?;
    }
    trigrams.0.close().await?;
    Ok(())
}

async fn fill(connection: &mut PgConnection, corpus: &Corpus) -> Result<()> {
    let schema = "create extension pg_trgm;
        create table records (id integer primary key, scope integer not null, level integer not null, body text not null);
        create table readable (scope integer primary key)";
    connection.execute(sqlx::raw_sql(schema)).await?;
    for library in (0..LIBRARIES).filter(|library| Who::may_enter(*library)) {
        sqlx::query("insert into readable values ($1)").bind(library as i32).execute(&mut *connection).await?;
    }
    let mut copy = connection.copy_in_raw("copy records from stdin").await?;
    for records in corpus.records.chunks(500) {
        let mut lines = String::new();
        for record in records {
            let body =
                record.whole().replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
            lines += &format!("{}\t{}\t{}\t{body}\n", record.number, record.library, record.level);
        }
        copy.send(lines.into_bytes()).await?;
    }
    copy.finish().await?;
    connection
        .execute(sqlx::raw_sql("create index records_by_trigram on records using gin (body gin_trgm_ops)"))
        .await?;
    connection.execute(sqlx::raw_sql("vacuum analyze records")).await?;
    Ok(())
}

struct Trigrams(PgConnection);

fn condition(question: &Question, who: Who) -> String {
    let mut conditions: Vec<String> =
        (1..=question.texts.len()).map(|parameter| format!("body like ${parameter}")).collect();
    if who == Who::Clerk {
        conditions.push(format!("level <= {} and scope in (select scope from readable)", Who::CLEARANCE));
    }
    conditions.join(" and ")
}

fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// An answer; `None` when it was cancelled.
fn unless_cancelled<T>(answer: sqlx::Result<T>) -> Result<Option<T>> {
    match answer {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(CANCELED) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

impl Contestant for Trigrams {
    async fn top(&mut self, question: &Question, who: Who) -> Result<Option<Top>> {
        let first = question.texts.len() + 1;
        let statement = format!(
            "with found as materialized (select id, body from records where {})
             select id, substr(body, greatest(strpos(body, ${first}) - 40, 1), 120), (select count(*) from found)
             from found order by id desc limit 20",
            condition(question, who)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for text in &question.texts {
            query = query.bind(pattern(text));
        }
        let Some(rows) = unless_cancelled(query.bind(&question.texts[0]).fetch_all(&mut self.0).await)? else {
            return Ok(None);
        };
        let total = rows.first().map_or(0, |row| row.get::<i64, _>(2));
        Ok(Some(Top { total: total as u64, shown: rows.len(), snippets: rows.len() }))
    }

    async fn all(&mut self, question: &Question, who: Who) -> Result<Option<Vec<u32>>> {
        let statement = format!("select id from records where {}", condition(question, who));
        let mut query = sqlx::query_scalar::<_, i32>(AssertSqlSafe(statement));
        for text in &question.texts {
            query = query.bind(pattern(text));
        }
        let found = unless_cancelled(query.fetch_all(&mut self.0).await)?;
        Ok(found.map(|ids| ids.into_iter().map(|id| id as u32).collect()))
    }
}

/// A server in a temporary folder. PostgreSQL refuses to run as root, so root runs it as the user `postgres`.
struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    url: String,
}

impl Cluster {
    fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wenshu-search-").tempdir()?;
        if Uid::effective().is_root() {
            let owner = User::from_name("postgres")?.context("the user postgres: run `make bench-search`")?;
            chown(folder.path(), Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))?;
        }
        let port = free_port()?;
        let url = format!("postgres://wenshu@127.0.0.1:{port}/postgres");
        let cluster = Self { folder, bin: bin().context("PostgreSQL is missing: run `make bench-search`")?, url };
        let data = cluster.data();
        let locale = ["-A", "trust", "-U", "wenshu", "--locale=C.UTF-8", "-E", "UTF8"];
        cluster.run("initdb", |command| command.arg("-D").arg(&data).args(locale))?;
        let mut options = format!("-p {port} -h 127.0.0.1 -k {}", cluster.folder.path().display());
        for setting in SETTINGS {
            options += &format!(" -c {setting}");
        }
        let log = cluster.folder.path().join("log");
        cluster.run("pg_ctl", |command| {
            command.arg("-D").arg(&data).arg("-l").arg(&log).args(["-w", "-o", &options, "start"])
        })?;
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
        let program: &Path = &self.bin.join(program);
        let mut command = match Uid::effective().is_root() {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        let status = arguments(&mut command).current_dir(&self.folder).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "{} failed: {status}", program.display());
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.run("pg_ctl", |command| command.arg("-D").arg(data).args(["-m", "immediate", "-w", "stop"]));
    }
}
