//! How does a test run the program? As an administrator does: a folder, some flags, signals to its process id.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::Client;

/// The administrator's password.
const PASSWORD: &str = "correct horse";
/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long a stop in order may take.
const STOP: Duration = Duration::from_secs(30);

/// How the program is started, again and again on the same folder.
#[derive(Clone)]
pub struct Program {
    pub data: PathBuf,
    pub flags: Vec<String>,
    pub variables: Vec<(String, String)>,
}

/// The program while it serves; killed when dropped.
pub struct Running {
    process: Child,
    data: PathBuf,
    pub address: SocketAddr,
}

/// The program with nothing of this process's settings but where pdfium is.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wenshu"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WENSHU_") && name != "WENSHU_PDFIUM") {
        command.env_remove(name);
    }
    if std::env::var_os("WENSHU_PDFIUM").is_none() {
        command.env("WENSHU_PDFIUM", Path::new(env!("CARGO_MANIFEST_DIR")).join("build/libpdfium.so"));
    }
    command.env("WENSHU_ADMIN_PASSWORD", PASSWORD);
    command
}

impl Program {
    /// On the folder `data` below `folder`, with SQLite and a local folder.
    pub fn new(folder: &Path) -> Self {
        Self { data: folder.join("data"), flags: Vec::new(), variables: Vec::new() }
    }

    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    pub fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Where the output of all runs goes.
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command.args(arguments).arg("--data").arg(&self.data).args(&self.flags);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs another command on the same folder to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// Begins another command on the same folder.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Starts the service and waits until it says where it listens.
    pub fn serve(&self) -> Running {
        self.try_serve().unwrap_or_else(|output| panic!("the service did not start: {output}"))
    }

    /// The same at an address where it was before.
    pub fn serve_at(&self, address: SocketAddr) -> Running {
        self.try_serve_at(address).unwrap_or_else(|output| panic!("the service did not start: {output}"))
    }

    /// The same; when the process ends instead, what it printed.
    pub fn try_serve(&self) -> Result<Running, String> {
        self.try_serve_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn try_serve_at(&self, address: SocketAddr) -> Result<Running, String> {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).expect("the log can be written");
        let mut command = self.command(&["serve", "--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        // SAFETY: one system call that may be made between fork and exec.
        unsafe {
            command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?));
        }
        let mut process = command.spawn().expect("the program starts");
        let output = process.stdout.take().expect("it is a pipe");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut said = String::new();
        let deadline = Instant::now() + START;
        loop {
            match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => match line.split_once("listens on http://") {
                    Some((_, address)) => {
                        let address = address.trim().parse().expect("an address");
                        return Ok(Running { process, data: self.data.clone(), address });
                    }
                    None => said.push_str(&line),
                },
                Err(_) => {
                    let _ = process.kill();
                    let status = process.wait().expect("it was started here");
                    return Err(format!("{status} {said}\n{}", tail(&self.log())));
                }
            }
        }
    }
}

impl Running {
    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// The first administrator.
    pub async fn admin(&self) -> Client {
        let mut client = self.anonymous();
        let answer = client.sign_in("admin", PASSWORD).await.assert_status(200);
        client.id = answer.json()["user"]["id"].as_str().expect("an id").to_owned();
        client
    }

    /// `/readyz`: the status and the report.
    pub async fn readiness(&self) -> (u16, Value) {
        let client = self.anonymous();
        let answer = client.get(&format!("{}/readyz", client.base)).await;
        (answer.status.as_u16(), answer.json())
    }

    /// Waits until the service says that it is ready.
    pub async fn wait_until_ready(&self) {
        super::library::until("the service is ready", Duration::from_secs(30), async || {
            (self.readiness().await.0 == 200).then_some(())
        })
        .await;
    }

    /// `kill -9`. What the process started is gone soon after.
    pub fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was started here");
        self.assert_no_process_is_left();
    }

    /// Waits until the process has ended by itself, or was killed by something else; kills it when it goes on.
    pub fn wait(mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.process.try_wait().expect("it was started here") {
                return Some(status);
            }
            if Instant::now() >= deadline {
                self.kill();
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// SIGTERM; returns the status and how long the stop took.
    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM).expect("it runs");
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("it was started here") {
                break status;
            }
            assert!(began.elapsed() < STOP, "the service does not stop:\n{}", tail(&self.data.with_extension("log")));
            std::thread::sleep(Duration::from_millis(10));
        };
        self.assert_no_process_is_left();
        (status, began.elapsed())
    }

    /// Workers and what they started work in the data folder: none of them may outlive the service.
    fn assert_no_process_is_left(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Some(process) = process_in(&self.data) {
            assert!(Instant::now() < deadline, "a process outlived the service: {process}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Writing down what it died of can take a moment.
            std::thread::sleep(Duration::from_secs(1));
        }
        let ended = self.process.try_wait();
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            if let Ok(Some(status)) = ended {
                eprintln!("the service ended by itself: {status}");
            }
            eprintln!("the end of the service's log:\n{}", tail(&self.data.with_extension("log")));
        }
    }
}

fn process_in(folder: &Path) -> Option<String> {
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    processes.map(|process| process.path()).find_map(|process| {
        let works_there = std::fs::read_link(process.join("cwd")).ok()?.starts_with(folder);
        let command = || std::fs::read(process.join("cmdline")).unwrap_or_default();
        works_there.then(|| format!("{} {}", process.display(), String::from_utf8_lossy(&command())))
    })
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("request answered")).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
