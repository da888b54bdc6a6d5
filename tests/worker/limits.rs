//! Whatever a document does to its child, only its own task fails, and nothing is left behind.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use wenshu::worker::{Answer, Limits, PoolConfig, Task, WorkerPool};

use crate::support::{config, corpus, prepare};

async fn small_pool() -> WorkerPool {
    let limits = Limits { other_seconds: 4, memory_bytes: 300 << 20, disk_bytes: 100 << 20, ..Limits::default() };
    WorkerPool::start(PoolConfig { converters: 1, renderers: 1, limits, ..config() }).await.unwrap()
}

async fn misbehave(pool: &WorkerPool, how: &str) -> String {
    match pool.run(Task::Misbehave { how: how.to_owned() }).await {
        Ok(_) => "done".into(),
        Err(error) => error.code,
    }
}

#[tokio::test]
async fn every_misbehaviour_ends_with_its_code_and_the_pool_goes_on() {
    let pool = small_pool().await;
    for (how, code) in [
        ("panic", "worker_crashed"),
        ("crash", "worker_crashed"),
        ("loop", "timed_out"),
        ("sleep", "timed_out"),
        ("memory", "out_of_memory"),
        ("disk", "out_of_disk"),
    ] {
        let began = Instant::now();
        assert_eq!(misbehave(&pool, how).await, code, "{how}");
        assert!(began.elapsed() < Duration::from_secs(30), "{how} took {:?}", began.elapsed());
    }
    let result = prepare(&pool, &corpus().join("pdf/text/en-pdfa.pdf")).await.unwrap();
    assert_eq!(result.prepared.page_sizes.len(), 1);
    pool.stop().await;
}

/// Returns the command lines of processes that mention a text.
fn processes_with(text: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(text)).collect()
}

/// Returns the processes whose working folder is below a folder.
pub fn processes_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)))
        .count()
}

#[tokio::test]
async fn processes_that_a_document_started_end_with_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let config = PoolConfig { converters: 1, renderers: 1, folder: Some(folder.path().to_owned()), ..config() };
    let pool = WorkerPool::start(config).await.unwrap();
    assert_eq!(misbehave(&pool, "orphan").await, "done");
    pool.stop().await;
    assert_eq!(processes_below(&folder.path().canonicalize().unwrap()), 0);
}

/// Returns how many files and folders are in a pool's folder besides the slots' own.
/// The child of the lane for text, by its working folder.
fn text_children(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let of_lane = |path: &Path| path.starts_with(folder) && path.iter().any(|part| part == "text-0");
    processes
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| of_lane(&cwd)))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn texts_are_read_one_after_the_other_by_copies_of_one_child() {
    let folder = tempfile::tempdir().unwrap();
    let config = PoolConfig { converters: 1, renderers: 1, folder: Some(folder.path().to_owned()), ..config() };
    let pool = WorkerPool::start(config).await.unwrap();
    let (files, place) = (tempfile::tempdir().unwrap(), folder.path().canonicalize().unwrap());
    let read = async |text: &str| {
        let (input, out) = (files.path().join("note"), files.path().join("result"));
        std::fs::write(&input, text).unwrap();
        let answer = pool.run(Task::ReadText { input, name: "note.txt".into(), out }).await;
        let Answer::Prepared(read) = answer.unwrap() else { panic!("another answer") };
        (std::fs::read_to_string(read.text).unwrap(), text_children(&place))
    };
    let (first, child) = read("第一份合同").await;
    assert!(first.contains("第一份合同"), "{first}");
    assert_eq!(child.len(), 1, "{child:?}");
    let (second, same) = read("第二份通知").await;
    assert!(second.contains("第二份通知") && !second.contains("合同"), "{second}");
    assert_eq!(child, same);
    // Nothing of either is left for the next one.
    assert_eq!(left_behind(folder.path()), 0);
    pool.stop().await;
    assert_eq!(processes_below(&place), 0);
}

fn left_behind(root: &Path) -> usize {
    let parts =
        std::fs::read_dir(root).unwrap().flatten().flat_map(|pool| std::fs::read_dir(pool.path()).unwrap().flatten());
    let slots = parts.filter(|entry| entry.path().is_dir());
    let folders = slots.flat_map(|slot| ["in", "work", "out"].map(|part| slot.path().join(part)));
    folders.map(|folder| std::fs::read_dir(folder).unwrap().count()).sum()
}

