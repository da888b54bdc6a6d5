//! What does a caller see when the disk or the bucket is full, or the server does not answer as it should?

#[path = "support/garage.rs"]
#[allow(dead_code)]
mod garage;

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use storage::sweep::{Health, key_of_chunk, key_of_list};
use storage::{Backend, ChunkHash, ChunkRef, Error, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Set for the run of [`a_store_that_is_opened_again_syncs_its_folders`] that is looked at.
const OPENED_AGAIN: &str = "WENSHU_TEST_OPENED_AGAIN";

/// Set for the runs of [`a_file_that_cannot_be_read_is_damaged_and_a_disk_that_is_gone_is_not`] whose reads fail, and fail everywhere.
const BAD_SECTOR: &str = "WENSHU_TEST_BAD_SECTOR";
const BAD_SECTOR_ALL: &str = "WENSHU_TEST_BAD_SECTOR_ALL";

/// Set for the run of [`a_full_disk_is_told`] that sees a small disk.
const SMALL_DISK: &str = "WENSHU_TEST_SMALL_DISK";

fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

fn bucket_at(endpoint: String) -> Store {
    let (bucket, region) = ("papers".to_owned(), "garage".to_owned());
    let (access_key, secret_key) = ("key".to_owned(), "secret".to_owned());
    Store::open(&Backend::S3 { endpoint, bucket, region, access_key, secret_key }).unwrap()
}

/// Runs itself again with a file system of 3 MB in a mount namespace of its own.
#[test]
fn a_full_disk_is_told() {
    if let Some(folder) = std::env::var_os(SMALL_DISK) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(fill(folder.into()));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=3m none "$WENSHU_TEST_SMALL_DISK" && exec "$0" --exact a_full_disk_is_told"#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(SMALL_DISK, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

async fn fill(folder: std::path::PathBuf) {
    let store = Store::open(&Backend::Local { root: folder.join("objects") }).unwrap();
    let before = store.put(noise(1, 1_000_000)).await.unwrap();
    let mut writer = store.writer();
    writer.write(&noise(2, 1_000_000)).await.unwrap();
    let offset = writer.checkpoint("up").await.unwrap();

    writer.write(&noise(3, 3_000_000)).await.unwrap();
    let error = writer.suspend("up").await.unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    let error = store.put(noise(4, 4_000_000)).await.unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");

    // What was there is still there, and the upload goes on as soon as there is room.
    store.verify(&before.content).await.unwrap();
    let mut writer = store.resume("up", offset).await.unwrap();
    writer.write(b"a little more").await.unwrap();
    let stored = writer.finish().await.unwrap();
    assert_eq!(stored.size_bytes, 1_000_013);
    store.verify(&stored.content).await.unwrap();
}

/// Set for the runs of [`a_failed_sync_is_told_and_never_repeated`] in which one fsync fails.
const FAILING_SYNC: &str = "WENSHU_TEST_FAILING_SYNC";

/// Runs itself again under strace, which lets one fsync after the other fail without doing it.
#[test]
fn a_failed_sync_is_told_and_never_repeated() {
    if let Some(folder) = std::env::var_os(FAILING_SYNC) {
        // strace counts the syncs of each thread by itself.
        let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(1).enable_all().build().unwrap();
        return runtime.block_on(meet_failing_sync(folder.into()));
    }
    let mut failures = 0;
    for nth in 1.. {
        let folder = tempfile::tempdir().unwrap();
        // Now, so that only the syncs of what is written are counted.
        Store::open(&Backend::Local { root: folder.path().join("objects") }).unwrap();
        let log = folder.path().join("log");
        let output = Command::new("strace")
            .args([
                "-f",
                "-y",
                "-qq",
                "-e",
                "trace=fsync,rename",
                "-e",
                &format!("inject=fsync:error=EIO:when={nth}"),
                "-o",
            ])
            .arg(&log)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "a_failed_sync_is_told_and_never_repeated", "--nocapture"])
            .env(FAILING_SYNC, folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "fsync {nth}: {text}");
        let log = std::fs::read_to_string(&log).unwrap();
        let opened = ["", "/objects", "/objects/chunks", "/objects/contents"];
        let opened = opened.map(|path| format!("<{}{path}>", folder.path().display()));
        let log: Vec<&str> = log.lines().filter(|line| !opened.iter().any(|path| line.contains(path))).collect();
        let log = log.join("\n");
        let mut lines = log.lines().skip_while(|line| !line.contains("INJECTED"));
        let Some(failed) = lines.next() else {
            assert!(text.contains("first put: stored"), "{text}");
            break;
        };
        failures += 1;
        assert!(text.contains("first put: refused"), "fsync {nth} failed and the put was acknowledged: {text}");
        let path = failed.split_once('<').and_then(|(_, rest)| rest.split_once('>')).unwrap().0;
        // The same file is not synced again; the folder is, after what it holds was written again.
        let again: Vec<&str> = lines.filter(|line| line.contains(path)).collect();
        let written = again.iter().position(|line| line.contains("rename("));
        let synced = again.iter().position(|line| line.contains("fsync(") && line.contains(&format!("<{path}>")));
        assert!(synced.is_none() || written.is_some_and(|written| Some(written) < synced), "fsync {nth}:\n{log}");
    }
    // Files and folders of several chunks and of their list.
    assert!(failures >= 6, "{failures}");
}

