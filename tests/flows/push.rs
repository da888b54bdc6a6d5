//! `wenshu push`: does a folder get into the service whole, and at the cost of what is new?

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    backends::storage_variables,
    support::{Library, Program, Running, garage::Garage, noise, sha256, until},
};

const MIB: usize = 1 << 20;

/// A folder of this machine, a library of a service, and the command between them.
struct Pushing {
    program: Program,
    dir: PathBuf,
    state: PathBuf,
    token: String,
}

/// What the command said.
struct Said {
    text: String,
    well: bool,
}

impl Said {
    fn of(output: std::process::Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        Self { text: String::from_utf8_lossy(&text).into_owned(), well: output.status.success() }
    }

    #[track_caller]
    fn assert(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.text.contains(part), "{part} is not in: {}", self.text);
        }
        self
    }

    /// `sent 1.5 MB of`: in bytes.
    fn sent_bytes(&self) -> f64 {
        let (_, rest) = self.text.rsplit_once("sent ").expect("the summary");
        let mut words = rest.split(' ');
        let amount: f64 = words.next().unwrap().parse().expect("a number");
        let unit = ["B", "KB", "MB", "GB"].iter().position(|unit| Some(*unit) == words.clone().next()).unwrap();
        amount * 1024f64.powi(unit as i32)
    }
}

