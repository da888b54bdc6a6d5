//! What is the life of one child, seen from the server?
//!
//! A slot owns a folder and at most one child process in its own process group. Files go in through `in` (which the child
//! cannot write) and come out of `out`; the names a child gives are checked as they come from untrusted code. After
//! anything unusual, after each conversion, and before another document is opened, the whole group is killed and the folder
//! emptied: nothing of one document is left when the next one comes. Only tasks that the child does in copies of itself
//! follow each other in one child.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    child::{Ready, Setup},
    limits::Limits,
    pool::PoolConfig,
    task::{Answer, Task, WorkerError, codes, is_plain_name},
    watch, wire,
};

/// How long a new child may take until it is ready.
const START_TIME: Duration = Duration::from_secs(30);

/// What identifies the content of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKey {
    path: PathBuf,
    inode: u64,
    size: u64,
    changed: i64,
}

impl FileKey {
    /// Looks at a file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(FileKey {
            path: path.to_owned(),
            inode: metadata.ino(),
            size: metadata.len(),
            changed: metadata.mtime_nsec() ^ metadata.mtime(),
        })
    }
}

struct Running {
    process: Child,
    group: i32,
    input: ChildStdin,
    output: ChildStdout,
    ready: Ready,
    tasks: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.group), Signal::SIGKILL);
    }
}

/// What stays from one task to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Nothing,
    /// The child, which does each task in a copy of itself.
    Child,
    /// The child with the document it has open.
    Document,
}

/// One child process and its folder.
pub struct Slot {
    folder: PathBuf,
    config: std::sync::Arc<PoolConfig>,
    running: Option<Running>,
    /// The document that the child has open, with its name inside.
    open: Option<(FileKey, PathBuf)>,
    opened: usize,
    keeps: Keeps,
    used_at: Instant,
}

