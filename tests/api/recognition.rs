//! Scans: pages are shown before they are read, progress is told page by page, and what was read is found.

use std::path::Path;

use serde_json::json;
use wenshu::{
    db,
    jobs::{self, prepare_content::PrepareContent, recognise_text::RecogniseText, runner::JobSet},
};

use crate::support::TestServer;

fn scan(path: &str) -> Vec<u8> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/corpus").join(path));
    std::fs::read(found.into_iter().find(|file| file.is_file()).expect("the corpus is there")).unwrap()
}

#[tokio::test]
async fn a_scan_is_shown_first_and_found_when_it_was_read() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let id = ada.upload("档案法.pdf", &library, &scan("pdf/scan/zh-archives-law-text-then-scan.pdf")).await;
    jobs::runner::run_due(&server.app, &JobSet::default().with::<PrepareContent>()).await.unwrap();

    let shown = ada.document(&id).await;
    assert_eq!(shown["processing"], json!({ "state": "ready", "recognising": { "done": 0, "total": 1 } }));
    assert_eq!(shown["page_count"], 2);
    ada.get(&format!("/documents/{id}/pages/2.webp?width=640")).await.assert_status(200);
    let unread = ada.get(&format!("/documents/{id}/pages/2/text")).await.assert_status(200).json();
    assert_eq!(unread["words"], json!([]));

    server.run_jobs().await;
    assert_eq!(ada.document(&id).await["processing"], json!({ "state": "ready" }));
    let read = ada.get(&format!("/documents/{id}/pages/2/text")).await.assert_status(200).json();
    assert!(read["text"].as_str().unwrap().contains("档案工作人员应当忠于职守"), "{read}");
    assert!(read["words"].as_array().unwrap().len() > 10);
    let found = ada.get("/search?q=%22档案工作人员应当忠于职守%22").await.assert_status(200).json();
    assert_eq!(found["items"][0]["document"]["id"], id.as_str());
    assert_eq!(found["items"][0]["pages"], json!([2]));
}

#[tokio::test]
async fn progress_is_told_round_by_round_and_survives_being_cut_off() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let id = ada.upload("六页.tiff", &library, &six_pages()).await;
    jobs::runner::run_due(&server.app, &JobSet::default().with::<PrepareContent>()).await.unwrap();
    let shown = ada.document(&id).await;
    assert_eq!((&shown["page_count"], &shown["processing"]["recognising"]["total"]), (&json!(6), &json!(6)));

    // One round, twice: the second time it finds its pages done, as after a crash before the job was struck off.
    let version = db::versions::find(server.app.db.read(), &id.parse().unwrap(), 1).await.unwrap().unwrap();
    let round =
        RecogniseText { content_id: version.content_id, media_type: version.media_type, pages: (1..=6).collect() };
    jobs::Job::run(round.clone(), &server.app).await.unwrap();
    assert_eq!(ada.document(&id).await["processing"]["recognising"], json!({ "done": 4, "total": 6 }));
    jobs::Job::run(round.clone(), &server.app).await.unwrap();
    assert_eq!(ada.document(&id).await["processing"], json!({ "state": "ready" }));
    jobs::Job::run(round, &server.app).await.unwrap();
    server.run_jobs().await;
    assert_eq!(ada.document(&id).await["processing"], json!({ "state": "ready" }));
}

/// A TIFF file of six small gray pages with a black bar on each, uncompressed.
fn six_pages() -> Vec<u8> {
    const SIDE: u32 = 64;
    let mut file = b"II\x2a\0".to_vec();
    let mut link = file.len();
    file.extend([0; 4]);
    for page in 0..6u32 {
        let strip = file.len() as u32;
        file.extend((0..SIDE * SIDE).map(|at| if at / SIDE / 8 == page { 0u8 } else { 255 }));
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let tags = [
            (256, SIDE),
            (257, SIDE),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, strip),
            (277, 1),
            (278, SIDE),
            (279, SIDE * SIDE),
        ];
        file.extend((tags.len() as u16).to_le_bytes());
        for (tag, value) in tags {
            file.extend((tag as u16).to_le_bytes());
            file.extend(4u16.to_le_bytes());
            file.extend(1u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    file
}
