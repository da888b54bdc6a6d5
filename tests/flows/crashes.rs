//! Is what was acknowledged still there after `kill -9`, and does a stop in order lose no work?

use std::time::Duration;

use bytes::Bytes;

use crate::{
    corpus,
    support::{Library, Numbers, Program, Running, document_of, noise, sha256},
};

const MIB: usize = 1 << 20;

/// Sends `bytes` from `offset` in small pieces, and ends the service when `kill_at` of them have left.
async fn send_and_kill(
    library: &Library,
    upload: &str,
    bytes: &Bytes,
    offset: usize,
    kill_at: usize,
    service: Running,
) {
    let (give, pieces) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = futures::stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
    let sending = tokio::spawn(library.part(upload, offset, reqwest::Body::wrap_stream(body)).send());
    let (mut at, end) = (offset, offset + kill_at);
    while at < end {
        let next = end.min(at + 256 * 1024);
        if give.send(Ok(bytes.slice(at..next))).await.is_err() {
            break;
        }
        at = next;
    }
    service.kill();
    drop(give);
    let answer = tokio::time::timeout(Duration::from_secs(30), sending).await.expect("the request ends").unwrap();
    assert!(answer.is_err(), "nobody can have answered");
}

#[tokio::test]
async fn an_upload_survives_kills_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path()).variable("WENSHU_JOBS", "false");
    let content = Bytes::from(noise(1, 100 * MIB));
    let mut service = program.serve();
    let mut library = Library::create(&service.admin().await, "library").await;
    let upload = library.begin_document("large.bin", content.len()).await;
    let mut numbers = Numbers(20_260_105);
    let mut acknowledged = 0;
    for cycle in 0..6 {
        // One part that is acknowledged, then one that is cut.
        let length = numbers.within(1..12 * MIB).min(content.len() - acknowledged);
        let answer = library.send_part(&upload, acknowledged, &content[acknowledged..acknowledged + length]).await;
        acknowledged += length;
        assert_eq!(answer.assert_status(204).header("upload-offset"), Some(acknowledged.to_string().as_str()));
        let cut = numbers.within(0..40 * MIB).min((content.len() - acknowledged).saturating_sub(1));
        send_and_kill(&library, &upload, &content, acknowledged, cut, service).await;

        service = program.serve();
        library = library.at(&service.anonymous());
        let durable = library.offset(&upload).await;
        assert!(durable >= acknowledged, "cycle {cycle}: {durable} bytes are there, {acknowledged} were acknowledged");
        assert!(durable <= acknowledged + cut, "cycle {cycle}: {durable} bytes are there that nobody sent");
        println!("cycle {cycle}: {acknowledged} acknowledged, {cut} more sent, {durable} there after the kill");
        acknowledged = durable;
        if acknowledged + 14 * MIB > content.len() {
            break;
        }
    }
    let answer = library.send_part(&upload, acknowledged, &content[acknowledged..]).await.assert_status(204);
    // Right after the answer: the version is there.
    service.kill();
    let service = program.serve();
    let library = library.at(&service.anonymous());
    let download = library.download(&document_of(&answer)).await.assert_status(200);
    assert_eq!(sha256(&download.body), sha256(&content));
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path()).variable("WENSHU_JOBS", "false");
    let mut service = program.serve();
    let mut library = Library::create(&service.admin().await, "library").await;
    let mut kept = Vec::new();
    for round in 0..5u64 {
        let content = noise(round, 40_000 + 300_000 * round as usize);
        let id = library.upload(&format!("{round}.bin"), &content).await;
        service.kill();
        kept.push((id, sha256(&content)));
        service = program.serve();
        library = library.at(&service.anonymous());
        for (id, hash) in &kept {
            assert_eq!(&sha256(&library.download(id).await.assert_status(200).body), hash, "after {round} kills");
        }
    }
    let output = program.run(&["audit", "verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_stop_is_quick_and_jobs_go_on_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path()).variable("WENSHU_CONVERTERS", 2);
    let service = program.serve();
    let library = Library::create(&service.admin().await, "library").await;
    let mut ids = Vec::new();
    // The first takes LibreOffice long enough to be in the middle of it.
    for path in [
        "office/docx/en-trustee-handbook-872p.docx",
        "office/odt/zh-personal-information-law.odt",
        "office/doc/zh-cryptography-law.doc",
    ] {
        let bytes = std::fs::read(corpus::folder().join(path)).unwrap();
        ids.push(library.upload(&path.replace('/', " "), &bytes).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (status, spent) = service.stop();
    assert!(status.success(), "{status}");
    assert!(spent < Duration::from_secs(10), "the stop took {spent:?}");

    let service = program.serve();
    let library = library.at(&service.anonymous());
    for id in &ids {
        let document = library.wait_for(id, Duration::from_secs(300)).await;
        assert_eq!(document["processing"]["state"], "ready", "{document}");
    }
    // And once more when the process had no time to put them back.
    let bytes = std::fs::read(corpus::folder().join("office/odp/zh-data-security-law.odp")).unwrap();
    let id = library.upload("killed.odp", &bytes).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    service.kill();
    let service = program.serve();
    let library = library.at(&service.anonymous());
    let document = library.wait_for(&id, Duration::from_secs(120)).await;
    assert_eq!(document["processing"]["state"], "ready", "{document}");
    assert_eq!(document["page_count"], 10);
}
