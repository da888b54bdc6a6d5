//! Answers about who may come in are kept for moments: nobody may notice it who was cut off, nor who was let in.

use std::time::Duration;

use serde_json::json;

use super::{Peer, start};
use crate::support::{Client, TestServer};

/// The longest that a change of rights on another node may go unnoticed.
const A_SECOND: Duration = Duration::from_secs(1);

/// A manager with a page, and a colleague who is in it and has come and gone often enough to be known at the door.
struct Scene {
    server: TestServer,
    ada: Client,
    bob: Client,
    folder: String,
    page: String,
    /// Bob's open connection.
    inside: Peer,
}

impl Scene {
    async fn set(role: &str) -> Self {
        let server = start().await;
        let (ada, bob) = (server.admin("ada").await, server.user("bob").await);
        let folder = ada.folder("library", None).await;
        let page = ada.page("计划", &folder).await;
        ada.share("folders", &folder, &bob, role).await;
        let inside = Peer::join(&bob, &page).await;
        for _ in 0..3 {
            Peer::join(&bob, &page).await.leave().await;
        }
        Self { server, ada, bob, folder, page, inside }
    }

    /// The code with which Bob is refused at the door.
    async fn refusal(&self) -> u16 {
        Peer::connect(&self.bob, &self.page, "").await.closing().await.0
    }

    /// Bob is cut off within a second with `inside`, and is from now on refused with `outside`.
    async fn assert_out(mut self, inside: u16, outside: u16) {
        assert_eq!(self.refusal().await, outside, "at the door, at once");
        let closing = tokio::time::timeout(A_SECOND, self.inside.closing()).await;
        assert_eq!(closing.expect("within a second").0, inside, "inside");
    }
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let scene = Scene::set("editor").await;
    scene.bob.delete("/session").await.assert_status(204);
    scene.assert_out(4401, 4401).await;
}

#[tokio::test]
async fn a_disabled_account_is_out() {
    let scene = Scene::set("editor").await;
    scene.ada.patch(&format!("/users/{}", scene.bob.id), json!({ "disabled": true })).await.assert_status(200);
    scene.assert_out(4401, 4401).await;
}

#[tokio::test]
async fn who_loses_the_role_is_out() {
    let scene = Scene::set("editor").await;
    let grant = format!("/folders/{}/grants/user/{}", scene.folder, scene.bob.id);
    scene.ada.delete(&grant).await.assert_status(204);
    scene.assert_out(4403, 4404).await;
}

#[tokio::test]
async fn a_level_above_the_clearance_shuts_out() {
    let scene = Scene::set("editor").await;
    scene.ada.patch(&format!("/documents/{}", scene.page), json!({ "level": 3 })).await.assert_status(200);
    scene.assert_out(4403, 4404).await;
}

#[tokio::test]
async fn a_lower_clearance_shuts_out() {
    let scene = Scene::set("editor").await;
    scene.ada.patch(&format!("/documents/{}", scene.page), json!({ "level": 1 })).await.assert_status(200);
    Peer::join(&scene.bob, &scene.page).await.leave().await;
    scene.ada.patch(&format!("/users/{}", scene.bob.id), json!({ "clearance": 0 })).await.assert_status(200);
    assert_eq!(scene.refusal().await, 4404);
}

#[tokio::test]
async fn the_trash_is_closed() {
    let scene = Scene::set("editor").await;
    scene.ada.delete(&format!("/documents/{}", scene.page)).await.assert_status(204);
    scene.assert_out(4403, 4404).await;
}

#[tokio::test]
async fn a_revoked_token_is_out_and_an_expired_one_too() {
    let mut scene = Scene::set("editor").await;
    for input in [json!({ "name": "a" }), json!({ "name": "b", "expires_at": crate::support::START + 2000 })] {
        let token = scene.bob.post("/tokens", input.clone()).await.assert_status(201).json();
        let query = format!("ack=1&token={}", token["token"].as_str().unwrap());
        let nobody = scene.server.anonymous();
        for _ in 0..3 {
            let mut peer = Peer::connect(&nobody, &scene.page, &query).await;
            peer.synchronise().await;
            peer.leave().await;
        }
        match input["expires_at"].is_null() {
            true => {
                let path = format!("/tokens/{}", token["id"].as_str().unwrap());
                scene.bob.delete(&path).await.assert_status(204);
            }
            false => scene.server.clock.advance(2000),
        }
        assert_eq!(Peer::connect(&nobody, &scene.page, &query).await.closing().await.0, 4401, "{input}");
    }
    // Who came with the cookie is not concerned.
    scene.inside.write("still here").await;
    scene.inside.wait_saved().await;
}

