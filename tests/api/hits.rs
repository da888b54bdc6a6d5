//! `/documents/{id}/hits`: every place where a document says what was looked for.

use indexer::text::{Extracted, PageText, Word};
use serde_json::{Value, json};
use wenshu::{db, ids::DocumentId, preview::text};

use crate::support::{Client, TestServer};

/// A page whose characters stand in one line of ten points each.
fn line(text: &str) -> PageText {
    let length = text.chars().count() as u32;
    let words = vec![Word { start: 0, end: length, x: 50.0, y: 100.0, w: 10.0 * length as f32, h: 12.0 }];
    PageText { text: text.into(), width: 595.0, height: 842.0, words }
}

/// A file whose pages say `pages`: what the worker would have read is put into its place.
async fn file(server: &TestServer, owner: &Client, folder: &str, pages: Vec<PageText>, extra: &str) -> String {
    let id = owner.upload("文件.txt", folder, b"placeholder").await;
    let document: DocumentId = id.parse().unwrap();
    let version = db::versions::find(server.app.db.read(), &document, 1).await.unwrap().unwrap();
    let key = "text/made-up/pages";
    let extracted = Extracted { pages, extra: extra.into(), ..Extracted::default() };
    text::save(&server.app.store, key, extracted).await.unwrap();
    let prepared = db::previews::Prepared { text_key: Some(key.into()), ..Default::default() };
    let mut tx = server.app.db.begin().await.unwrap();
    db::previews::update_ready(&mut tx, &version.content_id, &version.media_type, &prepared, 0).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn hits(client: &Client, id: &str, query: &str) -> Value {
    client.get(&format!("/documents/{id}/hits?{query}")).await.assert_status(200).json()
}

#[tokio::test]
async fn hits_have_numbers_marks_and_rectangles_on_their_pages() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let pages = vec![line("關於協同"), line("辦公的通知，協 同辦公"), line("无关"), line("协同办公ＡＢ")];
    let id = file(&server, &ada, &library, pages, "附件也说协同办公").await;

    let found = hits(&ada, &id, "q=协同办公 -草案 type:txt").await;
    assert_eq!((&found["total"], &found["outside"], &found["version"]), (&json!(3), &json!(1), &json!(1)));
    let count = |page, first, hits| json!({ "page": page, "first": first, "hits": hits });
    assert_eq!(found["counts"], json!([count(1, 1, 1), count(2, 1, 2), count(4, 3, 1)]));
    let rect = |x: f64, w: f64, hit: u64| json!({ "x": x, "y": 100.0, "w": w, "h": 12.0, "hit": hit });
    let mark = |start, end, hit| json!({ "start": start, "end": end, "hit": hit });
    assert_eq!(found["pages"][0]["marks"], json!([mark(2, 4, 1)]));
    assert_eq!(found["pages"][0]["rects"], json!([rect(70.0, 20.0, 1)]));
    assert_eq!(found["pages"][1]["marks"], json!([mark(0, 2, 1), mark(6, 11, 2)]));
    assert_eq!(found["pages"][1]["rects"], json!([rect(50.0, 20.0, 1), rect(110.0, 50.0, 2)]));
    assert!(found.get("next_after_page").is_none());

    // Single characters, other widths, and a text that is no query.
    assert_eq!(hits(&ada, &id, "q=办").await["total"], 3);
    assert_eq!(hits(&ada, &id, "q=ab").await["pages"][0]["marks"], json!([mark(4, 6, 1)]));
    assert_eq!(hits(&ada, &id, "text=的通知 ，").await["total"], 1);
    assert_eq!(hits(&ada, &id, "text=-草案 OR").await["total"], 0);
    assert_eq!(hits(&ada, &id, "q=type:txt").await["total"], 0);
}

#[tokio::test]
async fn thousands_of_hits_come_in_parts() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let pages = (0..600).map(|_| line(&"一百字的页面".repeat(50))).collect();
    let id = file(&server, &ada, &library, pages, "").await;

    let first = hits(&ada, &id, "q=页面&limit=64").await;
    assert_eq!((first["total"].as_u64(), first["counts"].as_array().unwrap().len()), (Some(30_000), 600));
    let (mut seen, mut after) = (0, 0);
    let mut next = 1;
    loop {
        let part = hits(&ada, &id, &format!("q=页面&limit=64&after_page={after}")).await;
        assert!(part.get("counts").is_none());
        let pages = part["pages"].as_array().unwrap();
        let marks: usize = pages.iter().map(|page| page["marks"].as_array().unwrap().len()).sum();
        assert!(marks <= 2_050, "{marks} marks in one answer");
        for mark in pages.iter().flat_map(|page| page["marks"].as_array().unwrap()) {
            assert_eq!(mark["hit"], next);
            next += 1;
        }
        seen += pages.len();
        match part["next_after_page"].as_u64() {
            Some(page) => after = page,
            None => break,
        }
    }
    assert_eq!((seen, next - 1), (600, 30_000));
    assert_eq!(hits(&ada, &id, "q=页面&after_page=600").await["pages"], json!([]));
}

#[tokio::test]
async fn who_may_look_at_the_pages_may_look_for_hits_and_nobody_else() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let id = file(&server, &ada, &library, vec![line("保密条款")], "").await;
    ada.share("folders", &library, &bob, "previewer").await;
    assert_eq!(hits(&bob, &id, "q=保密").await["total"], 1);
    let path = format!("/documents/{id}/hits?q=保密");
    eve.get(&path).await.assert_error(404, "document_not_found");
    server.anonymous().get(&path).await.assert_error(401, "unauthorized");
    ada.patch(&format!("/documents/{id}"), json!({ "level": 1 })).await.assert_status(200);
    ada.delete(&format!("/folders/{library}/grants/user/{}", bob.id)).await.assert_status(204);
    bob.get(&path).await.assert_error(404, "document_not_found");
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let waiting = ada.upload("waiting.txt", &library, b"later").await;
    ada.get(&format!("/documents/{waiting}/hits?q=later")).await.assert_error(409, "preview_not_ready");
    let id = file(&server, &ada, &library, vec![line("字")], "").await;
    let refused =
        async |query: &str, code: &str| ada.get(&format!("/documents/{id}/hits?{query}")).await.assert_error(400, code);
    assert_eq!(refused("q=\"字", "query_syntax").await["position"], 0);
    refused(&format!("q={}", "x".repeat(1001)), "query_too_long").await;
    refused(&format!("text={}", "x".repeat(1001)), "query_too_long").await;
    refused("q=字&limit=0", "limit_invalid").await;
    refused("q=字&limit=65", "limit_invalid").await;
    ada.get(&format!("/documents/{id}/hits?q=字&version=9")).await.assert_error(404, "version_not_found");
    let page = ada.page("在线", &library).await;
    ada.get(&format!("/documents/{page}/hits?q=字")).await.assert_error(404, "version_not_found");
}
