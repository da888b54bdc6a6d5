//! Two nodes on one PostgreSQL and one store, and one upload that both are sent at the same time: one wins, the other is told, and
//! what HEAD says is there for good, whoever dies in between.

use reqwest::Method;
use tempfile::TempDir;

use crate::{
    everything,
    ledger::{Ledger, ask, check_all},
    place::{Kind, Place},
    support::{Library, Program, Running, document_of, noise, sha256},
    table::Tally,
};

const PART: usize = 2 << 20;

/// The second node: a data folder of its own, the same database and store.
fn beside(place: &Place, kind: Kind) -> (Program, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program { data: folder.path().join("data"), ..place.program.clone() };
    if kind == Kind::Folder {
        program = program.flag("--storage", place.program.data.join("objects").to_str().unwrap());
    }
    (program, folder)
}

async fn head(library: &Library, upload: &str) -> usize {
    let answer = ask(library.tus(Method::HEAD, upload)).await.expect("the node runs").assert_status(200);
    answer.header("upload-offset").expect("an offset").parse().expect("a number")
}

/// What each node is sent for a part: of the same length, and not the same.
fn part_of(node: u64, round: u64) -> Vec<u8> {
    noise(node << 40 | round << 8 | 7, PART - 1000 * round as usize % 5000)
}

async fn race(kind: Kind) {
    let place = Place::new(kind).await;
    let (other, _folder) = beside(&place, kind);
    let programs = [place.program.clone(), other];
    let mut nodes: Vec<Running> = programs.iter().map(Program::serve).collect();
    for node in &nodes {
        node.wait_until_ready().await;
    }
    let first = Library::create(&nodes[0].admin().await, "library").await;
    let rounds = if everything() { 30u64 } else { 5 };
    let length: usize = (0..rounds).map(|round| part_of(0, round).len()).sum();
    let upload = first.begin_document("race.bin", length).await;
    let (mut offset, mut expected) = (0, Vec::new());
    let (mut tally, mut won, mut told) = (Tally::default(), 0, 0);
    for round in 0..rounds {
        let libraries = [0, 1].map(|node: usize| first.at(&nodes[node].anonymous()));
        let parts = [0, 1].map(|node| part_of(node, round));
        let dies = (round % 3 == 1).then_some(round as usize / 3 % 2);
        let sent = [0, 1].map(|node: usize| {
            let request = libraries[node].part(&upload, offset, parts[node].clone());
            tokio::spawn(async move { ask(request).await })
        });
        if let Some(node) = dies {
            tokio::time::sleep(std::time::Duration::from_millis(15 + 40 * (round % 4))).await;
            nodes.remove(node).kill();
            nodes.insert(node, programs[node].serve());
            nodes[node].wait_until_ready().await;
            tally.cuts += 1;
        }
        let mut winner = None;
        for (node, answer) in sent.into_iter().enumerate() {
            match answer.await.unwrap().map(|answer| answer.status.as_u16()) {
                Some(204) => {
                    // After the last part the same answer may come twice.
                    assert!(winner.is_none() || round + 1 == rounds, "round {round}: both nodes took the part");
                    winner = winner.or(Some(node));
                    won += 1;
                }
                Some(409 | 423) => told += 1,
                None if dies == Some(node) => {}
                other => panic!("round {round}: node {node} said {other:?}"),
            }
        }
        // Both nodes say the same, and it is still so when both have died.
        let libraries = [0, 1].map(|node: usize| first.at(&nodes[node].anonymous()));
        let end = offset + parts[0].len();
        let heads = [head(&libraries[0], &upload).await, head(&libraries[1], &upload).await];
        assert_eq!(heads[0], heads[1], "round {round}");
        assert!(heads[0] == end || heads[0] == offset, "round {round}: {heads:?} of {offset}..{end}");
        tally.acknowledged += usize::from(winner.is_some());
        tally.lost += usize::from(winner.is_some() && heads[0] != end);
        if heads[0] == offset {
            // Nobody came through: again, by one of them.
            let answer = ask(libraries[0].part(&upload, offset, parts[0].clone())).await.expect("the node runs");
            assert_eq!(answer.status, 204, "{answer}");
            winner = Some(0);
        }
        offset = end;
        // Of the last part both may have been told that it is there.
        expected.push((winner.filter(|_| round + 1 < rounds), parts));
    }
    // The end: what one of them had sent, part by part.
    let library = first.at(&nodes[0].anonymous());
    let answer = ask(library.part(&upload, offset, Vec::new())).await.expect("the node runs").assert_status(204);
    let document = document_of(&answer);
    let body = library.download(&document).await.assert_status(200).body;
    assert_eq!(body.len(), length);
    let mut rest = &body[..];
    for (winner, parts) in &expected {
        let (part, behind) = rest.split_at(parts[0].len());
        rest = behind;
        let is_right = match winner {
            Some(node) => part == parts[*node],
            None => part == parts[0] || part == parts[1],
        };
        tally.wrong += usize::from(!is_right);
    }
    let versions = library.client.get(&format!("/documents/{document}/versions")).await.assert_status(200).json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 1);
    assert_eq!(library.documents().await.len(), 1, "the upload became one document");
    println!("{}: won {won}, told 409 or 423 {told}, nodes killed {}", kind.name(), tally.cuts);
    assert!(told > 0 && won > 0);
    nodes.into_iter().for_each(Running::kill);
    let mut ledger = Ledger::default();
    ledger.versions.push((document, 1, sha256(&body)));
    tally.add(Tally { cuts: 0, ..check_all(&place.program, &first, &mut ledger).await });
    tally.assert_good("two nodes send to one upload, one dies", kind.name());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: make faults"]
async fn of_two_nodes_that_go_on_with_one_upload_one_wins() {
    race(Kind::Folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: make faults"]
async fn of_two_nodes_on_a_bucket_that_go_on_with_one_upload_one_wins() {
    race(Kind::Garage).await;
}
