//! What happens when the disk is full? One clear refusal, everything else is still there, and it goes on when there is room.
//!
//! The disk is a small tmpfs, which needs root.

use std::{fs, time::Duration};

use crate::support::{Library, Program, SmallDisk, document_of, noise, sha256};

const MIB: usize = 1 << 20;

/// Uploads until there is no room; returns how many went in.
async fn fill(library: &Library) -> Vec<(String, Vec<u8>)> {
    let mut kept = Vec::new();
    for number in 0..1000u64 {
        let content = noise(100 + number, MIB);
        let answer = library.try_upload(&library.new_document(&format!("{number}.bin")), &content).await;
        if answer.status == 201 {
            kept.push((document_of(&answer), content));
            continue;
        }
        let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        answer.assert_error(507, "disk_full");
        assert_eq!(code, "disk_full");
        return kept;
    }
    panic!("the disk is not as small as it was made");
}

async fn check_kept(library: &Library, kept: &[(String, Vec<u8>)]) {
    for (id, content) in kept {
        assert_eq!(sha256(&library.download(id).await.assert_status(200).body), sha256(content));
    }
}

#[tokio::test]
async fn a_full_object_folder_refuses_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&folder.path().join("disk"), 16 * MIB);
    let objects = disk.0.join("objects");
    let program = Program::new(folder.path()).flag("--storage", objects.to_str().unwrap());
    // `storage` on a disk of its own: the database has room.
    let program = program.variable("WENSHU_JOBS", "false");
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, noise(9, 4 * MIB)).unwrap();

    let kept = fill(&library).await;
    assert!(kept.len() > 3, "{} files", kept.len());
    disk.fill();
    let (status, report) = service.readiness().await;
    assert_eq!((status, &report["storage"]), (503, &"full".into()), "{report}");
    check_kept(&library, &kept).await;
    // An upload that was cut by it goes on when there is room.
    let content = noise(77, 2 * MIB);
    let upload = library.begin_document("patient.bin", content.len()).await;
    library.send_part(&upload, 0, &content).await.assert_error(507, "disk_full");

    fs::remove_file(ballast).unwrap();
    disk.make_room();
    service.wait_until_ready().await;
    let offset = library.offset(&upload).await;
    let answer = library.send_part(&upload, offset, &content[offset..]).await.assert_status(204);
    let id = document_of(&answer);
    assert_eq!(library.download(&id).await.body, content);
    check_kept(&library, &kept).await;
    assert!(service.stop().0.success());
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_full_data_folder_refuses_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&folder.path().join("disk"), 24 * MIB);
    let program = Program::new(&disk.0).variable("WENSHU_DISK_RESERVE_BYTES", 4 * MIB);
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let text = library.upload("first.txt", "磁盘写满之前的文字".as_bytes()).await;
    library.wait_until_found("\"磁盘写满之前的文字\"", &text, Duration::from_secs(60)).await;
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, noise(9, 6 * MIB)).unwrap();

    let kept = fill(&library).await;
    disk.fill();
    let (status, report) = service.readiness().await;
    assert_eq!((status, &report["ready"]), (503, &false.into()), "{report}");
    // What only reads goes on; what writes says why not.
    check_kept(&library, &kept).await;
    assert!(library.hit("\"磁盘写满之前的文字\"", &text).await.is_some());
    let refused = library.try_upload(&library.new_document("late.bin"), &noise(3, MIB)).await;
    refused.assert_error(507, "disk_full");

    disk.make_room();
    fs::remove_file(ballast).unwrap();
    service.wait_until_ready().await;
    let late = library.upload("late.txt", "磁盘又有了空间".as_bytes()).await;
    library.wait_until_found("\"磁盘又有了空间\"", &late, Duration::from_secs(60)).await;
    check_kept(&library, &kept).await;
    assert!(service.stop().0.success());
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What is written while the disk is full fails, again and again; then it goes on, and nothing that was committed is missing.
#[test]
fn an_index_on_a_full_disk_goes_on_when_there_is_room() {
    use indexer::index::{Access, Index, IndexDocument, SearchRequest};
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&folder.path().join("disk"), 4 * MIB);
    let (index, _) = Index::open(&disk.0.join("index")).unwrap();
    let document = |id: &str, text: String| IndexDocument { id: id.into(), extra: text, ..IndexDocument::default() };
    let found = |text: &str| {
        let request = SearchRequest { q: text.into(), access: Access::all(), ..SearchRequest::default() };
        index.search(&request).unwrap().total
    };
    index.put(&document("first", "写满之前".into())).unwrap();
    index.commit(1).unwrap();
    disk.fill();
    for _ in 0..3 {
        let put = index.put(&document("late", "写满之后".into()));
        put.and_then(|()| index.commit(2)).unwrap_err();
    }
    assert_eq!((found("写满之前"), found("写满之后")), (1, 0));
    disk.make_room();
    index.put(&document("late", "写满之后".into())).unwrap();
    index.commit(2).unwrap();
    assert_eq!((found("写满之前"), found("写满之后")), (1, 1));
}
