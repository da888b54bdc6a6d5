//! Real programs on the drive, and what those that do not run here are known to send.

use std::{fs, path::Path, process::Output};

use tokio::process::Command;

use super::Drive;
use crate::support::{PASSWORD, TestServer};

async fn run(command: &mut Command) -> Output {
    command.kill_on_drop(true);
    command
        .output()
        .await
        .unwrap_or_else(|error| panic!("{:?}: {error}; `make setup-test` installs it", command.as_std()))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn litmus_finds_nothing_wrong() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.folder("lib", None).await;
    let folder = tempfile::tempdir().unwrap();
    let mut litmus = Command::new("litmus");
    litmus.args(["-k", &format!("{}/dav/lib/", ada.base), "ada", PASSWORD]).current_dir(folder.path());
    let output = run(&mut litmus).await;
    let said = text(&output);
    for suite in ["basic", "copymove", "props", "locks", "http"] {
        let summary = said.lines().find(|line| line.contains(&format!("summary for `{suite}'")));
        let summary = summary.unwrap_or_else(|| panic!("{suite} did not run:\n{said}"));
        assert!(summary.contains(" 0 failed. 100.0%"), "{said}");
    }
    assert!(output.status.success() && !said.contains("FAIL") && !said.contains("SKIPPED"), "{said}");
}

fn write_tree(root: &Path) {
    for number in 0..12 {
        let folder = root.join(format!("部门 {}", number % 3)).join("合同 & 附件");
        fs::create_dir_all(&folder).unwrap();
        let bytes: Vec<u8> = (0..number * 37_003u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fs::write(folder.join(format!("文件 #{number} 100%+café.bin")), bytes).unwrap();
    }
    fs::write(root.join("问？“号”.txt"), "甲").unwrap();
    fs::write(root.join("空.txt"), "").unwrap();
}

#[tokio::test]
async fn rclone_brings_a_tree_up_and_down_and_finds_it_equal() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (folder.path().join("up"), folder.path().join("down"));
    write_tree(&up);
    let obscured = run(Command::new("rclone").args(["obscure", PASSWORD])).await;
    let rclone = |arguments: &[&str]| {
        let mut command = Command::new("rclone");
        command.args(arguments).env("RCLONE_CONFIG", folder.path().join("none"));
        command.env("RCLONE_WEBDAV_URL", format!("{}/dav/%E5%BA%93", ada.base));
        command.env("RCLONE_WEBDAV_VENDOR", "other").env("RCLONE_WEBDAV_USER", "ada");
        command.env("RCLONE_WEBDAV_PASS", text(&obscured).trim());
        command
    };
    let (from, to) = (up.to_str().unwrap(), down.to_str().unwrap());
    for (arguments, what) in [
        (vec!["sync", from, ":webdav:tree"], "up"),
        (vec!["check", "--download", from, ":webdav:tree"], "equal"),
        (vec!["sync", ":webdav:tree", to], "down"),
        (vec!["check", "--download", to, ":webdav:tree"], "equal again"),
    ] {
        let output = run(&mut rclone(&arguments)).await;
        assert!(output.status.success(), "{what}: {}", text(&output));
    }
    fs::rename(up.join("部门 1"), up.join("部门 九")).unwrap();
    fs::write(up.join("问？“号”.txt"), "乙乙").unwrap();
    for arguments in [vec!["sync", from, ":webdav:tree"], vec!["check", "--download", from, ":webdav:tree"]] {
        let output = run(&mut rclone(&arguments)).await;
        assert!(output.status.success(), "{}", text(&output));
    }
    server.clock.advance(61 * 1000);
    server.run_jobs().await;
    let children = ada.get(&format!("/folders/{library}/children")).await.json();
    let tree = children["folders"][0]["id"].as_str().unwrap();
    let listed = ada.listed(tree).await;
    assert!(
        listed.contains(&("问？“号”.txt".to_owned(), 2)) && listed.contains(&("空.txt".to_owned(), 1)),
        "{listed:?}"
    );
}

#[tokio::test]
async fn cadaver_works_on_the_drive() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.folder("lib", None).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("local.txt"), "from cadaver").unwrap();
    let (host, port) = ada.base.trim_start_matches("http://").split_once(':').unwrap();
    let netrc = format!("machine {host}\nlogin ada\npassword \"{PASSWORD}\"\n");
    fs::write(folder.path().join(".netrc"), netrc).unwrap();
    let script = "mkcol inner\nput local.txt inner/a.txt\nlock inner/a.txt\nunlock inner/a.txt\n\
                  propset inner/a.txt colour red\npropget inner/a.txt colour\nmove inner/a.txt inner/b.txt\n\
                  copy inner other\nls other\nget other/b.txt back.txt\nquit\n";
    fs::write(folder.path().join("script"), script).unwrap();
    let mut cadaver = Command::new("cadaver");
    cadaver.arg(format!("http://{host}:{port}/dav/lib/")).current_dir(folder.path()).env("HOME", folder.path());
    cadaver.stdin(fs::File::open(folder.path().join("script")).unwrap());
    let output = run(&mut cadaver).await;
    let said = text(&output);
    assert_eq!(fs::read_to_string(folder.path().join("back.txt")).unwrap_or_default(), "from cadaver", "{said}");
    assert!(!said.contains("failed") && said.contains("Value of colour is: red"), "{said}");
}

