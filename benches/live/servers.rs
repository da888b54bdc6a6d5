//! Who is measured? Each server as a process of its own on a free port and an empty folder, set up as it ships.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Client as Http;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::{
    ours::{self, Api, PASSWORD, text},
    process::{Process, cache, free_port, npm_version},
};

/// People who use Wenshu; their clients take turns.
const PEOPLE: usize = 10;
const Y_SWEET: &str = "0.9.1";

/// A server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    Wenshu,
    /// Wenshu on the PostgreSQL server of BENCH_DATABASE_URL, in a new database.
    WenshuPostgres,
    YSweet,
    Hocuspocus,
    YWebsocket,
}

impl Kind {
    /// What the table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Wenshu => "Wenshu (SQLite)",
            Self::WenshuPostgres => "Wenshu (PostgreSQL)",
            Self::YSweet => "y-sweet",
            Self::Hocuspocus => "Hocuspocus (SQLite)",
            Self::YWebsocket => "y-websocket (LevelDB)",
        }
    }

    pub fn is_ours(self) -> bool {
        matches!(self, Self::Wenshu | Self::WenshuPostgres)
    }

    /// Program and version.
    pub fn version(self) -> String {
        let package = |name: &str| npm_version(&peers(), name);
        match self {
            Self::Wenshu | Self::WenshuPostgres => format!("wenshu {}", env!("CARGO_PKG_VERSION")),
            Self::YSweet => format!("y-sweet {Y_SWEET}, file store"),
            Self::Hocuspocus => {
                format!("{}, {}", package("@hocuspocus/server"), package("@hocuspocus/extension-sqlite"))
            }
            Self::YWebsocket => format!("{}, {}", package("@y/websocket-server"), package("y-leveldb")),
        }
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// A document as clients reach it.
#[derive(Clone)]
pub struct Place {
    pub kind: Kind,
    pub port: u16,
    pub name: String,
    /// Wenshu: whom clients are, by turns.
    tokens: Arc<Vec<String>>,
    turn: usize,
}

impl Place {
    /// The same place for client number `turn`.
    pub fn taken_by(&self, turn: usize) -> Self {
        Self { turn, ..self.clone() }
    }

    pub fn url(&self) -> String {
        let Self { port, name, .. } = self;
        match self.kind {
            Kind::Wenshu | Kind::WenshuPostgres => {
                let token = &self.tokens[self.turn % self.tokens.len()];
                format!("ws://127.0.0.1:{port}/api/v1/rooms/{name}?ack=1&token={token}")
            }
            Kind::YSweet => format!("ws://127.0.0.1:{port}/d/{name}/ws/{name}"),
            Kind::Hocuspocus => format!("ws://127.0.0.1:{port}/"),
            Kind::YWebsocket => format!("ws://127.0.0.1:{port}/{name}"),
        }
    }
}

/// A server with its folder; killed and removed when dropped.
pub struct Server {
    pub kind: Kind,
    folder: TempDir,
    port: u16,
    process: Option<Process>,
    /// Of Wenshu on PostgreSQL.
    database: Option<Database>,
    http: Http,
    /// Wenshu: a library and who may write there.
    library: String,
    tokens: Arc<Vec<String>>,
    places: usize,
}

impl Server {
    /// Starts on an empty folder.
    pub async fn new(kind: Kind) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wenshu-live-").tempdir()?;
        let http = Http::builder().no_proxy().build()?;
        let tokens = Arc::default();
        let database = if kind == Kind::WenshuPostgres { Some(Database::create().await?) } else { None };
        let mut server =
            Self { kind, folder, port: 0, process: None, database, http, library: String::new(), tokens, places: 0 };
        server.start().await?;
        if kind.is_ours() {
            server.set_up().await.context("setting up")?;
        }
        Ok(server)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    fn command(&self) -> Command {
        let (port, data) = (self.port.to_string(), self.folder.path().join("data"));
        let node = |script: &Path| {
            let mut command = Command::new("node");
            command
                .arg(script)
                .current_dir(peers())
                .env("HOST", "127.0.0.1")
                .env("PORT", &port)
                .env("NODE_ENV", "production");
            command
        };
        match self.kind {
            Kind::Wenshu | Kind::WenshuPostgres => {
                let mut command = ours::serve(self.port, &data);
                if let Some(database) = &self.database {
                    command.args(["--database", &database.url]);
                }
                command
            }
            Kind::YSweet => {
                let mut command = Command::new(cache().join("y-sweet/bin/y-sweet"));
                command.arg("serve").arg(data).args(["--host", "127.0.0.1", "--port", &port]);
                command
            }
            Kind::Hocuspocus => {
                let mut command = node(Path::new("hocuspocus.mjs"));
                command.env("DATABASE", self.folder.path().join("hocuspocus.db"));
                command
            }
            Kind::YWebsocket => {
                let mut command = node(Path::new("node_modules/@y/websocket-server/src/server.js"));
                command.env("YPERSISTENCE", data);
                command
            }
        }
    }

    /// Starts; returns how long it took until connections were taken.
    pub async fn start(&mut self) -> Result<Duration> {
        ensure!(self.process.is_none(), "it runs already");
        self.port = free_port()?;
        let began = Instant::now();
        self.process = Some(Process::start(self.command(), self.port, &self.folder.path().join("log"))?);
        Ok(began.elapsed())
    }

    /// SIGTERM, and SIGKILL for whom that does not impress.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        drop(self.process.take());
        Ok(())
    }

    /// New documents; Hocuspocus and y-websocket make theirs when somebody comes.
    pub async fn places(&mut self, count: usize) -> Result<Vec<Place>> {
        let first = self.places;
        self.places += count;
        let made = stream::iter(first..first + count).map(|number| self.place(number)).buffered(16);
        made.try_collect().await
    }

    async fn place(&self, number: usize) -> Result<Place> {
        let mut name = format!("page-{number}");
        if self.kind.is_ours() {
            let input = json!({ "kind": "page", "folder_id": self.library, "name": name });
            name = text(&self.api().post("documents", &self.tokens[0], input).await?, "id")?;
        }
        if self.kind == Kind::YSweet {
            // Two who come to a document that is not there yet can get an error.
            let url = format!("http://127.0.0.1:{}/doc/new", self.port);
            self.http.post(url).json(&json!({ "docId": name })).send().await?.error_for_status()?;
        }
        Ok(Place { kind: self.kind, port: self.port, name, tokens: self.tokens.clone(), turn: 0 })
    }

    /// Where a place is after a restart.
    pub fn again(&self, place: &Place) -> Place {
        Place { port: self.port, ..place.clone() }
    }

    fn api(&self) -> Api {
        Api::new(self.port, self.http.clone())
    }

    /// An administrator, people, and a library in which they may write.
    async fn set_up(&mut self) -> Result<()> {
        let api = self.api();
        let admin = api.token("admin").await?;
        self.library = text(&api.post("folders", &admin, json!({ "name": "bench" })).await?, "id")?;
        let mut tokens = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("person{number}");
            let input = json!({ "name": name, "display_name": name, "password": PASSWORD });
            let person = text(&api.post("users", &admin, input).await?, "id")?;
            let grant = format!("{}/folders/{}/grants/user/{person}", api.base, self.library);
            let request = self.http.put(grant).bearer_auth(&admin).json(&json!({ "role": "editor" }));
            request.send().await?.error_for_status()?;
            tokens.push(api.token(&name).await?);
        }
        self.tokens = Arc::new(tokens);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A database of its own on the server of BENCH_DATABASE_URL, dropped at the end.
struct Database {
    url: String,
    server: String,
    name: String,
}

impl Database {
    async fn create() -> Result<Self> {
        let server = std::env::var("BENCH_DATABASE_URL").context("BENCH_DATABASE_URL names no PostgreSQL server")?;
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        execute(&server, format!("create database {name}")).await?;
        let (host, _) = server.rsplit_once('/').context("BENCH_DATABASE_URL ends in no database")?;
        Ok(Self { url: format!("{host}/{name}"), server, name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The runtime cannot be waited on from here: a thread with its own can.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(&server, format!("drop database {name} with (force)")))
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("the database {} is left behind: {error:#}", self.name);
        }
    }
}

async fn execute(server: &str, statement: String) -> Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(connection.close().await?)
}
