//! Do `verify` and `reindex` do what they say on a real folder?

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::support::{Library, Program, noise};

/// The largest object of the store.
fn largest_chunk(data: &Path) -> PathBuf {
    let folders = fs::read_dir(data.join("objects/chunks")).unwrap().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    files.max_by_key(|file| file.metadata().unwrap().len()).expect("there are chunks").path()
}

#[tokio::test]
async fn verify_names_the_version_whose_byte_was_flipped() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path()).variable("WENSHU_JOBS", "false");
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let sound = library.upload("sound.bin", &noise(1, 50_000)).await;
    let damaged = library.upload("damaged.bin", &noise(2, 3_000_000)).await;
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let chunk = largest_chunk(&program.data);
    let bytes = fs::read(&chunk).unwrap();
    let middle = bytes.len() / 2;
    let mut permissions = fs::metadata(&chunk).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "the file is the test's own")]
    permissions.set_readonly(false);
    fs::set_permissions(&chunk, permissions).unwrap();
    let mut file = fs::File::options().write(true).open(&chunk).unwrap();
    file.seek(SeekFrom::Start(middle as u64)).unwrap();
    file.write_all(&[bytes[middle] ^ 1]).unwrap();

    let output = program.run(&["verify"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(&damaged) && said.contains("version 1"), "{said}");
    assert!(!said.contains(&sound), "{said}");
    // Damage is an error, never a file with wrong bytes and never "not found".
    let request = library.client.request(reqwest::Method::GET, &format!("/documents/{damaged}/content"));
    if let Ok(response) = request.send().await {
        let was_error = response.status().as_u16() == 500;
        assert!(was_error || response.bytes().await.is_err(), "damaged bytes were served");
    }
    assert_eq!(library.download(&sound).await.assert_status(200).body, noise(1, 50_000));
}

#[tokio::test]
async fn an_index_that_was_lost_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path());
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let texts = ["协同办公平台的验收标准", "经费使用情况的说明", "An entirely English sentence"];
    let mut ids = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        ids.push(library.upload(&format!("{number}.txt"), text.as_bytes()).await);
    }
    let found = async |library: &Library| {
        for (id, text) in ids.iter().zip(texts) {
            library.wait_until_found(&format!("\"{text}\""), id, Duration::from_secs(60)).await;
        }
    };
    found(&library).await;
    assert!(service.stop().0.success());

    // While stopped: built anew by the command …
    fs::remove_dir_all(program.data.join("index")).unwrap();
    let output = program.run(&["reindex"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("3 documents"), "{output:?}");
    let service = program.serve();
    found(&library.at(&service.anonymous())).await;
    // … which leaves a running service alone.
    let output = program.run(&["reindex"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("in use"), "{output:?}");
    assert!(service.stop().0.success());

    // Or by the start itself, also when it is damaged.
    for damage in ["lost", "damaged"] {
        let index = program.data.join("index");
        if damage == "lost" {
            fs::remove_dir_all(&index).unwrap();
        } else {
            for file in walk(&index) {
                fs::write(file, b"nonsense").unwrap();
            }
        }
        let service = program.serve();
        found(&library.at(&service.anonymous())).await;
        assert!(service.stop().0.success(), "{damage}");
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