impl Pushing {
    fn new(program: Program, folder: &Path) -> Self {
        let output = program.run(&["token", "create", "admin", "push"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let dir = folder.join("desk");
        fs::create_dir(&dir).unwrap();
        Self { program, dir, state: folder.join("state.json"), token }
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Lets the files be older than the moment in which a change could go unseen.
    fn rest(&self) {
        std::thread::sleep(Duration::from_millis(2100));
    }

    fn command(&self, service: &Running, folder: &str, more: &[&str]) -> std::process::Command {
        self.command_to(&format!("http://{}", service.address), folder, more)
    }

    fn command_to(&self, url: &str, folder: &str, more: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wenshu"));
        command.env_clear().env("WENSHU_TOKEN", &self.token);
        command.args(["push", "--url", url, "--folder", folder]);
        command.arg("--state").arg(&self.state).args(more).arg(&self.dir).stdin(Stdio::null());
        command
    }

    fn push(&self, service: &Running, more: &[&str]) -> Said {
        Said::of(self.command(service, "资料/部门", more).output().expect("the program starts"))
    }

    fn stored_bytes(&self) -> u64 {
        size_of(&self.program.data.join("objects/chunks"))
    }
}

fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| if entry.path().is_dir() { size_of(&entry.path()) } else { entry.metadata().unwrap().len() })
        .sum()
}

/// All files of a folder of the service with the SHA-256 of their bytes, by path.
async fn files(library: &Library, folder: &str, above: &str, found: &mut Vec<(String, String)>) {
    let children = library.client.get(&format!("/folders/{folder}/children?limit=500")).await.assert_status(200).json();
    for document in children["documents"].as_array().unwrap() {
        let content = library.download(document["id"].as_str().unwrap()).await.assert_status(200).body;
        found.push((format!("{above}{}", document["name"].as_str().unwrap()), sha256(&content)));
    }
    for folder in children["folders"].as_array().unwrap() {
        let (id, name) = (folder["id"].as_str().unwrap(), folder["name"].as_str().unwrap());
        Box::pin(files(library, id, &format!("{above}{name}/"), found)).await;
    }
}

/// The id of what lies at a path below the library.
async fn document_at(library: &Library, path: &[&str]) -> String {
    let mut id = library.id.clone();
    for name in path {
        let children = library.client.get(&format!("/folders/{id}/children?limit=500")).await.assert_status(200).json();
        let all = ["folders", "documents"].into_iter().flat_map(|kind| children[kind].as_array().unwrap());
        let found = all.into_iter().find(|one| one["name"] == *name).expect("it is there");
        id = found["id"].as_str().unwrap().to_owned();
    }
    id
}

/// New, unchanged, changed, forgotten state, gone on the server: on one kind of storage.
async fn pushes_what_is_new(program: Program, folder: &Path) {
    let service = program.serve();
    let library = Library::create(&service.admin().await, "资料").await;
    let desk = Pushing::new(program, folder);
    let mut film = noise(1, 24 * MIB);
    let mut expected: Vec<(String, Vec<u8>)> = vec![
        ("说明.txt".into(), "第一稿".into()),
        ("空.txt".into(), Vec::new()),
        ("影片/宣传 片.bin".into(), film.clone()),
        ("影片/100% & #1 ?=.txt".into(), b"odd".to_vec()),
        ("表/2026/é ñ 한국어 🎬.csv".into(), vec![b','; 3 * MIB]),
    ];
    for (path, bytes) in &expected {
        desk.write(path, bytes);
    }
    desk.write(".git/config", b"hidden");
    desk.write("~$说明.docx", b"lock");
    desk.write("Thumbs.db", b"litter");
    std::os::unix::fs::symlink("/etc/hostname", desk.dir.join("link.txt")).unwrap();
    desk.rest();

    desk.push(&service, &["--dry-run"]).assert(&["5 new", "new      说明.txt", "nothing was sent", "1 links"]);
    let first = desk.push(&service, &[]).assert(&["5 new, 0 changed, 0 unchanged"]);
    assert!(first.well);
    let check = async |expected: &[(String, Vec<u8>)]| {
        let mut found = Vec::new();
        files(&library, &library.id, "", &mut found).await;
        found.sort();
        let mut wanted: Vec<_> = expected.iter().map(|(path, bytes)| (format!("部门/{path}"), sha256(bytes))).collect();
        wanted.sort();
        assert_eq!(found, wanted);
    };
    check(&expected).await;

    desk.push(&service, &[]).assert(&["0 new, 0 changed, 5 unchanged", "sent 0 B"]);
    // Without its memory it compares, and sends nothing.
    fs::remove_file(&desk.state).unwrap();
    desk.push(&service, &["--dry-run"]).assert(&["5 to compare"]);
    desk.push(&service, &[]).assert(&["0 new, 0 changed, 5 unchanged", "sent 0 B"]);

    // A change in the middle, and one that keeps size and time of modification.
    film.splice(12 * MIB..12 * MIB, noise(2, 100));
    desk.write("影片/宣传 片.bin", &film);
    expected[2].1 = film;
    let text = desk.dir.join("说明.txt");
    let modified = fs::metadata(&text).unwrap().modified().unwrap();
    desk.write("说明.txt", "第二稿".as_bytes());
    fs::File::options().write(true).open(&text).unwrap().set_modified(modified).unwrap();
    expected[0].1 = "第二稿".into();
    desk.rest();
    let changed = desk.push(&service, &[]).assert(&["0 new, 2 changed, 3 unchanged"]);
    assert!(changed.sent_bytes() < 9.0 * MIB as f64, "{}", changed.text);
    check(&expected).await;

    // What somebody threw away there comes back.
    let film_id = document_at(&library, &["部门", "影片", "宣传 片.bin"]).await;
    library.client.delete(&format!("/documents/{film_id}")).await.assert_status(204);
    desk.push(&service, &[]).assert(&["1 new, 0 changed, 4 unchanged"]);
    check(&expected).await;

    // Names that cannot be there fail alone.
    fs::write(desk.dir.join(std::ffi::OsStr::from_bytes(b"\xd6\xd0.txt")), b"gbk").unwrap();
    desk.write("说明.TXT", b"the same name there");
    let failed = desk.push(&service, &[]).assert(&["not UTF-8", "cannot keep its name apart", "4 unchanged, 3 failed"]);
    assert!(!failed.well);
    check(&expected).await;
    assert!(service.stop().0.success());
    let output = desk.program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_pushed_and_then_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    pushes_what_is_new(Program::new(folder.path()), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_pushed_to_a_service_on_s3() {
    let bucket = Garage::shared().bucket("push");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("s3://{}?endpoint={}&region={}", bucket.bucket, bucket.endpoint, bucket.region);
    let mut program = Program::new(folder.path()).flag("--storage", &url);
    for (name, value) in storage_variables(&bucket) {
        program = program.variable(name, value);
    }
    pushes_what_is_new(program, folder.path()).await;
}

/// A file, then 1 MB in the middle of it, then the same bytes under another name; beside a client that sends everything.
async fn measure(program: Program, folder: &Path, megabytes: usize) {
    let service = program.serve();
    let library = Library::create(&service.admin().await, "资料").await;
    let desk = Pushing::new(program, folder);
    let stores_here = desk.program.data.join("objects").is_dir();
    let stored = || if stores_here { desk.stored_bytes() } else { 0 };
    let timed = |what: &str, says: &str| {
        desk.rest();
        let (began, before) = (Instant::now(), stored());
        let said = desk.push(&service, &[]).assert(&[says]);
        let (took, grown) = (began.elapsed(), stored() - before);
        let (sent, mib) = (said.sent_bytes() / MIB as f64, MIB as f64);
        println!("{what}: {:.3} s, sent {sent:.1} MB, stored {:.1} MB", took.as_secs_f64(), grown as f64 / mib);
        (sent, grown)
    };
    let plain = noise(6, megabytes * MIB);
    let upload = library.begin_document("plain.bin", plain.len()).await;
    let (began, length) = (Instant::now(), plain.len());
    library.client.send(library.part(&upload, 0, plain)).await.assert_status(204);
    println!("{megabytes} MB as one stream (tus): {:.3} s, sent {length} bytes", began.elapsed().as_secs_f64());

    let mut film = noise(3, megabytes * MIB);
    desk.write("film.bin", &film);
    timed("pushed as new", "1 new");
    timed("pushed again, unchanged", "1 unchanged");
    let middle = film.len() / 2;
    film.splice(middle..middle, noise(4, MIB));
    desk.write("film.bin", &film);
    let (sent, grown) = timed("pushed after 1 MB was inserted in the middle", "0 new, 1 changed");
    assert!(sent < 13.0, "{sent} MB were sent");
    assert!(grown < 13 * MIB as u64, "the store has grown by {grown} bytes");
    desk.write("copy.bin", &film);
    let (sent, grown) = timed("pushed under another name", "1 new, 0 changed, 1 unchanged");
    assert_eq!(sent, 0.0);
    assert!(grown < MIB as u64, "the store has grown by {grown} bytes");
    fs::remove_file(&desk.state).unwrap();
    timed("both pushed without memory of it", "2 unchanged");
    let mut found = Vec::new();
    files(&library, &document_at(&library, &["部门"]).await, "", &mut found).await;
    let expected = sha256(&film);
    assert_eq!(found, [("copy.bin".to_owned(), expected.clone()), ("film.bin".to_owned(), expected)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_inserted_moves_and_stores_a_few_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    measure(Program::new(folder.path()), folder.path(), 256).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; takes a gigabyte of memory and four of disk"]
async fn figures_of_a_gigabyte_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    measure(Program::new(folder.path()), folder.path(), 1024).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; takes a gigabyte of memory and four of disk"]
async fn figures_of_a_gigabyte_on_s3() {
    let bucket = Garage::shared().bucket("push-figures");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("s3://{}?endpoint={}&region={}", bucket.bucket, bucket.endpoint, bucket.region);
    let mut program = Program::new(folder.path()).flag("--storage", &url);
    for (name, value) in storage_variables(&bucket) {
        program = program.variable(name, value);
    }
    measure(program, folder.path(), 1024).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_goes_on_after_a_kill_of_either_side() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path());
    let service = program.serve();
    let address = service.address;
    let library = Library::create(&service.admin().await, "资料").await;
    let desk = Pushing::new(program, folder.path());
    let film = noise(5, 192 * MIB);
    desk.write("film.bin", &film);
    desk.rest();
    let stored_more_than = async |bytes: u64| {
        until("chunks arrive", Duration::from_secs(60), async || (desk.stored_bytes() > bytes).then_some(())).await
    };

    let mut pushing = desk.command(&service, "资料", &[]);
    let mut pushing = pushing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    stored_more_than(96 * MIB as u64).await;
    pushing.kill().unwrap();
    pushing.wait().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let kept = desk.stored_bytes();

    // The service is killed under the second one, and comes back at the same address.
    let mut pushing = desk.command(&service, "资料", &[]);
    let pushing = pushing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    stored_more_than(kept + 16 * MIB as u64).await;
    service.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let service = desk.program.serve_at(address);
    let said = tokio::task::spawn_blocking(|| Said::of(pushing.wait_with_output().unwrap())).await.unwrap();
    assert!(said.well, "{}", said.text);
    let said = said.assert(&["1 new, 0 changed"]);
    // Chunks that were on their way when the service died are sent twice: eight of at most 8 MiB.
    let most = film.len() as f64 - kept as f64 + 64.0 * MIB as f64;
    assert!(said.sent_bytes() < most, "{kept} bytes had come and were sent again: {}", said.text);
    let library = library.at(&service.anonymous());
    let mut found = Vec::new();
    files(&library, &library.id, "", &mut found).await;
    assert_eq!(found, [("film.bin".to_owned(), sha256(&film))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path());
    let service = program.serve();
    let _library = Library::create(&service.admin().await, "资料").await;
    let mut desk = Pushing::new(program, folder.path());
    desk.write("a.txt", b"a");
    let here = format!("http://{}", service.address);
    let fails = |desk: &Pushing, url: &str, folder: &str, part: &str| {
        let said = Said::of(desk.command_to(url, folder, &[]).output().unwrap()).assert(&[part]);
        assert!(!said.well);
    };
    fails(&desk, &here, "没有", "there is no library \"没有\"; there are: 资料");
    fails(&desk, &here, "0190a5a5-0000-7000-8000-000000000000", "folder_not_found");
    fails(&desk, "http://127.0.0.1:1", "资料", "does not answer");
    desk.token = "wrong".into();
    fails(&desk, &here, "资料", "unauthorized");
}
