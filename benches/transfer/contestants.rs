//! Who is measured? Each one as its own process on a free port, on an empty folder of the same disk, with a Garage of its own if it uses one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use reqwest::Client as Http;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Options, Scene,
    garage::{Bucket, Garage},
    ours::{self, Api, text},
    process::{Process, cache, first_line, folder_bytes, free_port, last_lines, npm_version},
    tus::Target,
};

const RUSTUS: &str = "0.5.10";
const MIB: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// SQLite, folder
    Wenshu,
    /// SQLite, folder, encrypted
    WenshuEncrypted,
    /// SQLite, Garage
    WenshuGarage,
    /// Folder, --force-fsync
    Rustus,
    /// @tus/server with FileStore, never synced
    TusFile,
    /// @tus/server with S3Store on Garage
    TusS3,
    /// Up by `rclone copy`, down from Garage itself
    Garage,
    /// Up by copying and syncing, down from nginx
    Disk,
}

impl Kind {
    /// What the tables call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Wenshu => "**Wenshu**, folder",
            Self::WenshuEncrypted => "**Wenshu**, folder, encrypted",
            Self::WenshuGarage => "**Wenshu**, Garage",
            Self::Rustus => "rustus, fsync",
            Self::TusFile => "@tus/server FileStore, no fsync",
            Self::TusS3 => "@tus/server S3Store, Garage",
            Self::Garage => "rclone → Garage; Garage itself",
            Self::Disk => "cp + fsync; nginx",
        }
    }

    pub fn is_ours(self) -> bool {
        matches!(self, Self::Wenshu | Self::WenshuEncrypted | Self::WenshuGarage)
    }

    pub fn uses_garage(self) -> bool {
        matches!(self, Self::WenshuGarage | Self::TusS3 | Self::Garage)
    }

    pub fn speaks_tus(self) -> bool {
        !matches!(self, Self::Garage | Self::Disk)
    }

    /// Whether it has a part in a scene.
    pub fn plays(self, scene: Scene) -> bool {
        match scene {
            Scene::SmallOnce | Scene::Hundred => self.speaks_tus(),
            Scene::Download | Scene::Ranges => self.is_ours() || !self.speaks_tus(),
            Scene::Again => self != Self::Disk,
            _ => true,
        }
    }

    /// Programs and versions.
    pub fn versions(self) -> Vec<String> {
        let of_garage = || first_line("build/garage/bin/garage", "--version").replace("garage cargo:", "garage ");
        match self {
            Self::Wenshu | Self::WenshuEncrypted => vec![format!("wenshu {}", env!("CARGO_PKG_VERSION"))],
            Self::WenshuGarage => vec![of_garage()],
            Self::Rustus => vec![format!("rustus {RUSTUS} --force-fsync true")],
            Self::TusFile => {
                vec![node(), npm_version(&scripts(), "@tus/server"), npm_version(&scripts(), "@tus/file-store")]
            }
            Self::TusS3 => vec![node(), npm_version(&scripts(), "@tus/s3-store"), of_garage()],
            Self::Garage => vec![first_line("rclone", "--version"), of_garage()],
            Self::Disk => vec![nginx_version()],
        }
    }
}

fn node() -> String {
    format!("Node {}", first_line("node", "--version"))
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/transfer")
}

fn nginx() -> PathBuf {
    cache().join("nginx/usr/sbin/nginx")
}

fn nginx_version() -> String {
    let output = Command::new(nginx()).arg("-v").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    text.trim().rsplit_once(' ').map_or_else(|| "nginx (not installed)".to_owned(), |(_, version)| version.to_owned())
}

/// A contestant with what it keeps; all of it is gone when this is dropped.
pub struct Life {
    pub kind: Kind,
    pub http: Http,
    /// Where clients of tus go.
    pub target: Option<Target>,
    /// Of Wenshu: where the gigabyte is.
    pub big_document: Option<String>,
    /// Of Wenshu.
    pub token: String,
    pub port: u16,
    process: Option<Process>,
    garage: Option<(Garage, Bucket)>,
    folder: TempDir,
}

impl Life {
    pub async fn begin(kind: Kind, options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("life-").tempdir_in(&options.folder)?;
        let garage = kind.uses_garage().then(|| {
            let garage = Garage::start();
            let bucket = garage.bucket("bench");
            (garage, bucket)
        });
        // Connections are kept, as browsers keep them.
        let http = Http::builder().no_proxy().http1_only().pool_max_idle_per_host(128).build()?;
        let mut life = Self {
            kind,
            http,
            target: None,
            big_document: None,
            token: String::new(),
            port: free_port()?,
            process: None,
            garage,
            folder,
        };
        if let Some(command) = life.command(options)? {
            life.process = Some(Process::start(command, life.port, &life.folder.path().join("log"))?);
        }
        life.target = match kind {
            kind if kind.is_ours() => Some(life.set_up().await.context("setting up")?),
            Kind::Rustus => Some(Target { part_bytes: options.rustus_part_mib * MIB, ..life.plain_target() }),
            Kind::TusFile | Kind::TusS3 => Some(life.plain_target()),
            _ => None,
        };
        Ok(life)
    }

