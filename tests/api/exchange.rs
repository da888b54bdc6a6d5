//! `/documents/{id}/export` and `/documents/{id}/html`.

use std::io::{Cursor, Read};

use serde_json::json;
use yrs::{Any, Transact, WriteTxn, Xml, XmlElementPrelim, XmlFragment};

use crate::{
    rooms::peer::Peer,
    support::{Client, TestServer},
};

fn png(color: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(400, 300, image::Rgb(color)).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Writes a line and pictures into a page.
async fn write(client: &Client, page: &str, text: &str, pictures: &[&str]) {
    let mut peer = Peer::join(client, page).await;
    peer.write(text).await;
    let update = {
        let mut tx = peer.doc.transact_mut();
        let body = tx.get_or_insert_xml_fragment("default");
        for id in pictures {
            let image = body.push_back(&mut tx, XmlElementPrelim::empty("image"));
            image.insert_attribute(&mut tx, "src", Any::from(format!("/api/v1/documents/{id}/content")));
            image.insert_attribute(&mut tx, "alt", Any::from("现场照片"));
        }
        tx.encode_update_v1()
    };
    peer.send_update(&update).await;
    peer.wait_saved().await;
    peer.leave().await;
}

fn names(docx: &[u8]) -> Vec<String> {
    zip::ZipArchive::new(Cursor::new(docx)).unwrap().file_names().map(|name| name.unwrap().into_owned()).collect()
}

fn part(docx: &[u8], name: &str) -> String {
    let mut text = String::new();
    zip::ZipArchive::new(Cursor::new(docx)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_reader_takes_a_page_away_with_the_pictures_that_the_reader_may_see() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (open, closed) = (ada.folder("公开", None).await, ada.folder("内部", None).await);
    ada.share("folders", &open, &bob, "reader").await;
    let page = ada.page("会议纪要", &open).await;
    let shown = ada.upload("open.png", &open, &png([200, 0, 0])).await;
    let secret = ada.upload("secret.png", &closed, &png([0, 0, 200])).await;
    write(&ada, &page, "各部门按时报送材料。", &[&shown, &secret]).await;

    let all = ada.get(&format!("/documents/{page}/export?format=docx")).await.assert_status(200);
    assert_eq!(names(&all.body).iter().filter(|name| name.starts_with("word/media/")).count(), 2);
    assert_eq!(all.header("wenshu-warning"), None);

    let taken = bob.get(&format!("/documents/{page}/export?format=docx")).await.assert_status(200);
    assert_eq!(names(&taken.body).iter().filter(|name| name.starts_with("word/media/")).count(), 1);
    let document = part(&taken.body, "word/document.xml");
    assert!(document.contains("各部门按时报送材料。") && document.contains("[现场照片]"), "{document}");
    assert_eq!(taken.header("wenshu-warning"), Some("pictures_left_out"));
    let disposition = taken.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert!(disposition.ends_with("filename*=UTF-8''%E4%BC%9A%E8%AE%AE%E7%BA%AA%E8%A6%81.docx"), "{disposition}");

    for (format, starts) in [("pdf", b"%PDF-".as_slice()), ("md", b"PK"), ("html", b"<!doctype html>")] {
        let answer = bob.get(&format!("/documents/{page}/export?format={format}")).await.assert_status(200);
        assert!(answer.body.starts_with(starts), "{format}");
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"));
    }

    let admin = server.admin("root").await;
    let events = admin.get("/audit").await.assert_status(200).json();
    let exported: Vec<_> =
        events["items"].as_array().unwrap().iter().filter(|event| event["action"] == "page_exported").collect();
    assert_eq!(exported.len(), 5, "{events}");
    let of_bob = exported.iter().find(|event| event["details"]["format"] == "pdf").unwrap();
    assert_eq!(of_bob["details"]["pictures"], json!([{ "document_id": shown, "number": 1 }]));
}

#[tokio::test]
async fn export_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let folder = ada.folder("文库", None).await;
    ada.share("folders", &folder, &bob, "previewer").await;
    let (page, file) = (ada.page("page", &folder).await, ada.upload("a.txt", &folder, b"text").await);
    let export = |id: &str, format: &str| format!("/documents/{id}/export?format={format}");
    server.anonymous().get(&export(&page, "pdf")).await.assert_error(401, "unauthorized");
    eve.get(&export(&page, "pdf")).await.assert_error(404, "document_not_found");
    bob.get(&export(&page, "pdf")).await.assert_error(403, "download_not_allowed");
    ada.get(&export(&page, "exe")).await.assert_error(400, "format_invalid");
    ada.get(&export(&file, "pdf")).await.assert_error(409, "document_is_not_page");
    // An empty page is a file all the same.
    ada.get(&export(&page, "docx")).await.assert_status(200);
}

#[tokio::test]
async fn a_file_becomes_text_for_the_editor() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let folder = ada.folder("文库", None).await;
    ada.share("folders", &folder, &bob, "previewer").await;
    let markdown = "# 标题\n\n1. 一\n2. 二\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n- [x] 做完\n\n![外面](http://127.0.0.1:9/x.png) <script>alert(1)</script>\n";
    let file = ada.upload("说明.md", &folder, markdown.as_bytes()).await;
    let view = ada.get(&format!("/documents/{file}/html")).await.assert_status(200).json();
    let html = view["html"].as_str().unwrap();
    for wanted in ["<h1>标题</h1>", "<ol><li><p>一</p></li>", "<th", "data-type=\"taskList\"", "[外面]"] {
        assert!(html.contains(wanted), "{wanted}: {html}");
    }
    assert!(!html.contains("<script") && !html.contains("127.0.0.1"), "{html}");
    assert_eq!(view["warnings"][0]["code"], "pictures_left_out");

    let html = |id: &str| format!("/documents/{id}/html");
    eve.get(&html(&file)).await.assert_error(404, "document_not_found");
    bob.get(&html(&file)).await.assert_error(403, "download_not_allowed");
    let page = ada.page("page", &folder).await;
    ada.get(&html(&page)).await.assert_error(409, "document_is_not_file");
    ada.get(&format!("{}?version=7", html(&file))).await.assert_error(404, "version_not_found");
    let picture = ada.upload("a.png", &folder, &png([1, 2, 3])).await;
    ada.get(&html(&picture)).await.assert_error(422, "unsupported_type");
    let broken = ada.upload("broken.docx", &folder, b"PK\x03\x04 this is no package").await;
    let error = ada.get(&html(&broken)).await;
    assert_eq!(error.status, 422, "{error}");
}

