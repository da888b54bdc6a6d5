//! Whiteboards: documents of their own kind on the same rooms, history and rights.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wenshu::search;
use yrs::{Any, Map, MapPrelim, ReadTxn, StateVector, Transact, WriteTxn, updates::decoder::Decode};

use crate::{
    rooms::peer::{Heard, Peer},
    support::{Client, TestServer},
};

async fn board(client: &Client, name: &str, folder: &str) -> String {
    let input = json!({ "kind": "board", "folder_id": folder, "name": name });
    client.post("/documents", input).await.assert_status(201).json()["id"].as_str().unwrap().to_owned()
}

/// Puts an element on the board as the web client does: a map of its properties.
async fn draw(peer: &mut Peer, id: &str, properties: &[(&str, Any)]) {
    let update = {
        let mut tx = peer.doc.transact_mut();
        let elements = tx.get_or_insert_map("elements");
        let element = match elements.get(&tx, id) {
            Some(yrs::Out::YMap(element)) => element,
            _ => elements.insert(&mut tx, id, MapPrelim::default()),
        };
        element.insert(&mut tx, "id", id);
        for (key, value) in properties {
            element.insert(&mut tx, *key, value.clone());
        }
        tx.encode_update_v1()
    };
    peer.send_update(&update).await;
    peer.wait_saved().await;
}

async fn write(peer: &mut Peer, id: &str, text: &str, y: i64) {
    let properties = [
        ("type", Any::from("text")),
        ("text", text.into()),
        ("index", id.into()),
        ("x", 10.0.into()),
        ("y", (y as f64).into()),
        ("width", 200.0.into()),
        ("height", 25.0.into()),
        ("fontSize", 20.0.into()),
        ("strokeColor", "#1e1e1e".into()),
    ];
    draw(peer, id, &properties).await;
}

fn shown(peer: &Peer) -> Vec<String> {
    let tx = peer.doc.transact();
    let Some(elements) = tx.get_map("elements") else { return Vec::new() };
    let deleted = |element: &yrs::MapRef| matches!(element.get(&tx, "isDeleted"), Some(yrs::Out::Any(Any::Bool(true))));
    let mut ids: Vec<String> = elements
        .iter(&tx)
        .filter_map(|(id, value)| matches!(value, yrs::Out::YMap(element) if !deleted(&element)).then(|| id.to_owned()))
        .collect();
    ids.sort();
    ids
}

async fn hear_until(peer: &mut Peer, wanted: &[&str]) {
    while shown(peer) != wanted {
        if let Heard::Closed(code, reason) = peer.hear().await {
            panic!("closed with {code} {reason}");
        }
    }
}

