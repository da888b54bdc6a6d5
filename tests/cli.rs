//! The program from outside: what an administrator types, and what happens around a start and a stop.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

fn wenshu(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wenshu"));
    command.env_clear().arg("--data").arg(data);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running `wenshu serve`; killed when dropped.
struct Server {
    child: Child,
    address: String,
    /// Lines on standard output after the address.
    output: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("the address is printed");
        let address = line.trim().rsplit(' ').next().expect("a word").to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, address, output }
    }

    /// Sends `signal` and returns what else was printed, and whether the program ended well.
    fn stop(mut self, signal: Signal) -> (String, bool) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
        let status = self.child.wait().expect("it ends");
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).expect("text");
        (rest, status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn sign_in(address: &str, name: &str, password: &str) -> u16 {
    let body = serde_json::json!({ "name": name, "password": password });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(format!("{address}/api/v1/session")).json(&body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_first_start_prints_a_password_once_and_keeps_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let (printed, ended_well) = Server::start(&mut wenshu(&data)).stop(Signal::SIGINT);
    assert!(ended_well);
    let words: Vec<&str> = printed.split_whitespace().collect();
    let password = words[words.iter().position(|word| *word == "password").unwrap() + 1];
    assert!(password.len() == 16 && printed.contains("admin"), "{printed}");
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);

    let server = Server::start(&mut wenshu(&data));
    assert_eq!(sign_in(&server.address, "admin", password).await, 200);
    let (printed, ended_well) = server.stop(Signal::SIGTERM);
    assert_eq!((&printed[..], ended_well), ("", true));
}

#[tokio::test]
async fn the_first_password_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(wenshu(folder.path()).env("WENSHU_ADMIN_PASSWORD", "given by me"));
    assert_eq!(sign_in(&server.address, "admin", "given by me").await, 200);
    let (printed, _) = server.stop(Signal::SIGINT);
    assert_eq!(printed, "", "a given password is not printed");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start(&mut wenshu(folder.path()));
    let second = run(wenshu(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("in use by another running wenshu"), "{}", text(&second.stderr));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(wenshu(folder.path()).args(["serve", "--listen", &address]));
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains(&address), "{}", text(&output.stderr));
}

#[tokio::test]
async fn accounts_and_tokens_are_added_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut wenshu(folder.path()));

    let mut add = wenshu(folder.path());
    add.args(["user", "add", "ada", "--display-name", "Ada L.", "--password-stdin"]).stdin(Stdio::piped());
    let mut add = add.stdout(Stdio::piped()).spawn().unwrap();
    add.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    assert_eq!(text(&add.wait_with_output().unwrap().stdout), "added ada\n");
    assert_eq!(sign_in(&server.address, "ada", "correct horse").await, 200);

    let output = run(wenshu(folder.path()).args(["user", "add", "ADA"]));
    assert!(!output.status.success() && text(&output.stderr).contains("user_name_taken"));
    let output = run(wenshu(folder.path()).args(["user", "add", "bob", "--admin"]));
    let printed = text(&output.stdout);
    let password = printed.lines().last().unwrap().strip_prefix("password: ").unwrap();
    assert_eq!(sign_in(&server.address, "bob", password).await, 200);

    let output = run(wenshu(folder.path()).args(["token", "create", "ada", "backup"]));
    let token = text(&output.stdout).trim().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let session = client.get(format!("{}/api/v1/session", server.address)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(session.json::<serde_json::Value>().await.unwrap()["user"]["display_name"], "Ada L.");
    let output = run(wenshu(folder.path()).args(["token", "create", "nobody", "backup"]));
    assert!(!output.status.success() && text(&output.stderr).contains("nobody"));

    let output = run(wenshu(folder.path()).args(["audit", "verify"]));
    assert!(output.status.success() && text(&output.stdout).contains("intact"), "{output:?}");
}

#[tokio::test]
async fn a_changed_audit_log_fails_the_check() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(wenshu(folder.path()).args(["user", "add", "ada"])).status.success());
    let db = wenshu::db::Db::connect(&format!("sqlite://{}", folder.path().join("wenshu.db").display())).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    sqlx::query("update audit set details = '{}'").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    let output = run(wenshu(folder.path()).args(["audit", "verify"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("changed at event 1"), "{}", text(&output.stderr));
}

#[test]
fn the_printed_settings_are_the_file_to_begin_with() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(wenshu(folder.path()).arg("config"));
    assert!(printed.status.success());
    let file = folder.path().join("wenshu.toml");
    fs::write(&file, &printed.stdout).unwrap();
    assert!(run(wenshu(folder.path()).arg("migrate")).status.success());

    fs::write(&file, "lissten = 'x'\n").unwrap();
    let output = run(wenshu(folder.path()).arg("migrate"));
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("lissten"), "{}", text(&output.stderr));
}

#[test]
fn the_openapi_description_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(wenshu(folder.path()).arg("openapi"));
    let api: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(api["paths"]["/api/v1/session"].is_object());
    assert!(!folder.path().join("wenshu.db").exists(), "printing opens nothing");
}

#[test]
fn an_encrypted_storage_opens_with_its_key_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (data, first, second) =
        (folder.path().join("data"), folder.path().join("first.key"), folder.path().join("second.key"));
    let with = |key: Option<&Path>, arguments: &[&str]| {
        let mut command = wenshu(&data);
        if let Some(key) = key {
            command.arg("--storage-key-file").arg(key);
        }
        run(command.args(arguments))
    };
    let refused = |output: Output, code: &str| {
        assert!(!output.status.success() && text(&output.stderr).contains(code), "{}", text(&output.stderr));
    };
    let works = |output: Output| assert!(output.status.success(), "{}", text(&output.stderr));

    refused(with(Some(&first), &["migrate"]), "storage_key_missing");
    works(with(None, &["key", "new", first.to_str().unwrap()]));
    refused(with(None, &["key", "new", first.to_str().unwrap()]), "cannot be made");
    assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    works(with(Some(&first), &["migrate"]));
    works(with(Some(&first), &["verify"]));
    refused(with(None, &["verify"]), "storage_key_missing");
    refused(with(None, &["serve", "--listen", "127.0.0.1:0"]), "storage_key_missing");

    works(with(Some(&first), &["key", "rotate", "--new-data-key"]));
    works(with(Some(&first), &["verify"]));
    works(with(Some(&first), &["key", "rotate", "--to", second.to_str().unwrap()]));
    refused(with(Some(&first), &["verify"]), "storage_key_wrong");
    works(with(Some(&second), &["verify"]));
    // Once more after it was done, as after an interruption.
    works(with(Some(&first), &["key", "rotate", "--to", second.to_str().unwrap()]));
    refused(with(Some(&second), &["key", "rotate"]), "--to");
    fs::write(&first, "something else").unwrap();
    refused(with(Some(&first), &["verify"]), "storage_key_invalid");

    // A storage that was begun without a key stays as it is.
    let plain = folder.path().join("plain");
    fs::create_dir_all(plain.join("objects/derived/text")).unwrap();
    let text = zstd::bulk::compress(b"{}", 1).unwrap();
    fs::write(plain.join("objects/derived/text/1.json"), text).unwrap();
    works(run(wenshu(&plain).arg("verify")));
    refused(run(wenshu(&plain).arg("--storage-key-file").arg(&second).arg("verify")), "storage_not_encrypted");
}
