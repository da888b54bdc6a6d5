//! `/documents/{id}/history`: who wrote what when, and what a page said at a moment.

use reqwest::Method;
use serde_json::{Value, json};
use wenshu::{
    db,
    rooms::{RoomName, fold, lib0::Reader},
};
use yrs::{Doc, GetString, Transact, Update, WriteTxn, XmlFragment, updates::decoder::Decode};

use crate::{
    rooms::peer::{Peer, typed},
    support::{Client, START, TestServer},
};

const MINUTE: i64 = 60_000;

/// A library of `ada` with a page in it: both ids.
async fn page(ada: &Client) -> (String, String) {
    let library = ada.folder("项目", None).await;
    let page = ada.page("计划", &library).await;
    (library, page)
}

async fn timeline(client: &Client, page: &str, query: &str) -> Value {
    client.get(&format!("/documents/{page}/history{query}")).await.assert_status(200).json()
}

/// One entry as it came over the wire.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    seq: u64,
    at: i64,
    author: (String, String),
    update: Vec<u8>,
}

fn read(bytes: &[u8]) -> Vec<Entry> {
    let mut reader = Reader::new(bytes);
    assert_eq!(reader.byte(), Ok(1));
    let (mut seq, mut at) = (reader.uint().unwrap(), 0);
    let (mut authors, mut entries) = (Vec::new(), Vec::new());
    while reader.remaining() > 0 {
        match reader.uint().unwrap() as usize {
            0 => authors.push((reader.string().unwrap().to_owned(), reader.string().unwrap().to_owned())),
            author => {
                let zigzag = reader.uint().unwrap() as i64;
                at += (zigzag >> 1) ^ -(zigzag & 1);
                let update = reader.buffer().unwrap().to_vec();
                entries.push(Entry { seq, at, author: authors[author - 1].clone(), update });
                seq += 1;
            }
        }
    }
    entries
}

async fn updates(client: &Client, page: &str, query: &str) -> Vec<Entry> {
    let answer = client.get(&format!("/documents/{page}/history/updates{query}")).await.assert_status(200);
    assert_eq!(answer.header("content-type"), Some("application/vnd.wenshu.history"));
    read(&answer.body)
}

fn text(entries: &[Entry]) -> String {
    let doc = Doc::new();
    let mut tx = doc.transact_mut();
    let body = tx.get_or_insert_xml_fragment("default");
    for entry in entries {
        tx.apply_update(Update::decode_v1(&entry.update).unwrap()).unwrap();
    }
    body.get_string(&tx)
}

/// Takes the paragraph at `index` away.
async fn remove(peer: &mut Peer, index: u32) {
    let update = {
        let mut tx = peer.doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment("default");
        body.remove(&mut tx, index);
        tx.encode_update_v1()
    };
    peer.send_update(&update).await;
    peer.wait_saved().await;
}

async fn say(peer: &mut Peer, words: &str) {
    peer.write(words).await;
    peer.wait_saved().await;
}

#[tokio::test]
async fn every_moment_of_a_page_can_be_read_with_author_and_time() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (library, page) = page(&ada).await;
    ada.share("folders", &library, &bob, "editor").await;
    let (mut one, mut two) = (Peer::join(&ada, &page).await, Peer::join(&bob, &page).await);
    let mut moments = Vec::new();
    say(&mut one, "第一段").await;
    moments.push(one.text());
    two.wait_for("第一段").await;
    server.clock.advance(2 * MINUTE);
    say(&mut two, "bob writes").await;
    one.wait_for("bob writes").await;
    moments.push(one.text());
    server.clock.advance(20 * MINUTE);
    remove(&mut one, 0).await;
    moments.push(one.text());
    say(&mut one, "重写").await;
    moments.push(one.text());

    let seen = timeline(&ada, &page, "").await;
    assert_eq!(
        (&seen["last_seq"], &seen["quarantined"], &seen["next_before"]),
        (&json!(4), &json!(false), &Value::Null)
    );
    let bursts = seen["bursts"].as_array().unwrap();
    assert_eq!(bursts.len(), 2);
    assert_eq!((&bursts[0]["from_seq"], &bursts[0]["to_seq"]), (&json!(3), &json!(4)));
    assert_eq!(bursts[0]["from_at"], START + 22 * MINUTE);
    assert_eq!(bursts[0]["authors"][0]["name"], "ada");
    assert_eq!((&bursts[0]["authors"][0]["updates"], &bursts[0]["authors"][0]["inserted"]), (&json!(2), &json!(4)));
    // The paragraph, its text node, three characters.
    assert_eq!(bursts[0]["authors"][0]["deleted"], 5);
    let names: Vec<_> = bursts[1]["authors"].as_array().unwrap().iter().map(|author| author["name"].clone()).collect();
    assert_eq!(names, ["bob", "ada"]);

    let entries = updates(&ada, &page, "").await;
    let authors: Vec<_> = entries.iter().map(|entry| (entry.seq, entry.author.1.as_str(), entry.at - START)).collect();
    let late = 22 * MINUTE;
    assert_eq!(authors, [(1, "ada", 0), (2, "bob", 2 * MINUTE), (3, "ada", late), (4, "ada", late)]);
    assert_eq!(entries[1].author.0, bob.id);
    for (index, moment) in moments.iter().enumerate() {
        assert_eq!(text(&entries[..=index]), *moment);
    }
    assert_eq!(updates(&ada, &page, "?after=1&until=3").await, entries[1..3]);
    assert_eq!(updates(&ada, &page, "?after=4").await, []);
}

