//! How is this installation set up? Defaults, then the file, then the environment, then flags.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use storage::KeyFile;
use toml::{Table, Value};

use crate::server::key_refusal;

/// The file that explains every setting and holds its default.
pub const DEFAULT_FILE: &str = include_str!("../deploy/wenshu.toml");

/// Variables that begin with `WENSHU_` and are no settings.
const OTHER_VARIABLES: [&str; 6] =
    ["WENSHU_ADMIN_PASSWORD", "WENSHU_CONFIG", "WENSHU_LOG", "WENSHU_PDFIUM", "WENSHU_TOKEN", "WENSHU_URL"];

/// All settings, complete and checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// File with the key of an encrypted storage; empty: the storage is not encrypted.
    pub storage_key_file: PathBuf,
    /// Storage URL of a copy of the objects, from which damage is repaired; empty: there is none.
    pub storage_copy: String,
    /// How long what nothing refers to is kept, twice: before it is condemned and before it is removed, in milliseconds.
    pub gc_grace_ms: i64,
    /// How often garbage is collected, in milliseconds; 0: only by the command `gc`.
    pub gc_interval_ms: i64,
    /// How often everything stored is read and hashed again, in milliseconds; 0: only by the command `verify`.
    pub verify_interval_ms: i64,
    /// How fast the scheduled verification reads, in bytes per second; 0: as fast as it can.
    pub verify_bytes_per_second: u64,
    /// What this installation is called.
    pub name: String,
    /// Largest upload that is taken, in bytes.
    pub upload_max_bytes: u64,
    /// What a library may keep unless an administrator says otherwise, in bytes; 0: any amount.
    pub quota_library_bytes: u64,
    /// What a person may keep unless an administrator says otherwise, in bytes; 0: any amount.
    pub quota_user_bytes: u64,
    /// After how many days what lies in the trash is deleted for good; 0: never.
    pub trash_days: u32,
    /// Free space on the data folder's disk below which the node is not ready and takes no uploads, in bytes.
    pub disk_reserve_bytes: u64,
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
    /// Worker processes for converting and extracting.
    pub converters: usize,
    /// Worker processes for page images.
    pub renderers: usize,
    /// Documents of this level and above are refused at upload; none by default.
    pub refused_level: Option<i64>,
    /// The program that is started as `worker`; this program itself when absent. For tests.
    #[serde(skip)]
    pub worker_program: Option<PathBuf>,
}

/// Settings that are given for one start.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Folder of everything that this node keeps
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, global = true, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Database URL; SQLite in the data folder by default
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Storage URL; the folder `objects` in the data folder by default
    #[arg(long, global = true, value_name = "URL")]
    pub storage: Option<String>,
    /// File with the key of an encrypted storage (`wenshu key new` makes one)
    #[arg(long, global = true, value_name = "FILE")]
    pub storage_key_file: Option<PathBuf>,
    /// Settings file; `wenshu.toml` in the data folder by default
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: String::new(),
            storage: String::new(),
            storage_key_file: PathBuf::new(),
            storage_copy: String::new(),
            gc_grace_ms: 24 * 60 * 60 * 1000,
            gc_interval_ms: 24 * 60 * 60 * 1000,
            verify_interval_ms: 7 * 24 * 60 * 60 * 1000,
            verify_bytes_per_second: 32 << 20,
            name: "Wenshu 文枢".into(),
            upload_max_bytes: 20 << 30,
            quota_library_bytes: 0,
            quota_user_bytes: 0,
            trash_days: 30,
            disk_reserve_bytes: 256 << 20,
            session_idle_ms: 14 * 24 * 60 * 60 * 1000,
            cookie_secure: false,
            trusted_proxies: Vec::new(),
            jobs: true,
            room_message_max_bytes: 1 << 20,
            converters: 2,
            renderers: 2,
            refused_level: None,
            worker_program: None,
        }
    }
}

impl Config {
    /// Puts the settings together: `flags` over `variables` (the environment) over the file over the defaults.
    pub fn load(flags: &Flags, variables: impl IntoIterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with("WENSHU_")).collect();
        let environment = from_environment(&variables)?;
        let file = match config_file(flags, &variables, &environment) {
            (path, true) => from_file(&path)?,
            (path, false) if path.exists() => from_file(&path)?,
            _ => Table::new(),
        };
        let mut settings = Table::try_from(Self::default()).expect("the defaults are plain data");
        for layer in [file, environment, flags.table()] {
            settings.extend(layer);
        }
        let config: Self = settings.try_into().context("a setting has a value of the wrong kind")?;
        config.check()?;
        Ok(config)
    }

    /// Folder for files that are gone with the process.
    pub fn scratch(&self) -> PathBuf {
        self.data.join("tmp")
    }

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

    /// The key of the storage, when it is encrypted.
    pub fn storage_key(&self) -> anyhow::Result<Option<KeyFile>> {
        if self.storage_key_file.as_os_str().is_empty() {
            return Ok(None);
        }
        match KeyFile::read(&self.storage_key_file) {
            Ok(key) => Ok(Some(key)),
            Err(error) => {
                let path = self.storage_key_file.display();
                let refusal = key_refusal(&error).unwrap_or("storage_key_missing: the file cannot be read");
                Err(anyhow::Error::new(error).context(format!("storage_key_file {path}: {refusal}")))
            }
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.data.as_os_str().is_empty(), "the setting `data` is empty");
        ensure!(self.session_idle_ms > 0, "the setting `session_idle_ms` is not above 0");
        ensure!(self.gc_grace_ms >= 1000, "the setting `gc_grace_ms` is below one second");
        ensure!(
            self.gc_interval_ms >= 0 && self.verify_interval_ms >= 0,
            "`gc_interval_ms` and `verify_interval_ms` are not below 0"
        );
        ensure!(self.upload_max_bytes > 0, "the setting `upload_max_bytes` is not above 0");
        ensure!(
            self.converters > 0 && self.renderers > 0,
            "at least one of `converters` and `renderers` each is needed"
        );
        ensure!(self.refused_level.is_none_or(|level| (1..=3).contains(&level)), "`refused_level` is not 1, 2 or 3");
        let known = ["", "sqlite:", "postgres:", "postgresql:"];
        let scheme = self.database.find(':').map_or(&self.database[..], |end| &self.database[..=end]);
        ensure!(known.contains(&scheme), "the setting `database` begins neither with sqlite: nor with postgres:");
        Ok(())
    }
}

