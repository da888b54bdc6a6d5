//! `/rooms/{room}`: live editing.

mod guests;
mod over_http;
pub mod peer;
mod wire;

use std::time::Duration;

use serde_json::json;
use wenshu::{
    actions::{
        create_folder::create_folder,
        create_page::create_page,
        restore_version::restore_version,
        save_page_version::save_page_version,
        share::{share, unshare},
        trash::trash_document,
    },
    auth::policy::{Caller, Role, Target},
    db::{self, documents::Document, folders::Folder, grants::Subject},
    names::{DocumentName, FolderName},
    preview::text,
    rooms::{protocol, segment},
    search::page_text_key,
};
use yrs::{Doc, ReadTxn, StateVector, Transact};

use crate::support::{Client, TestServer};
use peer::{Heard, Peer};

async fn start() -> TestServer {
    TestServer::start_with(|config| config.worker_program = Some(env!("CARGO_BIN_EXE_wenshu").into())).await
}

fn caller(client: &Client) -> Caller {
    Caller { id: client.id.parse().unwrap(), is_admin: false, clearance: 1 }
}

async fn library(server: &TestServer, by: &Client) -> Folder {
    create_folder(&server.app, &caller(by), None, &FolderName::parse("library").unwrap()).await.unwrap()
}

async fn page(server: &TestServer, by: &Client) -> (Folder, Document) {
    let folder = library(server, by).await;
    let name = DocumentName::parse("计划").unwrap();
    let page = create_page(&server.app, &caller(by), &folder, &name).await.unwrap();
    (folder, page)
}

async fn give(server: &TestServer, by: &Client, folder: &Folder, to: &Client, role: Role) {
    let subject = Subject { kind: "user", id: &to.id };
    share(&server.app, &by.id.parse().unwrap(), Target::Folder(folder), subject, role).await.unwrap();
}

async fn settle(server: &TestServer) {
    for _ in 0..200 {
        if server.app.rooms.count() == (0, 0) {
            // What rooms asked for is gathered for a moment.
            tokio::time::sleep(Duration::from_millis(400)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("rooms are still open: {:?}", server.app.rooms.count());
}

#[tokio::test]
async fn what_one_types_is_saved_and_shown_to_the_other() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    let (mut one, mut two) = (Peer::join(&ada, room).await, Peer::join(&ada, room).await);
    one.write("first").await;
    two.wait_for("first").await;
    one.wait_saved().await;
    two.write("second").await;
    two.wait_saved().await;
    one.wait_for("second").await;
    assert_eq!(one.text(), two.text());
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 2);

    one.leave().await;
    two.leave().await;
    settle(&server).await;
    let later = Peer::join(&ada, room).await;
    assert!(later.text().contains("first") && later.text().contains("second"));
}

#[tokio::test]
async fn a_client_that_was_offline_brings_its_edits_and_gets_the_others() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("together").await;
    one.wait_saved().await;
    let doc = one.leave().await;
    let mut two = Peer::join(&ada, page.id.as_str()).await;
    two.write("meanwhile").await;
    two.wait_saved().await;

    let offline = Peer::connect_with(&ada, page.id.as_str(), "ack=1", doc).await;
    let mut offline = offline;
    {
        use yrs::{WriteTxn, XmlElementPrelim, XmlFragment};
        let mut tx = offline.doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment("default");
        body.push_back(&mut tx, XmlElementPrelim::empty("horizontalRule"));
    }
    offline.synchronise().await;
    offline.wait_saved().await;
    assert!(offline.text().contains("meanwhile"));
    two.wait_for("horizontalRule").await;
    assert_eq!(two.text(), offline.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn joiners_are_answered_while_others_write_at_full_speed() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let mut writer = Peer::join(&ada, page.id.as_str()).await;
        writers.spawn(async move {
            for _ in 0..20 {
                for _ in 0..50 {
                    writer.write("w").await;
                }
                writer.wait_saved().await;
            }
        });
    }
    while !writers.is_empty() {
        Peer::join(&ada, page.id.as_str()).await.leave().await;
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
    }
}

