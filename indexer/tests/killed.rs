//! A process killed while it writes leaves an index that opens at once with all that was committed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use indexer::index::{Access, Index, IndexDocument, SearchRequest};

const FOLDER: &str = "WENSHU_TEST_INDEX";

fn document(number: u64) -> IndexDocument {
    IndexDocument {
        id: format!("d{number}"),
        kind: "file".into(),
        name: format!("文件{number}"),
        pages: vec![format!("第{number}号文件的内容。").repeat(200)],
        ..IndexDocument::default()
    }
}

/// The process that is killed: puts and commits for ever, telling each committed position.
#[test]
fn helper_that_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let (index, position) = Index::open(Path::new(&folder)).unwrap();
    for number in position.0 + 1.. {
        index.put(&document(number)).unwrap();
        index.commit(number).unwrap();
        println!("committed {number}");
    }
}

#[test]
fn what_was_committed_survives_a_kill_and_the_lock_does_not() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=4u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_writes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told = |line: String| line.strip_prefix("committed ").and_then(|number| number.parse::<u64>().ok());
        let mut last = lines.by_ref().find_map(told).unwrap();
        std::thread::sleep(Duration::from_millis(70 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.filter_map(told).last().unwrap_or(last);

        let (index, position) = Index::open(folder.path()).unwrap();
        assert!(position.0 >= last, "{position:?} {last}");
        assert_eq!(index.document_count().unwrap(), position.0);
        let request =
            SearchRequest {
                q: format!("第{last}号文件"), access: Access::all(), limit: 5, ..SearchRequest::default()
            };
        assert_eq!(index.search(&request).unwrap().hits[0].id, format!("d{last}"));
    }
}
