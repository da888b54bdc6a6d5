//! What becomes of the corpus's odd file names? Each is listed exactly as it was given, or refused with a code.

use reqwest::Method;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::{
    corpus,
    support::{Library, Program, document_of},
};

/// What a name means: composed, without white space at its ends, with a space for a tab. The form in which it is listed.
fn tidy(name: &str) -> String {
    name.nfc().collect::<String>().replace('\t', " ").trim_matches([' ', '\u{3000}']).to_owned()
}

#[tokio::test]
async fn every_odd_name_is_kept_exactly_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = Program::new(folder.path()).serve();
    let admin = service.admin().await;
    let json = std::fs::read(corpus::folder().join("hostile/names.json")).unwrap();
    let list: Value = serde_json::from_slice(&json).unwrap();
    let mut refused = 0;
    for (number, odd) in list["names"].as_array().unwrap().iter().enumerate() {
        let (name, acceptable) = (odd["name"].as_str().unwrap(), odd["acceptable"].as_str().unwrap());
        // A library each: some names are the same name.
        let library = Library::create(&admin, &format!("library {number}")).await;
        let answer = library.try_upload(&library.new_document(name), b"x").await;
        if answer.status == 201 {
            assert!(!acceptable.starts_with("refuse"), "{name:?} is to be refused: {odd}");
            let document = library.document(&document_of(&answer)).await;
            assert_eq!(document["name"], tidy(name).as_str(), "{odd}");
            let listed = library.documents().await;
            assert_eq!(listed.values().next().unwrap()["name"], document["name"]);
            check_download(&library, &document).await;
        } else {
            let is_path = name.contains(['/', '\\']);
            assert!(is_path || !acceptable.starts_with("store as is"), "{name:?} is to be stored: {answer}");
            let code = answer.json()["error"]["code"].clone();
            assert!(code == "name_invalid" || code == "name_too_long", "{name:?}: {answer}");
            refused += 1;
        }
    }
    assert!((10..30).contains(&refused), "{refused} names were refused");
    assert_eq!(service.readiness().await.0, 200);
}

/// A header holds no name that could end it or be another one.
async fn check_download(library: &Library, document: &Value) {
    let answer = library.download(document["id"].as_str().unwrap()).await.assert_status(200);
    assert_eq!(answer.body, b"x");
    let disposition = answer.headers.get("content-disposition").expect("a download has a name").as_bytes();
    assert!(disposition.is_ascii(), "{}", String::from_utf8_lossy(disposition));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn names_that_are_no_utf8_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = Program::new(folder.path()).serve();
    let library = Library::create(&service.admin().await, "library").await;
    let json = std::fs::read(corpus::folder().join("hostile/names.json")).unwrap();
    let list: Value = serde_json::from_slice(&json).unwrap();
    let bytes = list["special"].as_array().unwrap().iter().find_map(|odd| odd["name_base64"].as_str()).unwrap();
    use base64::{Engine, engine::general_purpose::STANDARD};
    let metadata = format!("filename {bytes},folder_id {}", STANDARD.encode(&library.id));
    let request = library.tus(Method::POST, "/uploads").header("Upload-Length", 1).header("Upload-Metadata", metadata);
    library.client.send(request).await.assert_error(400, "metadata_invalid");

    // A lone surrogate can be written in JSON and is no text.
    let request = library.client.request(Method::POST, "/folders").header("content-type", "application/json");
    let answer = library.client.send(request.body(r#"{"name":"a\ud800b"}"#)).await;
    assert!((400..500).contains(&answer.status.as_u16()), "{answer}");
}