#[tokio::test]
async fn a_joiner_gets_the_tail_before_step_two() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    for _ in 0..5 {
        one.write("line").await;
    }
    one.wait_saved().await;
    let mut two = Peer::connect(&ada, page.id.as_str(), "").await;
    two.send(protocol::sync_step1(&[0])).await;
    two.hear_until(|heard| matches!(heard, Heard::Step2(_))).await;
    assert_eq!(two.text(), one.text());
}

#[tokio::test]
async fn edits_that_are_there_already_are_not_written_again() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("once").await;
    one.wait_saved().await;
    let whole = one.doc.transact().encode_state_as_update_v1(&StateVector::default());
    one.send_update(&whole).await;
    one.wait_saved().await;
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 1);
}

#[tokio::test]
async fn a_reader_sees_edits_and_is_told_why_its_own_are_refused() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Reader).await;
    let mut writer = Peer::join(&ada, page.id.as_str()).await;
    let mut reader = Peer::join(&bob, page.id.as_str()).await;
    writer.write("to be read").await;
    reader.wait_for("to be read").await;
    // The empty answer to the server's step 1 is no edit.
    reader.wait_saved().await;
    reader.write("not mine").await;
    reader.hear_until(|heard| matches!(heard, Heard::Denied(_))).await;
    assert_eq!(reader.hear().await, Heard::Refused("edit_not_allowed".into()));
    writer.write("after").await;
    reader.wait_for("after").await;
    assert!(!writer.text().contains("not mine"));
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 2);
}

#[tokio::test]
async fn metrics_tell_of_rooms_and_commits() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("counted").await;
    one.wait_saved().await;
    let address = format!("{}/metrics", ada.base);
    let text = String::from_utf8(ada.get(&address).await.assert_status(200).body).unwrap();
    for line in [
        "wenshu_rooms_open 1",
        "wenshu_room_connections 1",
        "wenshu_room_updates_total 1",
        "wenshu_journal_commit_seconds_count 1",
        "wenshu_journal_failed_commits_total 0",
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
}

#[tokio::test]
async fn a_commenter_writes_notes_but_not_the_page() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Commenter).await;
    let (body, notes) = (page.id.to_string(), format!("{}.notes", page.id));
    let (mut on_body, mut on_notes) = (Peer::join(&bob, &body).await, Peer::join(&bob, &notes).await);
    let mut ada_sees = Peer::join(&ada, &notes).await;
    on_notes.write("who says so?").await;
    on_notes.wait_saved().await;
    ada_sees.wait_for("who says so?").await;
    on_body.write("mine").await;
    let refused = on_body.hear_until(|heard| matches!(heard, Heard::Refused(_))).await;
    assert_eq!(refused, Heard::Refused("edit_not_allowed".into()));
    let read = Peer::join(&ada, &body).await;
    assert_eq!(read.text(), "", "notes are not in the body");
    for peer in [on_body, on_notes, ada_sees, read] {
        peer.leave().await;
    }
    settle(&server).await;
    server.run_jobs().await;
    assert!(Peer::join(&ada, &notes).await.text().contains("who says so?"));
}

#[tokio::test]
async fn readers_see_notes_and_previewers_do_not() {
    let server = start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Reader).await;
    give(&server, &ada, &folder, &eve, Role::Previewer).await;
    let notes = format!("{}.notes", page.id);
    let mut by_ada = Peer::join(&ada, &notes).await;
    by_ada.write("to be checked").await;
    by_ada.wait_saved().await;
    let mut by_bob = Peer::join(&bob, &notes).await;
    assert!(by_bob.text().contains("to be checked"));
    by_bob.write("no").await;
    by_bob.hear_until(|heard| matches!(heard, Heard::Refused(_))).await;
    let mut by_eve = Peer::connect(&eve, &notes, "ack=1").await;
    assert!(matches!(by_eve.hear().await, Heard::Closed(4403, _)));
}