impl Slot {
    /// Makes the folder; the child starts with the first task or [`Slot::warm`].
    pub fn new(folder: PathBuf, config: std::sync::Arc<PoolConfig>, keeps: Keeps) -> io::Result<Self> {
        for part in ["in", "work", "out"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let folder = folder.canonicalize()?;
        Ok(Slot { folder, config, running: None, open: None, opened: 0, keeps, used_at: Instant::now() })
    }

    /// Returns whether the child has this document open.
    pub fn has_open(&self, key: &FileKey) -> bool {
        self.running.is_some() && self.open.as_ref().is_some_and(|(open, _)| open == key)
    }

    /// Returns whether there is a child that had nothing to do for `time`.
    pub fn is_unused_for(&self, time: Duration) -> bool {
        self.running.is_some() && self.used_at.elapsed() >= time
    }

    /// Starts the child if there is none.
    pub async fn warm(&mut self) -> Result<Ready, WorkerError> {
        self.used_at = Instant::now();
        if let Some(running) = &mut self.running {
            // A child that died between two tasks is nobody's fault: it is replaced.
            if matches!(running.process.try_wait(), Ok(None)) {
                return Ok(running.ready.clone());
            }
            self.stop().await;
        }
        let running = start(&self.folder, &self.config).await?;
        let ready = running.ready.clone();
        self.running = Some(running);
        Ok(ready)
    }

    /// Does a task and brings its results to the folder that the task names.
    pub async fn execute(&mut self, mut task: Task) -> Result<Answer, WorkerError> {
        let time = task.time_limit(&self.config.limits);
        let result = match self.attempt(&mut task, time).await {
            // A child can die between two tasks; then the task was not at fault and is done by the next child.
            Err(Failure::BeforeStart(_)) => {
                self.stop().await;
                self.attempt(&mut task, time).await
            }
            other => other,
        };
        let result = result.map_err(Failure::into_error);
        let spent = self.running.as_ref().is_some_and(|running| running.tasks >= self.config.tasks_per_child);
        let healthy = result.as_ref().err().is_none_or(|error| self.running.is_some() && error.code != codes::CRASHED);
        if self.keeps == Keeps::Nothing || spent || !healthy {
            self.stop().await;
        } else if self.keeps == Keeps::Child {
            self.open = None;
            ["in", "work", "out"].iter().for_each(|part| empty(&self.folder.join(part)));
        } else {
            empty(&self.folder.join("out"));
        }
        self.used_at = Instant::now();
        result
    }

    async fn attempt(&mut self, task: &mut Task, time: Duration) -> Result<Answer, Failure> {
        let mut inner = task.clone();
        self.bring_in(&mut inner).await?;
        self.warm().await?;
        let target = inner.out().map(|out| std::mem::replace(out, self.folder.join("out")));
        let running = self.running.as_mut().expect("the child was just started");
        running.tasks += 1;
        if let Err(error) = wire::send(&mut running.input, &inner).await {
            return Err(Failure::BeforeStart(WorkerError::unavailable("sending a task", error)));
        }
        let answer = tokio::select! {
            answer = wire::receive::<Result<Answer, WorkerError>>(&mut running.output) => answer,
            code = watch::until_too_much(running.group, &self.folder, &self.config.limits) => {
                self.stop().await;
                return Err(too_much(code, &self.config.limits).into());
            }
            () = tokio::time::sleep(time) => {
                self.stop().await;
                let text = format!("the document took more than {} seconds", time.as_secs());
                return Err(WorkerError::new(codes::TIMED_OUT, text).into());
            }
        };
        let mut answer = match answer {
            Ok(answer) => answer?,
            Err(error) => return Err(self.autopsy(error).await.into()),
        };
        if let Some(target) = target {
            self.bring_out(&mut answer, &target).await?;
        }
        Ok(answer)
    }

    /// Places the input file in the child's folder, unless the child has it open already.
    async fn bring_in(&mut self, task: &mut Task) -> Result<(), WorkerError> {
        let Some(input) = task.input() else {
            return Ok(());
        };
        let source = input.canonicalize().map_err(|error| WorkerError::unavailable("opening the input", error))?;
        let key = FileKey::of(&source).map_err(|error| WorkerError::unavailable("opening the input", error))?;
        if self.has_open(&key) {
            input.clone_from(&self.open.as_ref().expect("it was just found").1);
            return Ok(());
        }
        if self.open.is_some() {
            // A new child costs ten milliseconds; so no two documents ever share one.
            self.stop().await;
        }
        self.opened += 1;
        let inside = self.folder.join("in").join(format!("input-{}", self.opened));
        let (from, to) = (source, inside.clone());
        let placed = tokio::task::spawn_blocking(move || place(&from, &to)).await;
        placed
            .map_err(io::Error::other)
            .and_then(|result| result)
            .map_err(|error| WorkerError::unavailable("placing the input", error))?;
        *input = inside.clone();
        self.open = Some((key, inside));
        Ok(())
    }

    /// Moves the files of an answer to the caller's folder and corrects their paths.
    async fn bring_out(&mut self, answer: &mut Answer, target: &Path) -> Result<(), WorkerError> {
        let from = self.folder.join("out");
        for file in answer.files() {
            if !is_plain_name(file) {
                return Err(WorkerError::new(codes::CRASHED, "the worker named a file outside its folder"));
            }
            let (source, goal) = (from.join(&*file), target.join(&*file));
            file.clone_from(&goal);
            let moved = tokio::task::spawn_blocking(move || take(&source, &goal)).await;
            moved
                .map_err(io::Error::other)
                .and_then(|result| result)
                .map_err(|error| WorkerError::unavailable("fetching a result", error))?;
        }
        Ok(())
    }

    /// Finds out what a child died of.
    async fn autopsy(&mut self, error: io::Error) -> WorkerError {
        let status = match &mut self.running {
            Some(running) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tokio::time::timeout(Duration::from_secs(2), running.process.wait()).await.ok().and_then(Result::ok)
            }
            _ => None,
        };
        self.stop().await;
        match status.and_then(|status| status.signal()) {
            Some(nix::libc::SIGXCPU) => WorkerError::new(codes::TIMED_OUT, "the document took too much processor time"),
            Some(signal) => {
                tracing::warn!(signal, "worker child was killed by a signal");
                WorkerError::new(codes::CRASHED, "the parser crashed on this document")
            }
            None => {
                tracing::warn!(%error, "worker child ended without an answer");
                WorkerError::new(codes::CRASHED, "the parser ended without a result")
            }
        }
    }