async fn settle(server: &TestServer) {
    for _ in 0..200 {
        if server.app.rooms.count() == (0, 0) {
            tokio::time::sleep(Duration::from_millis(400)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("rooms are still open");
}

async fn hits(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("/search?{query}")).await.assert_status(200).json();
    let id = |hit: &Value| hit["document"]["id"].as_str().unwrap().to_owned();
    answer["items"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_board_is_a_kind_of_its_own_everywhere() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let id = board(&ada, "架构图", &library).await;
    let view = ada.document(&id).await;
    assert_eq!((view["kind"].clone(), view["version"].clone()), (json!("board"), json!(0)));
    assert_eq!(view["media_type"], "application/vnd.excalidraw+json");
    assert_eq!(view["processing"]["state"], "ready");
    assert!(!view["abilities"].as_array().unwrap().contains(&json!("upload")));
    let children = ada.get(&format!("/folders/{library}/children")).await.json();
    assert_eq!(children["documents"][0]["kind"], "board");
    search::catch_up(&server.app).await.unwrap();
    assert_eq!(hits(&ada, "q=架构").await, [id.as_str()]);
    assert_eq!(hits(&ada, "q=架构&type=board").await, [id.as_str()]);
    assert_eq!(hits(&ada, "q=架构 type:白板").await, [id.as_str()]);
    assert_eq!(hits(&ada, "q=架构&type=page").await, [""; 0]);
    assert_eq!(ada.get("/suggest?q=jgt").await.json()["documents"][0]["kind"], "board");

    let input = |kind: &str| json!({ "kind": kind, "folder_id": library, "name": "x" });
    ada.post("/documents", input("file")).await.assert_error(400, "kind_invalid");
    bob.post("/documents", input("board")).await.assert_error(404, "folder_not_found");
    ada.share("folders", &library, &bob, "reader").await;
    bob.post("/documents", input("board")).await.assert_error(403, "upload_not_allowed");
    let taken = json!({ "kind": "board", "folder_id": library, "name": "架构图" });
    ada.post("/documents", taken).await.assert_error(409, "name_taken");
    let upload = ada.try_upload(&[("filename", "x.png"), ("document_id", &id)], b"x").await;
    upload.assert_error(409, "document_is_page");
}

#[tokio::test]
async fn two_people_draw_and_their_text_is_found() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let id = board(&ada, "会议", &library).await;
    ada.share("documents", &id, &bob, "editor").await;
    let (mut one, mut two) = (Peer::join(&ada, &id).await, Peer::join(&bob, &id).await);
    write(&mut one, "a1", "第一步调研", 10).await;
    hear_until(&mut two, &["a1"]).await;
    write(&mut two, "a2", "第二步立项", 60).await;
    draw(&mut two, "a1", &[("x", 99.0.into())]).await;
    hear_until(&mut one, &["a1", "a2"]).await;
    draw(&mut one, "a0", &[("type", "text".into()), ("text", "删去的字".into()), ("isDeleted", true.into())]).await;
    one.leave().await;
    two.leave().await;
    settle(&server).await;
    server.run_jobs().await;
    assert_eq!(hits(&ada, "q=立项").await, [id.as_str()]);
    assert_eq!(hits(&bob, "q=调研").await, [id.as_str()]);
    assert_eq!(hits(&ada, "q=删去的字").await, [""; 0]);
    // The search is built anew from stored text alone.
    server.app.search().rebuild();
    search::catch_up(&server.app).await.unwrap();
    assert_eq!(hits(&ada, "q=立项").await, [id.as_str()]);
}

#[tokio::test]
async fn a_reader_sees_the_board_and_changes_nothing() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let id = board(&ada, "会议", &library).await;
    ada.share("documents", &id, &bob, "reader").await;
    let mut one = Peer::join(&ada, &id).await;
    write(&mut one, "a1", "看得见", 10).await;
    let mut two = Peer::join(&bob, &id).await;
    hear_until(&mut two, &["a1"]).await;
    let update = {
        let mut tx = two.doc.transact_mut();
        tx.get_or_insert_map("elements").insert(&mut tx, "b1", MapPrelim::default());
        tx.encode_update_v1()
    };
    two.send_update(&update).await;
    two.hear_until(|heard| matches!(heard, Heard::Refused(_))).await;
    let mut hidden = Peer::connect(&eve, &id, "ack=1").await;
    assert_eq!(hidden.closing().await.0, 4404);
    bob.post(&format!("/documents/{id}/versions"), json!({})).await.assert_error(403, "edit_not_allowed");
    eve.post(&format!("/documents/{id}/versions"), json!({})).await.assert_error(404, "document_not_found");
    assert_eq!(shown(&Peer::join(&ada, &id).await), ["a1"]);
}

#[tokio::test]
async fn a_version_is_a_file_that_others_open_and_is_shown_as_a_page() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let id = board(&ada, "流程", &library).await;
    ada.share("documents", &id, &eve, "previewer").await;
    let mut one = Peer::join(&ada, &id).await;
    write(&mut one, "a1", "申请审批流程", 10).await;
    let size = [("type", Any::from("rectangle")), ("x", 0.0.into()), ("y", 0.0.into()), ("width", 300.0.into())];
    draw(&mut one, "a2", &size).await;
    draw(&mut one, "a2", &[("height", 80.0.into()), ("backgroundColor", "#a5d8ff".into())]).await;
    let saved =
        ada.post(&format!("/documents/{id}/versions"), json!({ "note": "定稿" })).await.assert_status(201).json();
    assert_eq!(
        (saved["number"].clone(), saved["media_type"].clone()),
        (json!(1), json!("application/vnd.excalidraw+json"))
    );

    let content = ada.get(&format!("/documents/{id}/versions/1/content")).await.assert_status(200);
    assert_eq!(content.header("x-content-type-options"), Some("nosniff"));
    assert!(content.header("content-disposition").unwrap().starts_with("attachment"));
    let scene = content.json();
    assert_eq!((scene["type"].clone(), scene["version"].clone()), (json!("excalidraw"), json!(2)));
    assert_eq!(scene["elements"].as_array().unwrap().len(), 2);
    assert_eq!(scene["elements"][0]["width"], 300);
    eve.get(&format!("/documents/{id}/versions/1/content")).await.assert_error(403, "download_not_allowed");

    server.run_jobs().await;
    let pages = eve.get(&format!("/documents/{id}/pages")).await.assert_status(200).json();
    assert_eq!(pages["page_count"], 1, "{pages}");
    // What is drawn, three hundred pixels wide, and a margin of twenty-four.
    let (width, height) = (pages["sizes"][0][0].as_f64().unwrap(), pages["sizes"][0][1].as_f64().unwrap());
    assert!((width - 261.0).abs() < 1.0 && (height - 96.0).abs() < 1.0, "{pages}");
    let text = eve.get(&format!("/documents/{id}/pages/1/text")).await.assert_status(200).json();
    assert!(text["text"].as_str().unwrap().contains("申请审批流程"), "{text}");
    let picture = eve.get(&format!("/documents/{id}/pages/1.webp?width=640")).await.assert_status(200);
    if let Ok(folder) = std::env::var("WENSHU_KEEP_PICTURES") {
        std::fs::write(format!("{folder}/board.webp"), &picture.body).unwrap();
    }
    assert_eq!(&picture.body[8..12], b"WEBP");
}

