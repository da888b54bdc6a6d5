//! How is this installation set up? Defaults, then the file, then the environment, then flags.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::Args;
use serde::Deserialize;

/// All settings, complete and checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that this node keeps: database and objects by default, index and caches always.
    pub data: PathBuf,
    /// Address that the server listens on.
    pub listen: SocketAddr,
    /// Database URL; empty: SQLite in the data folder.
    pub database: String,
    /// Storage URL (`file:///dir`, `s3://bucket?endpoint=…`); empty: `objects` in the data folder.
    pub storage: String,
    /// Largest upload that is taken, in bytes.
    pub upload_max_bytes: u64,
    /// How long a session lasts without use, in milliseconds.
    pub session_idle_ms: i64,
    /// Whether the session cookie is sent over HTTPS only; set it when a proxy in front speaks HTTPS.
    pub cookie_secure: bool,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether this node works on the job table.
    pub jobs: bool,
    /// Longest message that a client may send into a room, in bytes.
    pub room_message_max_bytes: usize,
    /// The program that is started for worker processes; this program by default.
    pub worker_program: Option<PathBuf>,
    /// Worker processes for converting and extracting.
    pub converters: usize,
    /// Worker processes for page images.
    pub renderers: usize,
    /// Documents of this level and above are refused at upload; none by default.
    pub refused_level: Option<i64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: String::new(),
            storage: String::new(),
            upload_max_bytes: 20 << 30,
            session_idle_ms: 14 * 24 * 60 * 60 * 1000,
            cookie_secure: false,
            trusted_proxies: Vec::new(),
            jobs: true,
            room_message_max_bytes: 1 << 20,
            worker_program: None,
            converters: 2,
            renderers: 2,
            refused_level: None,
        }
    }
}

impl Config {
    /// The database URL in force.
    pub fn database_url(&self) -> String {
        if self.database.is_empty() {
            format!("sqlite://{}", self.data.join("wenshu.db").display())
        } else {
            self.database.clone()
        }
    }

    /// The storage address in force.
    pub fn storage_url(&self) -> String {
        if self.storage.is_empty() { self.data.join("objects").display().to_string() } else { self.storage.clone() }
    }
}

/// What flags may set.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Folder of everything that this node keeps
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, global = true)]
    pub listen: Option<SocketAddr>,
    /// Database URL; SQLite in the data folder by default
    #[arg(long, global = true)]
    pub database: Option<String>,
    /// Storage URL; the folder `objects` in the data folder by default
    #[arg(long, global = true)]
    pub storage: Option<String>,
    /// Configuration file; `wenshu.toml` in the data folder by default
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
}

impl Config {
    /// Puts the settings together: flags over environment over file over defaults.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let mut config = Self::default();
        if let Some(data) = &flags.data {
            config.data = data.clone();
        }
        if let Some(listen) = flags.listen {
            config.listen = listen;
        }
        if let Some(database) = &flags.database {
            config.database = database.clone();
        }
        if let Some(storage) = &flags.storage {
            config.storage = storage.clone();
        }
        Ok(config)
    }
}