    fn command(&self, options: &Options) -> Result<Option<Command>> {
        let port = self.port.to_string();
        let files = self.files();
        Ok(Some(match self.kind {
            Kind::Wenshu | Kind::WenshuEncrypted | Kind::WenshuGarage => {
                let mut command = ours::serve(self.port, &files);
                if let Some((_, Bucket { endpoint, bucket, region, access_key, secret_key })) = &self.garage {
                    command.args(["--storage", &format!("s3://{bucket}?endpoint={endpoint}&region={region}")]);
                    command.env("AWS_ACCESS_KEY_ID", access_key).env("AWS_SECRET_ACCESS_KEY", secret_key);
                }
                if self.kind == Kind::WenshuEncrypted {
                    let key = self.folder.path().join("key");
                    let made = Command::new(ours::program()).args(["key", "new"]).arg(&key).output()?;
                    ensure!(made.status.success(), "no key: {}", String::from_utf8_lossy(&made.stderr));
                    command.env("WENSHU_STORAGE_KEY_FILE", key);
                }
                command
            }
            Kind::Rustus => {
                fs::create_dir(&files)?;
                let mut command = Command::new(cache().join("rustus/bin/rustus"));
                command.args(["--host", "127.0.0.1", "--port", &port, "--force-fsync", "true", "--log-level", "ERROR"]);
                command.args(["--max-body-size", &(options.rustus_part_mib * MIB + MIB).to_string()]);
                command.arg("--data-dir").arg(&files).arg("--info-dir").arg(self.folder.path().join("info"));
                command
            }
            Kind::TusFile | Kind::TusS3 => {
                let mut command = Command::new("node");
                command.arg("tus.mjs").current_dir(scripts()).env("NODE_ENV", "production");
                command.env("HOST", "127.0.0.1").env("PORT", port);
                match &self.garage {
                    None => command.env("STORE", "file").env("DIR", files),
                    Some((_, Bucket { endpoint, bucket, region, access_key, secret_key })) => command
                        .env("STORE", "s3")
                        .env("ENDPOINT", endpoint)
                        .env("BUCKET", bucket)
                        .env("REGION", region)
                        .env("ACCESS_KEY", access_key)
                        .env("SECRET_KEY", secret_key),
                };
                command
            }
            Kind::Disk => {
                fs::create_dir(&files)?;
                let (folder, path) = (self.folder.path(), self.folder.path().join("nginx.conf"));
                fs::write(&path, nginx_configuration(folder, self.port))?;
                let mut command = Command::new(nginx());
                command.arg("-p").arg(folder).arg("-c").arg(path).arg("-e").arg(folder.join("log"));
                command
            }
            Kind::Garage => return Ok(None),
        }))
    }

    /// An administrator with a library.
    async fn set_up(&mut self) -> Result<Target> {
        let api = Api::new(self.port, self.http.clone());
        self.token = api.token("admin").await?;
        let library = text(&api.post("folders", &self.token, json!({ "name": "bench" })).await?, "id")?;
        Ok(Target {
            url: format!("{}/uploads", api.base),
            token: Some(self.token.clone()),
            folder: Some(library),
            ..self.plain_target()
        })
    }

    fn plain_target(&self) -> Target {
        Target {
            url: format!("http://127.0.0.1:{}/files", self.port),
            token: None,
            folder: None,
            part_bytes: usize::MAX,
            http: self.http.clone(),
        }
    }

    /// Where a contestant without Garage keeps what it got.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Where there is room for something else on the same disk.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn bucket(&self) -> Option<&Bucket> {
        self.garage.as_ref().map(|(_, bucket)| bucket)
    }

    /// The server's process.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub fn garage_id(&self) -> Option<u32> {
        self.garage.as_ref().map(|(garage, _)| garage.id())
    }

    /// Bytes on the disk that hold content; databases, indexes and logs do not count.
    pub fn stored_bytes(&self) -> Result<u64> {
        let folder = match (&self.garage, self.kind.is_ours()) {
            (Some((garage, _)), _) => garage.folder().join("data"),
            (None, true) => self.files().join("objects"),
            (None, false) => self.files(),
        };
        Ok(folder_bytes(&folder, &|_| true)?)
    }

    /// What the server said last.
    pub fn log(&self) -> String {
        last_lines(&self.folder.path().join("log"))
    }

    pub fn end(mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.stop()?;
        }
        Ok(())
    }
}

/// As nginx is by default, with `sendfile`, in a folder of its own. Debian's `tcp_nopush on` is left out: with it each range takes 44 ms.
fn nginx_configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths: String = paths.map(|name| format!("    {name}_temp_path {folder}/{name};\n")).concat();
    let user = if nix::unistd::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}worker_processes auto;\ndaemon off;\npid {folder}/pid;\nevents {{ worker_connections 768; }}\nhttp {{\n{paths}    \
         sendfile on;\n    default_type application/octet-stream;\n    access_log {folder}/access.log;\n    \
         server {{ listen 127.0.0.1:{port}; root {folder}/files; }}\n}}\n"
    )
}
