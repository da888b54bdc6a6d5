//! How are the servers of the benches started, stopped and found?

use std::{
    fs, io,
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// A port that is free now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A process that ends with this one.
pub struct Process(Option<Child>);

impl Process {
    /// Starts, with its words in the file `log`, and waits until `port` takes connections.
    pub fn start(mut command: Command, port: u16, log: &Path) -> Result<Self> {
        let file = fs::File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        // SAFETY: one system call that may be made between fork and exec.
        unsafe {
            command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?));
        }
        let began = Instant::now();
        let program = command.get_program().to_owned();
        let child =
            command.spawn().with_context(|| format!("{program:?}: `make help` tells which bench installs it"))?;
        let mut process = Self(Some(child));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let has_ended = process.0.as_mut().expect("just started").try_wait()?.is_some();
            if has_ended || began.elapsed() > START {
                bail!("{program:?} does not start: {}", last_lines(log));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(process)
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().expect("it runs").id()
    }

    /// SIGTERM, and SIGKILL for whom that does not impress.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.0.take() else { return Ok(()) };
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM)?;
        let began = Instant::now();
        while child.try_wait()?.is_none() {
            if began.elapsed() > STOP {
                eprintln!("process {} ignores SIGTERM", child.id());
                child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Resident memory of a process in MiB: all of it, and what is not a page of a file.
pub fn memory_of(process: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("RssAnon:"))
}

/// Bytes on disk of the files below `folder` for which `counts` holds; holes in files are none.
pub fn folder_bytes(folder: &Path, counts: &dyn Fn(&Path) -> bool) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        bytes += match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&path, counts)?,
            Ok(metadata) if counts(&path) => metadata.blocks() * 512,
            // Merges remove files meanwhile.
            _ => 0,
        };
    }
    Ok(bytes)
}

/// The first line that a program says about itself.
pub fn first_line(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("missing").split('[').next().unwrap_or_default().trim().to_owned()
}

/// The end of a log.
pub fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Where `deploy/setup.sh` keeps what it builds.
pub fn cache() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    variable("WENSHU_CACHE").unwrap_or_else(|| {
        let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        base.unwrap_or_else(|| "/tmp".into()).join("wenshu")
    })
}

/// Name and version of an npm package below `folder`.
pub fn npm_version(folder: &Path, name: &str) -> String {
    let text = fs::read_to_string(folder.join("node_modules").join(name).join("package.json")).unwrap_or_default();
    let json = serde_json::from_str::<serde_json::Value>(&text).ok();
    let version = json.and_then(|json| Some(json["version"].as_str()?.to_owned()));
    format!("{name} {}", version.unwrap_or_else(|| "(not installed)".into()))
}