#[tokio::test]
async fn folding_the_journal_changes_nothing_of_the_history() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut one = Peer::join(&ada, &page).await;
    for number in 0..620 {
        one.write(&format!("line {number}")).await;
        if number % 100 == 0 {
            one.wait_saved().await;
            server.clock.advance(7 * MINUTE);
        }
    }
    one.wait_saved().await;
    let (before, line) = (updates(&ada, &page, "").await, timeline(&ada, &page, "").await);
    let id: RoomName = page.parse().unwrap();
    fold::fold(&server.app, &id).await.unwrap();
    assert!(db::room_updates::list(server.app.db.read(), &id, 0, 10).await.unwrap().is_empty());
    for number in 620..640 {
        one.write(&format!("line {number}")).await;
    }
    one.wait_saved().await;
    let after = updates(&ada, &page, "?until=620").await;
    assert_eq!(after, before);
    assert_eq!(updates(&ada, &page, "").await.len(), 640);
    assert_eq!(updates(&ada, &page, "?after=610&until=625").await.len(), 15);
    assert_eq!(text(&updates(&ada, &page, "").await), one.text());

    // Page by page it is the same timeline, from both sides of the fold.
    assert_eq!(timeline(&ada, &page, "?before=621").await["bursts"], line["bursts"]);
    let (mut paged, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let part = timeline(&ada, &page, &query).await;
        paged.extend(part["bursts"].as_array().unwrap().clone());
        let Some(next) = part["next_before"].as_i64() else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(json!(paged), timeline(&ada, &page, "").await["bursts"]);
    let spans: Vec<(i64, i64)> =
        paged.iter().map(|burst| (burst["from_seq"].as_i64().unwrap(), burst["to_seq"].as_i64().unwrap())).collect();
    assert_eq!((spans.first().unwrap().1, spans.last().unwrap().0), (640, 1));
    assert!(spans.len() >= 7 && spans.windows(2).all(|pair| pair[0].0 == pair[1].1 + 1), "{spans:?}");
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut one = Peer::join(&ada, &page).await;
    for _ in 0..300 {
        one.write("协同办公").await;
    }
    one.wait_saved().await;
    let path = format!("/documents/{page}/history/updates?until=300");
    let first = ada.get(&path).await.assert_status(200);
    let tag = first.header("etag").unwrap().to_owned();
    let again = ada.send(ada.request(Method::GET, &path).header("if-none-match", &tag)).await.assert_status(304);
    assert!(again.body.is_empty());
    let packed = ada.send(ada.request(Method::GET, &path).header("accept-encoding", "gzip")).await.assert_status(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < first.body.len() / 2, "{} of {}", packed.body.len(), first.body.len());
    say(&mut one, "mehr").await;
    let longer = ada.send(ada.request(Method::GET, &path.replace("300", "301")).header("if-none-match", &tag)).await;
    assert_eq!(read(&longer.assert_status(200).body).len(), 301);
}

#[tokio::test]
async fn the_history_is_for_editors() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let (library, page) = page(&ada).await;
    let file = ada.upload("plan.txt", &library, b"draft").await;
    for path in [format!("/documents/{page}/history"), format!("/documents/{page}/history/updates")] {
        for role in ["previewer", "reader", "commenter"] {
            ada.share("folders", &library, &bob, role).await;
            bob.get(&path).await.assert_error(403, "read_history_not_allowed");
        }
        eve.get(&path).await.assert_error(404, "document_not_found");
        server.anonymous().get(&path).await.assert_error(401, "unauthorized");
        ada.get(&path.replace(&page, &file)).await.assert_error(409, "not_a_page");
    }
    let abilities = |view: &Value| view["abilities"].as_array().unwrap().contains(&json!("read_history"));
    assert!(!abilities(&bob.document(&page).await));
    ada.share("folders", &library, &bob, "editor").await;
    assert!(abilities(&bob.document(&page).await) && !abilities(&bob.document(&file).await));
    assert_eq!(timeline(&bob, &page, "").await["bursts"], json!([]));
    assert_eq!(updates(&bob, &page, "").await, []);
    for query in ["?after=-1", "?until=1", "?after=1&until=0"] {
        bob.get(&format!("/documents/{page}/history/updates{query}")).await.assert_error(400, "seq_invalid");
    }
    bob.get(&format!("/documents/{page}/history?limit=0")).await.assert_error(400, "limit_invalid");
}