    /// Kills the child with everything it started, and empties its folder.
    pub async fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = killpg(Pid::from_raw(running.group), Signal::SIGKILL);
            let _ = running.process.wait().await;
        }
        self.open = None;
        let folder = self.folder.clone();
        let emptied = tokio::task::spawn_blocking(move || ["in", "work", "out"].map(|part| empty(&folder.join(part))));
        let _ = emptied.await;
    }
}

enum Failure {
    /// The child never saw the task.
    BeforeStart(WorkerError),
    Task(WorkerError),
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        Failure::Task(error)
    }
}

impl Failure {
    fn into_error(self) -> WorkerError {
        match self {
            Failure::BeforeStart(error) | Failure::Task(error) => error,
        }
    }
}

fn too_much(code: &str, limits: &Limits) -> WorkerError {
    let text = if code == codes::OUT_OF_DISK {
        format!("the document needs more than {} MiB of disk", limits.disk_bytes >> 20)
    } else {
        format!("the document needs more than {} MiB of memory", limits.memory_bytes >> 20)
    };
    WorkerError::new(code, text)
}

async fn start(folder: &Path, config: &PoolConfig) -> Result<Running, WorkerError> {
    let failed = |error: io::Error| WorkerError::unavailable("starting a worker", error);
    let program = match &config.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(failed)?,
    };
    let work = folder.join("work");
    let mut command = Command::new(program);
    command
        .arg("worker")
        .env_clear()
        .envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
            ("OMP_THREAD_LIMIT", "1"),
        ])
        .envs([("HOME", &work), ("TMPDIR", &work)])
        .envs(config.fontconfig.iter().map(|file| ("FONTCONFIG_FILE", file)))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut process = command.spawn().map_err(failed)?;
    let group = process.id().map_or(0, |id| id as i32);
    let (input, output) = (process.stdin.take(), process.stdout.take());
    if let Some(mut errors) = process.stderr.take() {
        // Read to the end so that the child never blocks; what parsers print is of interest to developers only.
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok(length @ 1..) = errors.read(&mut buffer).await {
                tracing::debug!(text = %String::from_utf8_lossy(&buffer[..length]).trim_end(), "worker child prints");
            }
        });
    }
    let (Some(input), Some(output)) = (input, output) else {
        return Err(failed(io::Error::other("no pipes")));
    };
    let ready = Ready { isolation: Default::default(), pdfium: false };
    let mut running = Running { process, group, input, output, ready, tasks: 0 };
    let setup = Setup {
        folder: folder.to_owned(),
        limits: config.limits.clone(),
        pdfium: config.pdfium.clone(),
        soffice: config.soffice.clone(),
    };
    let greeting = async {
        wire::send(&mut running.input, &setup).await?;
        wire::receive::<Ready>(&mut running.output).await
    };
    running.ready = tokio::time::timeout(START_TIME, greeting)
        .await
        .map_err(|_| failed(io::Error::from(io::ErrorKind::TimedOut)))?
        .map_err(failed)?;
    Ok(running)
}

/// Makes a file visible under another name: linked where possible, else copied.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to)?;
    }
    Ok(())
}

/// Moves a result out of a child's reach, then refuses anything but an ordinary file: a link would name a file that the
/// server may read and the child may not.
fn take(from: &Path, to: &Path) -> io::Result<()> {
    let refuse = || io::Error::new(io::ErrorKind::InvalidData, "the result is not an ordinary file");
    match fs::rename(from, to) {
        Ok(()) => {
            let metadata = fs::symlink_metadata(to)?;
            if metadata.is_file() && metadata.nlink() == 1 {
                return Ok(());
            }
            fs::remove_file(to)?;
            Err(refuse())
        }
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            use std::os::unix::fs::OpenOptionsExt;
            let mut source = fs::OpenOptions::new()
                .read(true)
                .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
                .open(from)?;
            let metadata = source.metadata()?;
            if !metadata.is_file() || metadata.nlink() != 1 {
                return Err(refuse());
            }
            io::copy(&mut source, &mut fs::File::create(to)?)?;
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Removes what is in a folder but not the folder, on which the child's file rules stand.
fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "a file of a worker could not be removed");
        }
    }
}
