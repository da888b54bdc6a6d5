//! Do wrong uploads get their code over the wire, and does everything go on?

use reqwest::Method;

use crate::support::{Library, Program, document_of, noise};

#[tokio::test]
async fn wrong_uploads_get_their_code() {
    let folder = tempfile::tempdir().unwrap();
    let service = Program::new(folder.path()).variable("WENSHU_UPLOAD_MAX_BYTES", 1 << 20).serve();
    let library = Library::create(&service.admin().await, "library").await;
    let content = noise(7, 100_000);

    library.begin(&library.new_document("large.bin"), (1 << 20) + 1).await.assert_error(413, "upload_too_large");
    // A length that is told only when all is there cannot be used to get around the limit.
    let request = library.tus(Method::POST, "/uploads").header("Upload-Defer-Length", "1");
    let metadata = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        format!("filename {},folder_id {}", STANDARD.encode("endless.bin"), STANDARD.encode(&library.id))
    };
    let answer = library.client.send(request.header("Upload-Metadata", metadata)).await.assert_status(201);
    let endless = answer.header("location").unwrap().to_owned();
    library.send_part(&endless, 0, &noise(8, (1 << 20) + 1)).await.assert_error(413, "upload_too_large");

    let upload = library.begin_document("plan.bin", content.len()).await;
    let error = library.send_part(&upload, 5, &content[5..]).await.assert_error(409, "upload_offset_mismatch");
    assert_eq!(error["offset"], 0);
    let wrong =
        library.part(&upload, 0, content.clone()).header("Upload-Checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    library.client.send(wrong).await.assert_error(460, "checksum_mismatch");
    assert_eq!(library.offset(&upload).await, 0);
    let strange = library.part(&upload, 0, content.clone()).header("Upload-Checksum", "crc32 AAAA");
    library.client.send(strange).await.assert_error(400, "checksum_invalid");
    let answer = library.send_part(&upload, 0, &content).await.assert_status(204);
    let id = document_of(&answer);
    assert_eq!(library.download(&id).await.body, content);

    let error = library.begin(&library.new_document("plan.bin"), 3).await.assert_error(409, "name_taken");
    assert_eq!(error["document_id"], id.as_str());
    let empty = library.upload("empty.txt", b"").await;
    assert_eq!(library.download(&empty).await.assert_status(200).body, b"");
    assert_eq!(service.readiness().await.0, 200);
}

#[tokio::test]
async fn a_second_service_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path());
    let service = program.serve();
    let refusal = program.try_serve().err().expect("the folder is taken");
    assert!(refusal.contains("in use by another running wenshu"), "{refusal}");
    assert_eq!(service.readiness().await.0, 200);
    let (status, _) = service.stop();
    assert!(status.success());
    program.serve();
}
