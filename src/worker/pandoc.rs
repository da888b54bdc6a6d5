//! How is pandoc run? As a program of its own inside the child's walls, with its own sandbox as well: it reads the file it
//! is given, writes one result, and asks the network for nothing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    child::Child,
    office::end_with_parent,
    task::{WorkerError, codes},
};

/// The heap at which pandoc gives up by itself.
const HEAP_LIMIT: &str = "-M1500m";

/// Converts a file; returns what pandoc wrote.
pub fn run(child: &Child, from: &str, to: &str, input: &Path) -> Result<Vec<u8>, WorkerError> {
    let program = program()?;
    let failed = |error| WorkerError::unavailable("running pandoc", error);
    let result = child.work().join("pandoc.out");
    let complaints = child.work().join("pandoc.err");
    let mut command = Command::new(program);
    command.args(["+RTS", HEAP_LIMIT, "-RTS", "--sandbox", "--wrap=none", "--quiet", "-f", from, "-t", to, "--output"]);
    command.arg(&result).arg(input);
    command.env_clear().env("HOME", child.work()).env("LANG", "C.UTF-8").env("PATH", "/usr/bin:/bin");
    command.current_dir(child.work()).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(File::create(&complaints).map_err(failed)?);
    let seconds = child.limits.exchange_seconds.saturating_sub(5).max(1);
    end_with_parent(&mut command, seconds);
    let mut process = command.spawn().map_err(failed)?;
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let status = loop {
        match process.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                return Err(WorkerError::new(codes::TIMED_OUT, "converting this document took too long"));
            }
        }
    };
    // What the runtime of its language says when the heap is full.
    if status.code() == Some(251) {
        return Err(WorkerError::new(codes::OUT_OF_MEMORY, "converting this document took too much memory"));
    }
    if !status.success() {
        let text = fs::read_to_string(&complaints).unwrap_or_default();
        eprintln!("pandoc: {status}: {}", text.chars().take(500).collect::<String>());
        return Err(WorkerError::new(codes::CONVERSION_FAILED, "this document could not be converted"));
    }
    fs::read(&result).map_err(failed)
}

fn program() -> Result<PathBuf, WorkerError> {
    let places = ["/usr/bin/pandoc", "/usr/local/bin/pandoc", "/opt/pandoc/bin/pandoc"];
    places.into_iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
        WorkerError::new(codes::PANDOC_MISSING, "pandoc is not installed; documents cannot be turned into pages")
    })
}