#[tokio::test]
async fn a_session_that_was_idle_too_long_is_over() {
    let scene = Scene::set("editor").await;
    scene.server.clock.advance(scene.server.app.config.session_idle_ms);
    assert_eq!(scene.refusal().await, 4401);
}

#[tokio::test]
async fn who_is_given_a_role_comes_in_at_once() {
    let mut scene = Scene::set("reader").await;
    let eve = scene.server.user("eve").await;
    for _ in 0..3 {
        assert_eq!(Peer::connect(&eve, &scene.page, "").await.closing().await.0, 4404);
    }
    scene.ada.share("folders", &scene.folder, &eve, "editor").await;
    let mut peer = Peer::join(&eve, &scene.page).await;
    peer.write("here I am").await;
    peer.wait_saved().await;

    // A reader who becomes an editor is sent to connect again, and writes then.
    scene.ada.share("folders", &scene.folder, &scene.bob, "editor").await;
    assert_eq!(tokio::time::timeout(A_SECOND, scene.inside.closing()).await.expect("within a second").0, 1012);
    let mut peer = Peer::join(&scene.bob, &scene.page).await;
    peer.write("me too").await;
    peer.wait_saved().await;
}

#[tokio::test]
async fn what_another_node_takes_away_is_gone_within_a_second() {
    for (sql, event, inside, outside) in [
        ("update users set disabled_at = 1 where name = 'bob'", "user_changed", 4401, 4401),
        ("delete from sessions where user_id in (select id from users where name = 'bob')", "signed_out", 4401, 4401),
        ("delete from grants where subject_id in (select id from users where name = 'bob')", "grant_taken", 4403, 4404),
        ("update documents set level = 3", "level_set", 4403, 4404),
    ] {
        let mut scene = Scene::set("editor").await;
        scene.server.do_elsewhere(sql, event).await;
        let closing = tokio::time::timeout(A_SECOND, scene.inside.closing()).await;
        assert_eq!(closing.unwrap_or_else(|_| panic!("{event}: within a second")).0, inside, "{event}");
        assert_eq!(scene.refusal().await, outside, "{event}");
    }
}

#[tokio::test]
async fn what_another_node_takes_away_is_noticed_though_nobody_is_inside() {
    let scene = Scene::set("editor").await;
    let Scene { server, bob, page, inside, .. } = scene;
    inside.leave().await;
    server.do_elsewhere("delete from sessions", "signed_out").await;
    tokio::time::sleep(A_SECOND).await;
    assert_eq!(Peer::connect(&bob, &page, "").await.closing().await.0, 4401);
}

#[tokio::test]
async fn what_another_node_gives_is_there_within_a_second() {
    let scene = Scene::set("reader").await;
    let give = "update grants set role = 4 where subject_id in (select id from users where name = 'bob')";
    scene.server.do_elsewhere(give, "grant_given").await;
    tokio::time::sleep(A_SECOND).await;
    let mut peer = Peer::join(&scene.bob, &scene.page).await;
    peer.write("an editor now").await;
    peer.wait_saved().await;
}

#[tokio::test]
async fn hundreds_who_come_back_at_once_are_all_let_in() {
    let scene = Scene::set("editor").await;
    let others: Vec<String> = {
        let mut pages = Vec::new();
        for number in 0..10 {
            pages.push(scene.ada.page(&format!("page {number}"), &scene.folder).await);
        }
        pages
    };
    let coming = (0..300).map(|number| Peer::join(&scene.bob, &others[number % others.len()]));
    let peers = tokio::time::timeout(Duration::from_secs(60), futures::future::join_all(coming)).await.unwrap();
    assert_eq!(scene.server.app.rooms.count().1, peers.len() + 1);
    scene.bob.delete("/session").await.assert_status(204);
    let ends = peers.into_iter().map(|mut peer| async move { peer.closing().await.0 });
    let codes = tokio::time::timeout(2 * A_SECOND, futures::future::join_all(ends)).await.expect("all are cut off");
    assert!(codes.iter().all(|code| *code == 4401));
}
