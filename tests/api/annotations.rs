//! `/annotations`: what was noted beside documents, by whom really, and what waits for whom.

use std::time::Duration;

use serde_json::{Value, json};
use wenshu::{db, rooms::RoomName};
use yrs::{
    Any, Array, ArrayPrelim, ArrayRef, Map, MapPrelim, MapRef, Out, ReadTxn, Text, TextPrelim, TextRef, Transact,
    TransactionMut, WriteTxn,
};

use crate::{
    rooms::peer::{Heard, Peer},
    support::{Client, TestServer},
};

async fn start() -> TestServer {
    TestServer::start_with(|config| config.worker_program = Some(env!("CARGO_BIN_EXE_wenshu").into())).await
}

/// A page in a library of its own.
async fn page(by: &Client) -> (String, String) {
    let folder = by.folder("library", None).await;
    let page = by.page("计划", &folder).await;
    (folder, page)
}

/// Waits until everything in the notes of a page is mirrored. Rooms ask for that a while after the last edit.
async fn mirror(server: &TestServer, page: &str) {
    let room: RoomName = format!("{page}.notes").parse().unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.run_jobs().await;
        let row = db::rooms::find(server.app.db.read(), &room).await.unwrap();
        if row.indexed_seq == row.last_seq {
            return;
        }
    }
    panic!("the notes are not mirrored");
}

/// Joins the notes of a page.
async fn notes(client: &Client, page: &str) -> Peer {
    Peer::join(client, &format!("{page}.notes")).await
}

async fn change(peer: &mut Peer, make: impl FnOnce(&mut TransactionMut)) {
    let update = {
        let mut tx = peer.doc.transact_mut();
        make(&mut tx);
        tx.encode_update_v1()
    };
    peer.send_update(&update).await;
    peer.wait_saved().await;
}

fn add_message(tx: &mut TransactionMut, messages: &ArrayRef, id: &str, author: &str, text: &str, at: i64) {
    let message = messages.push_back(tx, MapPrelim::default());
    message.insert(tx, "id", id);
    message.insert(tx, "author", author);
    message.insert(tx, "at", Any::from(at as f64));
    message.insert(tx, "text", TextPrelim::new(text));
}

/// Begins a thread, as the web client does.
async fn begin(peer: &mut Peer, id: &str, author: &str, assignee: Option<&str>, text: &str, at: i64) {
    change(peer, |tx| {
        let threads = tx.get_or_insert_map("threads");
        let thread = threads.insert(tx, id, MapPrelim::default());
        thread.insert(tx, "quote", "三季度预算");
        thread.insert(tx, "createdBy", author);
        thread.insert(tx, "createdAt", Any::from(at as f64));
        if let Some(assignee) = assignee {
            thread.insert(tx, "assignee", assignee);
        }
        let messages = thread.insert(tx, "messages", ArrayPrelim::default());
        add_message(tx, &messages, "m1", author, text, at);
    })
    .await;
}

fn thread(tx: &TransactionMut, id: &str) -> MapRef {
    let Some(Out::YMap(thread)) = tx.get_map("threads").unwrap().get(tx, id) else { panic!("no thread {id}") };
    thread
}

fn messages(tx: &TransactionMut, id: &str) -> ArrayRef {
    let Some(Out::YArray(messages)) = thread(tx, id).get(tx, "messages") else { panic!("no messages") };
    messages
}

fn message(tx: &TransactionMut, id: &str, index: u32) -> MapRef {
    let Some(Out::YMap(message)) = messages(tx, id).get(tx, index) else { panic!("no message") };
    message
}

fn text_of(tx: &TransactionMut, id: &str, index: u32) -> TextRef {
    let Some(Out::YText(text)) = message(tx, id, index).get(tx, "text") else { panic!("no text") };
    text
}

async fn listed(client: &Client, page: &str) -> Value {
    client.get(&format!("/documents/{page}/annotations")).await.assert_status(200).json()
}

async fn assigned(client: &Client, query: &str) -> Value {
    client.get(&format!("/annotations?assigned_to=me{query}")).await.assert_status(200).json()
}

