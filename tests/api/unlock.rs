//! `/documents/{id}/password`: protected files are opened with the right password, once, and the password stays nowhere.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Client, TestServer};

fn corpus() -> PathBuf {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/corpus"));
    found.into_iter().find(|folder| folder.is_dir()).expect("the corpus stands beside the workspace")
}

fn file(path: &str) -> Vec<u8> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/files").join(path);
    std::fs::read(if own.is_file() { own } else { corpus().join(path) }).expect("the file is there")
}

/// What is protected, with what, and what it says.
const PROTECTED: [(&str, &str, &str); 9] = [
    ("office/docx/en-password-tika.docx", "tika", "This is an encrypted Word 2007 File"),
    ("office/xlsx/en-password-password.xlsx", "password", "SECRET"),
    ("zh-password.docx", "文档密码2024", "规范干部人事档案工作"),
    ("zh-password.odt", "文档密码2024", "规范干部人事档案工作"),
    ("pdf/encrypted/en-aes128-r4.pdf", "asdfzxcv", "pdf encryption test"),
    ("pdf/encrypted/en-aes256-r6-foo-bar.pdf", "foo", "pdf encryption test"),
    ("pdf/encrypted/en-rc4-r2.pdf", "asdfzxcv", "pdf encryption test"),
    ("pdf/encrypted/en-unicode-password.pdf", "pässwört", "If you can read this, decryption succeeded"),
    ("pdf/encrypted/zh-chinese-password.pdf", "文档密码2024", "招标投标活动应当遵循公开"),
];

async fn state(client: &Client, id: &str) -> Value {
    client.document(id).await["processing"].clone()
}

#[tokio::test]
async fn every_known_password_opens_its_document() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let mut documents = Vec::new();
    for (path, password, phrase) in PROTECTED {
        let name = path.rsplit('/').next().unwrap();
        documents.push((ada.upload(name, &library, &file(path)).await, name, password, phrase));
    }
    server.run_jobs().await;
    for (id, name, password, _) in &documents {
        assert_eq!(state(&ada, id).await["code"], "document_encrypted", "{name}");
        let path = format!("/documents/{id}/password");
        ada.post(&path, json!({ "password": "wrong" })).await.assert_error(422, "password_wrong");
        assert_eq!(state(&ada, id).await["state"], "failed", "{name}");
        let opened = ada.post(&path, json!({ "password": password })).await.assert_status(200).json();
        assert_eq!(opened["processing"], json!({ "state": "waiting" }), "{name}");
    }
    server.run_jobs().await;
    for (id, name, _, phrase) in &documents {
        assert_eq!(state(&ada, id).await, json!({ "state": "ready" }), "{name}");
        ada.get(&format!("/documents/{id}/pages/1.webp?width=320")).await.assert_status(200);
        let found = ada.get(&format!("/search?q=%22{phrase}%22")).await.assert_status(200).json();
        let ids: Vec<&str> =
            found["items"].as_array().unwrap().iter().filter_map(|hit| hit["document"]["id"].as_str()).collect();
        assert!(ids.contains(&id.as_str()), "{name}: {phrase} is not found");
        // What was uploaded is given back as it was.
        let (path, ..) = PROTECTED.iter().find(|(path, ..)| path.ends_with(name)).unwrap();
        assert!(ada.get(&format!("/documents/{id}/content")).await.body == file(path), "{name}");
    }
}

#[tokio::test]
async fn only_editors_give_passwords_and_what_is_open_needs_none() {
    let server = TestServer::start().await;
    let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
    let library = ada.folder("库", None).await;
    let id = ada.upload("密件.odt", &library, &file("zh-password.odt")).await;
    let plain = ada.upload("公开.txt", &library, "公开的内容".as_bytes()).await;
    let owner_only = ada.upload("只读.pdf", &library, &file("pdf/encrypted/en-owner-only-no-copy.pdf")).await;
    server.run_jobs().await;
    assert_eq!(state(&ada, &owner_only).await["state"], "ready", "who may read needs no owner's password");
    ada.share("documents", &id, &bob, "commenter").await;
    let path = format!("/documents/{id}/password");
    let password = json!({ "password": "文档密码2024" });
    bob.post(&path, password.clone()).await.assert_error(403, "edit_not_allowed");
    eve.post(&path, password.clone()).await.assert_error(404, "document_not_found");
    ada.post(&path, json!({ "password": "" })).await.assert_error(400, "password_invalid");
    let open = format!("/documents/{plain}/password");
    ada.post(&open, password.clone()).await.assert_error(409, "document_not_encrypted");
    ada.post(&path, password.clone()).await.assert_status(200);
    server.run_jobs().await;
    ada.post(&path, password).await.assert_error(409, "document_not_encrypted");
    assert_eq!(bob.get(&format!("/documents/{id}/pages")).await.assert_status(200).json()["page_count"], 1);
}

#[tokio::test]
async fn the_same_protected_file_elsewhere_stays_closed_and_no_password_is_kept() {
    let server = TestServer::start().await;
    let (ada, eve) = (server.user("ada").await, server.user("eve").await);
    let (library, other) = (ada.folder("库", None).await, eve.folder("别处", None).await);
    let bytes = file("zh-password.odt");
    let id = ada.upload("密件.odt", &library, &bytes).await;
    let copy = eve.upload("捡来的.odt", &other, &bytes).await;
    server.run_jobs().await;
    ada.post(&format!("/documents/{id}/password"), json!({ "password": "文档密码2024" })).await.assert_status(200);
    // Between the request and the work, with everything that waits.
    assert_kept_nowhere(server.folder.path(), "文档密码2024");
    server.run_jobs().await;
    assert_eq!(state(&ada, &id).await["state"], "ready");
    assert_eq!(state(&eve, &copy).await["code"], "document_encrypted");
    eve.get(&format!("/documents/{copy}/pages")).await.assert_error(422, "preview_failed");
    let found = eve.get("/search?q=规范干部人事档案工作").await.assert_status(200).json();
    assert_eq!(found["items"], json!([]));
    assert_kept_nowhere(server.folder.path(), "文档密码2024");
    // A version that brings the same bytes back is open: they are this document's.
    ada.upload_version(&id, "密件.odt", b"plain text").await;
    ada.post(&format!("/documents/{id}/versions/1/restore"), json!({})).await;
    server.run_jobs().await;
    assert_eq!(state(&ada, &id).await["state"], "ready");
}

/// Looks into every file of the installation, the database among them.
fn assert_kept_nowhere(folder: &Path, secret: &str) {
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            assert_kept_nowhere(&path, secret);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        assert!(!has(secret.as_bytes()) && !has(&utf16), "the password stands in {}", path.display());
    }
}
