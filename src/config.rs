//! How is this installation set up? Defaults, then the file, then the environment, then flags.

use std::{net::SocketAddr, path::PathBuf};

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

    /// The storage URL in force.
    pub fn storage_url(&self) -> String {
        if self.storage.is_empty() {
            format!("file://{}", self.data.join("objects").display())
        } else {
            self.storage.clone()
        }
    }
}
