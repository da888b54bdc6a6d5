//! Starts a real Garage (S3-compatible server) for tests and benchmarks, and stops it with the process that uses it.
//!
//! The program comes from `WENSHU_GARAGE`, from `PATH`, or from `build/garage/bin` of the workspace, where `make test` puts
//! it. Without it the tests fail: a store that was not tried against a real server was not tested.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A key id and a secret in the form Garage wants.
const ACCESS_KEY: &str = "GK00112233445566778899aabb";
const SECRET_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const REGION: &str = "garage";

/// Waits for the line that never comes: the pipe closes when the process that started this ends, however it ends.
const WATCH: &str = r#"
run() {
    while :; do
        "$1" -c "$2/garage.toml" server --single-node </dev/null >>"$2/log" 2>&1 &
        echo $! >"$2/pid"; wait $!
        [ -e "$2/again" ] || return
        rm -f "$2/again"
    done
}
run "$@" & read -r _; rm -f "$2/again"; kill "$(cat "$2/pid")"; wait; rm -rf "$2""#;

/// A running server with one node.
pub struct Garage {
    program: PathBuf,
    folder: PathBuf,
    endpoint: String,
    /// The shell that stops the server when its standard input closes.
    watch: Mutex<Child>,
}

/// What a client needs to use a bucket.
pub struct Bucket {
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

/// Finds the program.
///
/// # Panics
/// When there is none; the message says how to get it.
pub fn program() -> PathBuf {
    find_program()
        .expect("no garage program found: run `make test`, which installs it, or set WENSHU_GARAGE to its path")
}

/// Finds the program, if there is one.
pub fn find_program() -> Option<PathBuf> {
    let named = std::env::var_os("WENSHU_GARAGE").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("garage"));
    let in_workspace =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("build/garage/bin/garage"));
    named.into_iter().chain(in_path).chain(in_workspace).find(|candidate| candidate.is_file())
}

impl Garage {
    /// Returns the server all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Garage> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server on free ports with its data in a temporary folder.
    pub fn start() -> Self {
        let program = program();
        let folder = std::env::temp_dir().join(format!("wenshu-garage-{}-{}", std::process::id(), free_port()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let (api, rpc) = (free_port(), free_port());
        std::fs::write(folder.join("garage.toml"), configuration(&folder, api, rpc)).expect("the folder was just made");
        let watch = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .args([&program, &folder])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell is installed");
        let endpoint = format!("http://127.0.0.1:{api}");
        let garage = Self { program, folder, endpoint, watch: Mutex::new(watch) };
        garage.wait_until_ready(api);
        garage.command(&["key", "import", "--yes", "-n", "tests", ACCESS_KEY, SECRET_KEY]);
        garage
    }

    /// Makes a bucket.
    pub fn bucket(&self, name: &str) -> Bucket {
        self.command(&["bucket", "create", name]);
        self.command(&["bucket", "allow", "--read", "--write", "--owner", "--key", ACCESS_KEY, name]);
        Bucket {
            endpoint: self.endpoint.clone(),
            bucket: name.to_owned(),
            region: REGION.to_owned(),
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
        }
    }

    /// Runs a command of Garage's own command line and returns what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        self.try_command(arguments).unwrap_or_else(|error| panic!("garage {arguments:?}: {error}\n{}", self.log()))
    }

    fn try_command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.program)
            .arg("-c")
            .arg(self.folder.join("garage.toml"))
            .args(arguments)
            .output()
            .map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// `kill -9` of the server, and another one on the same folder and ports.
    pub fn kill_and_restart(&self) {
        let _ = std::fs::write(self.folder.join("again"), b"");
        let pid = std::fs::read_to_string(self.folder.join("pid")).expect("the server wrote its id");
        let _ = Command::new("kill").args(["-9", pid.trim()]).status();
        let api = self.endpoint.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port of our own");
        self.wait_until_ready(api);
    }

    fn wait_until_ready(&self, api: u16) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.try_command(&["bucket", "list"]).is_err()
            || std::net::TcpStream::connect(("127.0.0.1", api)).is_err()
        {
            assert!(Instant::now() < deadline, "garage did not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        let mut watch = self.watch.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(mut stdin) = watch.stdin.take() {
            let _ = stdin.write_all(b"\n");
        }
        let _ = watch.wait();
    }
}

fn configuration(folder: &Path, api: u16, rpc: u16) -> String {
    let folder = folder.display();
    format!(
        r#"
metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
rpc_secret = "{SECRET_KEY}"

[s3_api]
api_bind_addr = "127.0.0.1:{api}"
s3_region = "{REGION}"
"#
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("a bound listener has an address").port()
}