/// What Windows Explorer sends when a drive is connected and a file is saved, in its order.
#[tokio::test]
async fn windows_connects_and_saves() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    let agent = ("user-agent", "Microsoft-WebDAV-MiniRedir/10.0.19045");
    let windows =
        |method: &str, path: &str| drive.request(method, path).header(agent.0, agent.1).header("translate", "f");

    // Without signing in: what can this server do?
    let options = |path: &str| {
        let method = reqwest::Method::OPTIONS;
        ada.http.request(method, format!("{}{path}", ada.base)).header(agent.0, agent.1)
    };
    for path in ["/", "/dav", "/dav/"] {
        let answer = ada.send(options(path)).await.assert_status(200);
        assert_eq!(answer.header("ms-author-via"), Some("DAV"), "{path}");
        assert!(answer.header("dav").unwrap().contains('2') && answer.header("allow").unwrap().contains("LOCK"));
    }
    let root = reqwest::Method::from_bytes(b"PROPFIND").unwrap();
    let root =
        || ada.http.request(root.clone(), format!("{}/", ada.base)).header(agent.0, agent.1).header("depth", "0");
    let bare = ada.send(root()).await;
    assert!(bare.header("www-authenticate").unwrap().starts_with("Basic"));
    ada.send(root().basic_auth("ada", Some(PASSWORD))).await.assert_status(207);
    drive.send(windows("PROPFIND", "/").header("depth", "0").body("")).await.assert_status(207);

    drive.send(windows("PROPFIND", "/库/新建.docx").header("depth", "0")).await.assert_status(404);
    drive.send(windows("PUT", "/库/新建.docx").body("")).await.assert_status(201);
    let lock = "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>\
        </D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>OFFICE\\ada</D:href></D:owner></D:lockinfo>";
    let locked = drive.send(windows("LOCK", "/库/新建.docx").header("timeout", "Second-3600").body(lock)).await;
    let locked = locked.assert_status(200);
    let token = locked.header("lock-token").unwrap().to_owned();
    let times = "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:propertyupdate xmlns:D=\"DAV:\" \
        xmlns:Z=\"urn:schemas-microsoft-com:\"><D:set><D:prop><Z:Win32CreationTime>Mon, 05 Jan 2026 08:00:00 GMT\
        </Z:Win32CreationTime><Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>";
    let patch = || windows("PROPPATCH", "/库/新建.docx").header("if", format!("({token})")).body(times);
    drive.send(patch()).await.assert_status(207);
    drive.send(windows("HEAD", "/库/新建.docx")).await.assert_status(200);
    let write = windows("PUT", "/库/新建.docx").header("if", format!("({token})")).body("content");
    drive.send(write).await.assert_status(204);
    drive.send(patch()).await.assert_status(207);
    drive.send(windows("UNLOCK", "/库/新建.docx").header("lock-token", &token)).await.assert_status(204);
    assert_eq!(ada.listed(&library).await, [("新建.docx".to_owned(), 1)]);
    let listed = drive.send(windows("PROPFIND", "/库/").header("depth", "1")).await.assert_status(207);
    let listed = String::from_utf8(listed.body).unwrap();
    assert!(listed.contains("<Z:Win32FileAttributes") && listed.contains("00000020"), "{listed}");
    // Explorer looks for these in every folder.
    for name in ["/库/desktop.ini", "/库/Thumbs.db"] {
        drive.send(windows("PROPFIND", name).header("depth", "0")).await.assert_status(404);
    }
}

/// What the Finder sends, in its order.
#[tokio::test]
async fn the_finder_connects_and_saves() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let drive = Drive::of(&ada);
    let mac = |method: &str, path: &str| {
        drive.request(method, path).header("user-agent", "WebDAVFS/3.0.0 (03008000) Darwin/23.4.0 (x86_64)")
    };
    let quota = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\"><D:prop>\
        <D:quota-available-bytes/><D:quota-used-bytes/><D:quota/><D:quotaused/></D:prop></D:propfind>";
    let answer = drive.send(mac("PROPFIND", "/库/").header("depth", "0").body(quota)).await.assert_status(207);
    assert!(String::from_utf8(answer.body).unwrap().contains("<D:quota-used-bytes>0</D:quota-used-bytes>"));
    for name in ["/库/.hidden", "/库/.metadata_never_index", "/库/._.", "/库/.DS_Store"] {
        drive.send(mac("PROPFIND", name).header("depth", "0")).await.assert_status(404);
    }
    drive.send(mac("PUT", "/库/._cafe\u{301}.txt").body("resource fork")).await.assert_status(201);
    let lock = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>\
        </D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>http://www.apple.com/webdav_fs/</D:href>\
        </D:owner></D:lockinfo>";
    drive.send(mac("PUT", "/库/cafe\u{301}.txt").body("")).await.assert_status(201);
    let locked =
        drive.send(mac("LOCK", "/库/cafe\u{301}.txt").header("depth", "0").body(lock)).await.assert_status(200);
    let token = locked.header("lock-token").unwrap().to_owned();
    // In pieces, with the length in a header of its own.
    let pieces = futures::stream::iter(["con", "tent"].map(Ok::<_, std::io::Error>));
    let write = mac("PUT", "/库/cafe\u{301}.txt").header("x-expected-entity-length", "7");
    let write = write.header("if", format!("({token})")).body(reqwest::Body::wrap_stream(pieces));
    drive.send(write).await.assert_status(204);
    drive.send(mac("UNLOCK", "/库/cafe\u{301}.txt").header("lock-token", &token)).await.assert_status(204);
    assert_eq!(ada.listed(&library).await, [("caf\u{e9}.txt".to_owned(), 1)]);
    drive.make_folder("/库/.TemporaryItems").await.assert_error(403, "name_reserved");
}