#[tokio::test]
async fn a_thread_is_mirrored_with_its_people_and_answers() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&ada).await;
    ada.share("folders", &folder, &bob, "commenter").await;
    let mut by_bob = notes(&bob, &page).await;
    begin(&mut by_bob, "t1", &bob.id, Some(&ada.id), "数字对吗？", 1_000).await;
    let mut by_ada = notes(&ada, &page).await;
    change(&mut by_ada, |tx| add_message(tx, &messages(tx, "t1"), "m2", &ada.id, "已核对", 2_000)).await;
    mirror(&server, &page).await;

    let items = listed(&bob, &page).await["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    let thread = &items[0];
    assert_eq!(thread["quote"], "三季度预算");
    assert_eq!(thread["state"], "open");
    assert_eq!(thread["created_by"]["id"], bob.id.as_str());
    assert_eq!(thread["assignee"]["id"], ada.id.as_str());
    let said: Vec<_> = thread["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["text"], &one["author"]["id"], &one["is_forged"]))
        .collect();
    assert_eq!(
        said,
        [(&json!("数字对吗？"), &json!(bob.id), &json!(false)), (&json!("已核对"), &json!(ada.id), &json!(false)),]
    );

    change(&mut by_ada, |tx| {
        thread_map(tx).insert(tx, "resolvedBy", ada.id.as_str());
        thread_map(tx).insert(tx, "resolvedAt", Any::from(3_000.0));
    })
    .await;
    mirror(&server, &page).await;
    let items = listed(&ada, &page).await["items"].clone();
    assert_eq!((&items[0]["state"], &items[0]["resolved_by"]["id"]), (&json!("resolved"), &json!(ada.id)));
    let open = ada.get(&format!("/documents/{page}/annotations?state=open")).await.assert_status(200).json();
    assert_eq!(open["items"], json!([]));
    assert_eq!(assigned(&ada, "").await["items"], json!([]));
    assert_eq!(assigned(&ada, "&state=resolved").await["items"][0]["id"], "t1");
}

fn thread_map(tx: &TransactionMut) -> MapRef {
    thread(tx, "t1")
}

#[tokio::test]
async fn a_message_in_another_persons_name_is_stored_with_its_real_author() {
    let server = start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let (folder, page) = page(&ada).await;
    ada.share("folders", &folder, &eve, "commenter").await;
    let mut by_eve = notes(&eve, &page).await;
    begin(&mut by_eve, "t1", &ada.id, None, "同意付款", 1_000).await;
    mirror(&server, &page).await;
    let message = listed(&ada, &page).await["items"][0]["messages"][0].clone();
    assert_eq!(message["author"]["id"], eve.id.as_str());
    assert_eq!(message["claimed_author"]["id"], ada.id.as_str());
    assert_eq!(message["is_forged"], true);
    assert_eq!(listed(&ada, &page).await["items"][0]["created_by"]["id"], eve.id.as_str());
}

#[tokio::test]
async fn words_put_into_anothers_message_are_found_out() {
    let server = start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let (folder, page) = page(&ada).await;
    ada.share("folders", &folder, &eve, "commenter").await;
    let mut by_ada = notes(&ada, &page).await;
    for id in ["t1", "t2", "t3", "t4"] {
        begin(&mut by_ada, id, &ada.id, None, "不同意", 1_000).await;
    }
    let mut by_eve = notes(&eve, &page).await;
    // The first letter goes; the whole text is another; a plain value instead of a text; her name under ada's words.
    change(&mut by_eve, |tx| text_of(tx, "t1", 0).insert(tx, 0, "我")).await;
    change(&mut by_eve, |tx| {
        message(tx, "t2", 0).insert(tx, "text", TextPrelim::new("同意"));
    })
    .await;
    change(&mut by_eve, |tx| {
        message(tx, "t3", 0).insert(tx, "text", "同意");
    })
    .await;
    change(&mut by_eve, |tx| {
        message(tx, "t4", 0).insert(tx, "author", eve.id.as_str());
    })
    .await;
    mirror(&server, &page).await;
    let items = listed(&ada, &page).await["items"].clone();
    let judged: Vec<_> = (0..4)
        .map(|index| {
            let message = &items[index]["messages"][0];
            (message["is_forged"] == true, message["author"]["id"].as_str().map(str::to_owned))
        })
        .collect();
    assert_eq!(
        judged,
        [(true, Some(eve.id.clone())), (true, Some(eve.id.clone())), (true, None), (true, Some(ada.id.clone()))]
    );
}

#[tokio::test]
async fn ones_own_message_may_be_edited_and_deleted() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut by_ada = notes(&ada, &page).await;
    begin(&mut by_ada, "t1", &ada.id, None, "first", 1_000).await;
    // From another window: another client of the same person.
    let mut elsewhere = notes(&ada, &page).await;
    change(&mut elsewhere, |tx| {
        let text = text_of(tx, "t1", 0);
        text.remove_range(tx, 0, 5);
        text.insert(tx, 0, "second");
        message(tx, "t1", 0).insert(tx, "editedAt", Any::from(2_000.0));
    })
    .await;
    mirror(&server, &page).await;
    let message = listed(&ada, &page).await["items"][0]["messages"][0].clone();
    assert_eq!(
        (&message["text"], &message["is_forged"], &message["edited_at"]),
        (&json!("second"), &json!(false), &json!(2_000))
    );
    change(&mut elsewhere, |tx| messages(tx, "t1").remove(tx, 0)).await;
    mirror(&server, &page).await;
    assert_eq!(listed(&ada, &page).await["items"], json!([]));
}