#[tokio::test]
async fn the_preview_of_a_page_shows_its_pictures() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (folder, other) = (ada.folder("文库", None).await, ada.folder("别处", None).await);
    let page = ada.page("图片", &folder).await;
    let beside = ada.upload("a.png", &folder, &png([220, 0, 0])).await;
    let elsewhere = ada.upload("b.png", &other, &png([0, 0, 220])).await;
    write(&ada, &page, "下面是图片", &[&beside, &elsewhere]).await;
    let page_id = page.parse().unwrap();
    let author = ada.id.parse().unwrap();
    wenshu::actions::save_page_version::save_page_version(&server.app, &author, &page_id, "").await.unwrap();
    server.run_jobs().await;
    let picture = ada.get(&format!("/documents/{page}/pages/1.webp?version=1&width=640")).await.assert_status(200);
    let drawn = image::load_from_memory(&picture.body).unwrap().to_rgb8();
    let count = |is: fn(&[u8; 3]) -> bool| drawn.pixels().filter(|pixel| is(&pixel.0)).count();
    assert!(count(|[r, g, b]| *r > 180 && *g < 60 && *b < 60) > 1000, "the picture beside the page is shown");
    assert_eq!(count(|[r, g, b]| *b > 180 && *g < 60 && *r < 60), 0, "one that other people may see is not");
}