#[tokio::test]
async fn strangers_unknown_rooms_and_the_trash_are_closed_with_a_code() {
    let server = start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    assert_eq!(Peer::connect(&eve, room, "").await.closing().await.0, 4404);
    assert_eq!(Peer::connect(&server.anonymous(), room, "").await.closing().await.0, 4401);
    assert_eq!(Peer::connect(&server.anonymous(), room, "token=wst_wrong").await.closing().await.0, 4401);
    assert_eq!(Peer::connect(&ada, "nonsense", "").await.closing().await.0, 4404);
    assert_eq!(Peer::connect(&ada, &uuid::Uuid::now_v7().to_string(), "").await.closing().await.0, 4404);
    ada.get(&format!("/rooms/{room}")).await.assert_error(426, "websocket_required");

    let mut peer = Peer::join(&ada, room).await;
    trash_document(&server.app, &ada.id.parse().unwrap(), &page).await.unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), peer.closing()).await.expect("within a second").0, 4403);
    assert_eq!(Peer::connect(&ada, room, "").await.closing().await.0, 4404);
}

#[tokio::test]
async fn a_revoked_user_is_cut_off_within_a_second() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Editor).await;
    let mut peer = Peer::join(&bob, page.id.as_str()).await;
    let by = ada.id.parse().unwrap();

    give(&server, &ada, &folder, &bob, Role::Reader).await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    peer.write("too late").await;
    peer.hear_until(|heard| matches!(heard, Heard::Refused(_))).await;

    give(&server, &ada, &folder, &bob, Role::Editor).await;
    assert_eq!(peer.closing().await.0, 1012, "it connects again, so that what was refused is sent once more");
    let mut peer = Peer::join(&bob, page.id.as_str()).await;
    unshare(&server.app, &by, Target::Folder(&folder), Subject { kind: "user", id: &bob.id }).await.unwrap();
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), peer.closing()).await.expect("within a second").0, 4403);

    let mut peer = Peer::join(&ada, page.id.as_str()).await;
    ada.delete("/session").await.assert_status(204);
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), peer.closing()).await.expect("within a second").0, 4401);
}

#[tokio::test]
async fn malformed_and_oversized_frames_end_with_a_reason_and_harm_nobody_else() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    let mut other = Peer::join(&ada, room).await;
    for frame in
        [vec![9], vec![], vec![0, 2, 200], vec![0, 2, 2, 255, 255], vec![1, 3, 1, 2, 3], vec![0, 0, 3, 9, 9, 9]]
    {
        let mut peer = Peer::join(&ada, room).await;
        peer.send(frame.clone()).await;
        assert_eq!(peer.closing().await.0, 4400, "{frame:?}");
    }
    let mut peer = Peer::join(&ada, room).await;
    peer.send(protocol::update(&peer::repeated_section())).await;
    assert_eq!(peer.closing().await, (4400, "a client has two sections".into()));
    for size in [(1 << 20) + 1, 3 << 20, 20 << 20] {
        let mut peer = Peer::join(&ada, room).await;
        peer.send(vec![0; size]).await;
        let closing = peer.closing().await;
        // Far over the limit the server stops reading; what it said may be lost with the connection.
        assert!(closing.0 == 4413 || (size > 2 << 20 && closing.0 == 1006), "{closing:?}");
    }
    other.write("still here").await;
    other.wait_saved().await;
}

#[tokio::test]
async fn awareness_shows_people_under_their_own_names_only() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Reader).await;
    let (mut one, mut two) = (Peer::join(&ada, page.id.as_str()).await, Peer::join(&bob, page.id.as_str()).await);
    let state = json!({ "user": { "id": bob.id, "name": "bob", "color": "#f00" }, "cursor": null }).to_string();
    two.point(7, 1, &state).await;
    let heard = one.hear_until(|heard| matches!(heard, Heard::Awareness(_))).await;
    let Heard::Awareness(states) = heard else { unreachable!() };
    assert_eq!((states[0].client, states[0].state.as_str()), (7, state.as_str()));

    two.point(8, 1, &json!({ "user": { "name": "ada" } }).to_string()).await;
    two.hear_until(|heard| *heard == Heard::Refused("awareness_identity".into())).await;
    two.point(8, 1, &json!({ "user": { "id": ada.id } }).to_string()).await;
    two.hear_until(|heard| *heard == Heard::Refused("awareness_identity".into())).await;
    one.point(7, 5, "null").await;
    one.hear_until(|heard| *heard == Heard::Refused("awareness_not_yours".into())).await;

    two.leave().await;
    let heard = one.hear_until(|heard| matches!(heard, Heard::Awareness(_))).await;
    let Heard::Awareness(states) = heard else { unreachable!() };
    assert_eq!((states[0].client, states[0].state.as_str()), (7, "null"));
}