#[tokio::test]
async fn annotations_are_for_readers_and_hidden_from_others() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (rex, pat, eve) = (server.user("rex").await, server.user("pat").await, server.user("eve").await);
    let (folder, page) = page(&ada).await;
    ada.share("folders", &folder, &rex, "reader").await;
    ada.share("folders", &folder, &pat, "previewer").await;
    let mut by_ada = notes(&ada, &page).await;
    for (index, person) in [&rex, &pat, &eve].into_iter().enumerate() {
        begin(&mut by_ada, &format!("t{index}"), &ada.id, Some(&person.id), "please look", 1_000).await;
    }
    let mut by_rex = notes(&rex, &page).await;
    let denied = {
        let mut tx = by_rex.doc.transact_mut();
        let messages = messages(&tx, "t0");
        add_message(&mut tx, &messages, "m9", &rex.id, "mine", 1_000);
        tx.encode_update_v1()
    };
    by_rex.send_update(&denied).await;
    by_rex.hear_until(|heard| matches!(heard, Heard::Refused(_))).await;
    mirror(&server, &page).await;

    let path = format!("/documents/{page}/annotations");
    assert_eq!(listed(&rex, &page).await["items"].as_array().unwrap().len(), 3);
    pat.get(&path).await.assert_error(403, "read_annotations_not_allowed");
    eve.get(&path).await.assert_error(404, "document_not_found");
    assert_eq!(assigned(&rex, "").await["items"][0]["document_name"], "计划");
    assert_eq!(assigned(&pat, "").await["items"], json!([]));
    assert_eq!(assigned(&eve, "").await["items"], json!([]));

    // A level above the clearance hides the document, and with it what waits there.
    let raised = server.admin("lev").await;
    raised.patch(&format!("/documents/{page}"), json!({ "level": 2 })).await.assert_status(200);
    assert_eq!(assigned(&rex, "").await["items"], json!([]));
    rex.get(&path).await.assert_error(404, "document_not_found");
    raised.patch(&format!("/documents/{page}"), json!({ "level": 1 })).await.assert_status(200);
    assert_eq!(assigned(&rex, "").await["items"].as_array().unwrap().len(), 1);
    ada.delete(&format!("/documents/{page}")).await.assert_status(204);
    assert_eq!(assigned(&rex, "").await["items"], json!([]));
}

#[tokio::test]
async fn assignments_come_newest_first_in_pages() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut by_ada = notes(&ada, &page).await;
    for index in 1..=5 {
        begin(&mut by_ada, &format!("t{index}"), &ada.id, Some(&ada.id), "look", 1_000 * index).await;
    }
    mirror(&server, &page).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let part = assigned(&ada, &format!("&limit=2{cursor}")).await;
        let items = part["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["t5", "t4", "t3", "t2", "t1"]);
    let path = format!("/documents/{page}/annotations?limit=3");
    let first = ada.get(&path).await.assert_status(200).json();
    let rest =
        ada.get(&format!("{path}&cursor={}", first["next_cursor"].as_str().unwrap())).await.assert_status(200).json();
    let ids = |part: &Value| -> Vec<String> {
        part["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (ids(&first), ids(&rest)),
        (vec!["t1".into(), "t2".into(), "t3".into()], vec!["t4".into(), "t5".into()])
    );
    assert_eq!(first["items"][2]["messages"][0]["text"], "look");
    assert_eq!(rest["items"][1]["messages"][0]["text"], "look");
    ada.get("/annotations?assigned_to=all").await.assert_error(400, "assigned_to_invalid");
    ada.get("/annotations?assigned_to=me&limit=0").await.assert_error(400, "limit_invalid");
    ada.get("/annotations?assigned_to=me&cursor=x").await.assert_status(400);
}

#[tokio::test]
async fn notes_that_are_no_threads_are_left_out() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&ada).await;
    let mut by_ada = notes(&ada, &page).await;
    begin(&mut by_ada, "good", &ada.id, None, "nul \0 in it", i64::MAX / 4).await;
    change(&mut by_ada, |tx| {
        let threads = tx.get_or_insert_map("threads");
        threads.insert(tx, "text", "nothing");
        threads.insert(tx, "../../etc", MapPrelim::default());
        let odd = threads.insert(tx, "odd", MapPrelim::default());
        odd.insert(tx, "messages", "none");
        odd.insert(tx, "assignee", "nobody");
    })
    .await;
    mirror(&server, &page).await;
    let items = listed(&ada, &page).await["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    assert_eq!(items[0]["messages"][0]["text"], "nul  in it");
    assert!(items[0]["created_at"].as_i64().unwrap() < i64::MAX / 8, "no time is in the future");
}