#[tokio::test]
async fn a_converter_that_hangs_is_ended_with_everything_it_started() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("office/program/soffice.bin");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    // It leaves children of its own behind, one of which ignores requests to end, and never comes to an end.
    let script = "#!/bin/sh\n/bin/sleep 3600 &\n(trap '' TERM HUP INT; /bin/sleep 3600) &\ndd if=/dev/zero of=big bs=1024 count=1024\nwhile :; do :; done\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let workers = folder.path().join("workers");
    std::fs::create_dir(&workers).unwrap();
    let root = workers.canonicalize().unwrap();
    let limits = Limits { convert_seconds: 3, ..Limits::default() };
    let config = PoolConfig {
        converters: 1,
        renderers: 1,
        limits,
        soffice: Some(program),
        folder: Some(root.clone()),
        ..config()
    };
    let pool = WorkerPool::start(config).await.unwrap();
    let input = corpus().join("office/doc/zh-data-security-law.doc");
    let input = if input.is_file() { input } else { corpus().join("office/docx/zh-company-law-2023.docx") };
    let busy = tokio::spawn({
        let pool = pool.clone();
        async move { prepare(&pool, &input).await.map(|_| ()).map_err(|error| error.code) }
    });
    let mut most = 0;
    while !busy.is_finished() {
        most = most.max(processes_below(&root));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(busy.await.unwrap(), Err("timed_out".to_owned()));
    assert!(most >= 4, "the converter and its children were running: {most}");
    // The pool keeps a fresh child in reserve, and nothing else.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(processes_below(&root) <= 2, "{} processes are left", processes_below(&root));
    assert!(processes_with("sleep 3600").is_empty(), "{:?}", processes_with("sleep 3600"));
    assert_eq!(left_behind(&root), 0);
    pool.stop().await;
    assert_eq!(processes_below(&root), 0);
}

#[tokio::test]
async fn recognition_that_takes_too_long_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let limits = Limits { ocr_seconds: 1, ..Limits::default() };
    let config = PoolConfig { converters: 1, renderers: 1, limits, folder: Some(root.clone()), ..config() };
    let pool = WorkerPool::start(config).await.unwrap();
    let result = prepare(&pool, &corpus().join("pdf/scan/zh-forest-law-skewed-200dpi.pdf")).await.unwrap();
    assert_eq!(result.prepared.page_sizes.len(), 3, "the pages are shown all the same");
    assert!(result.prepared.warnings.iter().any(|warning| warning.code == "ocr_incomplete"));
    let tesseract = processes_with("tesseract").into_iter().filter(|line| line.contains(root.to_str().unwrap()));
    assert_eq!(tesseract.count(), 0);
    assert_eq!(left_behind(&root), 0);
    pool.stop().await;
    assert_eq!(processes_below(&root), 0);
}

#[tokio::test]
async fn a_dropped_pool_leaves_no_process_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = PoolConfig { converters: 2, renderers: 1, folder: Some(folder.path().to_owned()), ..config() };
    let pool = WorkerPool::start(config).await.unwrap();
    let input = corpus().join("office/docx/zh-company-law-2023.docx");
    let busy = pool.clone();
    let task = tokio::spawn(async move { prepare(&busy, &input).await.map(|_| ()) });
    let root = folder.path().canonicalize().unwrap();
    let mut seen = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        seen |= !processes_with(&format!("UserInstallation=file://{}", root.display())).is_empty();
        if seen {
            break;
        }
    }
    assert!(seen, "a conversion was running");
    task.abort();
    pool.stop().await;
    drop(pool);
    assert_eq!(processes_below(&root), 0);
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0, "the folder of the pool is removed");
}

#[test]
fn a_killed_server_leaves_no_process() {
    // The child's pipe ends when its parent dies, however it dies: here the parent simply closes it.
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = PoolConfig { converters: 1, renderers: 1, folder: Some(root.clone()), ..config() };
    let pool = runtime.block_on(WorkerPool::start(config)).unwrap();
    let input = corpus().join("office/docx/zh-company-law-2023.docx");
    let busy = pool.clone();
    runtime.spawn(async move { prepare(&busy, &input).await.map(|_| ()) });
    std::thread::sleep(Duration::from_millis(1500));
    assert!(processes_below(&root) > 0);
    runtime.shutdown_background();
    drop(pool);
    for _ in 0..100 {
        if processes_below(&root) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("processes are left: {}", processes_below(&root));
}

#[tokio::test]
async fn a_child_reaches_neither_the_network_nor_other_files() {
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unix = std::os::unix::net::UnixListener::bind(folder.path().join("service")).unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let pool = WorkerPool::start(config()).await.unwrap();
    let task = Task::Probe {
        read: vec![path("secret"), "/etc/passwd".into(), "/proc/1/environ".into(), "/etc/hostname".into()],
        write: vec![path("new"), "/tmp/wenshu-probe".into(), "/usr/wenshu-probe".into(), "../in/planted".into()],
        connect: vec![tcp.local_addr().unwrap().to_string(), path("service")],
    };
    let Answer::Probed(probe) = pool.run(task).await.unwrap() else { panic!("another answer") };
    assert_eq!(probe.connected, Vec::<String>::new());
    assert_eq!(probe.sockets, Vec::<String>::new());
    tcp.set_nonblocking(true).unwrap();
    assert!(tcp.accept().is_err());
    drop(unix);
    let isolation = &pool.ready().isolation;
    assert!(isolation.seccomp && isolation.no_new_privs && isolation.no_capabilities);
    if isolation.landlock_abi > 0 {
        assert_eq!((probe.read, probe.written), (vec![], vec![]));
    } else {
        println!("this kernel has no landlock: files are not confined");
    }
    pool.stop().await;
}
