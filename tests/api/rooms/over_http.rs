//! `/rooms/{room}/events` and `/rooms/{room}/messages`: the same room without a WebSocket.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use wenshu::{
    actions::share::unshare,
    auth::policy::{Role, Target},
    db::{self, grants::Subject},
    rooms::protocol,
};
use yrs::{Doc, ReadTxn, StateVector, Transact};

use super::wire::{Http, Wire};
use super::{give, page, peer, settle, start};
use crate::support::Client;
use peer::{Heard, Peer};

async fn stream(client: &Client, room: &str) -> Peer {
    let mut peer = Peer::over(Wire::stream(client, room).await, Doc::new());
    peer.synchronise().await;
    peer
}

async fn poll(client: &Client, room: &str) -> Peer {
    let mut peer = Peer::over(Wire::poll(client, room).await, Doc::new());
    peer.synchronise().await;
    peer
}

fn edit(text: &str) -> Vec<u8> {
    let doc = Doc::new();
    peer::typed(&doc, text);
    protocol::update(&doc.transact().encode_state_as_update_v1(&StateVector::default())).to_vec()
}

#[tokio::test]
async fn people_on_all_three_ways_write_together_and_are_told_what_is_saved() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    let mut peers = [Peer::join(&ada, room).await, stream(&ada, room).await, poll(&ada, room).await];
    for (number, words) in ["by socket", "by stream", "by polling"].into_iter().enumerate() {
        peers[number].write(words).await;
        peers[number].wait_saved().await;
        for peer in &mut peers {
            peer.wait_for(words).await;
        }
    }
    assert!(peers.iter().all(|peer| peer.text() == peers[0].text()));
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 3);
    assert_eq!(server.app.rooms.count(), (1, 3));
    let [socket, stream, poll] = peers;
    // A stream that nobody reads has left at once; one that polls is given time.
    socket.leave().await;
    stream.leave().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.app.rooms.count(), (1, 1));
    drop(poll);
}

#[tokio::test]
async fn a_repeated_request_is_neither_applied_nor_counted_twice_and_a_gap_is_told() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut http = Http::open(&ada, page.id.as_str(), false).await;
    let (first, second, third) = (edit("a"), edit("b"), edit("c"));
    assert_eq!(http.send(&[&first, &second]).await.assert_status(200).json()["received"], 2);
    assert_eq!(http.send_from(&ada, 0, &[&first, &second]).await.assert_status(200).json()["received"], 2);
    // The answer was lost, and meanwhile there is more to say.
    assert_eq!(http.send_from(&ada, 1, &[&second, &third]).await.assert_status(200).json()["received"], 3);
    let gap = http.send_from(&ada, 4, &[&first]).await.assert_error(409, "messages_missing");
    assert_eq!(gap["received"], 3);
    assert_eq!(http.send_from(&ada, 3, &[]).await.assert_status(200).json()["received"], 3);

    let mut peer = Peer::over(Wire::Http(Box::new(http)), Doc::new());
    peer.hear_until(|heard| *heard == Heard::Saved(3)).await;
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 3);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_until_it_is_confirmed() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut http = Http::open(&ada, page.id.as_str(), true).await;
    let first = http.ask(0).await.assert_status(200);
    assert_eq!(http.ask(0).await.assert_status(200).body, first.body);
    http.send(&[&edit("a")]).await.assert_status(200);
    // Confirmed, the first is gone and the next comes.
    let second = String::from_utf8(http.ask(1).await.assert_status(200).body).unwrap();
    assert!(second.contains("event: mark\ndata: 2\n\n") && !second.contains("data: 1\n"), "{second}");
}

#[tokio::test]
async fn a_connection_belongs_to_its_user_and_room() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    give(&server, &ada, &folder, &bob, Role::Editor).await;
    let http = Http::open(&ada, page.id.as_str(), false).await;
    assert_eq!(http.connection.len(), 32);
    http.send_from(&bob, 0, &[&edit("a")]).await.assert_error(404, "connection_not_found");
    http.send_from(&server.anonymous(), 0, &[&edit("a")]).await.assert_error(401, "unauthorized");
    let elsewhere = format!("/rooms/{}.notes/messages?connection={}&from=0", page.id, http.connection);
    ada.send(ada.request(Method::POST, &elsewhere)).await.assert_error(404, "connection_not_found");
    let path = format!("/rooms/{}/messages?connection={}&from=0", page.id, http.connection);
    let foreign = ada.request(Method::POST, &path).header("sec-fetch-site", "cross-site");
    ada.send(foreign).await.assert_error(403, "cross_site_request");
    ada.send(ada.request(Method::POST, &path)).await.assert_status(200);

    // A token serves as well as a cookie, in the header or, as for WebSockets, in the address.
    let token = ada.post("/tokens", json!({ "name": "program" })).await.json()["token"].as_str().unwrap().to_owned();
    let program = ada.with_token(&token);
    http.send_from(&program, 0, &[&edit("a")]).await.assert_status(200);
    let anonymous = server.anonymous();
    anonymous.get(&format!("/rooms/{}/events?poll=1&token={token}", page.id)).await.assert_status(200);
}

