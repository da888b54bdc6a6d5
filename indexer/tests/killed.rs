//! A process killed while it writes leaves an index that opens at once and holds exactly what was committed: nothing less, nothing
//! of what came after, no older version and no deleted document.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use indexer::index::{Access, Index, IndexDocument, SearchRequest};

const FOLDER: &str = "WENSHU_TEST_INDEX";
/// Documents that are changed again and again.
const SLOTS: u64 = 30;
/// Changes of one commit.
const BATCH: u64 = 3;

fn document(slot: u64, number: u64) -> IndexDocument {
    // Some are long: written in several pieces.
    let length = if number.is_multiple_of(7) { 4000 } else { 100 };
    IndexDocument {
        id: format!("d{slot}"),
        kind: "file".into(),
        name: format!("文件{slot}"),
        pages: vec![format!("第{number}号变更的内容。").repeat(length)],
        ..IndexDocument::default()
    }
}

/// What change `number` does: writes a document anew, or deletes it.
fn change(number: u64) -> (u64, Option<IndexDocument>) {
    let slot = number * 7919 % SLOTS;
    (slot, (number % 5 != 3).then(|| document(slot, number)))
}

/// The change that each document is of, after the first `count` changes.
fn expected(count: u64) -> BTreeMap<u64, u64> {
    let mut slots = BTreeMap::new();
    for number in 1..=count {
        match change(number) {
            (slot, Some(_)) => drop(slots.insert(slot, number)),
            (slot, None) => drop(slots.remove(&slot)),
        }
    }
    slots
}

/// The process that is killed: changes and commits for ever, telling each committed position.
#[test]
fn helper_that_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let (index, position) = Index::open(Path::new(&folder)).unwrap();
    for number in position.0 + 1.. {
        match change(number) {
            (_, Some(document)) => index.put(&document).unwrap(),
            (slot, None) => index.delete(&format!("d{slot}")).unwrap(),
        }
        if number.is_multiple_of(BATCH) {
            index.commit(number).unwrap();
            println!("committed {number}");
        }
    }
}

#[test]
fn what_was_committed_survives_a_kill_and_the_lock_does_not() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=6u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_writes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told = |line: String| line.strip_prefix("committed ").and_then(|number| number.parse::<u64>().ok());
        let mut last = lines.by_ref().find_map(told).unwrap();
        std::thread::sleep(Duration::from_millis(37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.filter_map(told).last().unwrap_or(last);

        let (index, position) = Index::open(folder.path()).unwrap();
        assert!(position.0 >= last, "{position:?} {last}");
        let expected = expected(position.0);
        assert_eq!(index.document_count().unwrap(), expected.len() as u64);
        let found = |number: u64| {
            let q = format!("\"第{number}号变更\"");
            let request = SearchRequest { q, access: Access::all(), limit: 5, ..SearchRequest::default() };
            let results = index.search(&request).unwrap();
            assert_eq!(results.total, results.hits.len() as u64);
            results.hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>()
        };
        for (slot, number) in &expected {
            assert_eq!(found(*number), [format!("d{slot}")], "{position:?}");
        }
        for number in position.0.saturating_sub(60)..position.0 + BATCH + 2 {
            if !expected.values().any(|current| *current == number) {
                assert_eq!(found(number), [""; 0], "{position:?}: {number} is past or was never committed");
            }
        }
    }
}