#[tokio::test]
async fn a_flood_is_stopped() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut peer = Peer::join(&ada, page.id.as_str()).await;
    for _ in 0..9000 {
        peer.send([3]).await;
    }
    assert_eq!(peer.closing().await.0, 4429);
}

#[tokio::test]
async fn a_long_journal_is_folded_and_its_history_kept() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    for number in 0..600 {
        one.write(&format!("line {number}")).await;
    }
    one.wait_saved().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.run_jobs().await;
    let db = server.app.db.read();
    let snapshot = db::room_snapshots::find(db, &(&page.id).into()).await.unwrap().expect("a snapshot");
    assert_eq!(snapshot.seq, 600);
    assert!(db::room_updates::list(db, &(&page.id).into(), 0, 10).await.unwrap().is_empty());
    let segments = db::room_snapshots::list_segments(db, &(&page.id).into()).await.unwrap();
    let history: Vec<_> = segments.iter().flat_map(|segment| segment::unpack(&segment.2).unwrap()).collect();
    assert_eq!(history.iter().map(|row| row.seq).collect::<Vec<_>>(), (1..=600).collect::<Vec<_>>());
    assert!(history.iter().all(|row| row.author_id.as_str() == ada.id));

    one.write("after the fold").await;
    one.wait_saved().await;
    let two = Peer::join(&ada, page.id.as_str()).await;
    assert_eq!(two.text(), one.text());
    one.leave().await;
    two.leave().await;
    settle(&server).await;
    assert!(Peer::join(&ada, page.id.as_str()).await.text().contains("after the fold"));
}

#[tokio::test]
async fn a_page_is_searched_and_versioned_after_it_was_left() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("关于协同办公的通知").await;
    one.wait_saved().await;
    one.leave().await;
    settle(&server).await;
    server.run_jobs().await;
    let text = text::load(&server.app.store, &page_text_key(&page.id)).await.unwrap().expect("the text");
    assert_eq!(text.extra, "关于协同办公的通知\n");
    let changes = db::changes::list(server.app.db.read(), 0, 100).await.unwrap();
    assert!(changes.iter().filter(|change| change.document_id == page.id).count() >= 2);
    assert!(
        db::versions::find(server.app.db.read(), &page.id, 1).await.unwrap().is_none(),
        "not yet: it may be a reload"
    );

    server.clock.advance(11_000);
    server.run_jobs().await;
    let version = db::versions::find(server.app.db.read(), &page.id, 1).await.unwrap().expect("a version");
    assert_eq!((version.media_type.as_str(), version.room_seq), ("application/vnd.wenshu.page", Some(1)));
    assert_eq!(version.author_id.as_str(), ada.id);
    let pages = ada.get(&format!("/documents/{}/pages", page.id)).await.assert_status(200).json();
    assert_eq!(pages["page_count"], 1);
    let shown = ada.get(&format!("/documents/{}/pages/1/text", page.id)).await.assert_status(200).json();
    assert!(shown["text"].as_str().unwrap().contains("协同办公"), "{shown}");
    server.clock.advance(11_000);
    server.run_jobs().await;
    assert!(db::versions::find(server.app.db.read(), &page.id, 2).await.unwrap().is_none());
}

#[tokio::test]
async fn an_older_version_is_restored_in_front_of_those_who_edit() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let by = ada.id.parse().unwrap();
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("the good text").await;
    one.wait_saved().await;
    let saved = ada.post(&format!("/documents/{}/versions", page.id), json!({ "note": "v1" })).await.assert_status(201);
    assert_eq!((saved.json()["number"].clone(), saved.json()["note"].clone()), (json!(1), json!("v1")));
    one.write("a mistake").await;
    one.wait_saved().await;
    let second = save_page_version(&server.app, &by, &page.id, "").await.unwrap();
    assert_eq!(second.number, 2);

    let document = db::documents::find(server.app.db.read(), &page.id).await.unwrap().unwrap();
    let first = db::versions::find(server.app.db.read(), &page.id, 1).await.unwrap().unwrap();
    let third = restore_version(&server.app, &by, &document, first).await.unwrap();
    assert_eq!(third.number, 3);
    while one.text().contains("a mistake") {
        one.hear().await;
    }
    assert!(one.text().contains("the good text"));
}