async fn meet_failing_sync(folder: std::path::PathBuf) {
    let backend = Backend::Local { root: folder.join("objects") };
    // The syncs of opening are counted, too, in this thread: it is not about them.
    let store = Store::open(&backend).or_else(|_| Store::open(&backend)).unwrap();
    let content = noise(6, 5_000_000);
    match store.put(content.clone()).await {
        Ok(_) => return println!("first put: stored"),
        Err(error) => println!("first put: refused ({error})"),
    }
    let stored = store.put(content.clone()).await.unwrap();
    assert!(store.read_all(&stored.content, u64::MAX).await.unwrap() == content);
}

/// Runs itself again under strace: whoever made the folders may have been killed before they were synced.
#[test]
fn a_store_that_is_opened_again_syncs_its_folders() {
    if let Some(folder) = std::env::var_os(OPENED_AGAIN) {
        return drop(Store::open(&Backend::Local { root: folder.into() }).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, log) = (folder.path().join("objects"), folder.path().join("log"));
    Store::open(&Backend::Local { root: root.clone() }).unwrap();
    let output = Command::new("strace")
        .args(["-f", "-y", "-qq", "-e", "trace=fsync", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_store_that_is_opened_again_syncs_its_folders"])
        .env(OPENED_AGAIN, &root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let log = std::fs::read_to_string(&log).unwrap();
    for synced in [&root.join("chunks"), &root.join("contents"), &root, folder.path()] {
        assert!(log.contains(&format!("<{}>)", synced.display())), "{}:\n{log}", synced.display());
    }
}

/// Runs itself again under strace, which lets the first sync of one folder of chunks fail: whoever sends the chunk again finds it then.
#[test]
fn chunks_that_were_sent_again_after_a_failed_sync_are_found() {
    let (content, hash) = (noise(9, 50_000), ChunkHash::of(&noise(9, 50_000)));
    if let Some(folder) = std::env::var_os(FAILING_SYNC) {
        let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(1).enable_all().build().unwrap();
        return runtime.block_on(async {
            let store = Store::open(&Backend::Local { root: folder.into() }).unwrap();
            store.put_chunk(&hash, content.clone()).await.unwrap_err();
            // What was there before is in doubt, and what comes now is not.
            let chunk = ChunkRef { id: store.chunk_id(&hash), size_bytes: content.len() as u32 };
            let error = store.assemble(&[chunk]).await.unwrap_err();
            assert!(matches!(error, Error::ChunksMissing { .. }), "{error:?}");
            assert_eq!(store.put_chunk(&hash, content.clone()).await.unwrap(), chunk);
            let manifest = store.assemble(&[chunk]).await.unwrap();
            assert!(store.read_all(&manifest.content(), u64::MAX).await.unwrap() == content);
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("objects");
    let store = Store::open(&Backend::Local { root: root.clone() }).unwrap();
    let key = key_of_chunk(&store.chunk_id(&hash));
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1", "-o", "/dev/null", "-P"])
        .arg(root.join(key).parent().unwrap())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "chunks_that_were_sent_again_after_a_failed_sync_are_found", "--nocapture"])
        .env(FAILING_SYNC, &root)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Runs itself again under strace, which lets every read of some files fail as on a bad sector; or of all that are
/// read, as on a disk that is gone.
#[test]
fn a_file_that_cannot_be_read_is_damaged_and_a_disk_that_is_gone_is_not() {
    if let Some(folder) = std::env::var_os(BAD_SECTOR) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(meet_bad_sectors(folder.into(), std::env::var(BAD_SECTOR_ALL).is_ok()));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for all in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("objects");
        let store = Store::open(&Backend::Local { root: root.clone() }).unwrap();
        let (only, several) = runtime.block_on(async {
            (store.put(noise(7, 50_000)).await.unwrap(), store.put(noise(8, 9_000_000)).await.unwrap())
        });
        let (chunk, list) = (several.manifest.chunks()[0].id, several.content);
        let keys = [key_of_chunk(&only.manifest.chunks()[0].id), key_of_chunk(&chunk), key_of_list(&list)];
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=pread64", "-e", "inject=pread64:error=EIO", "-o", "/dev/null"]);
        for key in &keys {
            strace.arg("-P").arg(root.join(key));
        }
        if all {
            strace.arg("-P").arg(root.join("probe")).env(BAD_SECTOR_ALL, "1");
        }
        let output = strace
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "a_file_that_cannot_be_read_is_damaged_and_a_disk_that_is_gone_is_not", "--nocapture"])
            .env(BAD_SECTOR, folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

async fn meet_bad_sectors(folder: std::path::PathBuf, all: bool) {
    // The content ids are those that the parent has stored.
    let memory = Store::open(&Backend::Memory).unwrap();
    let (only, several) = (memory.put(noise(7, 50_000)).await.unwrap(), memory.put(noise(8, 9_000_000)).await.unwrap());
    let store = Store::open(&Backend::Local { root: folder.join("objects") }).unwrap();
    let chunk = several.manifest.chunks()[0].id;
    if all {
        for error in [
            store.manifest(&only.content).await.unwrap_err(),
            store.manifest(&several.content).await.unwrap_err(),
            store.verify_chunk(&chunk).await.unwrap_err(),
            store.unreadable_keys(&several.content).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Object { .. }), "{error:?}");
        }
        return;
    }
    for content in [only.content, several.content] {
        let error = store.manifest(&content).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    }
    assert_eq!(store.verify_chunk(&chunk).await.unwrap(), Health::Damaged);
    for (content, key) in [
        (&only.content, key_of_chunk(&only.manifest.chunks()[0].id)),
        (&several.content, key_of_list(&several.content)),
    ] {
        assert_eq!(store.unreadable_keys(content).await.unwrap(), [(key, Health::Damaged)]);
    }
    assert_eq!(store.verify_object(&key_of_list(&several.content)).await.unwrap(), Health::Damaged);
    assert!(!store.can_repair_from(&store, &key_of_chunk(&chunk)).await.unwrap(), "nothing better is in such a copy");
    // A good copy takes its place, and whatever may still be got out of the bad one is kept.
    assert!(store.repair_from(&memory, &key_of_chunk(&chunk)).await.unwrap());
    let aside = folder.join("objects/damaged").join(key_of_chunk(&chunk));
    assert_eq!(std::fs::read_dir(aside).unwrap().count(), 1);
}

#[tokio::test]
async fn a_full_bucket_is_told() {
    let server = garage::Garage::shared();
    let garage::Bucket { endpoint, bucket, region, access_key, secret_key } = server.bucket("small");
    server.command(&["bucket", "set-quotas", "small", "--max-size", "1MiB"]);
    let store = Store::open(&Backend::S3 { endpoint, bucket, region, access_key, secret_key }).unwrap();
    store.put(noise(1, 500_000)).await.unwrap();
    let error = store.put(noise(2, 900_000)).await.unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_key_makes_the_store_unavailable() {
    let server = garage::Garage::shared();
    let garage::Bucket { endpoint, bucket, region, access_key, .. } = server.bucket("locked");
    let secret_key = "f".repeat(64);
    let store = Store::open(&Backend::S3 { endpoint, bucket, region, access_key, secret_key }).unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dead_server_is_noticed_within_seconds() {
    // Nobody listens on this port any more.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let store = bucket_at(format!("http://127.0.0.1:{port}"));
    let began = Instant::now();
    let error = store.put(Bytes::from_static(b"x")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_server_fails_the_check_within_seconds() {
    // Connections are accepted by the kernel and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = bucket_at(format!("http://{}", silent.local_addr().unwrap()));
    let began = Instant::now();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// Answers every request with the same status and body.
async fn server_that_answers(status: &'static str, body: &'static str) -> Store {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = bucket_at(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 16 * 1024];
                let _ = stream.read(&mut request).await;
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    store
}

#[tokio::test]
async fn answers_are_sorted_by_what_the_caller_can_do() {
    let full = [
        ("507 Insufficient Storage", ""),
        ("500 Internal Server Error", "<Message>IO error: No space left on device (os error 28)</Message>"),
        ("403 Forbidden", "<Code>QuotaExceeded</Code>"),
    ];
    let answers = full.map(|(status, body)| async move {
        let error = server_that_answers(status, body).await.check().await.unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{status}: {error:?}");
    });
    let unavailable =
        ["503 Service Unavailable", "500 Internal Server Error", "403 Forbidden"].map(|status| async move {
            let error = server_that_answers(status, "").await.check().await.unwrap_err();
            assert!(matches!(error, Error::Unavailable { .. }), "{status}: {error:?}");
        });
    futures::join!(futures::future::join_all(answers), futures::future::join_all(unavailable));
    let error = server_that_answers("400 Bad Request", "").await.check().await.unwrap_err();
    assert!(matches!(error, Error::Object { .. }), "{error:?}");
}