#[tokio::test]
async fn an_older_version_is_restored_in_front_of_those_who_draw() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let id = board(&ada, "草图", &library).await;
    let mut one = Peer::join(&ada, &id).await;
    write(&mut one, "a1", "好的", 10).await;
    write(&mut one, "a2", "也好", 50).await;
    ada.post(&format!("/documents/{id}/versions"), json!({})).await.assert_status(201);
    draw(&mut one, "a1", &[("isDeleted", true.into())]).await;
    draw(&mut one, "a2", &[("text", "改坏了".into())]).await;
    write(&mut one, "a3", "错误", 90).await;
    let restored = ada.post(&format!("/documents/{id}/versions/1/restore"), json!({})).await.assert_status(201).json();
    assert_eq!((restored["number"].clone(), restored["note"].clone()), (json!(2), json!("#1")));
    hear_until(&mut one, &["a1", "a2"]).await;
    let scene = ada.get(&format!("/documents/{id}/versions/2/content")).await.json();
    let texts: Vec<_> = scene["elements"].as_array().unwrap().iter().map(|element| element["text"].clone()).collect();
    assert_eq!(texts, ["好的", "也好"]);
    // What was thrown out is marked deleted, not lost: Ada can bring it back.
    draw(&mut one, "a3", &[("isDeleted", false.into())]).await;
    assert_eq!(shown(&Peer::join(&ada, &id).await), ["a1", "a2", "a3"]);
}

#[tokio::test]
async fn a_board_is_folded_without_losing_anything() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let id = board(&ada, "大图", &library).await;
    let mut one = Peer::join(&ada, &id).await;
    for number in 0..40 {
        write(&mut one, &format!("e{number:02}"), &format!("格子 {number}"), number * 30).await;
    }
    let before = one.leave().await;
    settle(&server).await;
    let folded =
        wenshu::rooms::fold::fold(&server.app, &(&id.parse::<wenshu::ids::DocumentId>().unwrap()).into()).await;
    let folded = folded.unwrap();
    let state = yrs::Doc::new();
    state.transact_mut().apply_update(yrs::Update::decode_v1(&folded.state).unwrap()).unwrap();
    assert_eq!(state.transact().state_vector(), before.transact().state_vector());
    let _ = StateVector::default();
    assert_eq!(shown(&Peer::join(&ada, &id).await).len(), 40);
    let deleted = ada.send(ada.request(Method::DELETE, &format!("/documents/{id}"))).await;
    deleted.assert_status(204);
    let mut gone = Peer::connect(&ada, &id, "ack=1").await;
    assert_eq!(gone.closing().await.0, 4404);
}