#[tokio::test]
async fn a_poisoned_room_is_readable_up_to_the_poison_and_others_go_on() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (folder, page) = page(&server, &ada).await;
    let name = DocumentName::parse("other").unwrap();
    let other = create_page(&server.app, &caller(&ada), &folder, &name).await.unwrap();
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("good").await;
    one.wait_saved().await;
    one.leave().await;
    settle(&server).await;
    // What the gate keeps out, straight into the journal: as if an older version had let it in.
    let mut tx = server.app.db.begin().await.unwrap();
    let author = ada.id.parse().unwrap();
    db::room_updates::take_numbers(&mut tx, &[((&page.id).into(), 2)]).await.unwrap();
    let late = peer::typed(&Doc::new(), "late");
    for (seq, payload) in [(2, &b"\x01\x01\x01\x00\x1f"[..]), (3, &late)] {
        let row = db::room_updates::NewUpdate { room: &(&page.id).into(), seq, author_id: &author, at: 1, payload };
        db::room_updates::insert(&mut tx, &[row]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let error = save_page_version(&server.app, &author, &page.id, "").await.unwrap_err();
    assert_eq!(error.code(), "room_quarantined");
    let row = db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap();
    assert!(row.quarantined.unwrap().contains("update 2"));
    assert_eq!(
        db::room_updates::list(server.app.db.read(), &(&page.id).into(), 0, 9).await.unwrap().len(),
        2,
        "nothing is thrown away"
    );

    let mut reader = Peer::connect(&ada, page.id.as_str(), "ack=1").await;
    reader.send(protocol::sync_step1(&[0])).await;
    reader.hear_until(|heard| matches!(heard, Heard::Step2(_))).await;
    assert!(reader.text().contains("good"));
    reader.write("more").await;
    reader.hear_until(|heard| *heard == Heard::Refused("room_quarantined".into())).await;

    let mut elsewhere = Peer::join(&ada, other.id.as_str()).await;
    elsewhere.write("unharmed").await;
    elsewhere.wait_saved().await;
}

#[tokio::test]
async fn stopping_tells_clients_to_come_back_and_loses_nothing() {
    let mut server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut one = Peer::join(&ada, page.id.as_str()).await;
    one.write("before the end").await;
    one.wait_saved().await;
    server.app.shutdown.cancel();
    assert_eq!(one.closing().await.0, 1012);
    server.stop().await;
}

#[tokio::test]
async fn an_edit_that_cannot_be_written_is_shown_to_nobody_and_sent_again() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let (mut one, mut two) = (Peer::join(&ada, page.id.as_str()).await, Peer::join(&ada, page.id.as_str()).await);
    one.wait_saved().await;
    two.wait_saved().await;
    let rename = |from: &str, to: &str| sqlx::AssertSqlSafe(format!("alter table {from} rename to {to}"));
    sqlx::query(rename("room_updates", "taken_away")).execute(server.app.db.read()).await.unwrap();
    one.write("not yet").await;
    assert_eq!((one.closing().await.0, one.saved), (1012, 1), "the one that was sent is not called saved");
    assert_eq!(two.closing().await.0, 1012);
    assert!(!two.text().contains("not yet"));
    sqlx::query(rename("taken_away", "room_updates")).execute(server.app.db.read()).await.unwrap();
    settle(&server).await;

    let mut again = Peer::connect_with(&ada, page.id.as_str(), "ack=1", one.leave().await).await;
    again.synchronise().await;
    again.wait_saved().await;
    assert!(Peer::join(&ada, page.id.as_str()).await.text().contains("not yet"));
}

#[tokio::test]
async fn rooms_that_were_left_are_closed() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (folder, _) = page(&server, &ada).await;
    for number in 0..20 {
        let name = DocumentName::parse(&format!("page {number}")).unwrap();
        let page = create_page(&server.app, &caller(&ada), &folder, &name).await.unwrap();
        let mut peer = Peer::join(&ada, page.id.as_str()).await;
        peer.write("x").await;
        peer.wait_saved().await;
        peer.leave().await;
    }
    settle(&server).await;
}