#[tokio::test]
async fn a_past_moment_is_named_and_the_present_stays_the_newest_version() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (library, page) = page(&ada).await;
    ada.share("folders", &library, &bob, "reader").await;
    let mut one = Peer::join(&ada, &page).await;
    let versions = format!("/documents/{page}/versions");
    say(&mut one, "first").await;
    let first = one.text();
    say(&mut one, "second").await;
    ada.post(&versions, json!({ "note": "now" })).await.assert_status(201);
    say(&mut one, "third").await;
    let third = one.text();
    fold::fold(&server.app, &page.parse::<RoomName>().unwrap()).await.unwrap();
    say(&mut one, "fourth").await;

    // Before the first version: from raw updates alone. After it: from the version on, over the border of a segment.
    for (seq, note, wanted, number) in [(1, "初稿", &first, 2), (3, "送审稿", &third, 4)] {
        let named = ada.post(&versions, json!({ "note": note, "at_seq": seq })).await.assert_status(201).json();
        assert_eq!((&named["number"], &named["room_seq"], &named["note"]), (&json!(number), &json!(seq), &json!(note)));
        assert_eq!(named["is_head"], false);
        let content = ada.get(&format!("{versions}/{number}/content")).await.assert_status(200).body;
        let doc = Doc::new();
        let mut tx = doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment("default");
        tx.apply_update(Update::decode_v1(&content).unwrap()).unwrap();
        assert_eq!(body.get_string(&tx), *wanted);
    }
    let head = ada.get(&versions).await.json()["items"][0].clone();
    assert_eq!((&head["number"], &head["room_seq"], &head["is_head"]), (&json!(5), &json!(4), &json!(true)));
    let moments = timeline(&ada, &page, "").await["moments"].clone();
    let named: Vec<_> =
        moments.as_array().unwrap().iter().map(|one| (one["seq"].clone(), one["note"].clone())).collect();
    let wanted =
        [(4, ""), (4, ""), (3, "送审稿"), (2, "now"), (1, "初稿")].map(|(seq, note)| (json!(seq), json!(note)));
    assert_eq!(named, wanted);

    let last = ada.post(&versions, json!({ "note": "定稿", "at_seq": 4 })).await.assert_status(201).json();
    assert_eq!((&last["number"], &last["is_head"]), (&json!(6), &json!(true)));
    for seq in [0, 5, -3] {
        ada.post(&versions, json!({ "at_seq": seq })).await.assert_error(400, "seq_invalid");
    }
    bob.post(&versions, json!({ "at_seq": 1 })).await.assert_error(403, "edit_not_allowed");
    server.run_jobs().await;
}

#[tokio::test]
async fn versions_get_names_and_other_names() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let file = ada.upload("plan.txt", &library, b"draft").await;
    ada.share("folders", &library, &bob, "commenter").await;
    let version = format!("/documents/{file}/versions/1");
    let named = ada.patch(&version, json!({ "note": "  送审稿 " })).await.assert_status(200).json();
    assert_eq!(named["note"], "送审稿");
    let listed = bob.get(&format!("/documents/{file}/versions")).await.json();
    assert_eq!(listed["items"][0]["note"], "送审稿");
    bob.patch(&version, json!({ "note": "x" })).await.assert_error(403, "edit_not_allowed");
    eve.patch(&version, json!({ "note": "x" })).await.assert_error(404, "document_not_found");
    ada.patch(&version.replace("/1", "/9"), json!({ "note": "x" })).await.assert_error(404, "version_not_found");
    ada.patch(&version, json!({ "note": "字".repeat(201) })).await.assert_error(400, "note_too_long");
    ada.patch(&version, json!({ "note": "a\nb" })).await.assert_error(400, "note_invalid");
    assert_eq!(ada.patch(&version, json!({ "note": "" })).await.assert_status(200).json()["note"], "");
}

#[tokio::test]
async fn the_history_of_a_poisoned_room_opens_up_to_its_last_good_state() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut one = Peer::join(&ada, &page).await;
    say(&mut one, "good").await;
    say(&mut one, "still good").await;
    let good = one.text();
    one.leave().await;
    let (id, author) = (page.parse::<RoomName>().unwrap(), ada.id.parse().unwrap());
    let mut tx = server.app.db.begin().await.unwrap();
    db::room_updates::take_numbers(&mut tx, &[(id.clone(), 2)]).await.unwrap();
    let late = typed(&Doc::new(), "late");
    for (seq, payload) in [(3, &b"\x01\x01\x01\x00\x1f"[..]), (4, &late)] {
        let row = db::room_updates::NewUpdate { room: &id, seq, author_id: &author, at: 1, payload };
        db::room_updates::insert(&mut tx, &[row]).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert!(fold::fold(&server.app, &id).await.unwrap().quarantined.is_some());

    let seen = timeline(&ada, &page, "").await;
    assert_eq!((&seen["last_seq"], &seen["quarantined"]), (&json!(2), &json!(true)));
    assert_eq!(text(&updates(&ada, &page, "").await), good);
    ada.get(&format!("/documents/{page}/history/updates?until=4")).await.assert_error(400, "seq_invalid");
    let first = ada.post(&format!("/documents/{page}/versions"), json!({ "note": "救回", "at_seq": 1 })).await;
    assert_eq!(first.assert_status(201).json()["room_seq"], 1);
}
