//! Do two nodes on one PostgreSQL and one bucket serve the same page? Clients of both edit it; either may die.

#[path = "../api/rooms/peer.rs"]
#[allow(dead_code, reason = "the API tests use all of it")]
mod peer;

use std::time::Duration;

use serde_json::json;
use yrs::Doc;

use crate::{
    backends::storage_variables,
    support::{
        Client, Library, Program, Running,
        database::TestDatabase,
        garage::{Bucket, Garage},
        until,
    },
};
use peer::{Heard, Peer};

/// Rounds in which one node is killed while everybody writes.
const KILLS: usize = 3;

fn node(folder: &std::path::Path, database: &str, bucket: &Bucket) -> Program {
    let url = format!("s3://{}?endpoint={}&region={}", bucket.bucket, bucket.endpoint, bucket.region);
    let program = Program::new(folder).flag("--storage", &url).flag("--database", database);
    storage_variables(bucket).into_iter().fold(program, |program, (name, value)| program.variable(name, value))
}

/// The same person on another node: sessions are in the database.
fn at(client: &Client, node: &Running) -> Client {
    Client { cookie: client.cookie.clone(), id: client.id.clone(), ..node.anonymous() }
}

/// What a writer knew when its connection ended.
struct Witness {
    name: String,
    /// So many of its lines were called saved.
    saved: usize,
    doc: Doc,
}

/// Writes numbered lines until the connection ends.
async fn write_until_the_end(mut peer: Peer, name: String) -> Witness {
    let before = peer.sent;
    for number in 0.. {
        peer.write(&format!("[{name}-{number}]")).await;
        while peer.sent - peer.saved > 3 {
            if let Heard::Closed(..) = peer.hear().await {
                return Witness { name, saved: peer.saved.saturating_sub(before) as usize, doc: peer.doc };
            }
        }
    }
    unreachable!("the loop ends with the connection")
}

/// Everything that was called saved, or that somebody else was shown, is in the text.
fn assert_nothing_is_missing(witnesses: &[Witness], text: &str) {
    for witness in witnesses {
        assert!(witness.saved > 0, "{} wrote nothing", witness.name);
        for number in 0..witness.saved {
            let line = format!("[{}-{number}]", witness.name);
            assert!(text.contains(&line), "{line} was saved");
        }
        let seen = peer::text_of(&witness.doc);
        for line in seen.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|found| found.0)) {
            let own = line.starts_with(&format!("{}-", witness.name));
            assert!(own || text.contains(&format!("[{line}]")), "{} saw {line}", witness.name);
        }
    }
}

/// Waits until a cursor of client 11 is heard, or that it has gone.
async fn hear_of_client_11(peer: &mut Peer, state: &str) {
    let is = |one: &wenshu::rooms::awareness::Entry| one.client == 11 && one.state == state;
    peer.hear_until(|heard| matches!(heard, Heard::Awareness(states) if states.iter().any(is))).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-pg"]
async fn two_nodes_serve_one_page_and_lose_nothing_when_one_dies() {
    let database = TestDatabase::create().await;
    assert!(!database.url.is_empty(), "TEST_DATABASE_URL names a server");
    let bucket = Garage::shared().bucket("two-nodes");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let programs = folders.each_ref().map(|folder| node(folder.path(), &database.url, &bucket));
    let (mut one, two) = (programs[0].serve(), programs[1].serve());
    one.wait_until_ready().await;
    two.wait_until_ready().await;
    let ada = one.admin().await;
    let library = Library::create(&ada, "shared").await;
    let page = json!({ "folder_id": library.id, "name": "会议记录", "kind": "page" });
    let page = ada.post("/documents", page).await.assert_status(201).json()["id"].as_str().unwrap().to_owned();

    let (mut here, mut there) = (Peer::join(&ada, &page).await, Peer::join(&at(&ada, &two), &page).await);
    here.write("from the first node").await;
    there.wait_for("from the first node").await;
    there.write("from the second node").await;
    here.wait_for("from the second node").await;
    here.wait_saved().await;
    there.wait_saved().await;
    let cursor = r#"{"cursor":5}"#;
    here.point(11, 1, cursor).await;
    hear_of_client_11(&mut there, cursor).await;
    let mut late = Peer::connect(&at(&ada, &two), &page, "").await;
    hear_of_client_11(&mut late, cursor).await;
    late.leave().await;
    here.leave().await;
    hear_of_client_11(&mut there, "null").await;
    there.leave().await;

    for round in 0..KILLS {
        let mut writers = Vec::new();
        for (index, node) in [&one, &two, &one, &two].into_iter().enumerate() {
            let peer = Peer::join(&at(&ada, node), &page).await;
            writers.push(tokio::spawn(write_until_the_end(peer, format!("{round}-{index}"))));
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        one.kill();
        let mut witnesses = Vec::new();
        for index in [2, 0] {
            witnesses.push(writers.remove(index).await.unwrap());
        }
        // The others go on for a while, and end with their connections.
        tokio::time::sleep(Duration::from_millis(700)).await;
        writers.iter().for_each(tokio::task::JoinHandle::abort);
        let reader = Peer::join(&at(&ada, &two), &page).await;
        let text = reader.text();
        assert_nothing_is_missing(&witnesses, &text);
        reader.leave().await;
        one = programs[0].serve();
        one.wait_until_ready().await;
        let again = Peer::join(&at(&ada, &one), &page).await;
        assert!(again.text().len() >= text.len(), "the node that died shows everything");
        again.leave().await;
    }
    until("the page is found on the node that died", Duration::from_secs(60), async || {
        Library { client: at(&ada, &one), id: library.id.clone() }.hit("second node", &page).await
    })
    .await;
    assert!(one.stop().0.success());
    assert!(two.stop().0.success());
}