#[tokio::test]
async fn strangers_and_unknown_rooms_are_refused() {
    let server = start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let (_, page) = page(&server, &ada).await;
    let events = format!("/rooms/{}/events", page.id);
    eve.get(&events).await.assert_error(404, "room_not_found");
    server.anonymous().get(&events).await.assert_error(401, "unauthorized");
    ada.get("/rooms/nonsense/events").await.assert_error(404, "room_not_found");
    ada.get(&format!("/rooms/{}/events", uuid::Uuid::now_v7())).await.assert_error(404, "room_not_found");
    ada.get(&format!("{events}?poll=1&connection=guessed")).await.assert_error(404, "connection_not_found");
    assert_eq!(server.app.rooms.count(), (0, 0));
}

#[tokio::test]
async fn a_reader_is_told_why_its_edits_are_refused_and_a_revoked_user_is_cut_off_within_a_second() {
    let server = start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (folder, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    give(&server, &ada, &folder, &bob, Role::Reader).await;
    let mut reader = stream(&bob, room).await;
    reader.write("mine").await;
    reader.hear_until(|heard| *heard == Heard::Refused("edit_not_allowed".into())).await;
    give(&server, &ada, &folder, &bob, Role::Editor).await;
    assert_eq!(reader.closing().await.0, 1012, "it connects again, so that what was refused is sent once more");

    let (mut streams, mut polls) = (stream(&bob, room).await, poll(&bob, room).await);
    let mut http = Http::open(&bob, room, false).await;
    let by = ada.id.parse().unwrap();
    unshare(&server.app, &by, Target::Folder(&folder), Subject { kind: "user", id: &bob.id }).await.unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(tokio::time::timeout(second, streams.closing()).await.expect("within a second").0, 4403);
    assert_eq!(tokio::time::timeout(second, polls.closing()).await.expect("within a second").0, 4403);
    // The third of them has its second too.
    tokio::time::sleep(second).await;
    http.send(&[&edit("too late")]).await;
    let mut other = Peer::join(&ada, room).await;
    other.write("after").await;
    other.wait_saved().await;
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 1);

    let mut peer = stream(&ada, room).await;
    ada.delete("/session").await.assert_status(204);
    assert_eq!(tokio::time::timeout(second, peer.closing()).await.expect("within a second").0, 4401);
}

#[tokio::test]
async fn malformed_oversized_and_too_many_frames_end_with_a_reason_and_harm_nobody_else() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    let mut other = Peer::join(&ada, room).await;
    let large = vec![0; (1 << 20) + 1];
    let poison = protocol::update(&peer::repeated_section()).to_vec();
    for (frame, status, code, close) in [
        (&[9][..], 400, "message_malformed", 4400),
        (&[], 400, "message_malformed", 4400),
        (&[0, 2, 200], 400, "message_malformed", 4400),
        (&poison, 400, "message_malformed", 4400),
        (&large, 413, "message_too_large", 4413),
    ] {
        let mut http = Http::open(&ada, room, false).await;
        http.send(&[frame]).await.assert_error(status, code);
        http.send(&[&edit("more")]).await;
        assert_eq!(Peer::over(Wire::Http(Box::new(http)), Doc::new()).closing().await.0, close);
    }
    let http = Http::open(&ada, room, false).await;
    http.send_body(&ada, 0, vec![200, 1, 0]).await.assert_error(400, "message_malformed");
    let http = Http::open(&ada, room, false).await;
    http.send_body(&ada, 0, vec![0; 9 << 20]).await.assert_error(413, "message_too_large");
    assert_eq!(Peer::over(Wire::Http(Box::new(http)), Doc::new()).closing().await.0, 4413);
    let mut http = Http::open(&ada, room, false).await;
    http.send(&vec![&[3][..]; 9000]).await.assert_error(429, "too_many_messages");
    assert_eq!(Peer::over(Wire::Http(Box::new(http)), Doc::new()).closing().await.0, 4429);

    other.write("still here").await;
    other.wait_saved().await;
    assert_eq!(db::rooms::find(server.app.db.read(), &(&page.id).into()).await.unwrap().last_seq, 1);
}

#[tokio::test]
async fn stopping_ends_streams_in_order() {
    let mut server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let mut peer = stream(&ada, page.id.as_str()).await;
    peer.write("before the end").await;
    peer.wait_saved().await;
    server.app.shutdown.cancel();
    assert_eq!(peer.closing().await.0, 1012);
    drop(peer);
    tokio::time::timeout(Duration::from_secs(10), server.stop()).await.expect("it stops");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_comes_back() {
    let server = start().await;
    let ada = server.user("ada").await;
    let (_, page) = page(&server, &ada).await;
    let room = page.id.as_str();
    let mut slow = stream(&ada, room).await;
    let mut writer = Peer::join(&ada, room).await;
    let words = "长".repeat(200_000);
    // More than the queue, the sockets and the buffers on the way hold.
    for _ in 0..40 {
        writer.write(&words).await;
        writer.wait_saved().await;
    }
    assert_eq!(slow.closing().await.0, 1013);
    let again = stream(&ada, room).await;
    assert_eq!(again.text(), writer.text());
    writer.leave().await;
    again.leave().await;
    slow.leave().await;
    settle(&server).await;
}