impl Flags {
    fn table(&self) -> Table {
        let texts = [
            ("data", self.data.as_ref().map(|path| path.display().to_string())),
            ("listen", self.listen.map(|address| address.to_string())),
            ("database", self.database.clone()),
            ("storage", self.storage.clone()),
            ("storage_key_file", self.storage_key_file.as_ref().map(|path| path.display().to_string())),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), Value::String(text?)))).collect()
    }
}

/// Where the file is, and whether it was asked for by name.
fn config_file(flags: &Flags, variables: &[(String, String)], environment: &Table) -> (PathBuf, bool) {
    let named = variables.iter().find(|(name, _)| name == "WENSHU_CONFIG").map(|(_, path)| PathBuf::from(path));
    if let Some(path) = flags.config.clone().or(named) {
        return (path, true);
    }
    let from_environment = || environment.get("data").and_then(Value::as_str).map(PathBuf::from);
    let data = flags.data.clone().or_else(from_environment).unwrap_or_else(|| Config::default().data);
    (data.join("wenshu.toml"), false)
}

fn from_file(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let table: Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
    let unknown: Vec<&str> = table.keys().map(String::as_str).filter(|key| !is_setting(key)).collect();
    if !unknown.is_empty() {
        bail!("{} has unknown settings: {}", path.display(), unknown.join(", "));
    }
    Ok(table)
}

fn from_environment(variables: &[(String, String)]) -> anyhow::Result<Table> {
    let mut table = Table::new();
    for (name, text) in variables {
        let key = name.trim_start_matches("WENSHU_").to_lowercase();
        if is_setting(&key) {
            table.insert(key.clone(), value_of(&key, text).with_context(|| format!("{name} cannot be understood"))?);
        } else if !OTHER_VARIABLES.contains(&name.as_str()) {
            // No error: the environment is shared with other programs, and `--data` in a script must not break by it.
            tracing::warn!(name, "a variable looks like a setting of wenshu and is none");
        }
    }
    Ok(table)
}

fn is_setting(key: &str) -> bool {
    key == "refused_level" || defaults().contains_key(key)
}

/// `text` as a value of the kind that the setting `key` has.
fn value_of(key: &str, text: &str) -> anyhow::Result<Value> {
    Ok(match defaults().get(key) {
        Some(Value::String(_)) => Value::String(text.to_owned()),
        Some(Value::Boolean(_)) => Value::Boolean(text.parse()?),
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::Integer(text.parse()?),
    })
}

fn defaults() -> Table {
    Table::try_from(Config::default()).expect("the defaults are plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_default_file_holds_the_defaults() {
        let parsed: Config = toml::from_str(DEFAULT_FILE).unwrap();
        assert_eq!(parsed, Config::default());
        for key in defaults().keys() {
            assert!(DEFAULT_FILE.contains(&format!("\n{key} = ")), "{key} is not in the default file");
        }
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wenshu.toml");
        std::fs::write(&file, "listen = '127.0.0.1:1'\nconverters = 7\nname = 'file'\nstorage = '/file'\n").unwrap();
        let flags = Flags {
            data: Some(folder.path().into()),
            listen: Some("127.0.0.1:3".parse().unwrap()),
            ..Flags::default()
        };
        let environment = variables(&[
            ("WENSHU_LISTEN", "127.0.0.1:2"),
            ("WENSHU_NAME", "environment"),
            ("WENSHU_TRUSTED_PROXIES", "10.0.0.1, ::1"),
            ("WENSHU_REFUSED_LEVEL", "2"),
            ("HOME", "/root"),
        ]);
        let config = Config::load(&flags, environment).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.name, "environment");
        assert_eq!(config.storage, "/file");
        assert_eq!((config.converters, config.renderers), (7, 2));
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.refused_level, Some(2));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.toml");
        std::fs::write(&file, "listn = 'x'\n").unwrap();
        let flags = Flags { config: Some(file), ..Flags::default() };
        assert!(Config::load(&flags, []).unwrap_err().to_string().contains("listn"));

        let load =
            |pairs: &[(&str, &str)]| format!("{:#}", Config::load(&Flags::default(), variables(pairs)).unwrap_err());
        assert!(load(&[("WENSHU_CONVERTERS", "many")]).contains("WENSHU_CONVERTERS"));
        assert!(load(&[("WENSHU_CONVERTERS", "0")]).contains("converters"));
        assert!(load(&[("WENSHU_DATABASE", "mysql://x")]).contains("database"));
        assert!(load(&[("WENSHU_CONFIG", "/nowhere.toml")]).contains("/nowhere.toml"));
    }
}
